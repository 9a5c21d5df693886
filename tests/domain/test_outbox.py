"""The outbox: which notice can be sent now, and the states that follow."""

import asyncio

from bot_platform.domain import outbox, outbox_leases
from bot_platform.domain.outbox import BROADCAST, MONEY, OTHER, Notice, NoticeState
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query


async def write(database: Database, *keys: str, chat: int = 1, rank: int = MONEY) -> None:
    async def story() -> None:
        for key in keys:
            await outbox.post(key, chat, f"about:{key}", "help", rank=rank)

    await database.transact(story)


async def claim(database: Database, limit: int = 256) -> list[str]:
    return [row.key for row in await database.transact(outbox_leases.claim, limit, notify=False)]


async def second_later() -> None:
    await query("UPDATE notice SET tried_at = tried_at - 1000")


async def sent(database: Database, key: str, message_id: int) -> None:
    await database.transact(outbox_leases.mark_sent, await Notice.get(key=key), message_id, notify=False)


async def test_a_chat_has_one_notice_leased_at_a_time_the_oldest_first(database: Database) -> None:
    await write(database, "a", "b", "c")
    for n, key in enumerate("abc"):
        assert await claim(database) == [key]
        assert await claim(database) == []
        await second_later()
        assert await claim(database) == []  # in hand
        await sent(database, key, n)
        await second_later()
    assert await claim(database) == []


async def test_a_released_lease_is_not_renewed(database: Database) -> None:
    await write(database, "draft", "more")
    await claim(database)
    in_hand = [(await Notice.get(key="draft")).id]  # listed, and then the work ends
    await sent(database, "draft", 7)
    await database.transact(outbox_leases.renew, in_hand, notify=False)
    await database.transact(outbox.rewrite, "about:draft", "terms")
    await second_later()
    assert await claim(database) == ["more"]
    await sent(database, "more", 8)
    await second_later()
    assert await claim(database) == ["draft"]


async def test_a_notice_rewritten_while_its_old_text_is_refused_is_sent_at_once(
    database: Database,
) -> None:
    await write(database, "draft")
    await claim(database)
    refused = await Notice.get(key="draft")
    await database.transact(outbox.rewrite, "about:draft", "terms")
    await database.transact(outbox_leases.mark_dead, refused, "Bad Request", notify=False)
    await second_later()
    assert await claim(database) == ["draft"]


async def test_at_most_30_notices_a_second_and_one_in_each_chat(database: Database) -> None:
    for chat in range(40):
        await write(database, f"{chat}-1", f"{chat}-2", chat=chat)
    first = await claim(database)
    assert len(first) == 30
    assert await claim(database) == []
    for n, key in enumerate(first):
        await sent(database, key, n)
    assert await claim(database) == []
    await second_later()
    assert len(await claim(database)) == 30


async def test_a_notice_about_money_goes_before_other_notices_of_other_chats(database: Database) -> None:
    await write(database, "other", chat=1, rank=OTHER)
    await write(database, "money", chat=2, rank=MONEY)
    assert await claim(database, 1) == ["money"]
    assert await claim(database, 1) == ["other"]


async def test_a_broadcast_goes_after_all_other_notices_of_its_chat(database: Database) -> None:
    await write(database, "to all", rank=BROADCAST)
    await write(database, "receipt", "link")
    for expected in ("receipt", "link", "to all"):
        assert await claim(database) == [expected]
        await sent(database, expected, 7)
        await second_later()


async def test_a_new_message_goes_before_an_edit(database: Database) -> None:
    await write(database, "link")
    await claim(database)
    await sent(database, "link", 7)
    await database.transact(outbox.rewrite, "about:link", "terms")
    await write(database, "receipt")
    await second_later()
    assert await claim(database) == ["receipt"]


async def test_a_notice_rewritten_while_it_is_sent_is_edited_afterwards(database: Database) -> None:
    await write(database, "link")
    (row,) = await database.transact(outbox_leases.claim, 1, notify=False)
    await database.transact(outbox.rewrite, "about:link", "terms")
    await database.transact(outbox_leases.mark_sent, row, 7, notify=False)
    now = await Notice.get()
    assert (now.state, now.message_id, now.text) == (NoticeState.PENDING, 7, "terms")
    await second_later()
    assert await claim(database) == ["link"]


async def test_a_delayed_notice_delays_its_chat(database: Database) -> None:
    await write(database, "a", "b")
    (row,) = await database.transact(outbox_leases.claim, 1, notify=False)
    await database.transact(outbox_leases.reschedule, row, 60_000, "retry after 60", notify=False)
    await second_later()
    assert await claim(database) == []
    await query("UPDATE notice SET next_at = 0, tried_at = 0")
    assert await claim(database) == ["a"]


async def test_a_flood_limit_met_by_an_edit_is_waited_out_by_the_whole_chat(database: Database) -> None:
    await write(database, "link")
    await claim(database)
    await sent(database, "link", 7)
    await database.transact(outbox.rewrite, "about:link", "terms")
    await second_later()
    (row,) = await database.transact(outbox_leases.claim, 1, notify=False)
    await database.transact(outbox_leases.reschedule, row, 60_000, "retry after 60", notify=False)
    await second_later()
    await write(database, "receipt")
    assert await claim(database) == []


async def test_a_rewrite_does_not_shorten_retry_after(database: Database) -> None:
    await write(database, "link")
    (row,) = await database.transact(outbox_leases.claim, 1, notify=False)
    await database.transact(outbox_leases.reschedule, row, 60_000, "retry after 60", notify=False)
    await second_later()
    await database.transact(outbox.rewrite, "about:link", "terms")
    assert await claim(database) == []


async def test_dead_notices_are_sent_in_order_when_their_user_comes_back(database: Database) -> None:
    await write(database, "a", "b")
    await write(database, "elsewhere", chat=2)
    for key in "ab":
        await database.transact(outbox_leases.mark_dead, await Notice.get(key=key), "blocked", notify=False)
    assert await claim(database) == ["elsewhere"]
    assert await database.transact(outbox.revive, 1, notify=False) == 2
    assert await database.transact(outbox.revive, 1, notify=False) == 0
    assert await claim(database) == ["a"]


async def test_the_same_key_is_written_once(database: Database) -> None:
    await asyncio.gather(*(write(database, "a") for _ in range(10)))
    assert await Notice.all().count() == 1


async def test_a_key_of_any_length_is_one_notice(database: Database) -> None:
    async def story(key: str) -> bool:
        return await outbox.post(key, 1, "about", "help")

    posted = [await database.transact(story, "k" * length) for length in (300, 300, 301)]
    assert posted == [True, False, True]
    assert await Notice.all().count() == 2


async def test_a_notice_of_a_dead_sender_is_claimed_by_the_next(database: Database) -> None:
    await write(database, "a")
    await claim(database)
    await second_later()
    assert await claim(database) == []
    await query("UPDATE notice SET lease_until = 1")
    assert await claim(database) == ["a"]
