"""What an operator does in the pages: it is asked about first, done once, and stands in the log."""

import asyncio
import re
from typing import Any

import pytest

from bot_platform.domain import inbox, ledger, purchases
from bot_platform.domain.actions import Action
from bot_platform.domain.checkout import CheckoutRef, NotForUs, PaymentConfirmed, ProviderDown, Stage
from bot_platform.domain.inbox import Event
from bot_platform.domain.ledger import Account, Entry
from bot_platform.domain.purchases import Purchase
from bot_platform.domain.refunds import Refund
from bot_platform.domain.reversals import Reversal
from bot_platform.domain.users import User
from bot_platform.flows.buy import buy
from bot_platform.infra.database import Database
from bot_platform.providers.mock import MockPayments
from tests.makers import PRICES, balance, payments, person
from tests.web.operators import HOME, Desk
from tests.web.test_operator_pages import event, sale


class Bank(MockPayments):
    """Answers what the test wants to hear."""

    name = "stripe"

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer

    async def look(self, _: str) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def acts() -> list[tuple[str, str, str]]:
    """List what was done, but for who came and went."""
    rows = await Action.all().order_by("id")
    return [(act.by, act.what, act.subject) for act in rows if act.what not in {"enter", "leave"}]


async def bought(database: Database, user: User) -> Purchase:
    """Sell a package by the mock, and let it have a payment that can be returned."""
    await buy(payments(database), user, PRICES.get("buy_100"), "press:1")
    await Purchase.all().update(payment_ref="pi_1")
    return await Purchase.get()


async def test_credits_are_given_after_a_question_and_once_however_often_it_is_pressed(
    database: Database,
) -> None:
    user = await person(database, 77)
    async with Desk(database) as context:
        await context.read("/people/77/grant")
        sure = await context.confirm("/people/77/grant", credits="12.50", reason=" An  outage. ")
        assert "Available then 12.50" in context.seen
        assert await balance(user) == 0
        assert await acts() == []
        results = await asyncio.gather(*(context.send("/people/77/grant", **sure) for _ in range(4)))
        assert results == [303] * 4
        assert context.headers["Location"] == f"{HOME}/people/77?done=granted"
        assert await balance(user) == 1250
        assert (await Entry.get()).note == "An outage."
        assert await acts() == [("pages", "grant", user.subject)]
        await context.read("/people/77", done="granted")
        assert "the person has been told" in context.seen
        again = await context.confirm("/people/77/grant", credits="-2.50", reason="Too much.")
        assert "Take 2.50 credits?" in context.seen
        assert again["key"] != sure["key"]
        await context.send("/people/77/grant", **again)
        assert await balance(user) == 1000


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"credits": "", "reason": "x"}, "Write credits with at most two decimals"),
        ({"credits": "twelve", "reason": "x"}, "Write credits with at most two decimals"),
        ({"credits": "1.234", "reason": "x"}, "Write credits with at most two decimals"),
        ({"credits": "0", "reason": "x"}, "Write credits with at most two decimals"),
        ({"credits": "1e5", "reason": "x"}, "Write credits with at most two decimals"),
        ({"credits": "9" * 40, "reason": "x"}, "Write credits with at most two decimals"),
        ({"credits": "5", "reason": " \0 \n "}, "Give a reason"),
        ({"credits": "5"}, "Give a reason"),
        ({}, "Write credits"),
    ],
)
async def test_a_form_that_cannot_be_read_is_shown_again_with_what_is_wrong(
    sqlite_database: Database, form: dict[str, str], says: str
) -> None:
    await person(sqlite_database, 77)
    async with Desk(sqlite_database) as context:
        await context.read("/people/77/grant")
        for extra in ({}, {"key": "0" * 32}):
            assert await context.send("/people/77/grant", **form, **extra) == 422
            assert says in context.seen
            assert 'aria-invalid="true"' in context.page
        assert not await Entry.all().count()


async def test_more_than_is_there_is_not_taken(database: Database) -> None:
    user = await person(database, 77, credits_=100)
    async with Desk(database) as context:
        await context.read("/people/77/grant")
        sure = await context.confirm("/people/77/grant", credits="-5", reason="Sun.")
        assert "More than is available is refused." in context.seen
        assert await context.send("/people/77/grant", **sure) == 409
        assert "5.00 credits cannot be taken: 1.00 are available." in context.seen
        assert await balance(user) == 100
        assert await acts() == []


async def test_a_key_of_another_form_gives_nothing_twice(sqlite_database: Database) -> None:
    await person(sqlite_database, 77)
    await person(sqlite_database, 78)
    async with Desk(sqlite_database) as context:
        await context.read("/people/77/grant")
        sure = await context.confirm("/people/77/grant", credits="5", reason="Rain.")
        await context.send("/people/77/grant", **sure)
        await context.read("/people/78")
        assert await context.send("/people/78/grant", **(sure | {"csrf": ""})) == 403
        await context.read("/people/78/grant")
        del sure["csrf"]
        assert await context.send("/people/78/grant", **sure) == 409
        assert "This form was used before" in context.seen
        assert await Entry.all().count() == 1


async def test_texts_that_no_database_keeps_are_cleaned(database: Database) -> None:
    await person(database, 77)
    async with Desk(database) as context:
        await context.read("/people/77/grant")
        sure = await context.confirm("/people/77/grant", credits="5", reason="a\0b\u202ec" + "x" * 5000)
        assert await context.send("/people/77/grant", **sure) == 303
        assert (await Entry.get()).note.startswith("a b c")


async def test_a_person_is_banned_once_and_let_back(database: Database) -> None:
    user = await person(database, 77)
    async with Desk(database) as context:
        await context.read("/people/77/ban")
        assert await context.send("/people/77/ban") == 422
        sure = await context.confirm("/people/77/ban", reason="Chargebacks.")
        assert "They can buy and order nothing new." in context.seen
        for _ in range(2):
            assert await context.send("/people/77/ban", **sure) == 303
        assert (await ledger.find_account(user.id)).banned
        assert await acts() == [("pages", "ban", user.subject)]
        await context.read("/people/77")
        assert "Let back…" in context.seen
        back = await context.confirm("/people/77/ban", reason="A mistake.")
        await context.send("/people/77/ban", **back)
        assert not (await ledger.find_account(user.id)).banned
        assert (await acts())[1:] == [("pages", "unban", user.subject)]


async def test_a_freeze_is_lifted(database: Database) -> None:
    user = await person(database, 77)
    await Account.filter(user_id=user.id).update(frozen=True)
    await Reversal.create(
        key="mock:issfr_1",
        provider="mock",
        payment_ref="pi_1",
        user_id=user.id,
        amount=0,
        stage=Stage.WARNED,
        as_of=1,
        since=1,
    )
    async with Desk(database) as context:
        assert "Lift the freeze" in await context.read("/people/77")
        await context.send("/people/77/lift")
        assert context.headers["Location"].endswith("done=lifted")
        assert not (await ledger.find_account(user.id)).frozen
        await context.send("/people/77/lift")
        assert context.headers["Location"].endswith("done=not-frozen")
        assert await acts() == [("pages", "lift", user.subject)]


async def test_a_refund_is_asked_for_once_and_waits_for_the_loop(database: Database) -> None:
    user = await person(database, 77)
    row = await bought(database, user)
    async with Desk(database) as context:
        await context.read(f"/purchases/{row.id}/refund")
        sure = await context.confirm(f"/purchases/{row.id}/refund", amount="2.50", reason="Asked for it.")
        assert "Return $2.50?" in context.seen
        assert "Takes back 50.00 credits" in context.seen
        results = await asyncio.gather(
            *(context.send(f"/purchases/{row.id}/refund", **sure) for _ in range(4))
        )
        assert results == [303] * 4
        refund = await Refund.get()
        assert (refund.amount, refund.reason, refund.lease_until) == (250, "Asked for it.", 0)
        assert (await ledger.find_account(user.id)).held == 5_000
        assert await acts() == [("pages", "refund", row.subject)]
        await context.read(f"/purchases/{row.id}")
        assert "asked" in context.seen
        assert "$2.50" in context.seen
        for amount in ("2.51", "5"):
            assert await context.send(f"/purchases/{row.id}/refund", amount=amount, reason="More.") == 409
            assert "$2.50 is left to return" in context.seen
        for amount in ("2.505", "0x1", "-1", "two"):
            assert await context.send(f"/purchases/{row.id}/refund", amount=amount, reason="x") == 422
        rest = await context.confirm(f"/purchases/{row.id}/refund", amount="", reason="All.")
        await context.send(f"/purchases/{row.id}/refund", **rest)
        assert await Refund.all().count() == 2
        await context.read("/acts")
        assert "$2.50" in context.seen


async def test_the_form_of_a_refund_says_what_went_back_already(sqlite_database: Database) -> None:
    user = await person(sqlite_database, 77)
    whole = await bought(sqlite_database, user)
    async with Desk(sqlite_database) as context:
        await context.read(f"/purchases/{whole.id}/refund")
        assert "$5.00 charged." in context.seen
        await purchases.Purchase.filter(id=whole.id).update(reversed=5_000)
        await context.read(f"/purchases/{whole.id}/refund")
        assert "$5.00 charged; 50.00 credits were taken back already." in context.seen


async def test_spent_credits_are_a_reason_unless_the_box_is_ticked(database: Database) -> None:
    user = await person(database, 77)
    row = await bought(database, user)
    await Account.filter(user_id=user.id).update(held=9_000)
    async with Desk(database) as context:
        await context.read(f"/purchases/{row.id}/refund")
        assert await context.send(f"/purchases/{row.id}/refund", reason="x") == 409
        assert "takes back 100.00 and 10.00 are there. Go back and tick the box" in context.seen
        await context.read(f"/purchases/{row.id}/refund")
        await context.confirm(f"/purchases/{row.id}/refund", reason="x", force="yes")
        assert "Becomes a debt 90.00 credits" in context.seen


async def test_what_was_never_paid_or_came_by_the_mock_is_not_returned(sqlite_database: Database) -> None:
    user = await person(sqlite_database, 77)
    unpaid = await sale(user, 1, purchases.PurchaseState.OPEN, charged=None, paid_at=None)
    mocked = await sale(user, 2, payment_ref=None)
    async with Desk(sqlite_database) as context:
        assert "Refund…" not in await context.read(f"/purchases/{unpaid.id}")
        for row in (unpaid, mocked):
            await context.read(f"/purchases/{row.id}/refund")
            assert await context.send(f"/purchases/{row.id}/refund", reason="x") == 409
        assert "The mock moves no money" in context.seen


async def test_a_purchase_is_asked_about_again(database: Database) -> None:
    user = await person(database, 77)
    bank = Bank(NotForUs("nothing new", keep=False))
    row = await sale(
        user,
        1,
        purchases.PurchaseState.OPEN,
        provider="stripe",
        provider_ref="cs_1",
        payment_ref=None,
        charged=None,
        paid_at=None,
    )
    async with Desk(database, payments(database, bank)) as context:
        await context.read(f"/purchases/{row.id}")
        await context.send(f"/purchases/{row.id}/check")
        assert context.headers["Location"].endswith("done=checked-same")
        bank.answer = ProviderDown()
        await context.send(f"/purchases/{row.id}/check")
        assert context.headers["Location"].endswith("done=provider-down")
        paid = CheckoutRef("stripe", "cs_1", "pi_1", row.id, user.id)
        bank.answer = PaymentConfirmed(paid, 500, 500, "usd")
        for _ in range(2):
            await context.send(f"/purchases/{row.id}/check")
        assert await balance(user) == 10_000
        assert await acts() == [("pages", "check", row.subject)] * 3
        other = await sale(user, 2, provider="gone", provider_ref="x")
        await context.send(f"/purchases/{other.id}/check")
        assert context.headers["Location"].endswith("done=nobody-to-ask")


async def test_an_event_is_handled_once_more_and_not_twice(database: Database) -> None:
    row = await event(1, inbox.EventState.FAILED, error="broken", attempts=12)
    async with Desk(database) as context:
        await context.read(f"/inbox/{row.id}")
        seen = re.search(r'name="seen" value="([^"]+)"', context.page)
        assert seen
        await asyncio.gather(*(context.send(f"/inbox/{row.id}/replay", seen=seen[1]) for _ in range(4)))
        again = await Event.get()
        assert (again.state, again.attempts, again.error, again.handled_at) == (
            inbox.EventState.RECEIVED,
            0,
            None,
            None,
        )
        assert await acts() == [("pages", "replay", f"event:{row.id}")]
        await context.read(f"/inbox/{row.id}")
        assert "It waits to be handled" in context.seen
        await inbox.finish(again, inbox.EventState.HANDLED)
        await context.send(f"/inbox/{row.id}/replay", seen=seen[1])
        assert context.headers["Location"].endswith("done=moved-on")
        assert (await Event.get()).state is inbox.EventState.HANDLED


async def test_odd_forms_end_in_a_page_and_never_in_a_fault(database: Database) -> None:
    user = await person(database, 77)
    row = await sale(user)
    await event(1)
    odd = ["", "\0", "9" * 400, "-", "é", "٣", "[]", "x" * 100_000, "true", "1\n2"]
    async with Desk(database) as context:
        await context.read()
        for value in odd:
            form = dict.fromkeys(
                ("credits", "reason", "amount", "force", "banned", "seen", "way", "token"), value
            )
            for path in (
                "/people/77/grant",
                "/people/77/ban",
                "/people/77/lift",
                f"/purchases/{row.id}/refund",
                "/inbox/1/replay",
            ):
                for key in ("", value, "0" * 32):
                    assert await context.send(path, **form, key=key) < 500, (path, value)
            assert await context.send_raw("/sign-in", form) < 500
        for body, kind in (
            (b"\xff\xfe%%%=&", "application/x-www-form-urlencoded"),
            (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
            (b"x", "multipart/form-data"),
            (b"{}", "application/json"),
            (b"a=b&" * 150_000, "application/x-www-form-urlencoded"),
        ):
            for path in ("/sign-in", "/audit", "/people/77/grant"):
                answer = await context.browser.post(HOME + path, data=body, headers={"Content-Type": kind})
                assert 400 <= answer.status_code < 500, (path, kind)
