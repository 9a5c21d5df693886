"""How updates come: Telegram calls, or one process of a database polls; and nobody fights over them."""

import asyncio
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramConflictError, TelegramNetworkError

from bot_platform.flows import leader
from bot_platform.infra.database import Database
from bot_platform.telegram.update_inbox import ALLOWED, UpdateInbox

log = structlog.get_logger()

POLLS, IS_CALLED = "telegram.polls", "telegram.is_called"  # the parts that a process may have
LEASE = 6.0  # seconds after which another goes on for a process that died
RENEW_EVERY = 2.0
ANY = 1  # the holder of a part that all replicas have together
LOOK_AGAIN = 5.0  # seconds, after somebody else was found to poll
PATH = "/api/v1/telegram-webhook"


class WebhookActive(Exception):
    """Telegram posts the bot's updates elsewhere; the message says where, and what to do."""


@dataclass(frozen=True, slots=True)
class Way:
    """How this process hears: `secret` is sent back by Telegram; `process` names it among its replicas."""

    webhook: bool
    webapp_url: str
    secret: str
    process: int


class UpdateSource:
    """Hears in one way, as long as no other process of the database hears in the other."""

    def __init__(self, database: Database, bot: Bot, intake: UpdateInbox, way: Way) -> None:
        self._database, self._bot, self._intake, self._way = database, bot, intake, way
        self._part, self._holder = (IS_CALLED, ANY) if way.webhook else (POLLS, way.process)
        self._mine_until = 0.0  # by our own clock: without the database, nobody's
        self._settled = asyncio.Event()

    async def forbidden(self) -> str | None:
        """Tell why this process may not begin: another of the same database hears in the other way."""
        other = POLLS if self._way.webhook else IS_CALLED
        if await leader.holder(self._database, other) in {None, self._way.process}:
            return None
        does = "polls" if self._way.webhook else "serves in webhook mode"
        mine, theirs = ("webhook", "polling") if self._way.webhook else ("polling", "webhook")
        return (
            f"TELEGRAM_MODE: is {mine}, but another process with this database {does}; an update reaches"
            f" only one of them. Stop that one, or write TELEGRAM_MODE={theirs} here too."
        )

    async def stand(self) -> None:
        """Take this process's part, or keep it; to be repeated every RENEW_EVERY seconds."""
        had, asked = self.is_mine, time.monotonic()
        if await leader.acquire(self._database, self._part, self._holder, LEASE):
            self._mine_until = asked + LEASE
        if not self._way.webhook and had != self.is_mine:
            log.info("telegram.polls" if self.is_mine else "telegram.stands_by")

    @property
    def is_mine(self) -> bool:
        """Whether the part is ours."""
        return time.monotonic() < self._mine_until

    async def leave(self) -> None:
        """Let another go on at once; one webhook replica of many leaves no part free."""
        if self.is_mine and not self._way.webhook:
            await leader.acquire(self._database, self._part, self._holder, 0)

    async def settle(self) -> None:
        """Tell Telegram where updates go; a stop leaves it as it is, so that none is lost meanwhile.

        Raises WebhookActive when somebody else is posted to, who must not be robbed unasked.
        """
        if self._way.webhook:
            await self._bot.set_webhook(
                self._way.webapp_url + PATH,
                secret_token=self._way.secret,
                allowed_updates=ALLOWED,
                drop_pending_updates=False,
            )
        elif url := await self._posted_to():
            if urlsplit(url).hostname != urlsplit(self._way.webapp_url).hostname:
                raise WebhookActive(
                    f"Telegram posts this bot's updates to {url}, so nothing can be polled. If another"
                    " installation serves there, stop one of the two; if nobody does any more, run.py doctor"
                    " --fix ends it."
                )
            await self._bot.delete_webhook(drop_pending_updates=False)
        self._settled.set()

    async def poll(self) -> None:
        """Ask Telegram once, if it is for this process to ask; in webhook mode it is for nobody."""
        if self._way.webhook:
            await asyncio.Event().wait()
        await self._settled.wait()
        if not self.is_mine:
            await asyncio.sleep(RENEW_EVERY / 4)
            return
        try:
            await self._intake.poll()
        except TelegramConflictError as fault:
            log.error(
                "telegram.conflict",
                says=fault.message,
                do="Another process uses this TELEGRAM_BOT_TOKEN: stop one of the two, or give each a bot.",
            )
            await asyncio.sleep(LOOK_AGAIN)

    async def _posted_to(self) -> str:
        """Ask for the webhook's address; a server that knows no such question posts nowhere."""
        try:
            return (await self._bot.get_webhook_info()).url
        except TelegramNetworkError:
            raise
        except TelegramAPIError as fault:
            log.info("telegram.webhook_unknown", says=fault.message)
            return ""
