"""A buyer's question reaches the operators, and no alarm waits behind what buyers write."""

import asyncio
from collections.abc import Sequence

import pytest

from bot_platform.domain import outbox, outbox_leases
from bot_platform.domain.errors import TooManyQuestions
from bot_platform.domain.outbox import Notice, NoticeState
from bot_platform.domain.support_questions import ALONE, MANY, MAX_IN_AN_HOUR, ONE
from bot_platform.flows import deliver
from bot_platform.flows.ask_support import ask_support
from bot_platform.infra.database import Database
from bot_platform.telegram.notices import compose
from bot_platform.telegram.texts import Texts
from tests.makers import PRICES, person
from tests.waiting import moving_clock

OPERATORS = (900, 901)


async def ask(database: Database, n: int, *, of: int = 0, words: str = "Where is my money?") -> bool:
    """Let a person ask, the n-th of all or the one with this Telegram id; each question is a message."""
    user = await person(database, of or 1000 + n)
    return await ask_support(database, OPERATORS, user, f"Person {n}", words, f"tg:{n}")


async def sent(database: Database, chat_id: int = 900) -> list[str]:
    """Send all that waits for a chat, and return the names of the texts in their order."""
    texts: list[str] = []
    while rows := await database.transact(outbox_leases.claim, 30):
        for row in rows:
            await deliver.sent(database, row, 5000 + row.id)
            texts += [row.text] if row.chat_id == chat_id else []
        moving_clock().move(1)
    return texts


async def read(chat_id: int = 900) -> Sequence[str]:
    """Write the messages with questions that an operator gets."""
    rows = await Notice.filter(chat_id=chat_id, state=NoticeState.PENDING).order_by("id")
    return [(await compose(row, Texts(), "en", PRICES, local_links=True)).text for row in rows]


async def test_alarms_are_sent_first_and_questions_last(database: Database) -> None:
    moving_clock()
    for n in range(20):
        await ask(database, n)
    for n in range(2):
        key = f"alarm{n}"
        await database.transact(outbox.post_to_each, OPERATORS, key, "audit", "operator-books-off")
    first, second, *rest = await sent(database)
    assert [first, second] == ["operator-books-off"] * 2
    assert rest == [ONE] * ALONE + [MANY]


async def test_many_questions_share_messages_and_none_is_lost(database: Database) -> None:
    for n in range(60):
        await ask(database, n, words=f"question {n:03} " + "x" * (n * 15))
    for chat_id in OPERATORS:
        messages = await read(chat_id)
        together = "\n".join(messages)
        assert all(f"question {n:03} " in together and f"number {1000 + n}" in together for n in range(60))
        assert len(messages) < 20
        assert max(len(text) for text in messages) < 4096


async def test_a_person_asks_a_few_times_an_hour(database: Database) -> None:
    clock = moving_clock()
    for n in range(MAX_IN_AN_HOUR):
        assert await ask(database, n, of=77)
    with pytest.raises(TooManyQuestions):
        await ask(database, 99, of=77)
    assert await ask(database, 0, of=77)  # the first message, handled again
    assert await ask(database, 100, of=78)
    clock.set_by(-3600)
    assert await ask(database, 101, of=77)
    clock.move(2 * 3600 + 60)
    assert await ask(database, 102, of=77)
    assert await Notice.filter(text=ONE, chat_id=900).count() == MAX_IN_AN_HOUR + 3


async def test_questions_at_once_are_all_told_once(database: Database) -> None:
    await asyncio.gather(*(ask(database, n) for n in range(12)), *(ask(database, n) for n in range(12)))
    for chat_id in OPERATORS:
        together = "\n".join(await read(chat_id))
        assert [together.count(f"number {1000 + n})") for n in range(12)] == [1] * 12


async def test_a_question_is_not_added_to_a_message_that_was_sent(database: Database) -> None:
    moving_clock()
    for n in range(ALONE + 1):
        await ask(database, n)
    (group,) = await Notice.filter(chat_id=900, text=MANY)
    await deliver.sent(database, group, 7)
    await ask(database, 50)
    groups = await Notice.filter(chat_id=900, text=MANY).order_by("id")
    assert [len(one.text_values["questions"]) for one in groups] == [1, 1]


async def test_a_question_added_while_its_message_is_sent_edits_it(database: Database) -> None:
    for n in range(ALONE + 1):
        await ask(database, n)
    (in_hand,) = await Notice.filter(chat_id=900, text=MANY)
    await ask(database, 50)
    await deliver.sent(database, in_hand, 7)
    (group,) = await Notice.filter(chat_id=900, text=MANY)
    assert (group.state, group.message_id) == (NoticeState.PENDING, 7)
    assert len(group.text_values["questions"]) == 2


async def test_questions_hold_no_broadcast_back_and_are_missed_when_they_are_lost(database: Database) -> None:
    for n in range(30):
        await ask(database, n)
    assert await outbox.unsent(outbox.BROADCAST) == 0
    (question,) = await Notice.filter(key="support:tg:0:900")
    await deliver.dead(database, OPERATORS, question, "400")
    assert await Notice.filter(text="operator-notice-lost").count() == len(OPERATORS)
    await database.transact(outbox.revive, 900)
    await question.refresh_from_db()
    assert question.state is NoticeState.PENDING
    assert question.rank == outbox.QUESTION == outbox.BROADCAST
