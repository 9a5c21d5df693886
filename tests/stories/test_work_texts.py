"""What was asked and answered: sent whatever it holds, remembered as long as wanted, and never in a log."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot_platform.infra import logs
from bot_platform.infra.database import Database
from bot_platform.sandbox.telegram_world import Fault
from bot_platform.work.engine.kind import JobContext, kind
from tests.makers import BUYER, RunningService, eventually, orders, person, running_service
from tests.work.fake_context import model
from tests.work.model_server import Answer, Cut, ModelServer, Status, model_server
from tests.work.service_with_model import (
    Builder,
    ai,
    becomes,
    broken,
    from_bot,
    give,
    now,
    ordered,
    rows,
    standing,
    told,
    until,
    working,
)

SECRET = "marzipan-9371"
ANSWERED = "nougat-5528"
TABLES = ("job", "notice", "event", "entry", "hold", "account", "purchase", "schedule")


def turns(server: ModelServer) -> list[str]:
    """List what the model read last, after the rules."""
    return [turn["content"] for turn in server.requests[-1].body["messages"][1:]]


async def kept(h: RunningService, *words: str) -> list[str]:
    """Name the tables in which any of the words stands."""
    await until(
        h, "SELECT COUNT(*) AS n FROM event HAVING SUM(CASE state WHEN 'received' THEN 1 ELSE 0 END) = 0"
    )
    whole = {table: str(await rows(h, f"SELECT * FROM {table}")) for table in TABLES}  # noqa: S608 -- names of ours
    return [table for table, text in whole.items() if any(word in text for word in words)]


async def test_a_follow_up_knows_the_conversation_until_a_new_one_begins(database_url: str) -> None:
    async with working(database_url, welcome_credits="5") as (h, server):
        server.will(Answer("In June."), Answer("In July."), Answer("In May."))
        await ordered(h, "/ask when do cherries ripen?", "In June.")
        await ordered(h, "/ask and apricots?", "In July.")
        assert turns(server) == ["when do cherries ripen?", "In June.", "and apricots?"]
        await h.say("/new", "A new conversation begins")
        await ordered(h, "/ask and strawberries?", "In May.")
        assert turns(server) == ["and strawberries?"]


async def test_what_is_remembered_is_bounded_and_so_is_its_price(database_url: str) -> None:
    async with working(database_url, welcome_credits="20") as (h, server):
        for n in range(1, 5):
            server.will(Answer(f"answer {n} " + "x" * 2500))
            await ordered(h, f"/ask question {n}?", "✅")
        read = "".join(turns(server))
        assert "question 3?" in read
        assert "question 2?" in read
        assert len(read) < 8000 + len("question 4?")
        assert await broken(h) == []


async def test_forget_erases_what_was_asked_and_answered_and_leaves_the_books(database_url: str) -> None:
    async with (
        model_server() as server,
        running_service(database_url, welcome_credits="20", **ai(server)) as h,
    ):
        server.always(Builder(model(), other=Answer(ANSWERED, usage=(100, 50))))
        await h.say("/start", "Welcome!")
        await ordered(h, f"/ask {SECRET}?", "✅ 0.03 credits.")
        await ordered(h, f"/build a clock of {SECRET}", "main.py\n")
        await told(h, "notes.zip")
        await until(
            h, "SELECT COUNT(*) AS n FROM notice HAVING SUM(CASE state WHEN 'sent' THEN 0 ELSE 1 END) = 0"
        )
        assert await kept(h, SECRET, ANSWERED, "NOTES") == ["job", "notice"]
        before = await standing(h)
        entries = await rows(h, "SELECT kind, amount FROM entry ORDER BY id")
        await ordered(h, "/forget", "The texts of your work are erased")
        assert await kept(h, SECRET, ANSWERED, "NOTES") == []
        assert await rows(h, "SELECT kind, amount FROM entry ORDER BY id") == entries
        assert await standing(h) == before
        assert await broken(h) == []
        await ordered(h, "/ask and now?", ANSWERED)
        assert turns(server) == ["and now?"]


async def test_forget_says_that_open_work_follows_and_erases_it_when_it_ends(database_url: str) -> None:
    async with working(database_url) as (h, _):
        message = await ordered(h, f"/ask {SECRET}?")
        await h.say("/forget", "What still runs or waits is erased when it ends.")
        assert await kept(h, SECRET) == ["job"]
        await h.press(message, "stop:1")
        await becomes(h, message, "⏹ Stopped.")
        await h.rest()
        await tidied(h)
        assert await kept(h, SECRET) == []
        assert await broken(h) == []


async def tidied(h: RunningService) -> None:
    """Let the cleanup be due, and wait for its end."""
    await rows(h, "UPDATE schedule SET next_at = 0, position = 0 WHERE name = 'work'")
    await until(h, "SELECT 1 AS one FROM schedule WHERE name = 'work' AND position > 0")


async def test_texts_older_than_they_may_be_kept_are_erased_and_younger_ones_stay(database_url: str) -> None:
    async with working(database_url, welcome_credits="5", keep_texts_days=7) as (h, server):
        server.will(Answer(ANSWERED))
        await ordered(h, f"/ask {SECRET}?", "✅")
        await ordered(h, "/ask young-one?", "Like this.\n\n✅")
        await rows(h, "UPDATE job SET ended_at = '2020-01-01 00:00:00+00:00' WHERE id = 1")
        await tidied(h)
        assert await kept(h, SECRET, ANSWERED) == []
        assert "job" in await kept(h, "young-one")
        assert [message for message in from_bot(h) if ANSWERED in message], "what was sent stays in the chat"
        assert await broken(h) == []


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Log as the service does at its default level, to be read."""
    handlers, level = logging.getLogger().handlers, logging.getLogger().level
    stream = io.StringIO()
    logs.set_up("INFO", "console", stream)
    yield stream
    structlog.reset_defaults()
    logging.getLogger().handlers = handlers
    logging.getLogger().setLevel(level)


async def test_nothing_that_was_asked_or_answered_stands_in_the_log(
    database_url: str, log: io.StringIO
) -> None:
    refusal = Status(400, {"error": {"message": f"I will not say {SECRET}", "type": f"no {SECRET}"}})
    async with working(database_url, welcome_credits="20") as (h, server):
        server.will(Answer(ANSWERED), Cut(ANSWERED), refusal)
        for says in ("✅", "⚠️", "refused this"):
            await ordered(h, f"/ask {SECRET}?", says)
        server.always(Builder(model(**{"main.py": f"x = {ANSWERED} ("})))
        await ordered(h, f"/build a clock of {SECRET}", "✅")
        h.telegram.fail("editMessageText", Fault(code=400, description="Bad Request: odd", times=2))
        await ordered(h, f"/ask {SECRET}?", "")
        await ordered(h, "/jobs", "Nothing runs")
    assert "work.ended" in log.getvalue()
    assert SECRET not in log.getvalue()
    assert ANSWERED not in log.getvalue()


@kind("breaks", "break", price=10, needs_model=False)
async def breaks(task: JobContext) -> str:
    """Break over what was asked."""
    raise ValueError(f"cannot do {task.order.request}") from KeyError(task.order.request)


async def test_work_that_breaks_over_the_words_does_not_log_them(
    database: Database, log: io.StringIO
) -> None:
    buyer = await person(database, credits_=500)
    counter, runner = orders(database, breaks)
    await counter.order(buyer, "breaks", SECRET, "tg:1")
    for job in await runner.claim(1):
        await runner.work(job)
    assert "work.broke" in log.getvalue()
    assert "ValueError" in log.getvalue()
    assert SECRET not in log.getvalue()


LINES = [f"Line {n} of a long answer, with **bold** words." for n in range(300)]
STRAY = {
    "an unclosed fence": "```python\nprint(1)",
    "tags": "<b>bold</b> <script>alert(1)</script> & &lt;",
    "a link that runs something": "[x](javascript:1) [y](tg://user?id=1) [z]() [w](http://[)",
    "stars": "*" * 10_000,
    "NUL": "a\0b",
    "half a surrogate pair": "a\ud800b \udfff",
    "zero width": "\u200b\u2060\ufeff",
    "marks of direction": "\u202eevil\u202c",
    "a table and a picture": "| a | b |\n|---|---|\n| 1 | ![p](http://x/y.png) |\n",
    "nested quotes": "> " * 400 + "deep",
    "nested lists": "\n".join("  " * n + "- x" for n in range(200)),
    "brackets": "[" * 3000 + "x" + "](" * 3000,
    "formulas": r"\[ \frac{1}{2} \] $$ x $$ \x \\",
    "one long word": "ü" * 9000,
    "emoji": "👩‍👩‍👧‍👦" * 1200,
    "many entities": "**a** `b` " * 400,
    "only a heading": "#",
    "a thematic break": "---",
}


@pytest.mark.parametrize("what", STRAY)
async def test_whatever_a_model_writes_is_sent(sqlite_url: str, what: str) -> None:
    async with working(sqlite_url, welcome_credits="20") as (h, server):
        server.always(Answer(STRAY[what], usage=(100, 50)))
        h.telegram.say(BUYER, "/ask why?")
        await h.said("✅ 0.03 credits.")
        sent = [call for call in h.telegram.calls if call.method in {"sendMessage", "editMessageText"}]
        assert [call.outcome for call in sent if call.outcome != "ok"] == []
        assert await broken(h) == []


async def test_a_long_answer_is_several_messages_in_order_and_the_last_names_the_cost(
    database_url: str,
) -> None:
    async with working(database_url, welcome_credits="20", low_balance="20") as (h, server):
        server.always(Answer(*(f"{line}\n\n" for line in LINES)))
        first = await ordered(h, "/ask why?", "")
        await h.said("credits.")
        await becomes(h, first, "Line 0 of")
        await eventually(lambda: "✅" in "".join(from_bot(h)[-2:]))

        def read() -> list[str]:
            return [text for text in from_bot(h) if "of a long answer" in text]

        def told_lines() -> list[str]:
            return [line for page in read() for line in page.splitlines() if line.startswith("Line ")]

        # The first page is an edit of the draft, and edits let new messages go before.
        await eventually(lambda: told_lines() == [line.replace("**", "") for line in LINES])
        pages = read()
        assert len(pages) == 4
        assert ["✅" in page for page in pages] == [False, False, False, True]
        assert await broken(h) == []


async def test_nothing_stands_between_the_pages_of_an_answer(database_url: str) -> None:
    async with working(database_url, welcome_credits="20", low_balance="20") as (h, server):
        server.always(Answer(*(f"{line}\n\n" for line in LINES), delay=0.01))
        await ordered(h, "/ask why?", "")
        await h.said("✅")
        await h.said("credits left.")
        await eventually(lambda: sum("of a long answer" in text for text in from_bot(h)) == 4)
        are_pages = ["of a long answer" in text for text in from_bot(h)[1:]]
        assert are_pages == [True, True, True, True, False]


async def test_a_format_that_telegram_refuses_is_left_away_and_the_words_are_sent(database_url: str) -> None:
    refusal = Fault(code=400, description="Bad Request: ENTITY_BOUNDS_INVALID")
    async with working(database_url, welcome_credits="5") as (h, server):
        server.always(Answer("**Like** this.", usage=(100, 50), delay=0.4))
        message = await ordered(h, "/ask how?", "This costs up to")
        h.telegram.fail("editMessageText", refusal)
        await becomes(h, message, "Like this.\n\n✅ 0.03 credits.")
        assert await broken(h) == []


async def test_an_answer_that_was_paid_for_arrives_though_an_edit_before_it_was_refused(
    database_url: str,
) -> None:
    async with working(database_url) as (h, server):
        server.always(Answer("Like ", "this.", usage=(100, 50), delay=1.7))
        await ordered(h, "/ask how?")
        h.telegram.fail("editMessageText", Fault(code=400, description="Bad Request: odd"))
        await give(h, 100)
        await h.said("✅ 0.03 credits.")


async def test_an_answer_whose_offer_was_deleted_meanwhile_comes_as_a_new_message(database_url: str) -> None:
    async with working(database_url) as (h, _):
        message = await ordered(h, "/ask how?")
        del h.telegram.chat(BUYER.id).messages[message["message_id"]]
        await give(h, 100)
        await h.said("Like this.\n\n✅ 0.03 credits.")
        assert sum("Like this." in text for text in from_bot(h)) == 1
        assert await broken(h) == []


async def test_a_question_as_long_as_telegram_takes_is_asked_and_answered(database_url: str) -> None:
    question = "🌍" * 2045
    async with working(database_url, welcome_credits="20") as (h, server):
        message = await ordered(h, f"/ask {question}", "")
        await becomes(h, message, "Like this.\n\n✅ 0.03 credits.")
        assert turns(server) == [question]
        listed = now(h, message)
        assert "🌍" not in listed
        assert await broken(h) == []
