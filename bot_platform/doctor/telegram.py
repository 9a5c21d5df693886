"""Checks the bot's token, the delivery of its updates, its menu and its description."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramNotFound, TelegramUnauthorizedError
from aiogram.types import WebhookInfo

from bot_platform.config.settings import Settings
from bot_platform.doctor.checks import Check, CheckGroup
from bot_platform.doctor.report import Finding, error, fixed, ok, warning
from bot_platform.telegram import profile
from bot_platform.telegram.dispatcher import is_menu_set, set_commands
from bot_platform.telegram.texts import Texts
from bot_platform.telegram.update_inbox import ALLOWED
from bot_platform.telegram.update_source import PATH
from bot_platform.work.catalog import found_kinds

MAX_WAITING_UPDATES = 100  # a running service has fewer
RECENT = timedelta(hours=1)
MAX_REASON_CHARS = 200  # of an answer, which may be a whole page
FIX = "`python3 run.py doctor --fix`"
OTHER_PROGRAM = (
    "If that does not help, another program uses this token: give each program a token of its own"
    " (@BotFather, /revoke)."
)


class TelegramChecks:
    """Checks of one bot."""

    def __init__(self, settings: Settings, bot: Bot) -> None:
        self._settings, self._bot = settings, bot
        self._texts, self._kinds = Texts(), found_kinds()
        self._info: WebhookInfo | None = None

    def groups(self) -> Sequence[CheckGroup]:
        """List the checks; all of them need a token that Telegram accepts."""
        return [
            [
                Check("Telegram token", self._token),
                Check("Telegram updates", self._delivery),
                Check("Telegram allowed updates", self._allowed),
                Check("Telegram waiting updates", self._waiting),
                Check("Telegram last error", self._last_error),
                Check("Telegram menu", self._menu),
                Check("Telegram description", self._description),
            ]
        ]

    def fixes(self) -> Sequence[Check]:
        """List the fixes; each finding says what was changed."""
        return [
            Check("end Telegram webhook", self._remove_webhook),
            Check("set Telegram menu", self._set_menu),
            Check("write Telegram description", self._write_description),
        ]

    async def _token(self) -> Finding:
        try:
            me = await self._bot.get_me()
            self._info = await self._bot.get_webhook_info()
        except (TelegramUnauthorizedError, TelegramNotFound) as refused:
            return error(
                f"Telegram refuses TELEGRAM_BOT_TOKEN ({refused.message})",
                "In Telegram open @BotFather, send /mybots, choose the bot, then API Token, and copy the"
                " token to TELEGRAM_BOT_TOKEN in .env.",
            )
        except AiogramError as fault:
            return self._unreachable(fault)
        return ok(f"@{me.username}")

    def _unreachable(self, fault: AiogramError) -> Finding:
        reason = getattr(fault, "message", type(fault).__name__)[:MAX_REASON_CHARS]
        return error(
            f"{self._settings.telegram_api_base} does not answer like Telegram: {reason}",
            "Check the internet connection of this machine. If this machine reaches Telegram only through a"
            " proxy, set PROXY_URL. TELEGRAM_API_BASE must be https://api.telegram.org or a Bot API server of"
            " your own.",
        )

    @property
    def _webhook(self) -> WebhookInfo:
        if self._info is None:
            raise RuntimeError("the token must be checked first")
        return self._info

    async def _delivery(self) -> Finding:
        url, polls = self._webhook.url, self._settings.telegram_mode == "polling"
        ours = self._settings.webapp_url + PATH
        if polls and not url:
            return ok("fetched by the service (TELEGRAM_MODE=polling)")
        if polls:
            return warning(
                f"TELEGRAM_MODE is polling, but Telegram posts updates to {url}",
                "If another installation of this bot runs there, stop one of the two. If none runs there, run"
                f" {FIX}: it removes the webhook.",
            )
        if url == ours:
            return ok(f"posted to {url}")
        problem = f"Telegram posts updates to {url}" if url else "no webhook is set at Telegram"
        return warning(
            f"TELEGRAM_MODE is webhook, but {problem}",
            f"Start the service: it sets the webhook to {ours}. {OTHER_PROGRAM}",
        )

    async def _allowed(self) -> Finding:
        allowed = self._webhook.allowed_updates
        missing = [kind for kind in ALLOWED if allowed and kind not in allowed]
        if not missing:
            return ok(", ".join(ALLOWED))
        return warning(
            f"Telegram does not send {', '.join(missing)}",
            f"Restart the service: it asks Telegram for them. {OTHER_PROGRAM}",
        )

    async def _waiting(self) -> Finding:
        waiting = self._webhook.pending_update_count
        if waiting <= MAX_WAITING_UPDATES:
            return ok(f"{waiting} waiting")
        return warning(
            f"{waiting} updates wait for the service",
            "Start the service. If it runs already, read its log.",
        )

    async def _last_error(self) -> Finding:
        at, reason = self._webhook.last_error_date, self._webhook.last_error_message
        if at is None or not self._webhook.url:
            return ok("none")
        last = f"{at:%Y-%m-%d %H:%M} UTC: {reason}"
        if datetime.now(UTC) - at > RECENT:
            return ok(f"none in the last hour (the last one: {last})")
        return warning(
            f"Telegram could not post updates: {last}",
            "Check that the service runs, and that https requests to WEBAPP_URL reach it with a certificate"
            " that browsers trust.",
        )

    async def _menu(self) -> Finding:
        try:
            is_set = await is_menu_set(self._bot, self._texts, self._kinds)
        except AiogramError as fault:
            return self._unreachable(fault)
        if is_set:
            return ok("set")
        return warning(
            "the bot's menu does not show the commands of this program",
            f"Run {FIX}, or start the service, which sets the menu too.",
        )

    async def _description(self) -> Finding:
        try:
            lacks = await profile.lacks(self._bot, self._texts)
        except AiogramError as fault:
            return self._unreachable(fault)
        if not lacks:
            return ok("set")
        return warning(
            "the bot has no description for people who open it",
            f"Run {FIX}, or write your own texts: @BotFather, /setdescription and /setabouttext.",
        )

    async def _remove_webhook(self) -> Finding:
        try:
            url = (await self._bot.get_webhook_info()).url
            if self._settings.telegram_mode == "webhook" or not url:
                return ok("nothing to fix")
            await self._bot.delete_webhook(drop_pending_updates=False)
        except AiogramError as fault:
            return self._unreachable(fault)
        return fixed(f"removed the webhook {url}")

    async def _set_menu(self) -> Finding:
        try:
            if await is_menu_set(self._bot, self._texts, self._kinds):
                return ok("nothing to fix")
            await set_commands(self._bot, self._texts, self._kinds)
        except AiogramError as fault:
            return self._unreachable(fault)
        return fixed("set the commands of the bot's menu")

    async def _write_description(self) -> Finding:
        try:
            written = await profile.describe(self._bot, self._texts)
        except AiogramError as fault:
            return self._unreachable(fault)
        return fixed(f"wrote the bot's {' and '.join(written)}") if written else ok("nothing to fix")
