"""The address under which people find the bot."""

import structlog
from aiogram import Bot

log = structlog.get_logger()


class BotLink:
    """Knows the bot's address; empty until Telegram was asked, unless one is given."""

    def __init__(self, url: str = "") -> None:
        self.url = url

    async def load(self, bot: Bot) -> None:
        """Ask Telegram for the bot's name; this proves the token as well."""
        me = await bot.get_me()
        self.url = self.url or f"https://t.me/{me.username}"
        log.info("telegram.bot", username=me.username)
