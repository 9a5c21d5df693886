"""Rivals around paid work: at connections of their own, or in processes of their own that may die."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from multiprocessing.connection import Connection
from typing import Any, TypeVar

import aiosqlite
import asyncpg
import structlog

from bot_platform.domain import ledger, purchases, users
from bot_platform.domain.audit import Broken
from bot_platform.domain.checkout import CheckoutPage
from bot_platform.domain.purchases import Offer
from bot_platform.flows import audit, provider_events
from bot_platform.flows.order_work import order
from bot_platform.infra.clock import now
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.runtime.workers import job_worker
from bot_platform.work.engine.kind import JobContext, Order, Quote, kind
from bot_platform.work.engine.model import Message, Rates, Usage
from tests.makers import PRICES, context, orders, payments
from tests.programs import PROCESSES
from tests.reliability.stateful.fake_provider import Desk, paid, session_of

T = TypeVar("T")

CREDITS, PAGE = 10_000, 6_000  # hundredths: of one purchase, and of a page
CHAPTERS, CHAPTER, CHAPTER_MOST = 3, 3_000, 4_000  # of a book, what each costs, and what it holds
LEFT = 2 * CREDITS - PAGE - CHAPTERS * CHAPTER  # by two purchases after a page and a book
KINDS = ("page", "book")
WRITTEN = 75_000  # tokens of a chapter, which come to what it costs

Hears = Callable[[Any, str], Awaitable[None]]


@dataclass(frozen=True)
class Party:
    """Somebody with connections of their own beside others in this process."""

    database: Database
    _context: Context

    def do(self, act: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Let them do something at their connections."""
        return asyncio.create_task(act, context=self._context)


@contextlib.asynccontextmanager
async def party(url: str) -> AsyncIterator[Party]:
    """Open a database once more."""
    built = Party(Database(url), copy_context())
    await built.do(built.database.open())
    try:
        yield built
    finally:
        await built.do(built.database.close())


async def proved(database: Database) -> Sequence[Broken]:
    """Prove the books; an empty answer is a good one."""
    return await audit.audit_books(database, (), lambda _: None)


async def pass_the_leases() -> None:
    """Let the time pass for which jobs are leased."""
    await query("UPDATE job SET lease_until = 1 WHERE lease_until > 0")


@contextlib.contextmanager
def statements(before: Hears | None = None, after: Hears | None = None) -> Iterator[None]:
    """Hear of every statement of both databases' libraries meanwhile, and of each COMMIT by that name."""
    libraries: Any = (aiosqlite.Connection, asyncpg.Connection)
    sqlite, postgres = libraries
    execute = sqlite._execute  # noqa: SLF001 -- all of aiosqlite goes through it
    kept = {name: getattr(postgres, name) for name in ("execute", "fetch", "fetchrow")}

    async def heard(link: Any, sql: str, work: Callable[[], Awaitable[Any]]) -> Any:
        if before:
            await before(link, sql)
        result = await work()
        if after:
            await after(link, sql)
        return result

    async def on_sqlite(self: Any, work: Any, *args: Any) -> Any:
        commits = getattr(work, "__name__", "") == "commit" and self.in_transaction
        sql = "COMMIT" if commits else str(args[0]) if args else ""
        return await heard(self, sql, lambda: execute(self, work, *args))

    def on_postgres(name: str) -> Callable[..., Awaitable[Any]]:
        async def counted(self: Any, sql: str, *args: Any, **kwargs: Any) -> Any:
            return await heard(self, sql, lambda: kept[name](self, sql, *args, **kwargs))

        return counted

    sqlite._execute = on_sqlite  # noqa: SLF001 -- as above
    for name in kept:
        setattr(postgres, name, on_postgres(name))
    try:
        yield
    finally:
        sqlite._execute = execute  # noqa: SLF001 -- as above
        for name, was in kept.items():
            setattr(postgres, name, was)


@kind("page", "A page", price=PAGE, needs_model=False)
async def page(context: JobContext) -> str:
    """Write a page for a fixed price."""
    await context.progress(0, 1, "the page")
    return f"Written: {context.order.request}"


def _book_price(_order: Order, _rates: Rates) -> Quote:
    return Quote(CHAPTERS * CHAPTER_MOST, CHAPTER_MOST)


@kind("book", "A book", price=_book_price)
async def book(context: JobContext) -> str:
    """Write chapters, with a checkpoint between two, and pay for what was used."""
    chapters: list[str] = context.saved["chapters"] if context.saved else []
    while len(chapters) < CHAPTERS:
        left = CHAPTERS - len(chapters) - 1
        await context.progress(len(chapters), CHAPTERS, "a chapter")
        said = await context.answer(f"{context.order.request}, {len(chapters)}", most_tokens=WRITTEN)
        chapters = [*chapters, said]
        if left:
            saved = {"chapters": chapters}
            await context.checkpoint(saved, most=left * CHAPTER_MOST, first=CHAPTER_MOST)
    return "; ".join(chapters)


class Echo:
    """A model that repeats what it is told and says that this was long."""

    name = "echo"
    endpoint = "here"

    async def answer(self, messages: Sequence[Message], most_tokens: int) -> AsyncIterator[str | Usage]:
        """Repeat the last message."""
        yield f"Written: {messages[-1].text}"
        yield Usage(4, most_tokens - 1)  # costs what as many tokens written cost

    async def close(self) -> None:
        """There is nothing to let go of."""


@dataclass(frozen=True)
class Customer:
    """Somebody who will order a page and a book, and has two purchases to pay for."""

    user_id: int
    purchases: tuple[int, int]

    def key(self, code: str) -> str:
        """Name their order of a kind."""
        return f"{code}:{self.user_id}"

    def written(self, code: str) -> str:
        """Say what they must get."""
        asked = self.key(code)
        parts = [asked] if code == "page" else [f"{asked}, {n}" for n in range(CHAPTERS)]
        return "; ".join(f"Written: {part}" for part in parts)


async def customers(database: Database, number: int) -> list[Customer]:
    """Let so many people arrive, without credits, and each be about to pay twice."""

    async def story() -> list[Customer]:
        made = []
        for n in range(number):
            user, _ = await users.welcome(7_700_000_000 + n, "en")
            await ledger.open_account(user.id)
            first, second = [await _about_to_pay(user.id, turn) for turn in (1, 2)]
            made.append(Customer(user.id, (first, second)))
        return made

    return await database.transact(story)


async def _about_to_pay(user_id: int, turn: int) -> int:
    offer = Offer.of(PRICES.get("buy_100"), user_id, "stripe")
    purchase = await purchases.begin(f"{turn}:{user_id}", offer)
    until = now() + timedelta(hours=20)
    await purchases.attach(purchase, CheckoutPage(session_of(purchase.id), "https://pay.example/", until))
    return int(purchase.id)


class When(Enum):
    """When it happens: before a statement, after it, or after the commit of its transaction."""

    BEFORE = auto()
    AFTER = auto()
    COMMITTED = auto()


@dataclass
class Doom:
    """Ends the process at the n-th statement that contains certain words, once it is armed."""

    words: str
    when: When
    at: int
    armed: bool = True

    def __post_init__(self) -> None:
        self._said: set[int] = set()  # connections whose transaction contains the words

    async def before(self, _: Any, sql: str) -> None:
        """Hear of a statement to come."""
        if self.when is When.BEFORE and self.words in sql:
            self._step()

    async def after(self, link: Any, sql: str) -> None:
        """Hear of a statement that was done."""
        if self.words in sql:
            self._said.add(id(link))
            if self.when is When.AFTER:
                self._step()
        elif sql.startswith("COMMIT") and id(link) in self._said:
            self._said.discard(id(link))
            if self.when is When.COMMITTED:
                self._step()

    def _step(self) -> None:
        if not self.armed:
            return
        self.at -= 1
        if self.at == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def serve(url: str, crowd: Sequence[Customer], doom: Doom | None = None) -> None:
    """Take every order, hear of every payment, and work until nothing is left to do; or die before."""
    with statements(doom.before, doom.after) if doom else contextlib.nullcontext():
        asyncio.run(_serve(url, crowd, doom))


async def _serve(url: str, crowd: Sequence[Customer], doom: Doom | None) -> None:
    database = Database(url)
    await database.open()
    counter, runner = orders(database, page, book, model=Echo(), jobs_at_once=2 * len(crowd))
    money = payments(database, Desk())
    people = {one: await users.get(one.user_id) for one in crowd}
    wanted = [(one, code) for one in crowd for code in KINDS]
    await asyncio.gather(
        *(counter.order(people[one], code, one.key(code), one.key(code)) for one, code in wanted)
    )
    await asyncio.gather(
        *(provider_events.apply(money, paid(one.purchases[0], one.user_id)) for one in crowd)
    )
    if doom:
        doom.armed = True
    worker = job_worker(runner, 2 * len(crowd))
    database.on_commit.append(worker.notify)
    working = asyncio.create_task(worker.run())
    await _rest()
    await asyncio.gather(
        *(provider_events.apply(money, paid(one.purchases[1], one.user_id)) for one in crowd)
    )
    await _rest()
    working.cancel()
    await worker.finish(5)
    await database.close()


async def _rest() -> None:
    """Wait until no job is queued or runs."""
    while await query(  # noqa: ASYNC110 -- another process may change it
        "SELECT id FROM job WHERE state IN ('queued', 'running') LIMIT 1"
    ):
        await asyncio.sleep(0.02)


Wish = tuple[int, str, int]  # who orders, the key of the request, and what it holds


def take_orders(url: str, wire: "Connection[Any, Any]") -> None:
    """Take the orders that come over a wire, all of a message at once, until an empty one comes."""
    asyncio.run(_take_orders(url, wire))


async def _take_orders(url: str, wire: "Connection[Any, Any]") -> None:
    database = Database(url)
    await database.open()
    wire.send("ready")
    while wishes := await asyncio.to_thread(wire.recv):
        await order_all(database, wishes)
        wire.send("done")
    await database.close()


async def order_all(database: Database, wishes: Sequence[Wish]) -> None:
    """Order all of it at once."""
    counter = context(database)

    async def one(user_id: int, key: str, needs: int) -> None:
        user = await users.get(user_id)
        await order(counter, user, "page", {"text": key, "before": []}, key, most=needs, needs=needs)

    await asyncio.gather(*(one(*wish) for wish in wishes))


def stop_in_the_middle(url: str, number: int) -> None:
    """Claim so many jobs, and stop by SIGSTOP when all are in hand; once continued, go on with them."""
    asyncio.run(_stop_in_the_middle(url, number))


async def _stop_in_the_middle(url: str, number: int) -> None:
    on_their_way, there = number, asyncio.Event()

    @kind("page", "A page", price=PAGE, needs_model=False)
    async def slow_page(_: JobContext) -> str:
        nonlocal on_their_way
        on_their_way -= 1
        if not on_their_way:
            os.kill(os.getpid(), signal.SIGSTOP)
            there.set()
        await there.wait()
        return "of the first"

    database = Database(url)
    await database.open()
    _, runner = orders(database, slow_page, jobs_at_once=number)
    claimed = await runner.claim(number)
    await asyncio.gather(*(runner.work(job) for job in claimed))
    await database.close()


def _quietly(target: Callable[..., None], *args: Any) -> None:
    """Write no log, as the tests themselves."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    target(*args)


def process(target: Callable[..., None], *args: Any) -> Any:
    """Start a process that ends with this one."""
    started = PROCESSES.Process(target=_quietly, args=(target, *args), daemon=True)
    started.start()
    return started
