"""The runner runs claimed jobs, and ends, stops, or releases them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest

from bot_platform.domain.jobs import Job, JobState
from bot_platform.domain.outbox import Notice
from bot_platform.flows import order_work
from bot_platform.flows.audit import audit_books
from bot_platform.flows.context import MAX_RENDERED_CHARS
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.telegram.markdown import pages
from bot_platform.telegram.notices import compose
from bot_platform.telegram.texts import Texts
from bot_platform.work.engine.context import MAX_DRAFT_CHARS, SHOW_INTERVAL_SECONDS
from bot_platform.work.engine.kind import CannotDo, Files, JobContext, JobKind, by_usage, kind
from bot_platform.work.engine.model import Message, ModelFault, Usage
from bot_platform.work.engine.orders import Orders
from bot_platform.work.engine.runner import MAX_ATTEMPTS, Runner
from tests.makers import PRICES, balance, orders, person
from tests.waiting import moving_clock

Work = Callable[[JobContext], Awaitable[str | Files]]


class Scripted:
    """A model that yields the given pieces and usage, or raises the given fault."""

    name = "scripted"
    endpoint = "here"

    def __init__(self, *script: str | Usage | ModelFault) -> None:
        self.script = script
        self.asked: list[Sequence[Message]] = []

    async def answer(self, messages: Sequence[Message], most_tokens: int) -> AsyncIterator[str | Usage]:  # noqa: ARG002 -- the Protocol's signature
        """Yield the script."""
        self.asked.append(messages)
        for part in self.script:
            if isinstance(part, ModelFault):
                raise part
            yield part

    async def close(self) -> None:
        """Nothing is open."""


def sold(work: Work, price: int = 50) -> JobKind:
    """Make a kind of this coroutine."""
    return kind("chore", "a chore", price=price, needs_model=False)(work)


async def done(counter: Orders, runner: Runner, telegram_id: int = 77, credits_: int = 100) -> Job:
    """Order a job, run it, audit the books, and return the job."""
    user = await person(counter.context.database, telegram_id, credits_)
    job = await counter.order(user, next(iter(counter.kinds)), "please", f"tg:{telegram_id}")
    for claimed in await runner.claim(1):
        await runner.work(claimed)
    broken = await audit_books(counter.context.database, (), lambda _: None)
    assert list(broken) == []
    return await Job.get(id=job.id)


async def test_a_fixed_price_is_charged_whatever_was_used(database: Database) -> None:
    async def chore(context: JobContext) -> str:
        return f"**{context.order.request}** is done"

    job = await done(*orders(database, sold(chore)))
    assert (job.state, job.charged, job.result) == (JobState.DONE, 50, {"text": "**please** is done"})


async def test_usage_is_priced_and_rounded_up(database: Database) -> None:
    async def chore(context: JobContext) -> str:
        return await context.answer("go", most_tokens=1000)

    priced = kind("chore", "a chore", price=by_usage(1000))(chore)
    job = await done(*orders(database, priced, model=Scripted("Hello.", Usage(101, 50))))
    assert (job.state, job.charged) == (JobState.DONE, 4), "101 tokens at 0.10 and 50 at 0.40: 3.01"


async def test_without_a_reported_usage_bytes_are_counted(database: Database) -> None:
    async def chore(context: JobContext) -> str:
        return await context.answer(question, most_tokens=1000)

    question = Message("user", "x" * 4000)
    priced = kind("chore", "a chore", price=by_usage(1000, question))(chore)
    job = await done(*orders(database, priced, model=Scripted("é" * 2000)))
    assert job.charged == 10 + 40


@pytest.mark.parametrize(
    ("reported", "cost"),
    [
        (Usage(0, 0), 10 + 40),
        (Usage(2000, 0), 20 + 40),
        (Usage(0, 250), 10 + 10),
        (Usage(2000, 250), 20 + 10),
    ],
    ids=str,
)
async def test_a_count_of_nothing_beside_a_text_is_estimated(
    database: Database, reported: Usage, cost: int
) -> None:
    async def chore(context: JobContext) -> str:
        return await context.answer(question, most_tokens=1000)

    question = Message("user", "x" * 4000)
    priced = kind("chore", "a chore", price=by_usage(1000, question))(chore)
    job = await done(*orders(database, priced, model=Scripted("é" * 2000, reported)))
    assert job.charged == cost


async def used(job: Job) -> tuple[object, ...]:
    """Return what a job keeps of its model."""
    job = await Job.get(id=job.id)
    tokens = (job.tokens_read, job.tokens_cached, job.tokens_written, job.tokens_estimated)
    return (job.ai_model, job.ai_endpoint, *tokens, job.ai_cost)


@pytest.mark.parametrize(
    ("script", "kept"),
    [
        (
            ["Hello.", Usage(101, 50, cached=99, cost=0.0125)],
            ("scripted", "here", 101, 99, 50, False, 12_500),
        ),
        (["Hello.", Usage(101, 50)], ("scripted", "here", 101, 0, 50, False, None)),
        (["Hello.", Usage(101, 0)], ("scripted", "here", 101, 0, 2, True, None)),
        (["Hello."], ("scripted", "here", 1, 0, 2, True, None)),
        ([Usage(101, 50), ModelFault("model-empty")], ("scripted", "here", 101, 0, 50, False, None)),
        ([ModelFault("model-down")], ("", "", 0, 0, 0, False, None)),
    ],
    ids=["all", "no cost", "not written", "nothing reported", "failed", "nothing came"],
)
async def test_a_job_keeps_what_its_model_took(
    database: Database, script: list[str | Usage | ModelFault], kept: tuple[object, ...]
) -> None:
    async def chore(context: JobContext) -> str:
        return await context.answer("Hi?", most_tokens=1000)

    priced = kind("chore", "a chore", price=by_usage(1000))(chore)
    assert await used(await done(*orders(database, priced, model=Scripted(*script)))) == kept


async def test_a_job_adds_up_what_its_steps_took(database: Database) -> None:
    async def chore(context: JobContext) -> str:
        await context.answer("Hi?", most_tokens=10)
        await context.answer("Hi?", most_tokens=10)
        await context.checkpoint({"half": True}, most=10, first=10)
        return await context.answer("Hi?", most_tokens=10)

    priced = kind("chore", "a chore", price=by_usage(10))(chore)
    model = Scripted("Hello.", Usage(10, 5, cached=1, cost=0.000001))
    job = await done(*orders(database, priced, model=model))
    assert await used(job) == ("scripted", "here", 30, 3, 15, False, 3)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (ModelFault("model-busy"), "model-busy"),
        (CannotDo("build-no-plan"), "build-no-plan"),
        (RuntimeError("quotes a secret"), "work-failed"),
        (OSError("its own connection"), "work-failed"),
    ],
)
async def test_failed_work_is_free_and_its_message_names_the_reason(
    database: Database, fault: Exception, says: str
) -> None:
    async def chore(_: JobContext) -> str:
        raise fault

    job = await done(*orders(database, sold(chore)))
    assert (job.state, job.charged) == (JobState.FAILED, 0)
    assert (await Notice.get(key="job:1")).text == says


ODD: Any = Files  # untyped code may pass anything


@pytest.mark.parametrize(
    "result",
    [None, 5, b"bytes", ["a"], ODD("x", {"a": b"\0"}, "done"), ODD("x", {}, None), ODD(1, [], "")],
    ids=repr,
)
async def test_a_result_of_another_type_fails_at_once_and_is_named_in_the_log(
    database: Database, result: object, capsys: pytest.CaptureFixture[str]
) -> None:
    async def chore(_: JobContext) -> object:
        return result

    job = await done(*orders(database, sold(chore)))  # type: ignore[arg-type]  # as untyped code may
    assert (job.state, job.charged, job.attempts) == (JobState.FAILED, 0, 1)
    assert (await Notice.get(key="job:1")).text == "work-failed"
    assert f"type={type(result).__name__}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "refusal",
    [
        CannotDo("build-no-plan", cost=3, state="odd", answer="x", text="y", subject="z", key="k", rank=9),
        CannotDo("build-no-plan", when=1.5, what=None, who=object(), odd="\0\ud800"),
        CannotDo("build-no-plan", files={"a": "not Files"}),  # type: ignore[arg-type]  # as untyped code may
    ],
    ids=["names of arguments", "odd values", "odd files"],
)
async def test_a_refusal_s_values_and_files_may_be_anything(database: Database, refusal: CannotDo) -> None:
    async def chore(_: JobContext) -> str:
        raise refusal

    job = await done(*orders(database, sold(chore)))
    assert (job.state, job.charged, job.attempts) == (JobState.FAILED, 0, 1)
    assert (await Notice.get(key="job:1")).text == "build-no-plan"


@pytest.mark.parametrize("needed", ["lots", "1.5", None, 0.5, [1], Ellipsis, b"5"], ids=repr)
async def test_a_refusal_with_a_value_of_a_wrong_type_says_that_something_broke(
    database: Database, needed: object
) -> None:
    async def chore(_: JobContext) -> str:
        raise CannotDo("not-enough", needed=needed)

    job = await done(*orders(database, sold(chore)))
    assert (job.state, job.charged, job.attempts) == (JobState.FAILED, 0, 1)
    notice = await Notice.get(key="job:1")
    shown = await compose(notice, Texts(), "en", PRICES, local_links=False)
    assert shown.text.startswith("😕 Something broke on my side")
    assert shown.buttons
    assert shown.buttons.inline_keyboard[0][0].callback_data == "again:1"


@pytest.mark.parametrize("text", ["A sentence, where the name of a text belongs. " * 3, "", 5, None])
async def test_a_refusal_that_names_no_text_says_that_something_broke(
    database: Database, text: object, capsys: pytest.CaptureFixture[str]
) -> None:
    async def chore(_: JobContext) -> str:
        raise CannotDo(text)  # type: ignore[arg-type]  # as untyped code may

    job = await done(*orders(database, sold(chore)))
    assert (job.state, job.attempts) == (JobState.FAILED, 1)
    assert (await Notice.get(key="job:1")).text == "work-failed"
    assert "work.no_such_text" in capsys.readouterr().out


@pytest.mark.parametrize("error", [SystemExit(1), asyncio.CancelledError(), TimeoutError()], ids=repr)
async def test_a_kind_that_ends_itself_in_an_odd_way_fails_at_once(
    database: Database, error: BaseException
) -> None:
    async def chore(_: JobContext) -> str:
        raise error

    job = await done(*orders(database, sold(chore)))
    assert (job.state, job.charged, job.attempts) == (JobState.FAILED, 0, 1)


async def test_an_empty_answer_is_free(database: Database) -> None:
    async def chore(_: JobContext) -> str:
        return " \n"

    job = await done(*orders(database, sold(chore)))
    assert (job.state, job.charged) == (JobState.FAILED, 0)


async def test_a_truncated_answer_costs_what_the_user_has_read(database: Database) -> None:
    async def chore(context: JobContext) -> str:
        return await context.answer("x" * 400, most_tokens=1000, show=True)

    priced = kind("chore", "a chore", price=by_usage(1000))(chore)
    job = await done(*orders(database, priced, model=Scripted("y" * 400, ModelFault("model-cut"))))
    assert (job.state, job.charged) == (JobState.FAILED, 5)
    notice = await Notice.get(key="job:1")
    assert (notice.text, notice.text_values["says"]) == ("answer", "work-cut")


async def test_of_an_answer_that_grows_only_the_beginning_is_rendered_and_once_it_is_full_no_more(
    database: Database,
) -> None:
    rendered: list[int] = []

    def counted(markdown: str) -> Sequence[Mapping[str, Any]]:
        rendered.append(len(markdown))
        return pages(markdown)

    @kind("chore", "a chore", price=by_usage(10_000))
    async def work(context: JobContext) -> str:
        return await context.answer("please", most_tokens=10_000, show=True)

    class Slow(Scripted):
        async def answer(self, messages: Sequence[Message], most_tokens: int) -> AsyncIterator[str | Usage]:
            async for part in super().answer(messages, most_tokens):
                moving_clock().move(SHOW_INTERVAL_SECONDS)
                yield part

    moving_clock()  # from here on the clock is moved
    model = Slow(" " * 9000, *["word " * 200] * 60)
    job = await done(*orders(database, work, model=model, pages=counted), credits_=100_000)
    assert job.state is JobState.DONE
    *drafts, whole = rendered
    assert len(drafts) <= 1 + MAX_DRAFT_CHARS // 1000
    assert max(drafts) == MAX_DRAFT_CHARS
    assert whole == MAX_RENDERED_CHARS


async def test_a_stop_ends_a_running_job(database: Database) -> None:
    begun = asyncio.Event()

    async def chore(_: JobContext) -> str:
        begun.set()
        await asyncio.Event().wait()
        return "not reached"

    counter, runner = orders(database, sold(chore))
    user = await person(database, credits_=100)
    job = await counter.order(user, "chore", "please", "tg:1")
    (claimed,) = await runner.claim(1)
    working = asyncio.create_task(runner.work(claimed))
    await begun.wait()
    await runner.check()
    assert not working.done(), "its user has not stopped it yet"
    await order_work.cancel(counter.context, user, job.id)
    await runner.check()
    await working
    assert ((await Job.get(id=job.id)).state, await balance(user)) == (JobState.CANCELLED, 100)


async def test_a_job_that_another_worker_has_claimed_is_left_to_it(database: Database) -> None:
    begun = asyncio.Event()

    async def chore(_: JobContext) -> str:
        begun.set()
        await asyncio.Event().wait()
        return "not reached"

    counter, runner = orders(database, sold(chore))
    await counter.order(await person(database, credits_=100), "chore", "please", "tg:1")
    (claimed,) = await runner.claim(1)
    working = asyncio.create_task(runner.work(claimed))
    await begun.wait()
    await query("UPDATE job SET fence = fence + 1")
    await runner.check()
    await working
    assert (await Job.get(id=1)).state is JobState.RUNNING, "the other worker ends it"


async def test_a_process_that_stops_releases_its_jobs(database: Database) -> None:
    begun = asyncio.Event()

    async def chore(_: JobContext) -> str:
        begun.set()
        await asyncio.Event().wait()
        return "not reached"

    counter, runner = orders(database, sold(chore))
    await counter.order(await person(database, credits_=100), "chore", "please", "tg:1")
    (claimed,) = await runner.claim(1)
    working = asyncio.create_task(runner.work(claimed))
    await begun.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    job = await Job.get(id=1)
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)


async def test_a_job_whose_workers_die_again_and_again_fails(database: Database) -> None:
    async def chore(_: JobContext) -> str:
        return "not reached"

    counter, runner = orders(database, sold(chore))
    user = await person(database, credits_=100)
    await counter.order(user, "chore", "please", "tg:1")
    for _ in range(MAX_ATTEMPTS):
        assert await runner.claim(1)
        await query("UPDATE job SET lease_until = 1")
    (last,) = await runner.claim(1)
    await runner.work(last)
    assert ((await Job.get(id=1)).state, await balance(user)) == (JobState.FAILED, 100)


async def test_a_job_of_an_unknown_kind_is_left_to_newer_workers_and_then_fails_free_of_charge(
    database: Database,
) -> None:
    async def chore(_: JobContext) -> str:
        return "not reached"

    counter, _ = orders(database, sold(chore))
    _, older = orders(database)
    user = await person(database, credits_=100)
    await counter.order(user, "chore", "please", "tg:1")
    assert await older.claim(1) == []
    await query("UPDATE job SET queued_at = queued_at - 601000")
    (left,) = await older.claim(1)
    await older.work(left)
    assert ((await Job.get(id=1)).state, await balance(user)) == (JobState.FAILED, 100)


async def test_characters_that_no_database_can_store_are_replaced(database: Database) -> None:
    async def chore(context: JobContext) -> Files:
        await context.checkpoint({"files": {"a": "\0"}}, most=50, first=50)
        return Files("x", {"a\ud800": "\0"}, "done \ud800 \0")

    job = await done(*orders(database, sold(chore)))
    assert job.state is JobState.DONE
    assert job.charged == 100, "each step of a fixed price costs what it held"


async def test_an_error_of_the_work_is_logged_without_its_text(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    async def chore(context: JobContext) -> str:
        raise RuntimeError(context.order.request)

    counter, runner = orders(database, sold(chore))
    await counter.order(await person(database, credits_=100), "chore", "my-secret-question", "tg:1")
    (claimed,) = await runner.claim(1)
    await runner.work(claimed)
    logged = capsys.readouterr().out
    assert "work.broke" in logged
    assert "test_runner.py" in logged


async def test_a_checkpoint_may_save_any_object(database: Database) -> None:
    async def chore(context: JobContext) -> str:
        await context.checkpoint({"files": ["no paths"], "name": None}, most=50, first=50)
        return "both"

    assert (await done(*orders(database, sold(chore)))).state is JobState.DONE


async def test_a_checkpoint_that_saves_no_object_fails_the_job(database: Database) -> None:
    async def chore(context: JobContext) -> str:
        await context.checkpoint(["a list"], most=50, first=50)  # type: ignore[arg-type]  # as untyped code may
        return "not reached"

    job = await done(*orders(database, sold(chore)))
    assert (job.state, job.charged) == (JobState.FAILED, 0)
