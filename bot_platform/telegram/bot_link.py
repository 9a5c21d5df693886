"""The bot's own URL."""

import structlog
from aiogram import Bot

log = structlog.get_logger()


class BotLink:
    """Holds the bot's URL: empty until `load`, unless one is given."""

    def __init__(self, url: str = "") -> None:
        self.url = url

    async def load(self, bot: Bot) -> None:
        """Ask Telegram for the bot's name; this checks the token as well."""
        me = await bot.get_me()
        self.url = self.url or f"https://t.me/{me.username}"
        log.info("telegram.bot", username=me.username)
