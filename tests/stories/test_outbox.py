"""The outbox keeps to Telegram's limits, keeps its order, and loses and doubles nothing."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise

from aiogram import Bot

from bot_platform.domain import outbox, outbox_leases
from bot_platform.domain.outbox import MONEY, OTHER, Notice, NoticeState
from bot_platform.flows.arrive import arrive
from bot_platform.infra.database import Database
from bot_platform.infra.worker import LeaseWorker
from bot_platform.sandbox.telegram import SandboxSession
from bot_platform.sandbox.telegram_state import Person
from bot_platform.sandbox.telegram_world import Call, Fault, FloodLimits, TelegramWorld
from bot_platform.telegram.sender import Sender
from bot_platform.telegram.texts import Texts
from tests.makers import BUYER, PRICES, eventually, running_service
from tests.waiting import moving_clock

FIRST = 6_000_000_000
EACH_SECOND = 30


@dataclass(frozen=True)
class AtWork:
    """A worker on a database, as the test's clock sees it."""

    database: Database
    worker: LeaseWorker[Notice]

    def in_transaction(self) -> bool:
        return not self.database.is_idle

    def in_hand(self) -> bool:
        return not self.worker.is_idle


@asynccontextmanager
async def sending(
    database: Database, world: TelegramWorld, session: SandboxSession | None = None
) -> AsyncIterator[None]:
    """Let a sender work on a database that is open, by the test's clock."""
    clock = moving_clock()
    bot = Bot(world.token, session=session or SandboxSession(world))
    loop = Sender(database, bot, Texts(), PRICES, operators=(), local_links=True).worker()
    database.on_commit.append(loop.notify)
    running = asyncio.create_task(loop.run())
    party = AtWork(database, loop)
    clock.parties.append(party)
    try:
        yield
    finally:
        clock.parties.remove(party)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await loop.finish(0.1)


async def write(database: Database, chat: int, *, n: int = 1, rank: int = MONEY, name: str = "") -> None:
    """Write notices into a chat, in one transaction; each says its number as a balance."""

    async def story() -> None:
        for number in range(n):
            await outbox.post(
                f"{name}{chat}:{number}",
                chat,
                f"chat:{chat}",
                "credits-granted",
                rank=rank,
                credits=100,
                balance=100 * number,
                reason="Because.",
            )

    await database.transact(story)


def world_with(chats: int, flood: FloodLimits | None = None) -> tuple[TelegramWorld, list[int]]:
    world = TelegramWorld(flood=flood)
    people = [Person(id=FIRST + n, first_name=f"P{n}") for n in range(chats)]
    for each in people:
        world.open_chat(each)
    return world, [each.id for each in people]


def sends(world: TelegramWorld) -> list[Call]:
    return [call for call in world.calls if call.method in {"sendMessage", "editMessageText"}]


def most_in_a_second(moments: Sequence[int]) -> int:
    """Of moments in milliseconds, the most that any one second holds."""
    return max(sum(begin <= at < begin + 1000 for at in moments) for begin in moments)


def numbers(world: TelegramWorld, chat: int) -> list[int]:
    return [int(m["text"].partition("Balance: ")[2].partition(".")[0]) for m in world.messages(chat)]


async def test_a_hundred_chats_get_at_most_30_messages_in_any_second(database: Database) -> None:
    world, chats = world_with(100)
    for chat in chats:
        await write(database, chat)
    async with sending(database, world):
        await eventually(lambda: len(sends(world)) == 100)
        await moving_clock().pass_time(2)
    assert len(sends(world)) == 100
    claimed = [row.tried_at for row in await Notice.all()]
    assert most_in_a_second(claimed) == EACH_SECOND, "the limit is kept, and used as far as it goes"


async def test_a_chat_gets_its_messages_in_order_and_one_in_a_second(database: Database) -> None:
    world, chats = world_with(3, flood=FloodLimits(chat_burst=1))
    for chat in chats:
        await write(database, chat, n=4)
    async with sending(database, world):
        await eventually(lambda: len([c for c in sends(world) if c.outcome == "ok"]) == 12)
    for chat in chats:
        assert numbers(world, chat) == [0, 1, 2, 3]
        moments = [call.at for call in sends(world) if call.params["chat_id"] == chat]
        assert all(later - earlier >= 0.99 for earlier, later in pairwise(moments))


async def by_two_senders(url: str, chats: Sequence[int], world: TelegramWorld) -> list[Call]:
    """Write to every chat and let two replicas send it; gives what they sent."""
    clock = moving_clock()

    async def fill() -> None:
        database = Database(url)
        await database.open()
        for chat in chats:
            await write(database, chat)
        await database.close()

    async def replica() -> None:
        database = Database(url)
        await database.open()
        try:
            async with sending(database, world):
                await asyncio.Event().wait()
        finally:
            await database.close()

    await asyncio.create_task(fill())
    replicas = [asyncio.create_task(replica()) for _ in range(2)]
    await eventually(lambda: len(sends(world)) >= len(chats))
    await clock.pass_time(2)
    for task in replicas:
        task.cancel()
    await asyncio.gather(*replicas, return_exceptions=True)
    return sends(world)


async def test_two_senders_of_one_database_send_nothing_twice(postgres_url: str) -> None:
    world, chats = world_with(100)
    sent = await by_two_senders(postgres_url, chats, world)
    assert Counter(call.params["chat_id"] for call in sent) == Counter(chats)


async def test_two_senders_of_one_database_keep_the_limits_together(postgres_url: str) -> None:
    world, chats = world_with(100)
    await by_two_senders(postgres_url, chats, world)
    database = Database(postgres_url)
    await database.open()
    # When they were claimed, by the database's clock: on its way one may overtake another.
    moments = [row.tried_at for row in await Notice.all()]
    await database.close()
    assert len(moments) == len(chats)
    assert most_in_a_second(moments) <= EACH_SECOND


async def test_two_claims_at_once_take_no_more_than_a_second_holds(postgres_url: str) -> None:
    clock, database = moving_clock(), Database(postgres_url)
    await database.open()
    for n in range(100):
        await write(database, FIRST + n)
    most = 0
    for _ in range(5):
        claimed = await asyncio.gather(
            *(database.transact(outbox_leases.claim, 256, notify=False) for _ in range(2))
        )
        most = max(most, sum(len(rows) for rows in claimed))
        clock.move(1.05)
    await database.close()
    assert most <= EACH_SECOND


async def test_what_tells_of_money_goes_before_everything_else(database: Database) -> None:
    world, chats = world_with(60)
    for chat in chats[:40]:
        await write(database, chat, rank=OTHER)
    for chat in chats[40:]:
        await write(database, chat, rank=MONEY)
    async with sending(database, world):
        await eventually(lambda: len(sends(world)) == 60)
    order = [call.params["chat_id"] for call in sends(world)]
    assert set(chats[40:]) <= set(order[:EACH_SECOND])


async def test_a_chat_s_own_order_counts_more_than_money(database: Database) -> None:
    world, (chat,) = world_with(1)
    await write(database, chat, rank=OTHER, name="first")
    await write(database, chat, n=2)
    async with sending(database, world):
        await eventually(lambda: len(sends(world)) == 3)
    assert numbers(world, chat) == [0, 0, 1]
    assert (await Notice.filter(state=NoticeState.SENT).order_by("tried_at").first()).rank == OTHER  # type: ignore[union-attr]


async def test_a_flood_limit_is_waited_out_by_its_chat_alone(database: Database) -> None:
    world, chats = world_with(2)
    world.fail("sendMessage", Fault(code=429, description="Too Many", retry_after=3, chat_id=chats[0]))
    for chat in chats:
        await write(database, chat)
    async with sending(database, world):
        await eventually(lambda: world.messages(chats[1]), advance=False)
        await eventually(lambda: world.messages(chats[0]))
    refused, taken = [call.at for call in sends(world) if call.params["chat_id"] == chats[0]]
    assert taken - refused >= 3


async def test_whoever_blocked_the_bot_holds_up_nobody_and_hears_all_once_when_back(
    database_url: str,
) -> None:
    other = Person(id=FIRST, first_name="Other")
    async with running_service(database_url, mock_stripe_payments=True) as h:
        shop = await h.say("/start", "Welcome!")
        packages = await h.say("/start", "Welcome!", other)
        await h.press(shop, "buy_100")
        h.telegram.block(BUYER)
        await h.press(packages, "buy_500", other)
        await h.said("New balance: 500.00", other)
        calls = h.telegram.calls
        await eventually(lambda: any("blocked" in c.outcome for c in calls if c.method == "sendMessage"))
        assert not any("New balance" in text for text in h.texts())
        await h.say("/help", "What I can do for you")
        await h.said("New balance: 100.00")
        await h.clock.pass_time(2)
        assert sum("New balance" in text for text in h.texts()) == 1


async def test_any_message_of_somebody_who_is_back_brings_what_was_missed_in_order(
    database_url: str,
) -> None:
    async with running_service(database_url) as h:
        await h.say("/start", "Welcome!")
        h.telegram.block(BUYER)

        async def meanwhile() -> None:
            database = Database(database_url)
            await database.open()
            await write(database, BUYER.id, n=3)
            await database.close()

        await asyncio.create_task(meanwhile())
        calls = h.telegram.calls
        await eventually(lambda: sum("blocked" in c.outcome for c in calls) == 3)
        await h.say("what is going on?", "I did not understand that")
        await h.said("Balance: 2.00")
        await h.clock.pass_time(2)
        given = [text for text in h.texts() if "were given" in text]
        assert [text.partition("Balance: ")[2].partition(" ")[0] for text in given] == [
            "0.00",
            "1.00",
            "2.00",
        ]


async def test_forty_chats_in_which_telegram_hangs_do_not_hold_up_the_next_one(
    database: Database,
) -> None:
    world, chats = world_with(41)
    for chat in chats[:40]:
        world.fail("sendMessage", Fault(delay=60, chat_id=chat, times=None))
        await write(database, chat)
    async with sending(database, world):
        await eventually(lambda: len(sends(world)) >= 30)
        await write(database, chats[40])
        await eventually(lambda: world.messages(chats[40]))
        assert not any(world.messages(chat) for chat in chats[:40]), "they hang until they are given up"


async def test_a_notice_that_cannot_be_written_does_not_end_its_chat(database: Database) -> None:
    world, chats = world_with(2)

    async def story() -> None:
        await outbox.post("odd", chats[0], "odd", "a-text-that-left-the-house")

    await database.transact(story)
    for chat in chats:
        await write(database, chat)
    async with sending(database, world):
        await eventually(lambda: world.messages(chats[1]))
        await eventually(lambda: world.messages(chats[0]))


async def test_whoever_is_back_is_not_given_the_link_of_a_purchase_that_has_expired(
    database: Database,
) -> None:
    await arrive(database, telegram_id=FIRST, language="en", welcome_credits=0)
    world, (chat,) = world_with(1)
    world.block(Person(id=chat, first_name="P0"))
    url = "https://checkout.example/pay/cs_1"

    async def offer() -> None:
        await outbox.post("link", chat, "purchase:1:link", "checkout-link", url=url, purchase=1)

    async def expire() -> None:
        await outbox.rewrite("purchase:1:link", "checkout-expired", package="buy_100")

    async def back() -> None:
        assert await outbox.revive(chat) == 1

    async with sending(database, world):
        await database.transact(offer)
        await eventually(lambda: any("blocked" in call.outcome for call in sends(world)))
        await moving_clock().rest()
        await database.transact(expire)
        world.unblock(Person(id=chat, first_name="P0"))
        await database.transact(back)
        (message,) = await eventually(lambda: world.messages(chat))
    assert "expired" in message["text"]


async def test_an_operator_who_presses_start_late_hears_the_alarms_from_before(database_url: str) -> None:
    operator = Person(id=FIRST, first_name="Operator")
    async with running_service(database_url, admin_telegram_ids=str(operator.id)) as h:
        await h.say("/start", "Welcome!")
        await h.say("/paysupport I paid twice", "Your question is with the operator of this bot")
        calls = h.telegram.calls
        await eventually(lambda: any("chat not found" in c.outcome for c in calls))
        await h.say("/start", "Welcome!", operator)
        await h.said("I paid twice", operator)
