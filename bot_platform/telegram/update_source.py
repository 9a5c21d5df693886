"""How updates reach this process: Telegram posts them, or one process of a database polls."""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from aiogram import Bot
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramConflictError,
    TelegramNetworkError,
    TelegramServerError,
    TelegramUnauthorizedError,
)

from bot_platform.domain import inbox
from bot_platform.flows import leader
from bot_platform.infra.clock import current, now
from bot_platform.infra.database import Database
from bot_platform.telegram.poll_health import PollHealth
from bot_platform.telegram.update_inbox import ALLOWED, LONG_POLL_SECONDS, UpdateInbox

log = structlog.get_logger()

POLLER, WEBHOOK = "telegram.polls", "telegram.is_called"  # the leases, one for each mode
LEASE_SECONDS = 6.0  # after which another process takes over from one that died
RENEW_SECONDS = 2.0
ALL_REPLICAS = 1  # the holder of the webhook's lease: all replicas hold it together
WATCH_SECONDS = 60.0  # between two questions whether Telegram's posts arrive
CONFLICT_PAUSE_SECONDS = 5.0  # after another process was found to poll with our token
PATH = "/api/v1/telegram-webhook"


class WebhookActive(Exception):
    """Telegram posts the bot's updates to another address; the message says where, and what to do."""


class DeliveryFails(Exception):
    """Telegram cannot post the bot's updates to us; `message` says why, in its words."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Mode:
    """How this process gets updates: `secret` comes back with each post; `process` is its number."""

    webhook: bool
    webapp_url: str
    secret: str
    process: int


class UpdateSource:
    """Gets updates in one mode, as long as no other process of the database gets them in the other."""

    def __init__(self, database: Database, bot: Bot, inbox: UpdateInbox, mode: Mode) -> None:
        self._database, self._bot, self._inbox, self._mode = database, bot, inbox, mode
        self._lease, self._holder = (WEBHOOK, ALL_REPLICAS) if mode.webhook else (POLLER, mode.process)
        self._held_until = 0.0  # by our own clock: without the database the lease ends
        self._held = asyncio.Event()
        self._mode_set = asyncio.Event()
        self._set_at = now()
        self.health = PollHealth(LONG_POLL_SECONDS)

    async def conflict(self) -> str | None:
        """Say why this process may not start: another of the same database uses the other mode."""
        other = POLLER if self._mode.webhook else WEBHOOK
        if await leader.holder(self._database, other) in {None, self._mode.process}:
            return None
        does = "polls" if self._mode.webhook else "serves in webhook mode"
        mine, theirs = ("webhook", "polling") if self._mode.webhook else ("polling", "webhook")
        return (
            f"TELEGRAM_MODE: is {mine}, but another process with this database {does}; an update reaches"
            f" only one of them. Stop that one, or write TELEGRAM_MODE={theirs} here too."
        )

    async def keep_lease(self) -> None:
        """Take the lease, or renew it; call it every RENEW_SECONDS."""
        had, asked_at = self.is_held, current().monotonic()
        if await leader.acquire(self._database, self._lease, self._holder, LEASE_SECONDS):
            self._held_until = asked_at + LEASE_SECONDS
            self._held.set()
        if not self._mode.webhook and had != self.is_held:
            log.info("telegram.polls" if self.is_held else "telegram.stands_by")

    @property
    def is_held(self) -> bool:
        """Whether this process holds the lease."""
        return current().monotonic() < self._held_until

    async def release(self) -> None:
        """Let another process poll at once; a webhook's lease belongs to all replicas and stays."""
        if self.is_held and not self._mode.webhook:
            await leader.acquire(self._database, self._lease, self._holder, 0)

    def problem(self) -> str | None:
        """Say why this process is not ready; None while all is well.

        One to which posts do not arrive stays ready: a balancer would let none arrive ever again.
        """
        return None if self._mode.webhook and self._mode_set.is_set() else self.health.problem()

    async def set_mode(self) -> None:
        """Tell Telegram where updates go; a stop changes nothing there, so that no update is lost.

        Raises WebhookActive when Telegram posts to an address that is not ours.
        """
        try:
            await self._tell_mode()
        except Exception as error:
            self.health.fail(error)
            raise
        if self._mode.webhook:
            self._set_at = now()
            self.health.stand_by()  # only posts that arrive show that it works
        else:
            self.health.succeed()
        self._mode_set.set()

    async def _tell_mode(self) -> None:
        if self._mode.webhook:
            await self._bot.set_webhook(
                self._address,
                secret_token=self._mode.secret,
                allowed_updates=ALLOWED,
                drop_pending_updates=False,
            )
        elif url := await self._webhook_url():
            if urlsplit(url).hostname != urlsplit(self._mode.webapp_url).hostname:
                raise WebhookActive(
                    f"Telegram posts this bot's updates to {url}, so nothing can be polled. If another"
                    " installation serves there, stop one of the two; if none does any more, run.py doctor"
                    " --fix removes that webhook."
                )
            await self._bot.delete_webhook(drop_pending_updates=False)

    async def poll(self) -> None:
        """Poll once, as soon as this process holds the lease; in webhook mode ask whether posts arrive."""
        await self._mode_set.wait()
        if self._mode.webhook:
            await self._watch_webhook()
            await current().sleep(WATCH_SECONDS)
            return
        if not self.is_held:
            self.health.stand_by()
            self._held.clear()
            await self._held.wait()
            return
        self.health.ask()
        try:
            await self._inbox.poll()
        except TelegramConflictError as error:
            self.health.fail(error)
            log.error(
                "telegram.conflict",
                says=error.message,
                do="Another process uses this TELEGRAM_BOT_TOKEN: stop one of the two, or give each a bot.",
            )
            await current().sleep(CONFLICT_PAUSE_SECONDS)
        except Exception as error:
            self.health.fail(error)
            raise
        else:
            self.health.succeed()

    @property
    def _address(self) -> str:
        """Where Telegram is to post updates."""
        return self._mode.webapp_url + PATH

    async def _watch_webhook(self) -> None:
        """Ask Telegram whether its posts arrive, and note what that says."""
        self.health.ask()
        try:
            arrives = await self._posts_arrive()
        except (WebhookActive, DeliveryFails) as problem:
            log.warning("telegram.webhook", says=str(problem))
            self.health.fail(problem)
        except Exception as error:
            self.health.fail(error)
            raise
        else:
            self.health.succeed() if arrives else self.health.stand_by()

    async def _posts_arrive(self) -> bool:
        """Whether posts arrive; False while that is not known.

        Raises WebhookActive when they go elsewhere, and DeliveryFails when the last one failed and some wait.
        """
        try:
            info = await self._bot.get_webhook_info()
        except (TelegramNetworkError, TelegramServerError, TelegramUnauthorizedError):
            raise
        except TelegramAPIError as error:
            log.info("telegram.webhook_unknown", says=error.message)
            return True
        if info.url != self._address:
            raise WebhookActive(f"Telegram posts this bot's updates to {info.url or 'nobody'}.")
        if not info.pending_update_count:
            return True
        last, failed_at = await inbox.last_update(), info.last_error_date
        if failed_at and (last is None or failed_at > last):
            raise DeliveryFails(info.last_error_message or "")
        return last is not None and last > self._set_at  # setWebhook may have cleared the error

    async def _webhook_url(self) -> str:
        """Return the webhook's address; a Bot API server that does not know the question has none."""
        try:
            return (await self._bot.get_webhook_info()).url
        except TelegramNetworkError:
            raise
        except TelegramAPIError as error:
            log.info("telegram.webhook_unknown", says=error.message)
            return ""
