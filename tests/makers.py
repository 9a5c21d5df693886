"""Builds what tests need, with one line each: people, purchases, events, and whole running houses."""

import asyncio
import contextlib
import hashlib
import hmac
import json
import random
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

import aiohttp
from aiogram.client.session.base import BaseSession

from bot_platform.config.settings import Settings
from bot_platform.demo import DemoSettings
from bot_platform.domain import ledger, packages
from bot_platform.domain.checkout import PaymentProvider
from bot_platform.domain.users import User
from bot_platform.flows.arrive import arrive
from bot_platform.flows.context import PaymentContext, WorkContext
from bot_platform.infra.clock import unix_time
from bot_platform.infra.database import Database
from bot_platform.providers.mock import MockPayments
from bot_platform.providers.stripe.signed_events import SignedEvents
from bot_platform.runtime.platform import Platform
from bot_platform.runtime.services import Outside
from bot_platform.sandbox.stripe import LocalStripe
from bot_platform.sandbox.telegram import SandboxSession
from bot_platform.sandbox.telegram_state import Person
from bot_platform.sandbox.telegram_world import TelegramWorld
from bot_platform.telegram.markdown import pages
from bot_platform.work.catalog import found_kinds
from bot_platform.work.engine.kind import JobKind
from bot_platform.work.engine.model import Model, Rates
from bot_platform.work.engine.orders import Orders
from bot_platform.work.engine.runner import Runner
from tests.waiting import RequestsInHand, TestClock, moving_clock

TEMPLATE = "template"
LAST = 10  # texts of a chat, chats, and rows, that the note of a wait without an end lists
SECRET_KEY, WEBHOOK_SECRET = "sk_test_house", "whsec_house"
BUYER = Person(id=5_000_000_001, first_name="Buyer")
PRICES = packages.BUILT_IN

T = TypeVar("T")
FreshDatabase = Callable[[], AbstractAsyncContextManager[str]]


async def person(database: Database, telegram_id: int = 77, credits_: int = 0) -> User:
    """Register somebody; `credits_` in hundredths are their welcome gift."""
    user, _ = await arrive(database, telegram_id=telegram_id, language="en", welcome_credits=credits_)
    return user


def payments(database: Database, *others: PaymentProvider, **changed: Any) -> PaymentContext:
    """Make a till that sells by the mock, or by the first of the providers given."""
    providers = {provider.name: provider for provider in (*others, MockPayments())}
    given: dict[str, Any] = {
        "database": database,
        "provider": next(iter(providers.values())),
        "providers": providers,
        "events": SignedEvents((WEBHOOK_SECRET,), live=False),
        "prices": PRICES,
        "operators": (),
    }
    return PaymentContext(**(given | changed))


def context(database: Database, **changed: Any) -> WorkContext:
    """Make a desk that hands out work."""
    given: dict[str, Any] = {
        "database": database,
        "pages": pages,
        "jobs_per_user": 2,
        "jobs_at_once": 8,
        "low_balance": 0,
        "keep_texts": timedelta(days=30),
    }
    return WorkContext(**(given | changed))


def orders(
    database: Database, *kinds: JobKind, model: Model | None = None, **changed: Any
) -> tuple[Orders, Runner]:
    """Make a counter where work is ordered, and who does it; without `kinds` those that ship."""
    known = {kind.code: kind for kind in kinds} or found_kinds()
    built = context(database, **changed), known, model, Rates(10, 40)
    return Orders(*built), Runner(*built)


async def balance(user: User) -> int:
    """Read what the person may spend, in hundredths."""
    return (await ledger.find_account(user.id)).available


def signed(body: bytes, secret: str = WEBHOOK_SECRET, at: float | None = None) -> str:
    """Sign a body as Stripe does."""
    stamp = int(unix_time() if at is None else at)
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={mac}"


def session_event(
    type_: str = "checkout.session.completed", *, id_: str = "evt_1", livemode: bool = False, **session: Any
) -> dict[str, Any]:
    """Make an event about a paid checkout session; `session` overrides its fields."""
    fields = {
        "id": "cs_test_1",
        "object": "checkout.session",
        "mode": "payment",
        "payment_status": "paid",
        "payment_intent": "pi_1",
        "amount_subtotal": 500,
        "amount_total": 500,
        "currency": "usd",
        "client_reference_id": None,
        "metadata": {},
        "livemode": livemode,
    }
    return {
        "id": id_,
        "object": "event",
        "type": type_,
        "livemode": livemode,
        "created": int(unix_time()),
        "data": {"object": fields | session},
    }


def free_port() -> int:
    """Find a port nobody listens on, below those that outgoing connections take at any moment."""
    while True:
        port = random.randrange(10_000, 32_000)  # noqa: S311 -- two runs side by side rarely meet
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


async def eventually(look: Callable[[], T | None], *, advance: bool = True, what: str = "") -> T:
    """Wait, by this test's clock, until there is something to see; `what` names it if it never comes."""
    return await moving_clock().eventually(look, advance=advance, what=what)


@dataclass
class RunningService:
    """A running platform with its sandbox: people talk to it, Stripe is local, HTTP is real."""

    url: str
    telegram: TelegramWorld
    stripe: LocalStripe
    http: aiohttp.ClientSession
    settings: Settings
    platform: Platform
    clock: TestClock
    requests: RequestsInHand
    started: asyncio.Event = field(default_factory=asyncio.Event)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def in_transaction(self) -> bool:
        """Whether the database is at work."""
        return not self.platform.services.database.is_idle

    def in_hand(self) -> bool:
        """Whether a row, a request or a webhook is at work; a service that stops takes none."""
        if self.stop.is_set() or not self.started.is_set():
            return False
        workers = self.platform.background.workers
        return bool(self.requests) or self.stripe.is_busy or not all(worker.is_idle for worker in workers)

    def describe(self) -> str:
        """List what is at work, and the last texts of each chat."""
        workers = [worker.name for worker in self.platform.background.workers if not worker.is_idle]
        busy = f"workers {workers}, requests {len(self.requests)}, Stripe {self.stripe.is_busy}"
        chats = [
            f"chat {number}: {[one.get('text', '') for one in self.telegram.messages(number)[-LAST:]]}"
            for number in list(self.telegram.chats)[-LAST:]
        ]
        return "\n".join(
            [f"at work: {busy}; updates not confirmed: {len(self.telegram.updates.pending)}", *chats]
        )

    async def describe_rows(self) -> str:
        """List the states of the last jobs and notices."""
        async with self.platform.services.database.reader() as ask:
            found = await ask("SELECT id, kind, state FROM job ORDER BY id DESC LIMIT ?", LAST)
            notices = await ask("SELECT id, text, state, error FROM notice ORDER BY id DESC LIMIT ?", LAST)
        return f"jobs: {found}\nnotices: {notices}"

    async def rest(self) -> None:
        """Wait until nothing is in hand any more, without moving the clock."""
        await self.clock.rest()

    def texts(self, who: Person = BUYER) -> list[str]:
        """List the texts that stand in a chat, the person's own and the bot's, in order."""
        return [message.get("text", "") for message in self.telegram.messages(who.id)]

    async def said(self, part: str, who: Person = BUYER, *, advance: bool = True) -> dict[str, Any]:
        """Wait for a message of the bot that contains `part`, and give it."""

        def look() -> dict[str, Any] | None:
            found = [
                m for m in self.telegram.messages(who.id) if part in m.get("text", "") and m["from"]["is_bot"]
            ]
            return found[-1] if found else None

        return await eventually(look, advance=advance, what=f"{part!r} in the chat of {who.id}")

    async def say(self, text: str, answer: str, who: Person = BUYER) -> dict[str, Any]:
        """Say something and wait for the answer."""
        self.telegram.say(who, text)
        return await self.said(answer, who)

    async def press(self, message: dict[str, Any], data: str, who: Person = BUYER) -> None:
        """Press a button of a message."""
        self.telegram.press(who, message["message_id"], data)

    async def post(self, event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Post an event, signed, to the webhook."""
        return await signed_post(self.http, self.url, event)


async def signed_post(
    http: aiohttp.ClientSession, url: str, event: dict[str, Any]
) -> tuple[int, dict[str, Any]]:
    """Post an event to a service's webhook, signed as Stripe signs."""
    body = json.dumps(event).encode()
    headers = {"Stripe-Signature": signed(body)}
    async with http.post(f"{url}/api/v1/stripe-webhook", data=body, headers=headers) as answer:
        return answer.status, await answer.json()


def link_of(message: dict[str, Any]) -> str:
    """Give the address behind a message's first button."""
    url: str = message["reply_markup"]["inline_keyboard"][0][0]["url"]
    return url


@asynccontextmanager
async def running_service(
    database_url: str,
    *,
    model: Model | None = None,
    telegram: TelegramWorld | None = None,
    session: BaseSession | None = None,
    **changed: Any,
) -> AsyncIterator[RunningService]:
    """Run a platform on a real port beside a local Stripe and a sandbox Telegram; `changed` are settings.

    It goes by the test's movable clock, as all platforms of one test do. Without a `session` it calls
    `telegram` in memory.

    Raises CannotStart when it does not start.
    """
    port, clock, requests = changed.get("port") or free_port(), moving_clock(), RequestsInHand()
    url = f"http://127.0.0.1:{port}"
    own, telegram = telegram is None, telegram or TelegramWorld(allow_local_urls=True)
    stripe = LocalStripe(
        secret_key=SECRET_KEY,
        webhook_secret=WEBHOOK_SECRET,
        webhook_url=f"{url}/api/v1/stripe-webhook",
        public_url=f"{url}/sandbox/stripe",
        retry_delays=(0.1, 0.2, 0.5),
        bank_transfer_delay=0.2,
    )
    pages = stripe.blueprint()
    pages.url_prefix = "/sandbox/stripe"
    given: dict[str, Any] = {
        "telegram_bot_token": telegram.token,
        "stripe_secret_key": SECRET_KEY,
        "stripe_webhook_secret": WEBHOOK_SECRET,
        "stripe_api_base": f"{url}/sandbox/stripe",
        "webapp_url": url,
        "port": port,
        "database_url": database_url,
    }
    settings = DemoSettings(**(given | changed))
    outside = Outside(
        session or SandboxSession(telegram),
        pages=(requests.blueprint(), pages),
        local_links=True,
        model=model,
        clock=clock,
        start=stripe.start,
        stopping=telegram.close if own else None,
        close=stripe.close,
    )
    async with aiohttp.ClientSession() as http:
        platform = Platform(settings, outside)
        built = RunningService(url, telegram, stripe, http, settings, platform, clock, requests)
        running = asyncio.create_task(platform.run(built.stop, lambda _: built.started.set()))
        clock.parties.append(built)
        try:
            await eventually(lambda: built.started.is_set() or running.done())
            if not running.done():
                yield built
        finally:
            built.stop.set()
            await eventually(running.done, advance=clock.delays > 0)
            clock.parties.remove(built)
            await running
