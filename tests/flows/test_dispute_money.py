"""What a dispute takes is what moved: played on the local Stripe, and by events in shapes of others."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot_platform.domain.inbox import EventState
from bot_platform.domain.outbox import Notice
from bot_platform.domain.purchases import Purchase
from bot_platform.domain.reversals import Reversal
from bot_platform.flows import provider_events
from bot_platform.infra.database import Database
from bot_platform.telegram.texts import Texts
from tests.flows.test_reconcile import ADMIN, Shop, stripe_at
from tests.makers import balance, payments, person, session_event
from tests.sandbox.stripe_world import world

FULL, NONE = 0, 10_000  # credits that are left after all or nothing of 5.00 was lost


@pytest.fixture
async def shop(database: Database) -> AsyncIterator[Shop]:
    async with world() as w:
        w.local.fault_switches.lost = True
        provider = stripe_at(w)
        yield Shop(payments(database, provider, operators=(ADMIN,)), w, await person(database))
        await provider.close()


def moved(*amounts: int, currency: str = "usd", **more: Any) -> list[dict[str, Any]]:
    """Make balance transactions; each withdrawal has its fee beside it."""
    return [
        {
            "id": f"txn_{n}",
            "amount": amount,
            "currency": currency,
            "fee": 1500 if amount < 0 else 0,
            "net": amount - (1500 if amount < 0 else 0),
            "reporting_category": "dispute" if amount < 0 else "dispute_reversal",
            "type": "adjustment",
            **more,
        }
        for n, amount in enumerate(amounts)
    ]


FEE = [
    {"id": "txn_fee", "amount": -1500, "currency": "usd", "reporting_category": "fee", "type": "stripe_fee"}
]


async def told(
    shop: Shop,
    purchase: Purchase,
    status: object,
    lines: object,
    *,
    at: int = 0,
    amount: int = 500,
    n: int = 1,
    created: int | None = None,
) -> None:
    """Receive an event about a dispute of a purchase."""
    event = session_event(
        "charge.dispute.updated",
        id_=f"evt_{status}_{at}_{n}",
        id=f"du_{n}",
        object="dispute",
        amount=amount,
        status=status,
        payment_intent=purchase.payment_ref,
        balance_transactions=lines,
        created=created,
    )
    event["created"] += at
    outcome = await provider_events.receive(shop.payments, shop.payments.events.again(event))
    assert outcome.state is EventState.HANDLED


@pytest.mark.parametrize(
    ("status", "lines", "left"),
    [
        ("needs_response", moved(-500), FULL),
        ("needs_response", [], FULL),
        ("needs_response", None, FULL),
        ("needs_response", "txn_1", FULL),
        ("under_review", moved(-500, 500), NONE),
        ("won", moved(-500, 500), NONE),
        ("won", moved(-500), FULL),
        ("won", moved(-500, 300), 6_000),
        ("won", [], NONE),
        ("lost", moved(-500), FULL),
        ("lost", moved(-500, 500), NONE),
        ("lost", moved(-500, 500, -500), FULL),
        ("lost", moved(-300), 4_000),
        ("lost", [], FULL),
        ("lost", [*moved(-500), *FEE], FULL),
        ("won", [*moved(-500, 500), *FEE], NONE),
        ("prevented", [], NONE),
        ("prevented", None, NONE),
        ("prevented", moved(-500), FULL),
        ("prevented", moved(-500, 500), NONE),
        ("prevented", moved(-460, currency="eur"), FULL),
        ("prevented", moved(-460, 455, currency="eur"), NONE),
        ("won", moved(-460, 455, currency="eur"), NONE),
        ("won", moved(-460, currency="eur"), FULL),
        ("lost", moved(-460, currency="eur"), FULL),
        ("lost", moved(-460, 455, currency="eur"), NONE),
        ("lost", moved(455, -460, currency="eur"), NONE),
        ("lost", moved(-460, 455, -470, currency="eur"), FULL),
        ("lost", moved(-230, -230, currency="eur"), FULL),
        ("needs_response", moved(-460, 230, currency="eur"), 5_000),
        ("prevented", moved(455, -460, currency="eur"), NONE),
        ("lost", moved(460, currency="eur"), NONE),
        ("lost", [*moved(-500), *moved(500, reporting_category="refund_failure")], NONE),
        ("prevented", moved(-500, reporting_category="refund"), FULL),
        ("warning_needs_response", [], NONE),
        ("warning_under_review", moved(-500), NONE),
        ("warning_closed", [], NONE),
        ("lost", [None, 5, {"amount": "500"}], FULL),
    ],
)
async def test_what_moved_is_lost_and_the_status_decides_only_without_it(
    shop: Shop, status: str, lines: object, left: int
) -> None:
    purchase = await shop.sold()
    await told(shop, purchase, status, lines)
    assert await balance(shop.user) == left
    assert await shop.balanced()


@pytest.mark.parametrize("backwards", [False, True], ids=["as it happened", "backwards"])
async def test_of_two_states_in_one_second_the_one_with_more_movements_counts(
    shop: Shop, *, backwards: bool
) -> None:
    purchase = await shop.sold()
    states = [moved(-500), moved(-500, 500)]
    for n, lines in enumerate(reversed(states) if backwards else states):
        event = session_event(
            "charge.dispute.funds_reinstated",
            id_=f"evt_{n}",
            id="du_1",
            object="dispute",
            amount=500,
            status="won",
            payment_intent=purchase.payment_ref,
            balance_transactions=lines,
        )
        event["created"] = 1_700_000_000
        await provider_events.receive(shop.payments, shop.payments.events.again(event))
    assert await balance(shop.user) == NONE


@pytest.mark.parametrize("refund_first", [False, True])
@pytest.mark.parametrize("part", [200, 500])
async def test_a_dispute_prevented_by_a_refund_takes_its_money_once(
    shop: Shop, part: int, *, refund_first: bool
) -> None:
    purchase = await shop.sold()
    if refund_first:
        await shop.world.local.refund(purchase.payment_ref or "", part)
        await shop.look()
    await told(shop, purchase, "prevented", moved(-part), amount=part)
    if not refund_first:
        await shop.world.local.refund(purchase.payment_ref or "", part)
        await shop.look()
    assert await balance(shop.user) == NONE - 20 * part
    assert await shop.balanced()


async def test_a_refund_of_another_sum_is_added_to_a_prevented_dispute(shop: Shop) -> None:
    purchase = await shop.sold()
    await shop.world.local.refund(purchase.payment_ref or "", 100)
    await shop.look()
    await told(shop, purchase, "prevented", moved(-400), amount=400)
    assert await balance(shop.user) == FULL


@pytest.mark.parametrize(
    ("days_before", "left"), [(0, 7_000), (60, 4_000)], ids=["that prevented it", "of another day"]
)
async def test_a_prevented_dispute_is_one_sum_with_its_own_refund_only(
    shop: Shop, days_before: int, left: int
) -> None:
    purchase = await shop.sold()
    refund = await shop.world.local.refund(purchase.payment_ref or "", 150)
    await shop.look()
    await Reversal.filter(key=f"stripe:{refund['id']}").update(
        made_at=refund["created"] - days_before * 24 * 3600
    )
    await told(shop, purchase, "prevented", moved(-150), amount=150, created=refund["created"])
    assert await balance(shop.user) == left
    assert await shop.balanced()


@pytest.mark.parametrize(
    ("status", "lines", "says"),
    [
        ("needs_response", [], "Its money is gone, and its credits were taken back."),
        ("needs_response", moved(-500, 500), "None of its money is gone, and the credits are the buyer's."),
        ("won", moved(-500), "won. Its money is gone, and its credits were taken back. When Stripe returns"),
        ("won", moved(-500, 500), "✅ The dispute about purchase 1 is won. None of its money is gone"),
        ("lost", moved(-500, 500), "lost. None of its money is gone, and the credits are the buyer's."),
        ("lost", moved(-500, 300), "lost. $2.00 of its money is gone, and as much of its credits was taken"),
        ("prevented", [], "None of its money is gone"),
        ("prevented", moved(-500), "Its money is gone, and its credits were taken back."),
    ],
)
async def test_operators_read_what_a_dispute_has_moved(
    shop: Shop, status: str, lines: object, says: str
) -> None:
    await told(shop, await shop.sold(), status, lines)
    assert says in one_line(await Notice.get(chat_id=ADMIN, text="operator-dispute"))


async def test_operators_read_of_each_change_of_what_a_won_dispute_took(shop: Shop) -> None:
    purchase = await shop.sold()
    for at, lines in enumerate([moved(-500), moved(-500), moved(-500, 500), moved(-500, 500)]):
        await told(shop, purchase, "won", lines, at=at)
    told_of = Notice.filter(chat_id=ADMIN, text="operator-dispute").order_by("id")
    assert [notice.text_values["taken"] for notice in await told_of] == [500, 0]


def one_line(notice: Notice) -> str:
    """Write a notice as its reader sees it, without line breaks."""
    return " ".join(Texts().say(notice.text, **notice.text_values).split())


@pytest.mark.parametrize(
    ("status", "left", "frozen"),
    [
        ("waiting_for_godot", FULL, False),
        ("warning_escalated", NONE, True),
        ("appeal_accepted", FULL, False),
        (None, FULL, False),
    ],
)
async def test_an_unknown_status_counts_as_open_and_reaches_the_operator_once(
    shop: Shop, status: str | None, left: int, *, frozen: bool
) -> None:
    purchase = await shop.sold()
    for at in range(2):
        await told(shop, purchase, status, [], at=at)
    assert await balance(shop.user) == left
    notices = await Notice.filter(chat_id=ADMIN, text="operator-unknown-status")
    assert [notice.text_values["status"] for notice in notices] == [str(status)]
    assert bool(await Notice.filter(text="spending-frozen").count()) is frozen


async def test_an_unknown_status_of_a_refund_counts_as_pending_and_reaches_the_operator(shop: Shop) -> None:
    purchase = await shop.sold()
    event = session_event(
        "refund.updated",
        id="re_1",
        object="refund",
        amount=100,
        payment_intent=purchase.payment_ref,
        status="odd",
    )
    await provider_events.receive(shop.payments, shop.payments.events.again(event))
    assert await balance(shop.user) == 8_000
    assert await Notice.filter(chat_id=ADMIN, text="operator-unknown-status").count() == 1


async def test_the_local_stripe_plays_a_dispute_with_its_movements(shop: Shop) -> None:
    purchase, local = await shop.sold(), shop.world.local
    dispute = await local.dispute(purchase.payment_ref or "", 300)
    await shop.look()
    assert await balance(shop.user) == 4_000
    row = await Reversal.get(key=f"stripe:{dispute['id']}")
    assert (row.amount, row.moved, row.moves, row.made_at) == (300, 300, 1, dispute["created"])
    await local.move_dispute(dispute["id"], "lost")
    await shop.look()
    assert await balance(shop.user) == 4_000
    await local.move_dispute(dispute["id"], "appeal_needs_response")
    await local.move_dispute(dispute["id"], "won")
    await shop.look()
    assert await balance(shop.user) == NONE
    row = await Reversal.get(key=f"stripe:{dispute['id']}")
    assert (row.moved, row.moves) == (0, 2)
    assert await shop.balanced()


async def test_the_local_stripe_plays_a_blocked_dispute(shop: Shop) -> None:
    purchase, local = await shop.sold(), shop.world.local
    inquiry = await local.dispute(purchase.payment_ref or "", inquiry=True)
    await shop.look()
    await local.move_dispute(inquiry["id"], "prevented")
    await shop.look()
    assert await balance(shop.user) == NONE
    assert await Notice.filter(text="spending-free").count() == 1
    assert await shop.balanced()


async def test_the_local_stripe_plays_a_dispute_that_a_refund_prevented(shop: Shop) -> None:
    purchase, local = await shop.sold(), shop.world.local
    dispute = await local.dispute(purchase.payment_ref or "", 300)
    await local.move_dispute(dispute["id"], "prevented", money_stays_away=True)
    await shop.look()
    assert await balance(shop.user) == 4_000
    assert await shop.balanced()


# --- What other shops' reports describe


async def test_funds_that_were_reinstated_are_given_back_although_the_dispute_says_lost(shop: Shop) -> None:
    # juspay/hyperswitch#11687: `funds_reinstated` was taken for a won dispute, and the status for the money.
    purchase = await shop.sold()
    await told(shop, purchase, "needs_response", moved(-500))
    await told(shop, purchase, "lost", moved(-500, 500), at=5)
    assert await balance(shop.user) == NONE
    await told(shop, purchase, "lost", moved(-500, 500, -500), at=9)
    assert await balance(shop.user) == FULL


async def test_a_refund_after_a_won_dispute_takes_its_credits(shop: Shop) -> None:
    # elizaOS/eliza#11155: what the dispute had taken hid the later refund.
    purchase = await shop.sold()
    dispute = await shop.world.local.dispute(purchase.payment_ref or "")
    await shop.look()
    await shop.world.local.move_dispute(dispute["id"], "won")
    await shop.look()
    assert await balance(shop.user) == NONE
    await shop.world.local.refund(purchase.payment_ref or "", 250)
    await shop.look()
    assert await balance(shop.user) == 5_000
    assert await shop.balanced()


async def test_a_won_dispute_returns_all_its_credits_in_credits_not_in_money(shop: Shop) -> None:
    # elizaOS/eliza#31449: 500 credits for $10; the won dispute returned 10 of them.
    purchase = await shop.sold()
    for n, (lines, left) in enumerate([(moved(-500), FULL), (moved(-500, 500), NONE)]):
        await told(shop, purchase, "needs_response" if n == 0 else "won", lines, at=n)
        assert await balance(shop.user) == left


async def test_a_won_dispute_whose_money_has_not_come_back_gives_nothing_until_it_does(shop: Shop) -> None:
    # antiwork/gumroad#6852: such a dispute must not be paid out of the shop's own pocket.
    purchase = await shop.sold()
    await told(shop, purchase, "won", moved(-500))
    assert await balance(shop.user) == FULL
    await told(shop, purchase, "won", moved(-500, 500), at=60)
    assert await balance(shop.user) == NONE
