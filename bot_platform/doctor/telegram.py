"""Whether the bot is one, where its updates go, and what people read about it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramNotFound, TelegramUnauthorizedError
from aiogram.types import WebhookInfo

from bot_platform.config.settings import Settings
from bot_platform.doctor.checks import Check
from bot_platform.doctor.report import Finding, error, mended, ok, warning
from bot_platform.telegram import profile
from bot_platform.telegram.dispatcher import is_menu_set, set_commands
from bot_platform.telegram.texts import Texts
from bot_platform.telegram.update_inbox import ALLOWED
from bot_platform.telegram.update_source import PATH
from bot_platform.work.catalog import found_kinds

MANY = 100  # waiting updates: more than people of a service that runs leave behind
LATELY = timedelta(hours=1)
LONGEST = 200  # characters of somebody else's words
BY_ITSELF = "or start the service, which does it too"
ANOTHER = "if that does not help, another program uses this token: give each its own (@BotFather, /revoke)"


class Telegram:
    """Looks at one bot."""

    def __init__(self, settings: Settings, bot: Bot) -> None:
        self._settings, self._bot = settings, bot
        self._texts, self._kinds = Texts(), found_kinds()
        self._info: WebhookInfo | None = None

    def checks(self) -> Sequence[Check]:
        """List the checks; the token comes first."""
        return [
            Check("Telegram token", self._token),
            Check("Telegram updates", self._way),
            Check("Telegram allowed updates", self._allowed),
            Check("Telegram waiting updates", self._waiting),
            Check("Telegram last error", self._last_error),
            Check("Telegram menu", self._menu),
            Check("Telegram description", self._description),
        ]

    def mends(self) -> Sequence[Check]:
        """List what can be mended; each gives what was done."""
        return [
            Check("end Telegram webhook", self._end_webhook),
            Check("set Telegram menu", self._set_menu),
            Check("write Telegram description", self._describe),
        ]

    async def _token(self) -> Finding:
        try:
            me = await self._bot.get_me()
            self._info = await self._bot.get_webhook_info()
        except (TelegramUnauthorizedError, TelegramNotFound) as no:
            return error(
                f"Telegram refuses TELEGRAM_BOT_TOKEN ({no.message})",
                "In Telegram open @BotFather, send /mybots, choose the bot and API Token, and copy the token"
                " to TELEGRAM_BOT_TOKEN in .env.",
            )
        except AiogramError as fault:
            return self._silent(fault)
        return ok(f"@{me.username}")

    def _silent(self, fault: AiogramError) -> Finding:
        why = getattr(fault, "message", type(fault).__name__)[:LONGEST]
        return error(
            f"{self._settings.telegram_api_base} does not answer as Telegram does: {why}",
            "Check this machine's way to the internet. Where Telegram cannot be reached directly, set"
            " PROXY_URL; TELEGRAM_API_BASE must be https://api.telegram.org or a Bot API server of your own.",
        )

    @property
    def _known(self) -> WebhookInfo:
        if self._info is None:
            raise RuntimeError("The token is looked at first.")
        return self._info

    async def _way(self) -> Finding:
        url, polls = self._known.url, self._settings.telegram_mode == "polling"
        ours = self._settings.webapp_url + PATH
        if polls and not url:
            return ok("fetched by the service (TELEGRAM_MODE=polling)")
        if polls:
            return warning(
                f"TELEGRAM_MODE is polling, but Telegram posts updates to {url}",
                "If another installation serves there, stop one of the two; if nobody does, run"
                " `python run.py doctor --fix`, which ends it.",
            )
        if url == ours:
            return ok(f"posted to {url}")
        return warning(
            f"TELEGRAM_MODE is webhook, but Telegram posts updates {f'to {url}' if url else 'nowhere'}",
            f"Start the service: it names {ours}; {ANOTHER}.",
        )

    async def _allowed(self) -> Finding:
        allowed = self._known.allowed_updates
        missing = [kind for kind in ALLOWED if allowed and kind not in allowed]
        if not missing:
            return ok(", ".join(ALLOWED))
        return warning(
            f"Telegram does not send {', '.join(missing)}",
            f"Start the service once more: it asks for them; {ANOTHER}.",
        )

    async def _waiting(self) -> Finding:
        waiting = self._known.pending_update_count
        if waiting <= MANY:
            return ok(f"{waiting} waiting")
        return warning(
            f"{waiting} updates wait for the service",
            "Start the service; if it runs already, look at what it logs.",
        )

    async def _last_error(self) -> Finding:
        at, why = self._known.last_error_date, self._known.last_error_message
        if at is None or not self._known.url:
            return ok("none")
        says = f"{at:%Y-%m-%d %H:%M} UTC: {why}"
        if datetime.now(UTC) - at > LATELY:
            return ok(f"none lately (the last at {says})")
        return warning(
            f"Telegram could not post updates: {says}",
            "See that the service runs, and that https requests to WEBAPP_URL reach it with a certificate"
            " that browsers trust.",
        )

    async def _menu(self) -> Finding:
        try:
            is_set = await is_menu_set(self._bot, self._texts, self._kinds)
        except AiogramError as fault:
            return self._silent(fault)
        if is_set:
            return ok("set")
        return warning("the bot's menu is not ours", f"Run `python run.py doctor --fix`, {BY_ITSELF}.")

    async def _description(self) -> Finding:
        try:
            lacks = await profile.lacks(self._bot, self._texts)
        except AiogramError as fault:
            return self._silent(fault)
        if not lacks:
            return ok("set")
        return warning(
            "people who open the bot read nothing about it",
            "Run `python run.py doctor --fix`, or write a text of your own: @BotFather, /setdescription and"
            " /setabouttext.",
        )

    async def _end_webhook(self) -> Finding:
        try:
            url = (await self._bot.get_webhook_info()).url
            if self._settings.telegram_mode == "webhook" or not url:
                return ok("as it was")
            await self._bot.delete_webhook(drop_pending_updates=False)
        except AiogramError as fault:
            return self._silent(fault)
        return mended(f"ended the posting of updates to {url}")

    async def _set_menu(self) -> Finding:
        try:
            if await is_menu_set(self._bot, self._texts, self._kinds):
                return ok("as it was")
            await set_commands(self._bot, self._texts, self._kinds)
        except AiogramError as fault:
            return self._silent(fault)
        return mended("set the commands of the bot's menu")

    async def _describe(self) -> Finding:
        try:
            written = await profile.describe(self._bot, self._texts)
        except AiogramError as fault:
            return self._silent(fault)
        return mended(f"wrote the bot's {' and '.join(written)}") if written else ok("as it was")
