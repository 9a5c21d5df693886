"""The operator's pages: each can be read, empty and full, says what is so, and survives nonsense."""

import re
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import quote

import pytest

from bot_platform.domain import book_checks, inbox, jobs, ledger, listings, purchases
from bot_platform.domain.book_checks import BookCheck
from bot_platform.domain.checkout import Stage
from bot_platform.domain.inbox import Event
from bot_platform.domain.jobs import Job
from bot_platform.domain.ledger import Account
from bot_platform.domain.purchases import Purchase
from bot_platform.domain.refunds import Refund
from bot_platform.domain.reversals import Reversal
from bot_platform.domain.users import User
from bot_platform.flows.grant import grant
from bot_platform.infra.clock import now
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from tests.makers import person
from tests.web.operators import HOME, Desk

PAGES = ["", "/purchases", "/people", "/jobs", "/inbox", "/acts", "/audit", "/search"]
HOSTILE = "<script>alert(1)</script>\"'&{{ 7*7 }}"


async def sale(
    user: User,
    number: int = 1,
    state: purchases.PurchaseState = purchases.PurchaseState.PAID,
    **changed: object,
) -> Purchase:
    """Write a purchase down; the books know nothing of it."""
    given: dict[str, Any] = {
        "request_key": f"press:{number}",
        "user_id": user.id,
        "package": "buy_100",
        "credits": 10_000,
        "amount": 500,
        "currency": "usd",
        "provider": "mock",
        "provider_ref": f"cs_test_{number}",
        "payment_ref": f"pi_{number}",
        "charged": 500,
        "state": state,
        "attempt_at": now(),
        "paid_at": now(),
    }
    return await Purchase.create(**(given | changed))


async def event(
    number: int = 1, state: inbox.EventState = inbox.EventState.HANDLED, **changed: object
) -> Event:
    """Write an event down."""
    given: dict[str, Any] = {
        "key": f"stripe:evt_{number}",
        "type": "checkout.session.completed",
        "payload": {"id": f"evt_{number}"},
        "state": state,
        "handled_at": None if state is inbox.EventState.RECEIVED else now(),
    }
    return await Event.create(**(given | changed))


async def job(
    user: User, number: int = 1, state: jobs.JobState = jobs.JobState.DONE, **changed: object
) -> Job:
    """Write a job down."""
    given: dict[str, Any] = {
        "user_id": user.id,
        "request_key": f"order:{number}",
        "kind": "ask",
        "most": 100,
        "needs": 100,
        "state": state,
    }
    return await Job.create(**(given | changed))


async def furnished(database: Database) -> User:
    """Fill the house with one of everything, each with words that would break a careless page."""
    user = await person(database, 77, credits_=500)
    await grant(database, user, 250, HOSTILE, "g1", by=HOSTILE[:60])
    row = await sale(user, package=HOSTILE[:60], provider_ref=f"cs_{HOSTILE}", payment_ref=f"pi_{HOSTILE}")
    await Refund.create(request_key="r1", purchase_id=row.id, amount=250, reason=HOSTILE, error=HOSTILE)
    await Reversal.create(
        key=f"mock:re_{HOSTILE}",
        provider="mock",
        payment_ref="pi_1",
        purchase_id=row.id,
        user_id=user.id,
        amount=250,
        currency="usd",
        stage=Stage.REFUNDED,
        as_of=1,
        since=1,
    )
    await event(
        1,
        inbox.EventState.FAILED,
        type=HOSTILE,
        error=HOSTILE,
        payload={"note": HOSTILE, HOSTILE: ["ü", None]},
    )
    for number, state in enumerate(jobs.JobState):
        await job(
            user,
            number,
            state,
            kind=HOSTILE[:30],
            request={"text": "the secret question"},
            result={"text": "the secret answer"},
            parts=3,
        )
    return user


async def test_every_page_can_be_read_in_an_empty_house(database: Database) -> None:
    async with Desk(database) as context:
        for path in PAGES:
            assert "<h1>" in await context.read(path)


async def test_every_page_can_be_read_in_a_full_house_and_runs_nothing_of_it(database: Database) -> None:
    await furnished(database)
    async with Desk(database) as context:
        for path in [
            *PAGES,
            "/purchases/1",
            "/people/77",
            "/inbox/1",
            "/people/77/grant",
            "/people/77/ban",
            "/purchases/1/refund",
        ]:
            await context.read(path)
            assert "<script" not in context.page, path
            assert "secret" not in context.page, path
            assert "49" not in re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d|[0-9a-f]{64}|\d{6,}", "", context.seen), (
                path
            )
        for path in ("/purchases/1", "/inbox/1"):
            assert str(escape(HOSTILE)).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")[
                :40
            ] in await context.read(path)


async def test_a_search_for_hostile_words_shows_them_as_words(sqlite_database: Database) -> None:
    async with Desk(sqlite_database) as context:
        await context.read("/search", q=HOSTILE)
        assert "<script" not in context.page
        assert HOSTILE in context.seen


async def test_the_overview_says_what_needs_a_look(database: Database) -> None:
    async with Desk(database) as context:
        await context.read()
        assert "Nothing." in context.seen
        user = await person(database, 77)
        await event(1, inbox.EventState.FAILED)
        await event(2, inbox.EventState.FAILED)
        await sale(user, 1, purchases.PurchaseState.FAILED, paid_at=None, charged=None)
        await sale(user, 2)
        await job(user, 1, jobs.JobState.PARKED)
        await book_checks.record(off=True)
        await context.read()
        for words in (
            "The books do not add up",
            "2 events of a provider failed",
            "1 purchase of today failed",
            "1 waiting for credits",
            "Takings (mock: no money moved) $5.00",
            "Sales 1",
        ):
            assert words in context.seen, words


async def test_the_charts_can_be_read_without_seeing_them(database: Database) -> None:
    user = await person(database, 77)
    await sale(user, provider="stripe")
    await sale(user, 2, provider="stripe", currency="jpy", charged=700)
    async with Desk(database) as context:
        for days in ("7", "30", "90"):
            await context.read(days=days)
            assert context.page.count('<rect class="hit"') == 3 * int(days)
            assert "Takings in USD" in context.seen
            assert "¥700" in context.seen
            assert context.page.count("<tr>") == 1 + int(days)


async def _walked(context: Desk, path: str, **args: str) -> list[str]:
    """Follow the links to what is older and give the numbers that were seen, in order."""
    seen: list[str] = []
    await context.read(path, **args)
    for _ in range(20):
        seen += re.findall(r'<td data-label="No\.">(?:<a href="[^"]*">)?(\d+)', context.page)
        older = re.search(rf'href="{HOME}{path}\?older=(\d+)', context.page)
        if not older:
            return seen
        await context.read(path, older=older[1], **args)
    raise AssertionError("it never ends")


async def test_paging_shows_every_row_once_while_rows_are_added(database: Database) -> None:
    user = await person(database, 77)
    count = 2 * listings.PAGE_SIZE + 7
    for number in range(count):
        await sale(user, number)
    async with Desk(database) as context:
        await context.read("/purchases")
        first = re.findall(r'data-label="No\."><a href="[^"]*">(\d+)', context.page)
        await sale(user, 1000)
        older = re.search(r"older=(\d+)", context.page)
        assert older
        seen = list(first)
        while older:
            await context.read("/purchases", older=older[1])
            seen += re.findall(r'data-label="No\."><a href="[^"]*">(\d+)', context.page)
            await sale(user, 1001 + len(seen))
            older = re.search(r"older=(\d+)", context.page)
        assert [int(n) for n in seen] == list(range(count, 0, -1))
        newer = re.search(r"newer=(\d+)", context.page)
        assert newer
        await context.read("/purchases", newer=newer[1])
        back = re.findall(r'data-label="No\."><a href="[^"]*">(\d+)', context.page)
        assert [int(n) for n in back] == list(range(7 + listings.PAGE_SIZE, 7, -1))


async def test_every_list_pages_and_filters(database: Database) -> None:
    user = await person(database, 77)
    count = listings.PAGE_SIZE + 3
    for number in range(count):
        await event(number, inbox.EventState.FAILED if number % 2 else inbox.EventState.HANDLED)
        await job(user, number, jobs.JobState.DONE if number % 2 else jobs.JobState.FAILED)
        await sale(user, number, purchases.PurchaseState.OPEN if number % 2 else purchases.PurchaseState.PAID)
        await grant(database, user, 1, "Rain.", f"g{number}")
        await person(database, 1000 + number)
    async with Desk(database) as context:
        for path, state in (("/inbox", "failed"), ("/jobs", "done"), ("/purchases", "open")):
            everything = await _walked(context, path)
            assert (path, len(everything), len(set(everything))) == (path, count, count)
            some = await _walked(context, path, state=state)
            assert [n for n in everything if int(n) % 2 == 0] == some
        await context.read("/people")
        assert len(set(re.findall(r"/people/(\d+)", context.page))) == listings.PAGE_SIZE
        await context.read("/people/77")
        assert "older=" in context.page
        await context.read("/acts")
        assert "older=" in context.page
        seqs = re.findall(r'data-label="No\.">(\d+)<', await context.read("/people/77", older="4"))
        assert seqs == ["3", "2", "1"]


async def test_events_of_telegram_are_nobodys_to_read(database: Database) -> None:
    await Event.create(key="tg:1", type="update", lane=77, payload={"text": "a private word"})
    async with Desk(database) as context:
        assert "private" not in await context.read("/inbox")
        assert "tg:1" not in context.page
        assert await context.look("/inbox/1") == 404
        await context.read("/search", q="tg:1")
        assert "Nothing is known by" in context.seen


async def test_the_search_goes_straight_to_the_one_that_is_meant(database: Database) -> None:
    user = await person(database, 7_700_000_001)
    row = await sale(user, 1, provider_ref="cs_test_abc", payment_ref="pi_abc")
    await Reversal.create(
        key="mock:re_abc",
        provider="mock",
        payment_ref="pi_abc",
        purchase_id=row.id,
        user_id=user.id,
        amount=1,
        currency="usd",
        stage=Stage.REFUNDED,
        as_of=1,
        since=1,
    )
    kept = await event(5, key="stripe:evt_abc")
    async with Desk(database) as context:
        for words, there in (
            (f"{row.id}", f"/purchases/{row.id}"),
            (f" #{row.id} ", f"/purchases/{row.id}"),
            ("7700000001", "/people/7700000001"),
            ("cs_test_abc", f"/purchases/{row.id}"),
            ("pi_abc", f"/purchases/{row.id}"),
            ("re_abc", f"/purchases/{row.id}"),
            ("evt_abc", f"/inbox/{kept.id}"),
            ("stripe:evt_abc", f"/inbox/{kept.id}"),
        ):
            assert (words, await context.look("/search", q=words)) == (words, 303)
            assert context.headers["Location"] == HOME + there
        await person(database, row.id)  # a number that means two things
        await context.read("/search", q=str(row.id))
        assert f"Purchase {row.id}" in context.seen
        assert f"Person {row.id}" in context.seen


ODD = [
    "",
    "0",
    "-1",
    "abc",
    "1e9",
    "9" * 18,
    "9" * 19,
    "9" * 30,
    "٣",
    "²",
    "\0",
    "1\0",
    "\n",
    "%",
    "' OR 1=1 --",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "x" * 5000,
    "None",
    "1;2",
    "[]",
]


async def test_odd_parameters_end_in_a_page_and_never_in_a_fault(database: Database) -> None:
    await furnished(database)
    async with Desk(database) as context:
        for odd in ODD:
            for path in PAGES:
                for name in ("older", "newer", "state", "days", "q", "done"):
                    assert await context.look(path, **{name: odd}) < 500, (path, name, odd)
            for path in ("/purchases", "/people", "/inbox"):
                for tail in ("", "/refund", "/grant", "/ban", "/check", "/replay"):
                    assert await context.look(f"{path}/{quote(odd)}{tail}") < 500, (path, odd)
        for twice in (
            "older=1&older=2",
            "older[]=1",
            "&&&===",
            "%zz=%zz",
            "older=%",
            "older=%FF",
            "state=paid&state=x",
        ):
            for path in PAGES:
                answer = await context.browser.get(f"{HOME}{path}?{twice}")
                assert answer.status_code < 500, (path, twice)


async def test_what_is_not_there_is_a_page_that_says_so(sqlite_database: Database) -> None:
    async with Desk(sqlite_database) as context:
        for path in (
            "/purchases/5",
            "/people/5",
            "/inbox/5",
            "/nothing",
            "/purchases/5/refund",
            "/people/5/grant",
            "/people/0",
        ):
            assert await context.look(path) == 404
            assert "There is no such thing" in context.page
        assert await context.look("/purchases", state="sold") == 400
        assert "This cannot be read" in context.page


async def test_the_audit_page_tells_the_last_result_and_proves_on_request(database: Database) -> None:
    user = await person(database, 77, credits_=500)
    async with Desk(database) as context:
        await context.read("/audit")
        assert "not been proved by the service yet" in context.seen
        await BookCheck.create(proved_at=datetime.fromtimestamp(1_700_000_000, UTC))
        await context.read("/audit")
        assert "2023-11-14 22:13" in context.seen
        assert "the books balance" in context.seen
        assert await context.send("/audit") == 200
        assert "everything adds up" in context.seen
        await Account.filter(user_id=user.id).update(balance=400)
        assert await context.send("/audit") == 200
        assert "I1" in context.seen
        assert "the books are off" in context.seen
        await context.read("/audit")
        assert "Who cannot spend because of it" in context.seen
        assert f'href="{HOME}/people/77"' in context.page
        await context.read("/acts")
        assert context.seen.count("rows off") == 2


async def test_a_person_is_shown_as_they_stand(database: Database) -> None:
    user = await person(database, 77, credits_=500)
    account = await ledger.find_account(user.id)
    await Account.filter(id=account.id).update(banned=True, frozen=True)
    await User.filter(id=user.id).update(blocked_bot=True)
    async with Desk(database) as context:
        for path in ("/people", "/people/77"):
            await context.read(path)
            for word in ("banned", "frozen", "blocked the bot"):
                assert word in context.seen


@pytest.mark.parametrize("path", ["/purchases", "/jobs", "/inbox"])
async def test_an_empty_state_says_so(sqlite_database: Database, path: str) -> None:
    async with Desk(sqlite_database) as context:
        assert "in this state" in await context.read(path, state="failed")


async def test_a_database_that_does_not_answer_is_told_as_such(database: Database) -> None:
    async with Desk(database) as context:
        await query('ALTER TABLE "purchase" RENAME TO "gone"')
        assert await context.look("/purchases") == 503
        assert "The database does not answer" in context.page
