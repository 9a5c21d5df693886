"""A message to all reaches everybody once, within Telegram's limits, and stands in nobody's way."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from bot_platform.domain import actions, broadcasts, outbox, outbox_leases
from bot_platform.domain.broadcasts import Broadcast, BroadcastState
from bot_platform.domain.errors import CannotBroadcast
from bot_platform.domain.outbox import Notice
from bot_platform.domain.users import User
from bot_platform.flows import broadcast
from bot_platform.flows.arrive import arrive, come_back
from bot_platform.flows.ban import ban
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.sandbox.telegram_state import Person
from bot_platform.sandbox.telegram_world import FloodLimits, TelegramWorld
from tests.makers import BUYER, eventually, person, running_service
from tests.stories.test_money_back import OPERATOR, beside
from tests.stories.test_operator import ADMINS, act, acts, ask, press
from tests.stories.test_outbox import FIRST, most_in_a_second, sending, sends, write
from tests.stories.test_what_is_not_read import FILE, PHOTO, SPAN
from tests.waiting import moving_clock

ADMIN = 900
TEXT = "We are back!"


async def crowd(database: Database, n: int) -> Sequence[Person]:
    """Register people, who have pressed Start."""
    people = [Person(id=FIRST + number, first_name=f"P{number}") for number in range(n)]
    for each in people:
        await arrive(database, telegram_id=each.id, language="en", welcome_credits=0)
    return people


def met(*people: Person, flood: FloodLimits | None = None) -> TelegramWorld:
    world = TelegramWorld(flood=flood)
    for each in (*people, Person(id=ADMIN)):
        world.open_chat(each)
    return world


async def begun(database: Database, key: str = "tg:1", text: str = TEXT) -> Broadcast:
    await broadcast.draft(database, ADMIN, text, key)
    await broadcast.begin(database, ADMIN, key)
    found = await broadcasts.running()
    assert found
    return found


async def portions(database: Database, n: int = 1, *, together: int = 1) -> None:
    """Write portions, each as if its second had come, by several replicas at once."""
    for _ in range(n):
        await query("UPDATE schedule SET next_at = 0")
        await asyncio.gather(*(broadcast.send_batch(database) for _ in range(together)))


async def all_sent(database: Database) -> None:
    """Let everything that waits be sent, as far as the database knows."""

    async def story() -> None:
        await Notice.filter(state=outbox.NoticeState.PENDING).update(
            state=outbox.NoticeState.SENT, message_id=1
        )

    await database.transact(story)


async def written() -> Counter[int]:
    rows = await Notice.filter(text=broadcast.SAID)
    return Counter(row.chat_id for row in rows)


async def said_to(admin: int = ADMIN) -> str:
    row = await Notice.get(chat_id=admin, rank=outbox.OTHER)
    return row.text if row.text != "admin-say-progress" else row.text_values["state"]


async def test_everybody_gets_it_once_however_many_replicas_write_it(database: Database) -> None:
    people = await crowd(database, 50)
    running = await begun(database)
    for _ in range(6):
        await portions(database, together=3)
        await all_sent(database)
    assert await written() == Counter(each.id for each in people)
    await running.refresh_from_db()
    assert (running.state, running.written, running.people) == (BroadcastState.DONE, 50, 50)
    assert await said_to() == "done"


async def test_no_more_is_written_than_leaves_at_once(database: Database) -> None:
    await crowd(database, 60)
    await begun(database)
    await portions(database, 5, together=2)
    assert sum((await written()).values()) == broadcast.WAITING
    await query("UPDATE schedule SET next_at = 0")
    await all_sent(database)
    for _ in range(3):
        await broadcast.send_batch(database)  # within one second
    assert sum((await written()).values()) == 2 * broadcast.BATCH


async def test_a_stop_takes_back_what_is_unsent_and_nothing_more_is_written(database: Database) -> None:
    await crowd(database, 45)
    running = await begun(database)
    await portions(database)
    await all_sent(database)
    await portions(database)
    by = actions.telegram(ADMIN)
    assert [await broadcast.stop(database, running.id, by) for _ in range(2)] == [True, False]
    await portions(database, 3)
    states = Counter(row.state.value for row in await Notice.filter(text=broadcast.SAID))
    assert states == {"sent": 20, "dead": 20}
    values = (await Notice.get(chat_id=ADMIN, rank=outbox.OTHER)).text_values
    assert (values["state"], values["sent"], values["unreached"], values["left"]) == ("stopped", 20, 0, 25)
    assert [act.what for act in await actions.Action.all().order_by("id")] == ["say", "stop"]


async def test_what_was_taken_back_is_not_said_when_somebody_returns(database: Database) -> None:
    user = await person(database)
    running = await begun(database)
    await portions(database)
    await broadcast.stop(database, running.id, "console")
    await come_back(database, user)
    assert (await Notice.get(text=broadcast.SAID)).state is outbox.NoticeState.DEAD


async def test_who_is_banned_or_has_blocked_the_bot_is_left_out(database: Database) -> None:
    people = await crowd(database, 4)
    await User.filter(telegram_id=people[0].id).update(blocked_bot=True)
    await ban(database, await User.get(telegram_id=people[1].id), banned=True, reason="")
    running = await begun(database)
    await portions(database, 2)
    assert (running.people, set(await written())) == (2, {people[2].id, people[3].id})


async def test_a_portion_that_died_before_its_commit_is_written_again_without_doubles(
    database: Database,
) -> None:
    people = await crowd(database, 25)
    await begun(database)
    await portions(database)
    await all_sent(database)

    async def dies() -> None:
        await broadcast.write_batch()
        raise RuntimeError

    await query("UPDATE schedule SET next_at = 0")
    with pytest.raises(RuntimeError):
        await database.transact(dies)
    await portions(database, 2)
    assert await written() == Counter(each.id for each in people)


async def test_pressed_twice_or_by_somebody_else_it_begins_once(database: Database) -> None:
    await crowd(database, 3)
    await broadcast.draft(database, ADMIN, TEXT, "tg:1")
    with pytest.raises(CannotBroadcast, match="admin-draft-gone"):
        await broadcast.begin(database, ADMIN + 1, "tg:1")
    await asyncio.gather(*(broadcast.begin(database, ADMIN, "tg:1") for _ in range(3)))
    await broadcast.drop(database, ADMIN, "tg:1")
    assert [row.state for row in await Broadcast.all()] == [BroadcastState.RUNNING]
    await broadcast.draft(database, ADMIN, "Another", "tg:2")
    with pytest.raises(CannotBroadcast, match="admin-say-one-runs"):
        await broadcast.begin(database, ADMIN, "tg:2")
    await broadcast.drop(database, ADMIN, "tg:2")
    await broadcast.begin(database, ADMIN, "tg:2")
    assert await Broadcast.all().count() == 1


async def test_money_is_told_at_once_while_a_message_to_all_is_sent_within_the_limits(
    database: Database,
) -> None:
    people = await crowd(database, 60)
    world = met(*people, flood=FloodLimits())
    await begun(database)

    async def keep_writing() -> None:
        while True:
            await broadcast.send_batch(database)
            await clock.sleep(0.1)

    clock = moving_clock()
    async with sending(database, world):
        loop = asyncio.create_task(keep_writing())
        await eventually(lambda: len(sends(world)) > 10)
        ahead = []
        for each in people[::12]:
            before = len(sends(world))
            await write(database, each.id, name="money")

            def arrived(chat: int = each.id) -> bool:
                return any("You were given" in m["text"] for m in world.messages(chat))

            await eventually(arrived)
            ahead.append(len(sends(world)) - before)
        await eventually(lambda: sum(TEXT in m["text"] for p in people for m in world.messages(p.id)) == 60)
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
    assert max(ahead) <= 2 * outbox_leases.MAX_PER_SECOND, ahead
    assert [call.outcome for call in sends(world) if call.outcome != "ok"] == []
    assert most_in_a_second([row.tried_at for row in await Notice.all()]) <= outbox_leases.MAX_PER_SECOND


async def test_the_operator_sees_it_first_follows_it_and_reads_how_it_ended(database_url: str) -> None:
    gone = Person(id=FIRST + 1, first_name="Gone")
    async with running_service(database_url, **ADMINS) as h:
        for who in (OPERATOR, BUYER, gone):
            await h.say("/start", "Welcome!", who)
        h.telegram.chat(gone.id).blocked = True
        draft = await ask(h, f"/admin say {TEXT}\nSecond line", "This is what 3 people would read:")
        assert draft["text"].endswith(f"{TEXT}\nSecond line")
        dropped = await act(h, draft, "drop", "Nobody was written to.")
        press(h, draft, "tell")
        assert dropped["message_id"] == draft["message_id"]
        draft = await ask(h, f"/admin say {TEXT}", "This is what 3 people would read:")
        press(h, draft, "tell")
        press(h, draft, "tell")
        await h.said("✅ Sent: 2 have it, 1 could not be reached.", OPERATOR)
        for who in (OPERATOR, BUYER):
            assert h.texts(who).count(TEXT) == 1
        await ask(h, f"/admin say {TEXT}", "This is what 2 people would read:")
    assert await acts(database_url) == [("say", "broadcast")]


async def test_it_goes_on_after_a_restart_and_is_stopped_by_a_button(database_url: str) -> None:
    async with running_service(database_url, **ADMINS) as h:
        await h.say("/start", "Welcome!", OPERATOR)

        async def many(database: Database) -> None:
            for each in await crowd(database, 70):
                h.telegram.open_chat(each)

        await beside(database_url, many)
        draft = await ask(h, f"/admin say {TEXT}", "This is what 71 people would read:")
        await act(h, draft, "tell", "📣 Being sent:")
        chats = [*range(FIRST, FIRST + 70), OPERATOR.id]

        def have_it() -> int:
            return sum(m["text"] == TEXT for chat in chats for m in h.telegram.messages(chat))

        await eventually(lambda: have_it() >= 10)
        world = h.telegram
    async with running_service(database_url, telegram=world, **ADMINS) as h:
        today = await ask(h, "/admin", "Today, until")
        shown = await act(h, today, "said", "📣 Being sent:")
        await eventually(lambda: have_it() >= 30)
        await act(h, shown, "halt", "⏹ Stopped:")
        await h.rest()
        stopped_at = have_it()
        assert stopped_at < 71
        await h.clock.pass_time(3)
        assert have_it() == stopped_at
        assert max(Counter(c for c in chats for m in world.messages(c) if m["text"] == TEXT).values()) == 1
    edits = [c.at for c in world.calls if c.method == "editMessageText"]
    assert all(later - earlier >= 0.9 for earlier, later in pairwise(edits))
    assert await acts(database_url) == [("say", "broadcast"), ("stop", "broadcast")]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ({"photo": PHOTO}, "the picture"),
        ({"document": FILE}, "the file"),
        ({"video": SPAN | {"width": 9, "height": 9}}, "the video"),
        ({"hologram": {"of": "a cat"}}, "everything in your message"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_a_picture_for_everybody_is_said_not_to_be_sent(
    sqlite_url: str, content: dict[str, Any], what: str
) -> None:
    async with running_service(sqlite_url, **ADMINS) as h:
        await h.say("/start", "Welcome!", OPERATOR)
        for album in ({}, {"media_group_id": "album"}):
            h.telegram.send(OPERATOR, caption=f"/admin say {TEXT}", **content, **album)
            await h.said(f"Only words can be sent to everybody, and not {what}", OPERATOR)
        assert not any("would read" in text for text in h.texts(OPERATOR))
        h.telegram.say(OPERATOR, f"/admin say {TEXT}")
        await h.said("would read", OPERATOR)
