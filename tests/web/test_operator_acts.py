"""The operator's actions in the pages: confirmed first, done once, and logged."""

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
from bot_platform.flows.grant import grant
from bot_platform.infra.database import Database
from bot_platform.providers.mock import MockPayments
from tests.makers import PRICES, balance, payments, person
from tests.web.operators import HOME, OperatorBrowser
from tests.web.test_operator_pages import event, sale


class Bank(MockPayments):
    """A provider with a prepared answer."""

    name = "stripe"

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer

    async def look(self, _: str) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def acts() -> list[tuple[str, str, str]]:
    """List the logged actions, without sign-ins and sign-outs."""
    rows = await Action.all().order_by("id")
    return [(act.by, act.what, act.subject) for act in rows if act.what not in {"enter", "leave"}]


async def bought(database: Database, user: User) -> Purchase:
    """Sell a package by the mock, with a payment that can be refunded."""
    await buy(payments(database), user, PRICES.get("buy_100"), "press:1")
    await Purchase.all().update(payment_ref="pi_1")
    return await Purchase.get()


async def test_credits_are_granted_once_after_a_confirmation_however_often_it_is_sent(
    database: Database,
) -> None:
    user = await person(database, 77)
    async with OperatorBrowser(database) as operator:
        await operator.read("/people/77/grant")
        sure = await operator.confirm("/people/77/grant", credits="12.50", reason=" An  outage. ")
        assert "Available then 12.50" in operator.seen
        assert await balance(user) == 0
        assert await acts() == []
        results = await asyncio.gather(*(operator.send("/people/77/grant", **sure) for _ in range(4)))
        assert results == [303] * 4
        assert operator.headers["Location"] == f"{HOME}/people/77?done=granted"
        assert await balance(user) == 1250
        assert (await Entry.get()).note == "An outage."
        assert await acts() == [("pages", "grant", user.subject)]
        await operator.read("/people/77", done="granted")
        assert "the person has been told" in operator.seen
        again = await operator.confirm("/people/77/grant", credits="-2.50", reason="Too much.")
        assert "Take 2.50 credits?" in operator.seen
        assert again["key"] != sure["key"]
        await operator.send("/people/77/grant", **again)
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
    async with OperatorBrowser(sqlite_database) as operator:
        await operator.read("/people/77/grant")
        for extra in ({}, {"key": "0" * 32}):
            assert await operator.send("/people/77/grant", **form, **extra) == 422
            assert says in operator.seen
            assert 'aria-invalid="true"' in operator.page
        assert not await Entry.all().count()


async def test_more_credits_than_are_available_are_not_taken(database: Database) -> None:
    user = await person(database, 77, credits_=100)
    async with OperatorBrowser(database) as operator:
        await operator.read("/people/77/grant")
        sure = await operator.confirm("/people/77/grant", credits="-5", reason="Sun.")
        assert "More than is available is refused." in operator.seen
        assert await operator.send("/people/77/grant", **sure) == 409
        assert "5.00 credits cannot be taken: 1.00 are available." in operator.seen
        assert await balance(user) == 100
        assert await acts() == []


async def test_the_key_of_another_form_grants_nothing_twice(sqlite_database: Database) -> None:
    await person(sqlite_database, 77)
    await person(sqlite_database, 78)
    async with OperatorBrowser(sqlite_database) as operator:
        await operator.read("/people/77/grant")
        sure = await operator.confirm("/people/77/grant", credits="5", reason="Rain.")
        await operator.send("/people/77/grant", **sure)
        await operator.read("/people/78")
        assert await operator.send("/people/78/grant", **(sure | {"csrf": ""})) == 403
        await operator.read("/people/78/grant")
        del sure["csrf"]
        assert await operator.send("/people/78/grant", **sure) == 409
        assert "This form was used before" in operator.seen
        assert await Entry.all().count() == 1


async def test_characters_that_a_database_cannot_store_are_removed(database: Database) -> None:
    await person(database, 77)
    async with OperatorBrowser(database) as operator:
        await operator.read("/people/77/grant")
        sure = await operator.confirm("/people/77/grant", credits="5", reason="a\0b\u202ec" + "x" * 5000)
        assert await operator.send("/people/77/grant", **sure) == 303
        assert (await Entry.get()).note.startswith("a b c")


async def test_a_user_is_banned_once_and_unbanned(database: Database) -> None:
    user = await person(database, 77)
    async with OperatorBrowser(database) as operator:
        await operator.read("/people/77/ban")
        assert await operator.send("/people/77/ban") == 422
        sure = await operator.confirm("/people/77/ban", reason="Chargebacks.")
        assert "They can buy and order nothing new." in operator.seen
        for _ in range(2):
            assert await operator.send("/people/77/ban", **sure) == 303
        assert (await ledger.find_account(user.id)).banned
        assert await acts() == [("pages", "ban", user.subject)]
        await operator.read("/people/77")
        assert "Let back…" in operator.seen
        back = await operator.confirm("/people/77/ban", reason="A mistake.")
        await operator.send("/people/77/ban", **back)
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
    async with OperatorBrowser(database) as operator:
        assert "Lift the freeze" in await operator.read("/people/77")
        await operator.send("/people/77/lift")
        assert operator.headers["Location"].endswith("done=lifted")
        assert not (await ledger.find_account(user.id)).frozen
        await operator.send("/people/77/lift")
        assert operator.headers["Location"].endswith("done=not-frozen")
        assert await acts() == [("pages", "lift", user.subject)]


async def test_a_refund_is_requested_once_and_waits_for_the_worker(database: Database) -> None:
    user = await person(database, 77)
    row = await bought(database, user)
    async with OperatorBrowser(database) as operator:
        await operator.read(f"/purchases/{row.id}/refund")
        sure = await operator.confirm(f"/purchases/{row.id}/refund", amount="2.50", reason="Asked for it.")
        assert "Return $2.50?" in operator.seen
        assert "Takes back 50.00 credits" in operator.seen
        results = await asyncio.gather(
            *(operator.send(f"/purchases/{row.id}/refund", **sure) for _ in range(4))
        )
        assert results == [303] * 4
        refund = await Refund.get()
        assert (refund.amount, refund.reason, refund.lease_until) == (250, "Asked for it.", 0)
        assert (await ledger.find_account(user.id)).held == 5_000
        assert await acts() == [("pages", "refund", row.subject)]
        await operator.read(f"/purchases/{row.id}")
        assert "asked" in operator.seen
        assert "$2.50" in operator.seen
        for amount in ("2.51", "5"):
            assert await operator.send(f"/purchases/{row.id}/refund", amount=amount, reason="More.") == 409
            assert "$2.50 is left to return" in operator.seen
        for amount in ("2.505", "0x1", "-1", "two"):
            assert await operator.send(f"/purchases/{row.id}/refund", amount=amount, reason="x") == 422
        rest = await operator.confirm(f"/purchases/{row.id}/refund", amount="", reason="All.")
        await operator.send(f"/purchases/{row.id}/refund", **rest)
        assert await Refund.all().count() == 2
        await operator.read("/acts")
        assert "$2.50" in operator.seen


async def test_the_form_of_a_refund_shows_what_was_returned_before(sqlite_database: Database) -> None:
    user = await person(sqlite_database, 77)
    whole = await bought(sqlite_database, user)
    async with OperatorBrowser(sqlite_database) as operator:
        await operator.read(f"/purchases/{whole.id}/refund")
        assert "$5.00 charged." in operator.seen
        await purchases.Purchase.filter(id=whole.id).update(reversed=5_000)
        await operator.read(f"/purchases/{whole.id}/refund")
        assert "$5.00 charged; 50.00 credits were taken back already." in operator.seen


async def test_spent_credits_are_a_reason_unless_the_box_is_ticked(database: Database) -> None:
    user = await person(database, 77)
    row = await bought(database, user)
    await Account.filter(user_id=user.id).update(held=9_000)
    async with OperatorBrowser(database) as operator:
        await operator.read(f"/purchases/{row.id}/refund")
        assert await operator.send(f"/purchases/{row.id}/refund", reason="x") == 409
        assert "takes back 100.00 and 10.00 are there. Go back and tick the box" in operator.seen
        await operator.read(f"/purchases/{row.id}/refund")
        await operator.confirm(f"/purchases/{row.id}/refund", reason="x", force="yes")
        assert "Becomes a debt 90.00 credits" in operator.seen


async def test_a_debt_that_grew_since_the_page_showed_it_is_not_agreed_to(sqlite_database: Database) -> None:
    user = await person(sqlite_database, 77)
    row = await bought(sqlite_database, user)
    await grant(sqlite_database, user, -1_000, "spent", "1")
    form = {"reason": "x", "force": "yes"}
    async with OperatorBrowser(sqlite_database) as operator:
        await operator.read(f"/purchases/{row.id}/refund")
        sure = await operator.confirm(f"/purchases/{row.id}/refund", **form)
        assert sure["debt"] == "1000"
        await grant(sqlite_database, user, -500, "spent", "2")
        assert await operator.send(f"/purchases/{row.id}/refund", **sure) == 409
        assert "15.00 credits would become a debt now" in operator.seen
        again = await operator.confirm(f"/purchases/{row.id}/refund", **form)
        for odd in ("", "x", "9" * 400, "\u0661", "1499"):
            assert await operator.send(f"/purchases/{row.id}/refund", **again | {"debt": odd}) == 409
        assert await Refund.all().count() == 0
        assert await operator.send(f"/purchases/{row.id}/refund", **again) == 303
        assert await Refund.all().count() == 1


async def test_an_unpaid_or_mock_purchase_is_not_refunded(sqlite_database: Database) -> None:
    user = await person(sqlite_database, 77)
    unpaid = await sale(user, 1, purchases.PurchaseState.OPEN, charged=None, paid_at=None)
    mocked = await sale(user, 2, payment_ref=None)
    async with OperatorBrowser(sqlite_database) as operator:
        assert "Refund…" not in await operator.read(f"/purchases/{unpaid.id}")
        for row in (unpaid, mocked):
            await operator.read(f"/purchases/{row.id}/refund")
            assert await operator.send(f"/purchases/{row.id}/refund", reason="x") == 409
        assert "The mock moves no money" in operator.seen


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
    async with OperatorBrowser(database, payments(database, bank)) as operator:
        await operator.read(f"/purchases/{row.id}")
        await operator.send(f"/purchases/{row.id}/check")
        assert operator.headers["Location"].endswith("done=checked-same")
        bank.answer = ProviderDown()
        await operator.send(f"/purchases/{row.id}/check")
        assert operator.headers["Location"].endswith("done=provider-down")
        paid = CheckoutRef("stripe", "cs_1", "pi_1", row.id, user.id)
        bank.answer = PaymentConfirmed(paid, 500, 500, "usd")
        for _ in range(2):
            await operator.send(f"/purchases/{row.id}/check")
        assert await balance(user) == 10_000
        assert await acts() == [("pages", "check", row.subject)] * 3
        other = await sale(user, 2, provider="gone", provider_ref="x")
        await operator.send(f"/purchases/{other.id}/check")
        assert operator.headers["Location"].endswith("done=nobody-to-ask")


async def test_an_event_is_handled_once_more_and_not_twice(database: Database) -> None:
    row = await event(1, inbox.EventState.FAILED, error="broken", attempts=12)
    async with OperatorBrowser(database) as operator:
        await operator.read(f"/inbox/{row.id}")
        seen = re.search(r'name="seen" value="([^"]+)"', operator.page)
        assert seen
        await asyncio.gather(*(operator.send(f"/inbox/{row.id}/replay", seen=seen[1]) for _ in range(4)))
        again = await Event.get()
        assert (again.state, again.attempts, again.error, again.handled_at) == (
            inbox.EventState.RECEIVED,
            0,
            None,
            None,
        )
        assert await acts() == [("pages", "replay", f"event:{row.id}")]
        await operator.read(f"/inbox/{row.id}")
        assert "It waits to be handled" in operator.seen
        await inbox.finish(again, inbox.EventState.HANDLED)
        await operator.send(f"/inbox/{row.id}/replay", seen=seen[1])
        assert operator.headers["Location"].endswith("done=moved-on")
        assert (await Event.get()).state is inbox.EventState.HANDLED


async def test_an_odd_form_gets_a_page_and_never_a_5xx(database: Database) -> None:
    user = await person(database, 77)
    row = await sale(user)
    await event(1)
    odd = ["", "\0", "9" * 400, "-", "é", "٣", "[]", "x" * 100_000, "true", "1\n2"]
    async with OperatorBrowser(database) as operator:
        await operator.read()
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
                    assert await operator.send(path, **form, key=key) < 500, (path, value)
            assert await operator.send_raw("/sign-in", form) < 500
        for body, kind in (
            (b"\xff\xfe%%%=&", "application/x-www-form-urlencoded"),
            (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
            (b"x", "multipart/form-data"),
            (b"{}", "application/json"),
            (b"a=b&" * 150_000, "application/x-www-form-urlencoded"),
        ):
            for path in ("/sign-in", "/audit", "/people/77/grant"):
                answer = await operator.browser.post(HOME + path, data=body, headers={"Content-Type": kind})
                assert 400 <= answer.status_code < 500, (path, kind)
