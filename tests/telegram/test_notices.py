"""A notice becomes the message that Telegram gets: text, format, buttons, file."""

import io
import zipfile
from typing import Any

import pytest
from aiogram.types import BufferedInputFile

from bot_platform.domain.jobs import Job
from bot_platform.domain.outbox import Notice
from bot_platform.infra.database import Database
from bot_platform.telegram.notice_bodies import bar
from bot_platform.telegram.notices import compose
from bot_platform.telegram.rendering import OutgoingMessage
from bot_platform.telegram.texts import Texts
from tests.makers import PRICES, person

ABOUT = {"job": 7, "most": 250, "charged": 30, "done": 3, "parts": 5, "files": 0, "available": 5}


async def message(text: str, *, local_links: bool = False, **values: Any) -> OutgoingMessage:
    """Compose a notice."""
    notice = Notice(text=text, text_values=ABOUT | values)
    return await compose(notice, Texts(), "en", PRICES, local_links=local_links)


def pressed(found: OutgoingMessage) -> list[str | None]:
    """List the data of the buttons, and the links."""
    rows = found.buttons.inline_keyboard if found.buttons else []
    return [button.url or button.callback_data for row in rows for button in row]


@pytest.mark.parametrize(
    ("done", "parts", "line"),
    [(3, 5, "▰▰▰▱▱"), (0, 4, "▱▱▱▱"), (50, 100, "▰▰▰▰▰▱▱▱▱▱"), (9, 3, "▰▰▰"), (0, 0, "▱")],
)
def test_progress_is_drawn_as_a_bar(done: int, parts: int, line: str) -> None:
    assert bar(done, parts) == line


async def test_progress_says_how_far_the_job_is_and_what_is_done_now() -> None:
    found = await message("work-progress", what="models.py", files=3)
    assert found.text.startswith("▰▰▰▱▱ 3/5 models.py\n")
    assert pressed(found) == ["files:7", "stop:7"]


async def test_an_answer_keeps_its_format_and_ends_with_its_cost() -> None:
    page = {"text": "Bold.", "entities": [{"type": "bold", "offset": 0, "length": 4}]}
    found = await message("answer", page=page, says="work-done")
    assert found.text == "Bold.\n\n✅ 0.30 credits. You have 0.05 left."
    assert found.entities
    assert found.entities[0].type == "bold"
    assert (await message("answer", page=page, says="")).text == "Bold."


async def test_a_growing_answer_can_be_stopped() -> None:
    found = await message("work-draft", page={"text": "So far", "entities": []}, more=0)
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
async def test_a_waiting_job_is_offered_the_packages_that_cover_it(
    missing: int, missing_all: int, offered: list[str]
) -> None:
    values: dict[str, Any] = {"available": 0, "before": 0, "missing": missing, "missing_all": missing_all}
    assert pressed(await message("work-waits", **values)) == offered


async def test_a_payment_link_is_a_button_and_below_it_one_for_a_user_who_has_paid() -> None:
    found = await message("checkout-link", url="https://pay", purchase=7)
    assert found.text == "Please complete your purchase using the link below:"
    assert found.buttons
    assert [(b.text, b.url or b.callback_data) for (b,) in found.buttons.inline_keyboard] == [
        ("➡️ Proceed to Payment", "https://pay"),
        ("I have paid", "paid:7"),
    ]


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("http://localhost:8000/pay", True),
        ("http://127.0.0.1:8000/pay", True),
        ("http://[::1]/pay", True),
        ("HTTP://LOCALHOST/", True),
        ("https://checkout.stripe.com/c/pay/cs_test_1#localhost", False),
        ("https://localhost.example.com/", False),
    ],
)
async def test_a_link_to_this_machine_is_text_because_telegram_refuses_it_as_a_button(
    url: str, *, refused: bool
) -> None:
    found = await message("checkout-link", url=url, purchase=7)
    assert pressed(found) == (["paid:7"] if refused else [url, "paid:7"])
    assert found.text.endswith(f"\n{url}") == refused
    sandbox = await message("checkout-link", url=url, purchase=7, local_links=True)
    assert (pressed(sandbox), url in sandbox.text) == ([url, "paid:7"], False)


@pytest.mark.parametrize("text", ["payment-failed", "checkout-expired"])
@pytest.mark.parametrize(("package", "offered"), [("buy_100", ["buy_100"]), ("buy_9", [])])
async def test_a_failed_payment_can_be_tried_again_while_the_package_is_on_sale(
    text: str, package: str, offered: list[str]
) -> None:
    assert pressed(await message(text, package=package)) == offered


@pytest.mark.parametrize(("says", "offered"), [("work-cut", ["again:7"]), ("work-done", []), ("", [])])
async def test_an_answer_has_the_buttons_of_the_text_that_closes_it(says: str, offered: list[str]) -> None:
    assert pressed(await message("answer", page={"text": "So", "entities": []}, says=says)) == offered


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("payment-received", {"credits": 1, "balance": 1}),
        ("checkout-paid", {"credits": 1, "amount": 1, "currency": "usd"}),
        ("mock-success", {"balance": 1}),
        ("payment-on-its-way", {}),
    ],
)
async def test_a_receipt_has_no_buttons(text: str, values: dict[str, Any]) -> None:
    assert (await message(text, **values)).buttons is None


async def test_a_text_that_is_not_in_the_table_is_plain() -> None:
    found = await message("no-such-package")
    assert (found.text[:12], found.buttons, found.entities) == ("This package", None, None)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("draw-nothing", {}),
        ("build-stopped", {}),
        ("model-downn", {"x": 1}),
        ("not-enough", {"needed": "the secret"}),
        ("not-enough", {"needed": "1.5"}),
        ("not-enough", {"needed": ""}),
        ("not-enough", {"needed": "None"}),
    ],
)
async def test_a_job_s_text_that_cannot_be_written_says_that_something_broke(
    text: str, values: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    notice = Notice(subject="job:7", text=text, text_values=ABOUT | values)
    found = await compose(notice, Texts(), "en", PRICES, local_links=False)
    assert found.text.startswith("😕 Something broke on my side")
    assert pressed(found) == ["again:7"]
    said = capsys.readouterr().out
    assert text in said
    assert "secret" not in said


async def test_a_missing_text_of_anything_but_a_job_is_an_error() -> None:
    notice = Notice(subject="purchase:7", text="a-typo", text_values=ABOUT)
    with pytest.raises(KeyError):
        await compose(notice, Texts(), "en", PRICES, local_links=False)


async def test_a_package_that_does_not_cover_all_that_waits_does_not_say_so() -> None:
    found = await message("work-waits", available=0, before=0, missing=440, missing_all=74_600)
    assert found.buttons
    labels = [row[0].text for row in found.buttons.inline_keyboard]
    assert labels[:2] == ["100 credits · $5.00", "500 credits · $20.00"]
    assert "4.40 are missing to go on." in found.text


async def test_files_are_packed_and_erased_ones_are_reported_as_erased(database: Database) -> None:
    who = await person(database)
    job = await Job.create(
        user_id=who.id,
        request_key="a",
        kind="build",
        most=1,
        needs=1,
        result={"name": "pie", "files": {"a.py": "print(1)"}},
    )
    found = await message("work-files", job=job.id, name=job.name, whole="yes")
    assert isinstance(found.file, BufferedInputFile)
    assert found.file.filename == "pie.zip"
    with zipfile.ZipFile(io.BytesIO(found.file.data)) as packed:
        assert packed.read("pie/a.py") == b"print(1)"
    await Job.all().update(result=None)
    gone = await message("work-files", job=job.id, name="pie", whole="yes")
    assert (gone.file, gone.text[:15]) == (None, "This was erased")
