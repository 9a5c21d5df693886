"""A notice about work becomes the message that Telegram gets: words, format, buttons, file."""

import io
import zipfile
from typing import Any

import pytest
from aiogram.types import BufferedInputFile

from bot_platform.domain.jobs import Job
from bot_platform.domain.outbox import Notice
from bot_platform.infra.database import Database
from bot_platform.telegram.rendering import OutgoingMessage, bar, compose
from bot_platform.telegram.texts import Texts
from tests.makers import PRICES, person

ABOUT = {"job": 7, "most": 250, "charged": 30, "done": 3, "parts": 5, "files": 0, "available": 5}


async def letter(text: str, **values: Any) -> OutgoingMessage:
    """Compose a notice about work."""
    notice = Notice(text=text, text_values=ABOUT | values)
    return await compose(notice, Texts(), "en", PRICES, local_links=False)


def pressed(found: OutgoingMessage) -> list[str | None]:
    """List what the buttons send."""
    rows = found.buttons.inline_keyboard if found.buttons else []
    return [button.callback_data for row in rows for button in row]


@pytest.mark.parametrize(
    ("done", "parts", "line"),
    [(3, 5, "▰▰▰▱▱"), (0, 4, "▱▱▱▱"), (50, 100, "▰▰▰▰▰▱▱▱▱▱"), (9, 3, "▰▰▰"), (0, 0, "▱")],
)
def test_progress_is_a_line(done: int, parts: int, line: str) -> None:
    assert bar(done, parts) == line


async def test_progress_names_how_far_and_what() -> None:
    found = await letter("work-progress", what="models.py", files=3)
    assert found.text.startswith("▰▰▰▱▱ 3/5 models.py\n")
    assert pressed(found) == ["files:7", "stop:7"]


async def test_an_answer_keeps_its_format_and_ends_with_its_cost() -> None:
    page = {"text": "Bold.", "entities": [{"type": "bold", "offset": 0, "length": 4}]}
    found = await letter("answer", page=page, says="work-done")
    assert found.text == "Bold.\n\n✅ 0.30 credits. You have 0.05 left."
    assert found.entities
    assert found.entities[0].type == "bold"
    assert (await letter("answer", page=page, says="")).text == "Bold."


async def test_an_answer_that_grows_can_be_stopped() -> None:
    found = await letter("work-draft", page={"text": "So far", "entities": []}, more=0)
    assert (found.text, pressed(found)) == ("So far\n\n…", ["stop:7"])


@pytest.mark.parametrize(
    ("missing", "missing_all", "offered"),
    [
        (250, 250, ["buy_100", "buy_500", "stop:7"]),
        (250, 20_000, ["buy_100", "buy_500", "stop:7"]),
        (20_000, 20_000, ["buy_500", "stop:7"]),
        (90_000, 99_000, ["buy_500", "stop:7"]),
    ],
)
async def test_what_waits_is_offered_what_covers_it(
    missing: int, missing_all: int, offered: list[str]
) -> None:
    values = {"available": 0, "before": 0, "missing": missing, "missing_all": missing_all}
    assert pressed(await letter("work-waits", **values)) == offered


async def test_files_are_packed_and_what_was_forgotten_is_said_to_be(database: Database) -> None:
    who = await person(database)
    job = await Job.create(
        user_id=who.id,
        request_key="a",
        kind="build",
        most=1,
        needs=1,
        result={"name": "pie", "files": {"a.py": "print(1)"}},
    )
    found = await letter("work-files", job=job.id, name=job.name, whole="yes")
    assert isinstance(found.file, BufferedInputFile)
    assert found.file.filename == "pie.zip"
    with zipfile.ZipFile(io.BytesIO(found.file.data)) as packed:
        assert packed.read("pie/a.py") == b"print(1)"
    await Job.all().update(result=None)
    gone = await letter("work-files", job=job.id, name="pie", whole="yes")
    assert (gone.file, gone.text[:15]) == (None, "This was erased")
