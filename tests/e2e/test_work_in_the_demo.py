"""Paid work in the demo, in a browser: asked for with nothing, paid for, and running out half-way."""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot_platform.work.engine.project_files import problems
from tests.e2e.browser import PHONE, Browser
from tests.e2e.chat import Chat, Message
from tests.e2e.panel import Panel

pytestmark = pytest.mark.e2e

LINK = "Please complete your purchase using the link below:"
PROCEED = "➡️ Proceed to Payment"
SMALL, LARGE = "100 credits", "500 credits"
NOBODY = "I am the demo's offline model."
FINISHED = "📦 Send what is finished"
PAUSED = re.compile(r"⏸ \d of 6 parts are finished and kept\.")
DOCUMENTS = "return [...document.querySelectorAll('.message:has(.document)')].map(each => each.id)"
# Notes what the bot's messages and the panel say meanwhile: an answer may be complete before a test looks.
WATCH = """
window.seen = new Set();
new MutationObserver(() => {
  for (const made of document.querySelectorAll('.message:not(.out)')) {
    const keys = [...made.querySelectorAll('.key')].map(key => key.innerText).join();
    window.seen.add(`${made.id} ${made.querySelector('.text').innerText.slice(0, 30)} [${keys}]`);
  }
  window.seen.add(`held ${document.querySelector('#book-held')?.innerText}`);
}).observe(document.body, {subtree: true, childList: true, characterData: true});
"""
A_BUILD_MAY_TAKE = 60.0  # seconds


@pytest.fixture
def downloads(browser: Browser, tmp_path: Path) -> Iterator[Path]:
    """Let the browser keep what it downloads in a folder of the test's own."""
    behave = "Browser.setDownloadBehavior"
    browser.driver.execute_cdp_cmd(behave, {"behavior": "allow", "downloadPath": str(tmp_path)})
    yield tmp_path
    browser.driver.execute_cdp_cmd(behave, {"behavior": "default"})


def pay(chat: Chat, offer: Message, label: str) -> None:
    """Press a package under an offer, and pay for it on the local Stripe's page."""
    chat.press(offer, label)
    link = chat.said(LINK, offer.id)
    with chat.browser.tab(lambda: chat.press(link, PROCEED)):
        chat.browser.press("button[value=card]")
        chat.browser.sees("Payment received")


def reads(chat: Chat, message: Message, part: str) -> Message:
    """Wait until a message that stands in the chat says something."""

    def look() -> Message | None:
        return next((m for m in chat.messages() if m.id == message.id and part in m.text), None)

    found = chat.browser.until(look, f"{part!r} in {message.id}", A_BUILD_MAY_TAKE)
    assert found is not None
    return found


def paused(chat: Chat) -> Message:
    """Wait for the offer of work that has run out half-way, the lowest in the chat."""

    def look() -> Message | None:
        return next((m for m in reversed(chat.messages()) if PAUSED.search(m.text) and m.buttons), None)

    found = chat.browser.until(look, "a pause", A_BUILD_MAY_TAKE)
    assert found is not None
    return found


def zips(chat: Chat, wanted: int) -> list[str]:
    """Wait until so many documents stand in the chat, and give the messages they are in."""
    found: list[str] = []

    def look() -> bool:
        found[:] = chat.browser.script(DOCUMENTS)
        return len(found) == wanted

    chat.browser.until(look, f"{wanted} documents", A_BUILD_MAY_TAKE)
    return found


def downloaded(chat: Chat, message: str, folder: Path) -> dict[str, str]:
    """Press a document, and open what the browser has kept of it."""
    chat.browser.press(f"#{message} .document")
    kept = chat.browser.until(lambda: next(folder.glob("*.zip"), None), "a download")
    assert kept is not None
    content = kept.read_bytes()
    kept.unlink()  # the next of this name would lie upon it
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_work_waits_for_a_payment_runs_out_half_way_and_ends_as_a_zip(chat: Chat, downloads: Path) -> None:
    b, panel = chat.browser, Panel(chat.browser)
    b.still(f"#{chat.begin().id}")
    b.picture("hints")

    b.press(".hint", "/ask")
    offer = chat.said("are missing")
    assert offer.buttons == ["100 credits · $5.00", "500 credits · $20.00", "Cancel"]
    b.until(lambda: panel.books().work, "the order in the panel")
    assert "/ask waits for credits" in panel.books().work[0]
    b.picture("offer")
    b.script(WATCH)
    pay(chat, offer, SMALL)
    reads(chat, offer, NOBODY)
    b.picture("draft")
    answer = reads(chat, offer, "✅ 2.82 credits.")
    assert answer.buttons == []
    seen = b.script("return [...window.seen]")
    assert f"{offer.id} {NOBODY} [Stop]" in seen, "the answer is read while it is written"
    assert "held 32.43" in seen
    assert "sky and blue" in answer.text
    formats = b.script(
        "return [...new Set([...document.querySelectorAll(arguments[0])].map(each => each.localName))]",
        f"#{offer.id} .text :is(strong, pre, em)",
    )
    assert sorted(formats) == ["em", "pre", "strong"]
    panel.wait("97.18", "-2.82", "+100.00")
    assert (panel.books().held, panel.books().work) == ("0.00", [])
    b.picture("answer")

    b.press(".hint", "/build")
    reads(chat, progress := chat.said("up to", answer.id), "▰")
    b.until(lambda: "/build runs" in " ".join(panel.books().work), "the build in the panel")
    b.picture("progress")
    offer = paused(chat)
    b.still(f"#{offer.id}")
    assert "/build waits for credits" in panel.books().work[0]
    b.picture("paused")
    chat.press(offer, FINISHED)
    first = downloaded(chat, zips(chat, 1)[0], downloads)
    assert 2 <= len(first) <= 4
    pay(chat, offer, LARGE)
    assert reads(chat, offer, "✅").text.startswith("renames-photos-date: A plan of work for: a tool")
    assert reads(chat, progress, "See below").buttons == []
    _, whole = zips(chat, 2)
    files = downloaded(chat, whole, downloads)
    assert first.items() <= files.items()
    assert {name.partition("/")[0] for name in files} == {"renames-photos-date"}
    inside = {name.partition("/")[2]: text for name, text in files.items()}
    assert {"README.md", "renames_photos_date/__main__.py", "test_renames_photos_date.py"} < set(inside)
    assert [problem for path, text in inside.items() for problem in problems(path, text, inside)] == []
    b.until(lambda: panel.books().work == [] and panel.books().held == "0.00", "nothing that runs or waits")
    b.picture("zip")
    b.dark()
    b.picture("zip-dark")
    assert not b.script("return [...document.querySelectorAll('.hint')].some(each => !each.hidden)")


def test_a_long_answer_takes_several_messages_and_knows_the_one_before(chat: Chat) -> None:
    b = chat.browser
    chat.begin()
    offer = chat.say("/ask how do I undo my last commit?", "are missing")
    pay(chat, offer, LARGE)
    reads(chat, offer, "✅")
    first = chat.say("/ask a long answer please", NOBODY)
    b.until(lambda: len(chat.bot_said("I only repeat myself")) == 2, "two messages", A_BUILD_MAY_TAKE)
    begins, ends = chat.bot_said("I only repeat myself")
    assert begins.id == first.id
    assert "2 earlier turns" in begins.text
    reads(chat, ends, "✅")
    b.picture("long")
    chat.say("/new", "A new conversation begins")
    reads(chat, chat.say("/ask and now?", NOBODY), "first turn")


def test_on_a_phone_the_hints_the_offer_and_the_progress_fit(chat: Chat) -> None:
    b = chat.browser

    def fits(name: str) -> None:
        wide, seen = b.script("return [document.documentElement.scrollWidth, innerWidth]")
        assert wide <= seen, f"{name} is {wide} px wide on {seen}"
        b.picture(name)

    b.size(*PHONE, sharp=2, phone=True)
    chat.open()
    b.still(f"#{chat.begin().id}")
    fits("hints")
    b.press("#about")
    b.sees("Prices are forty times the usual here")
    b.still("#hide")
    fits("panel")
    b.press("#panel .try[data-say^='/ask']")
    offer = chat.said("are missing")
    b.still(f"#{offer.id}")
    fits("offer")
    pay(chat, offer, SMALL)
    reads(chat, offer, "✅")
    b.dark()
    fits("answer-dark")
    b.press(".hint", "/build")
    reads(chat, chat.said("up to", offer.id), "▰")
    fits("progress-dark")
    b.still(f"#{paused(chat).id}")
    fits("paused-dark")
    b.press("#about")
    b.still("#hide")
    b.find("#jobs").location_once_scrolled_into_view  # noqa: B018 -- Selenium's way to scroll there
    fits("jobs-dark")
