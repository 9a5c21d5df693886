"""The ledger panel: over HTTP in a running demo, and rendered directly for states a demo cannot reach."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from quart import Quart

from bot_platform.demo import build_demo
from bot_platform.domain import account_flags, ledger, outbox, outbox_leases
from bot_platform.domain.jobs import JobState
from bot_platform.domain.ledger import Account
from bot_platform.flows import order_work, run_job
from bot_platform.infra.database import Database
from bot_platform.runtime.platform import Platform
from bot_platform.sandbox.chat import chat_pages
from bot_platform.sandbox.ledger_panel import MAX_ENTRIES, MAX_JOBS, LedgerPanel
from bot_platform.sandbox.telegram_world import TelegramWorld
from tests.makers import context, eventually, free_port, person

OWN = {"X-Demo": "1"}
NO_ACCOUNT = "No account yet"
NO_FAULTS = dict.fromkeys(("twice", "shuffled", "lost", "down", "refuses", "key_reused"), False) | {
    "late": 0.0,
    "slow": 0.0,
}


def words(html: str) -> str:
    """Return the visible text of HTML, with single blanks."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


@dataclass
class Browser:
    """A browser on the demo page; its fields hold what the event stream has sent so far."""

    url: str
    http: aiohttp.ClientSession
    books: str = ""
    payments: str = ""
    switches: Any = None
    day: str = ""
    day_is_on: bool = False
    messages: list[dict[str, Any]] = field(default_factory=list)

    async def listen(self) -> None:
        """Read the event stream."""
        name = ""
        async with self.http.get(f"{self.url}/demo/events") as response:
            async for line in response.content:
                if line.startswith(b"event: "):
                    name = line[7:].decode().strip()
                elif line.startswith(b"data: "):
                    self._receive(name, json.loads(line[6:]))

    def _receive(self, name: str, content: dict[str, Any]) -> None:
        if name == "books":
            self.books, self.payments = words(content["books"]), content["payments"]
            self.switches = content["mischief"]
            self.day, self.day_is_on = words(content["day"]), content["day_is_on"]
        if name == "state":
            self.messages = content["messages"]
        if name == "change" and "message" in content:
            self.messages.append(content["message"])

    @property
    def shown(self) -> str:
        """The visible text of the panel."""
        return f"{self.books} {words(self.payments)}"

    async def shows(self, *parts: str) -> None:
        """Wait until the panel shows all parts."""
        for part in parts:
            try:
                await eventually(lambda part=part: part in self.shown)  # type: ignore[misc]
            except AssertionError:
                raise AssertionError(f"{part!r} is not in {self.shown!r}") from None

    async def wait_for_message(self, part: str) -> dict[str, Any]:
        """Wait for a message of the bot that contains this text."""

        def look() -> dict[str, Any] | None:
            found = [m for m in self.messages if part in m["text"] and m["from"]["is_bot"]]
            return found[-1] if found else None

        found = await eventually(look)
        assert found is not None
        return found

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        """Post JSON as the page does."""
        async with self.http.post(self.url + path, json=body, headers=OWN) as answer:
            return answer.status, await answer.json()

    async def link(self) -> str:
        """Buy the small package and return the URL of its payment page."""
        await self.post("/demo/say", {"text": "/buy"})
        shop = await self.wait_for_message("Choose a package:")
        await self.post("/demo/press", {"message_id": shop["message_id"], "data": "buy_100"})
        message = await self.wait_for_message("using the link below")
        url: str = message["reply_markup"]["inline_keyboard"][0][0]["url"]
        return url

    async def pay(self, link: str) -> None:
        """Pay by card on a payment page."""
        async with self.http.post(link, data={"how": "card"}, allow_redirects=False) as answer:
            assert answer.status == 303

    def act(self, label: str) -> dict[str, Any]:
        """Return the JSON that a button of the panel posts."""
        (body,) = re.findall(rf"data-act='([^']*)'>{label}<", self.payments)
        found: dict[str, Any] = json.loads(body)
        return found


@asynccontextmanager
async def running(folder: Path, *, mock: bool = False) -> AsyncIterator[str]:
    """Run the demo on a free port."""
    port = free_port()
    settings, outside = build_demo(folder, port, mock=mock)
    stop, ready = asyncio.Event(), asyncio.Event()
    platform = asyncio.create_task(Platform(settings, outside).run(stop, lambda _: ready.set()))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({platform, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        stop.set()
        await platform


@asynccontextmanager
async def open_browser(url: str) -> AsyncIterator[Browser]:
    """Open the page as a new person."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        await (await http.get(f"{url}/demo")).read()
        browser = Browser(url, http)
        listening = asyncio.create_task(browser.listen())
        try:
            yield browser
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def test_the_panel_shows_a_sale_and_its_refund_live_and_only_to_their_buyer(tmp_path: Path) -> None:
    async with running(tmp_path) as url, open_browser(url) as buyer, open_browser(url) as other:
        await buyer.shows(NO_ACCOUNT)
        for who in (buyer, other):
            await who.post("/demo/say", {"text": "/start"})
            await who.shows("Balance 0.00", "Held 0.00", "Available 0.00", "Spending free", "None yet")
        link = await buyer.link()
        await buyer.shows("100 credits · $5.00 not paid yet")
        assert words(buyer.payments) == "None yet: buy something and pay for it."
        await buyer.pay(link)
        await buyer.shows("Balance 100.00", "+100.00 bought purchase 1 100.00", "100 credits · $5.00 paid")
        await buyer.shows(
            "$5.00 for purchase 1 Refund all", "Webhooks: 0 on their way, 0 unhandled, 0 failed"
        )
        half = buyer.act("Refund half")
        assert half["amount"] == 250
        assert (await buyer.post("/sandbox/stripe/act", half))[0] == 200
        await buyer.shows("-50.00 taken back purchase 1 50.00", "partly reversed 50.00 taken back")
        await buyer.shows("refunded · $2.50", "Refund of $2.50: succeeded", "Balance 50.00", "3 sent")
        await buyer.post("/sandbox/stripe/act", buyer.act("Refund all"))
        await buyer.shows("-50.00 taken back purchase 1 0.00", "Balance 0.00", "reversed 100.00 taken back")
        status, answer = await buyer.post("/sandbox/stripe/act", buyer.act("Refund all"))
        assert (status, "already been refunded" in answer["error"]["message"]) == (400, True)

        await other.shows("Entries None yet. Purchases None yet.", "0 sent")
        assert words(other.payments) == "None yet: buy something and pay for it."
        await other.pay(await other.link())
        await other.shows("Balance 100.00", "+100.00 bought purchase 2 100.00", "$5.00 for purchase 2")
        assert "purchase 1" not in other.shown
        assert "purchase 2" not in buyer.shown


async def test_every_button_changes_the_ledger_and_its_counterpart_reverts_it(tmp_path: Path) -> None:
    async with running(tmp_path) as url, open_browser(url) as buyer:
        await buyer.post("/demo/say", {"text": "/start"})
        await buyer.shows("Balance 0.00")
        await buyer.pay(await buyer.link())
        await buyer.shows("Balance 100.00", "for purchase 1")
        for button, there, undo, back in (
            ("Fraud warning", "Spending frozen", "End the warning", "Spending free"),
            ("Inquiry", "Spending frozen", "Close inquiry", "Spending free"),
            ("Dispute", "Balance 0.00", "Dispute won", "Balance 100.00"),
        ):
            assert (await buyer.post("/sandbox/stripe/act", buyer.act(button)))[0] == 200
            await buyer.shows(there, undo)
            assert (await buyer.post("/sandbox/stripe/act", buyer.act(undo)))[0] == 200
            await buyer.shows(back)
            assert undo not in buyer.payments
        await buyer.shows("fraud warning over", "inquiry closed", "dispute won · $5.00", "+100.00 given back")
        await buyer.post("/sandbox/stripe/act", buyer.act("Inquiry"))
        await buyer.shows("Becomes a dispute")
        await buyer.post("/sandbox/stripe/act", buyer.act("Becomes a dispute"))
        await buyer.shows("Balance 0.00", "Dispute lost")
        await buyer.post("/sandbox/stripe/act", buyer.act("Dispute lost"))
        await buyer.shows("dispute lost · $5.00", "lost, the money is gone")


async def test_a_refund_that_fails_gives_the_credits_back(tmp_path: Path) -> None:
    async with running(tmp_path) as url, open_browser(url) as buyer:
        await buyer.post("/demo/say", {"text": "/start"})
        await buyer.pay(await buyer.link())
        await buyer.shows("Balance 100.00", "for purchase 1")
        await buyer.post("/sandbox/stripe/act", buyer.act("Refund that fails"))
        await buyer.shows("Balance 0.00")
        await buyer.shows("Balance 100.00", "refund failed · $5.00", "Refund of $5.00: failed")


async def test_a_fault_switch_applies_to_all_browsers_and_a_lost_webhook_leaves_the_purchase_unpaid(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as url, open_browser(url) as buyer, open_browser(url) as other:
        await buyer.post("/demo/say", {"text": "/start"})
        await other.shows(NO_ACCOUNT)
        assert other.switches == NO_FAULTS
        link = await buyer.link()
        assert (await buyer.post("/sandbox/stripe/mischief", {"lost": True}))[0] == 200
        await eventually(lambda: other.switches == {**NO_FAULTS, "lost": True})
        await buyer.pay(link)
        await buyer.shows("not paid yet", "$5.00 for purchase 1")
        assert "Balance 0.00" in buyer.books
        shown = await buyer.wait_for_message("using the link below")
        await buyer.post("/demo/press", {"message_id": shown["message_id"], "data": "paid:1"})
        await buyer.shows("Balance 100.00", "100 credits · $5.00 paid")


async def test_with_the_mock_the_panel_has_a_ledger_and_no_faults(tmp_path: Path) -> None:
    async with running(tmp_path, mock=True) as url, open_browser(url) as buyer:
        async with buyer.http.get(f"{url}/demo") as answer:
            page = await answer.text()
        assert "There is no Stripe in this demo" in page
        assert 'id="worst"' not in page
        await buyer.post("/demo/say", {"text": "/start"})
        await buyer.shows("Balance 0.00")
        await buyer.post("/demo/say", {"text": "/buy"})
        shop = await buyer.wait_for_message("Choose a package:")
        await buyer.post("/demo/press", {"message_id": shop["message_id"], "data": "buy_100"})
        await buyer.shows("Balance 100.00", "+100.00 bought", "100 credits · $5.00 paid")
        assert (buyer.payments, buyer.switches) == ("", None)
        assert "Webhooks" not in buyer.books


async def seen(telegram_id: int = 77) -> str:
    """Render a person's panel without a Stripe and return its HTML."""
    app = Quart("test")
    app.register_blueprint(chat_pages(TelegramWorld(), bot_name="Bot", panel=LedgerPanel()))

    async def draw(template: str, **values: Any) -> str:
        return await app.jinja_env.get_template(template).render_async(**values)

    html_text: str = (await LedgerPanel().render(telegram_id, draw))["books"]
    return html_text


async def test_the_panel_shows_a_debt_a_hold_a_freeze_and_a_note(database: Database) -> None:
    user = await person(database, credits_=3000)

    async def story() -> Account:
        account = await ledger.lock(user.id)
        await ledger.hold(account, 1000, "work:1")
        await ledger.post(account, ledger.EntryKind.GRANT, -2500, "grant:1", note="for <b>Tom & Ann</b>")
        await account_flags.freeze(account, frozen=True)
        return account

    await database.transact(story)
    html = await seen()
    shown_text = words(html)
    assert "Balance 5.00 Held 10.00 Available -5.00 Spending frozen" in shown_text
    assert "A debt of 5.00 credits" in shown_text
    assert "Frozen: a bank's question about a payment is open." in shown_text
    assert "-25.00 by the operator for <b>Tom & Ann</b> 5.00" in shown_text
    assert "+30.00 welcome gift 30.00" in shown_text
    assert "&lt;b&gt;Tom &amp; Ann&lt;/b&gt;" in html
    assert NO_ACCOUNT in await seen(78)


async def test_a_broken_account_shows_that_spending_is_stopped(database: Database) -> None:
    user = await person(database)
    account = await ledger.find_account(user.id)
    await account_flags.mark_broken([account.id], broken=True)
    assert "Spending stopped Stopped: the audit found that this ledger does not add up." in words(
        await seen()
    )


async def test_jobs_show_their_hold_or_need_and_their_charge(database: Database) -> None:
    user, work = await person(database, credits_=3000), context(database)
    assert "Work Nothing runs and nothing waits. Entries" in words(await seen())
    for n, (kind, most) in enumerate((("ask", 1000), ("build", 2500))):
        body = {"text": "what I ask for", "before": []}
        await order_work.order(work, user, kind, body, f"update:{n}", most=most, needs=most)
    shown_text = words(await seen())
    assert (
        "Work 1 /ask about to start 10.00 held 2 /build waits for credits 25.00 needed at most" in shown_text
    )
    assert "what I ask for" not in shown_text
    (job,) = await run_job.claim(work, 1)
    await run_job.set_progress(work, job, 2, 5, "drawing")
    assert "1 /ask runs 2 of 5 parts 10.00 held" in words(await seen())
    await run_job.finish(work, job, JobState.DONE, None, cost=300, text="work-done", answer="Done.")
    shown_text = words(await seen())
    assert "Work 2 /build about to start 25.00 held" in shown_text
    assert "-3.00 paid work /ask, job 1 27.00" in shown_text


async def test_a_long_list_of_jobs_is_cut_and_counted(database: Database) -> None:
    user = await person(database)
    for n in range(MAX_JOBS + 2):
        await order_work.order(
            context(database), user, "ask", {"text": ""}, f"update:{n}", most=100, needs=100
        )
    shown_text = words(await seen())
    assert shown_text.count("/ask waits for credits") == MAX_JOBS
    assert "and 2 behind" in shown_text


async def test_a_long_list_of_entries_is_cut_and_counted(database: Database) -> None:
    user = await person(database)

    async def story() -> None:
        account = await ledger.lock(user.id)
        for n in range(1, MAX_ENTRIES + 4):
            await ledger.post(account, ledger.EntryKind.GRANT, 100, f"grant:{n}")

    await database.transact(story)
    shown_text = words(await seen())
    assert shown_text.count("+1.00 by the operator") == MAX_ENTRIES
    assert shown_text.index(f"{MAX_ENTRIES + 3}.00") < shown_text.index(f"{MAX_ENTRIES + 2}.00")
    assert "and 3 before" in shown_text


async def test_notices_are_counted_per_chat(database: Database) -> None:
    await person(database)
    for key, chat_id in (("a", 77), ("b", 77), ("c", 78)):
        await outbox.post(key, chat_id, "account:1", "help")
    await outbox_leases.mark_sent(await outbox.Notice.get(key="b"), 5)
    assert "Messages to you: 1 waiting, 1 sent" in words(await seen())
    await outbox_leases.mark_dead(await outbox.Notice.get(key="a"), "blocked")
    assert "Messages to you: 0 waiting, 1 sent, 1 given up" in words(await seen())


@pytest.mark.parametrize("mock", [False, True], ids=["stripe", "mock"])
async def test_a_worst_day_is_played_and_ended_by_a_button(tmp_path: Path, mock: bool) -> None:
    async with running(tmp_path, mock=mock) as url, open_browser(url) as buyer:
        await buyer.post("/demo/say", {"text": "/start"})
        assert await buyer.post("/demo/day", {"play": "yes"}) == (400, {"status": "play is missing"})
        assert await buyer.post("/demo/day", {"play": True}) == (200, {"status": "playing"})
        await eventually(lambda: buyer.day_is_on and buyer.day.startswith("Now: "))
        assert await buyer.post("/demo/day", {"play": False}) == (200, {"status": "over"})
        await eventually(lambda: not buyer.day_is_on)
        assert buyer.switches == (None if mock else NO_FAULTS)
