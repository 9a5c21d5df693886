"""The operator's pages: readable with an empty and a full database, correct, and robust."""

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
from bot_platform.domain.outbox import Notice
from bot_platform.domain.purchases import Purchase
from bot_platform.domain.refunds import Refund
from bot_platform.domain.reversals import Reversal
from bot_platform.domain.users import User
from bot_platform.flows.grant import grant
from bot_platform.infra.clock import now
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from tests.makers import person
from tests.web.operators import HOME, OperatorBrowser

PAGING = ("older", "newer")
READ_BY = {  # page -> the parameters it reads
    "": ("days", "done"),
    "/purchases": (*PAGING, "state"),
    "/people": PAGING,
    "/jobs": (*PAGING, "state"),
    "/inbox": (*PAGING, "state"),
    "/acts": PAGING,
    "/audit": (),
    "/search": ("q",),
}
PAGES = list(READ_BY)
PARAMETERS = sorted({name for names in READ_BY.values() for name in names})
HOSTILE = "<script>alert(1)</script>\"'&{{ 7*7 }}"


async def sale(
    user: User,
    number: int = 1,
    state: purchases.PurchaseState = purchases.PurchaseState.PAID,
    **changed: object,
) -> Purchase:
    """Insert a purchase without ledger entries."""
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
    """Insert an event."""
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
    """Insert a job."""
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
    """Insert one row of everything, with texts that would break a page without escaping."""
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
            ai_model=HOSTILE[:200],
            ai_endpoint=HOSTILE[:200],
        )
    return user


async def test_every_page_can_be_read_with_an_empty_database(database: Database) -> None:
    async with OperatorBrowser(database) as operator:
        for path in PAGES:
            assert "<h1>" in await operator.read(path)


async def test_every_page_can_be_read_with_hostile_texts_and_runs_none_of_them(database: Database) -> None:
    await furnished(database)
    async with OperatorBrowser(database) as operator:
        for path in [
            *PAGES,
            "/purchases/1",
            "/people/77",
            "/inbox/1",
            "/people/77/grant",
            "/people/77/ban",
            "/purchases/1/refund",
        ]:
            await operator.read(path)
            assert "<script" not in operator.page, path
            assert "secret" not in operator.page, path
            assert "49" not in re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d|[0-9a-f]{64}|\d{6,}", "", operator.seen), (
                path
            )
        for path in ("/purchases/1", "/inbox/1"):
            assert str(escape(HOSTILE)).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")[
                :40
            ] in await operator.read(path)


async def test_a_search_for_hostile_words_shows_them_as_words(sqlite_database: Database) -> None:
    async with OperatorBrowser(sqlite_database) as operator:
        await operator.read("/search", q=HOSTILE)
        assert "<script" not in operator.page
        assert HOSTILE in operator.seen


async def test_the_overview_names_what_is_open_with_a_link_and_what_went_back(database: Database) -> None:
    user = await person(database, 77)
    row = await sale(user, 1, provider="stripe")
    made_at = int(now().timestamp())
    about: dict[str, Any] = {
        "provider": "stripe",
        "payment_ref": "pi_1",
        "purchase_id": row.id,
        "currency": "usd",
    }
    about |= {"as_of": made_at, "since": made_at, "made_at": made_at}
    await Reversal.create(key="stripe:du_1", stage=Stage.DISPUTED, amount=200, **about)
    await Reversal.create(key="stripe:du_2", stage=Stage.INQUIRY, amount=100, **about)
    await Refund.create(
        request_key="r1", purchase_id=row.id, amount=250, reason="x", error="charge_disputed", state="failed"
    )
    await Notice.create(key="n", subject="s", chat_id=77, text="welcome", state="dead", error="400 odd")
    await sale(user, 2, purchases.PurchaseState.KEPT_ASIDE, paid_at=None)
    await event(3, inbox.EventState.FAILED, key="tg:3", lane=-78, error="stopped")
    async with OperatorBrowser(database) as operator:
        await operator.read()
        for words in (
            "A dispute over $2.00 of purchase 1 is open since",
            "answer it in the Stripe Dashboard before its deadline",
            "A bank asks about purchase 1",
            "A refund of $2.50 of purchase 1 was refused (charge_disputed): mend the reason",
            "The money of purchase 2 is kept aside, because it does not match the price",
            "What -78 wrote or pressed was given up (stopped)",
            "A message to 77 was given up (400 odd): write to them in another way",
            "Takings: $5.00 less $2.00 returned $3.00",
        ):
            assert words in operator.seen
        assert "Nothing." not in operator.seen
        assert f'href="{HOME}/purchases/{row.id}"' in operator.page


async def test_the_overview_shows_what_needs_attention(database: Database) -> None:
    async with OperatorBrowser(database) as operator:
        await operator.read()
        assert "Nothing." in operator.seen
        user = await person(database, 77)
        await event(1, inbox.EventState.FAILED)
        await event(2, inbox.EventState.FAILED)
        await sale(user, 1, purchases.PurchaseState.FAILED, paid_at=None, charged=None)
        await sale(user, 2)
        await job(user, 1, jobs.JobState.PARKED)
        await book_checks.record(off=True)
        await operator.read()
        for words in (
            "The books do not add up",
            "Event 1 failed (checkout.session.completed): mend the reason, then handle it once more",
            "All 2 failed events",
            "1 purchase of today failed",
            "1 waiting for credits",
            "Takings (mock: no money moved) $5.00",
            "Sales 1",
        ):
            assert words in operator.seen, words


async def test_the_charts_can_be_read_without_seeing_them(database: Database) -> None:
    user = await person(database, 77)
    await sale(user, provider="stripe")
    await sale(user, 2, provider="stripe", currency="jpy", charged=700)
    async with OperatorBrowser(database) as operator:
        for days in ("7", "30", "90"):
            await operator.read(days=days)
            assert operator.page.count('<rect class="hit"') == 3 * int(days)
            assert "Takings in USD" in operator.seen
            assert "¥700" in operator.seen
            assert operator.page.count("<tr>") == 1 + int(days)


async def _walked(operator: OperatorBrowser, path: str, **args: str) -> list[str]:
    """Follow the links to older rows and return the ids that were seen, in order."""
    seen: list[str] = []
    await operator.read(path, **args)
    for _ in range(20):
        seen += re.findall(r'<td data-label="No\.">(?:<a href="[^"]*">)?(\d+)', operator.page)
        older = re.search(rf'href="{HOME}{path}\?older=(\d+)', operator.page)
        if not older:
            return seen
        await operator.read(path, older=older[1], **args)
    raise AssertionError("it never ends")


async def test_paging_shows_every_row_once_while_rows_are_added(database: Database) -> None:
    user = await person(database, 77)
    count = 2 * listings.PAGE_SIZE + 7
    for number in range(count):
        await sale(user, number)
    async with OperatorBrowser(database) as operator:
        await operator.read("/purchases")
        first = re.findall(r'data-label="No\."><a href="[^"]*">(\d+)', operator.page)
        await sale(user, 1000)
        older = re.search(r"older=(\d+)", operator.page)
        assert older
        seen = list(first)
        while older:
            await operator.read("/purchases", older=older[1])
            seen += re.findall(r'data-label="No\."><a href="[^"]*">(\d+)', operator.page)
            await sale(user, 1001 + len(seen))
            older = re.search(r"older=(\d+)", operator.page)
        assert [int(n) for n in seen] == list(range(count, 0, -1))
        newer = re.search(r"newer=(\d+)", operator.page)
        assert newer
        await operator.read("/purchases", newer=newer[1])
        back = re.findall(r'data-label="No\."><a href="[^"]*">(\d+)', operator.page)
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
    async with OperatorBrowser(database) as operator:
        for path, state in (("/inbox", "failed"), ("/jobs", "done"), ("/purchases", "open")):
            everything = await _walked(operator, path)
            assert (path, len(everything), len(set(everything))) == (path, count, count)
            some = await _walked(operator, path, state=state)
            assert [n for n in everything if int(n) % 2 == 0] == some
        await operator.read("/people")
        assert len(set(re.findall(r"/people/(\d+)", operator.page))) == listings.PAGE_SIZE
        await operator.read("/people/77")
        assert "older=" in operator.page
        await operator.read("/acts")
        assert "older=" in operator.page
        seqs = re.findall(r'data-label="No\.">(\d+)<', await operator.read("/people/77", older="4"))
        assert seqs == ["3", "2", "1"]


async def test_the_page_of_jobs_shows_what_the_model_took(database: Database) -> None:
    user = await person(database, 77)
    took: dict[str, Any] = {"tokens_read": 1010, "tokens_cached": 900, "tokens_written": 55}
    took |= {"tokens_estimated": True}
    await job(user, 1, ai_model="some-model", ai_endpoint="models.example/v1", ai_cost=12_500, **took)
    await job(user, 2)
    async with OperatorBrowser(database) as operator:
        page = await operator.read("/jobs")
    for part in (
        "some-model",
        "models.example/v1, which took 0.012500",
        "1010 <small>900 cached",
        "55 <small>est",
    ):
        assert part in page, part


async def test_telegram_updates_are_not_shown(database: Database) -> None:
    await Event.create(key="tg:1", type="update", lane=77, payload={"text": "a private word"})
    async with OperatorBrowser(database) as operator:
        assert "private" not in await operator.read("/inbox")
        assert "tg:1" not in operator.page
        assert await operator.look("/inbox/1") == 404
        await operator.read("/search", q="tg:1")
        assert "Nothing is known by" in operator.seen


async def test_a_search_with_one_result_opens_it(database: Database) -> None:
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
    async with OperatorBrowser(database) as operator:
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
            assert (words, await operator.look("/search", q=words)) == (words, 303)
            assert operator.headers["Location"] == HOME + there
        await person(database, row.id)  # a number that means two things
        await operator.read("/search", q=str(row.id))
        assert f"Purchase {row.id}" in operator.seen
        assert f"Person {row.id}" in operator.seen


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


async def test_an_odd_parameter_gets_a_page_and_never_a_5xx(database: Database) -> None:
    await furnished(database)
    async with OperatorBrowser(database) as operator:
        for odd in ODD:
            for path, names in READ_BY.items():
                for given in [*([name] for name in names), PARAMETERS]:
                    assert await operator.look(path, **dict.fromkeys(given, odd)) < 500, (path, given, odd)
            for path in ("/purchases", "/people", "/inbox"):
                for tail in ("", "/refund", "/grant", "/ban", "/check", "/replay"):
                    assert await operator.look(f"{path}/{quote(odd)}{tail}") < 500, (path, odd)
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
                answer = await operator.browser.get(f"{HOME}{path}?{twice}")
                assert answer.status_code < 500, (path, twice)


async def test_an_unknown_number_gets_a_404_page(sqlite_database: Database) -> None:
    async with OperatorBrowser(sqlite_database) as operator:
        for path in (
            "/purchases/5",
            "/people/5",
            "/inbox/5",
            "/nothing",
            "/purchases/5/refund",
            "/people/5/grant",
            "/people/0",
        ):
            assert await operator.look(path) == 404
            assert "There is no such thing" in operator.page
        assert await operator.look("/purchases", state="sold") == 400
        assert "This cannot be read" in operator.page


async def test_the_audit_page_shows_the_last_result_and_runs_an_audit_on_request(database: Database) -> None:
    user = await person(database, 77, credits_=500)
    async with OperatorBrowser(database) as operator:
        await operator.read("/audit")
        assert "not been proved by the service yet" in operator.seen
        await BookCheck.create(proved_at=datetime.fromtimestamp(1_700_000_000, UTC))
        await operator.read("/audit")
        assert "2023-11-14 22:13" in operator.seen
        assert "the books balance" in operator.seen
        assert await operator.send("/audit") == 200
        assert "everything adds up" in operator.seen
        await Account.filter(user_id=user.id).update(balance=400)
        assert await operator.send("/audit") == 200
        assert "I1" in operator.seen
        assert "the books are off" in operator.seen
        account = await Account.get(user_id=user.id)
        assert f'href="{HOME}/books/{account.id}"' in operator.page
        await operator.read("/audit")
        assert "Who cannot spend because of it" in operator.seen
        assert f'href="{HOME}/people/77"' in operator.page
        await operator.read("/acts")
        assert operator.seen.count("rows off") == 2


async def test_a_user_is_found_by_their_number_and_by_the_number_of_their_account(database: Database) -> None:
    await Account.create(user_id=(await User.create(id=900, telegram_id=76)).id)
    user = await person(database, 77)
    account = await Account.get(user_id=user.id)
    assert account.id != user.id
    async with OperatorBrowser(database) as operator:
        for path, leads_to in {
            f"/users/{user.id}": "/people/77",
            f"/accounts/{user.id}": f"/users/{user.id}",
            f"/books/{account.id}": f"/users/{user.id}",
        }.items():
            assert await operator.look(path) in {301, 303}
            assert operator.headers["Location"] == HOME + leads_to
        for path in ("/users/12345", "/books/12345", f"/books/{2**70}"):
            assert await operator.look(path) == 404


async def test_the_page_of_a_user_shows_their_present_state(database: Database) -> None:
    user = await person(database, 77, credits_=500)
    account = await ledger.find_account(user.id)
    await Account.filter(id=account.id).update(banned=True, frozen=True)
    await User.filter(id=user.id).update(blocked_bot=True)
    async with OperatorBrowser(database) as operator:
        for path in ("/people", "/people/77"):
            await operator.read(path)
            for word in ("banned", "frozen", "blocked the bot"):
                assert word in operator.seen


@pytest.mark.parametrize("path", ["/purchases", "/jobs", "/inbox"])
async def test_an_empty_list_says_that_it_is_empty(sqlite_database: Database, path: str) -> None:
    async with OperatorBrowser(sqlite_database) as operator:
        assert "in this state" in await operator.read(path, state="failed")


async def test_a_database_that_does_not_answer_gets_an_error_page(database: Database) -> None:
    async with OperatorBrowser(database) as operator:
        await query('ALTER TABLE "purchase" RENAME TO "gone"')
        assert await operator.look("/purchases") == 503
        assert "The database does not answer" in operator.page
