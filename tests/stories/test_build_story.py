"""`/build` as a buyer lives it: it runs out of credits half-way, is paid for, and ends in a ZIP."""

import io
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot_platform.work.engine.model import ModelFault
from tests.makers import BUYER, RunningService, eventually, link_of, running_service
from tests.work.fake_context import WRITTEN, Model, model, plan_of
from tests.work.model_server import Silence, model_server
from tests.work.service_with_model import (
    Builder,
    ai,
    becomes,
    broken,
    buttons,
    from_bot,
    give,
    now,
    ordered,
    rows,
    standing,
    told,
    words,
)

COSTLY = (4, 2499)  # tokens of each answer: 1.00 credit, or what is held if that is less
ENOUGH_FOR_TWO = "4"  # credits: for the plan and two files of the notes project
REQUEST = "/build a tool that keeps notes"


@asynccontextmanager
async def building(
    database_url: str, script: Model, *, credits_: str = ENOUGH_FOR_TWO, **changed: Any
) -> AsyncIterator[RunningService]:
    """Run a house whose model builds by a script, for a buyer with so many credits."""
    how = {"usage": COSTLY} | {name: changed.pop(name) for name in ("usage", "delay") if name in changed}
    async with (
        model_server() as server,
        running_service(database_url, welcome_credits=credits_, **ai(server), **changed) as h,
    ):
        server.always(Builder(script, **how))
        await h.say("/start", "Welcome!")
        yield h


def documents(h: RunningService) -> list[dict[str, Any]]:
    """List the documents in the buyer's chat."""
    return [m["document"] for m in h.telegram.messages(BUYER.id) if "document" in m]


async def unpacked(h: RunningService, nth: int) -> dict[str, str]:
    """Wait for so many documents, and read the files of the last."""
    document = (await eventually(lambda: documents(h)[nth - 1 :]))[0]
    with zipfile.ZipFile(io.BytesIO(h.telegram.files[document["file_id"]].content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def in_folder(files: dict[str, str], folder: str = "notes") -> dict[str, str]:
    """Put files under the one folder of a ZIP."""
    return {f"{folder}/{path}": text for path, text in sorted(files.items())}


async def paused(h: RunningService) -> dict[str, Any]:
    """Order a project that the credits do not cover, and wait for the message that says so."""
    h.telegram.say(BUYER, REQUEST)
    return await told(h, "⏸")


async def pay(h: RunningService, offer: dict[str, Any]) -> None:
    """Buy what a message offers, with a card."""
    await h.press(offer, "buy_100")
    linked = await told(h, "Please complete your purchase using the link below:")
    await h.stripe.pay(link_of(linked).rpartition("/")[2])


async def test_a_build_that_runs_out_half_way_is_paid_for_and_delivered(database_url: str) -> None:
    script = model()
    async with building(database_url, script) as h:
        offer = await paused(h)
        assert script.asked == ["plan", "notes/__init__.py", "notes/store.py"]
        assert buttons(offer) == ["buy_100", "buy_500", "files:1", "stop:1"]
        assert await broken(h) == []
        await h.press(offer, "files:1")
        half = {path: WRITTEN[path] for path in ("notes/__init__.py", "notes/store.py")}
        assert await unpacked(h, 1) == in_folder(half)
        await pay(h, offer)
        assert await unpacked(h, 2) == in_folder(WRITTEN)
        assert script.asked == ["plan", *WRITTEN], "no finished file is written again"
        assert [document["file_name"] for document in documents(h)] == ["notes.zip", "notes.zip"]
        done = await told(h, "notes: Keeps notes.")
        assert "main.py\n" in done["text"]
        (job,) = await rows(h, "SELECT state, charged FROM job")
        assert job["state"] == "done"
        assert f"✅ {job['charged'] / 100:.2f} credits." in done["text"]
        assert await standing(h) == (10_400 - job["charged"], 0)
        assert await broken(h) == []


async def test_progress_is_shown_file_by_file_in_one_message(database_url: str) -> None:
    async with building(database_url, model(), credits_="50", delay=0.6) as h:
        message = await ordered(h, REQUEST, "This costs up to")
        for line in ("▰▱▱▱ 1/4 notes/store.py", "▰▰▱▱ 2/4 main.py", "▰▰▰▱ 3/4 README.md"):
            await becomes(h, message, line)
            assert "stop:1" in buttons(h.telegram.chat(BUYER.id).messages[message["message_id"]])
        await becomes(h, message, "✅")
        assert len([text for text in from_bot(h) if "▰" in text or "✅" in text]) == 1


async def test_a_pause_says_how_many_files_are_finished(database_url: str) -> None:
    async with building(database_url, model()) as h:
        assert "⏸ 2 of 4 parts are finished and kept." in (await paused(h))["text"]


async def test_a_pause_names_what_is_missing(database_url: str) -> None:
    async with building(database_url, model()) as h:
        offer = (await paused(h))["text"]
        numbers = [word for word in offer.replace(".\n", " ").split() if word[:1].isdigit() and "." in word]
        most, available, missing = [round(float(number.strip(".")) * 100) for number in numbers]
        ((needs,),) = [row.values() for row in await rows(h, "SELECT needs FROM job")]
        assert missing == needs - available < most - available


async def test_a_pause_that_is_over_offers_nothing_more(database_url: str) -> None:
    async with building(database_url, model()) as h:
        offer = await paused(h)
        await give(h, 5000)
        await told(h, "notes.zip")
        await told(h, "✅")
        assert "⏸" not in now(h, offer)
        assert buttons(h.telegram.chat(BUYER.id).messages[offer["message_id"]]) == []


async def test_a_build_that_is_stopped_at_its_pause_keeps_what_is_finished(database_url: str) -> None:
    async with building(database_url, model()) as h:
        offer = await paused(h)
        await h.press(offer, "stop:1")
        stopped = await told(h, "⏹ Stopped. Only what was finished was charged")
        assert buttons(stopped) == ["files:1"]
        await h.press(stopped, "files:1")
        assert len(await unpacked(h, 1)) == 2
        assert await broken(h) == []


async def test_a_house_that_is_stopped_amid_a_build_goes_on_from_its_checkpoint(database_url: str) -> None:
    script = model()
    async with model_server() as server:
        silent = Builder(script, usage=COSTLY)
        server.will(silent, silent, silent, Silence())
        server.always(silent)
        async with running_service(database_url, welcome_credits="50", **ai(server)) as h:
            await h.say("/start", "Welcome!")
            h.telegram.say(BUYER, REQUEST)
            await eventually(lambda: len(server.requests) == 4)
        assert script.asked == ["plan", "notes/__init__.py", "notes/store.py"]
        async with running_service(database_url, welcome_credits="50", **ai(server)) as h:
            h.telegram.open_chat(BUYER)
            assert await unpacked(h, 1) == in_folder(WRITTEN)
            assert script.asked == ["plan", *WRITTEN]
            charges = await rows(h, "SELECT COUNT(*) AS n FROM entry WHERE kind = 'charge'")
            assert charges[0]["n"] == 5
            assert await broken(h) == []


async def test_no_file_leaves_the_folder_of_the_zip(sqlite_url: str) -> None:
    evil = ["/etc/passwd", "../../x.py", "a/../../y.py", "..", "C:\\x.py", "~/.ssh/id", "nul.py", "a`b.py"]
    planned = [*((path, "evil") for path in evil), ("good.py", "good"), ("./also.py", "good")]
    script = Model(
        {
            "plan": [plan_of(planned, name="../../evil", summary="</b>*`_[")],
            "good.py": ["x = 1"],
            "also.py": ["x = 2"],
            "README.md": ["# Good"],
        }
    )
    async with building(sqlite_url, script, credits_="50") as h:
        h.telegram.say(BUYER, REQUEST)
        files = await unpacked(h, 1)
        assert files == in_folder(
            {"good.py": "x = 1\n", "also.py": "x = 2\n", "README.md": "# Good\n"}, "evil"
        )
        assert await broken(h) == []


async def test_a_model_that_dies_half_way_leaves_what_is_finished(database_url: str) -> None:
    script = model(**{"main.py": ModelFault("model-down")})
    async with building(database_url, script, credits_="50") as h:
        h.telegram.say(BUYER, REQUEST)
        assert len(await unpacked(h, 1)) == 2
        told_ = await told(h, "I could finish only 2 of 4 files; they are below.")
        spent = 5000 - (await standing(h))[0]
        assert f"Only what was finished was charged: {spent / 100:.2f} credits." in told_["text"]
        assert await standing(h) == (5000 - spent, 0)
        assert await broken(h) == []


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (
            model(plan="I would rather not."),
            "No plan came of this, so nothing was built. Nothing was charged.",
        ),
        (model(plan=ModelFault("model-down")), "does not want to answer this. Nothing was charged."),
    ],
    ids=["no plan", "a refusal"],
)
async def test_a_build_without_a_plan_costs_nothing(database_url: str, script: Model, says: str) -> None:
    async with building(database_url, script, credits_="50") as h:
        message = await ordered(h, REQUEST, "")
        await becomes(h, message, says)
        assert await standing(h) == (5000, 0)
        assert documents(h) == []
        assert await broken(h) == []


async def test_a_build_that_stops_after_its_plan_costs_and_delivers_the_plan(database_url: str) -> None:
    script = model(**{"notes/__init__.py": ModelFault("model-down")})
    async with building(database_url, script, credits_="50") as h:
        await ordered(h, REQUEST, "")
        await told(h, "I could finish only 0 of 4 files")
        await eventually(lambda: documents(h))
        assert await standing(h) == (5000 - 74, 0)


async def test_a_question_is_answered_while_a_build_waits(database_url: str) -> None:
    async with building(database_url, model()) as h:
        offer = await paused(h)
        answer = await ordered(h, "/ask how?", "")
        await becomes(h, answer, "An answer.\n\n✅")
        assert "⏸" in words(h.telegram.chat(BUYER.id).messages[offer["message_id"]])
        assert await broken(h) == []
