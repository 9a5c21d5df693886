"""Reversals: the ledger, the buyer's notices and the operators' alerts, in every order of events."""

from dataclasses import replace

import pytest

from bot_platform.domain import ledger, refunds
from bot_platform.domain.checkout import ProviderDown, Stage
from bot_platform.domain.errors import AccountFrozen, CannotRefund, NotEnough
from bot_platform.domain.inbox import EventState
from bot_platform.domain.purchases import PurchaseState
from bot_platform.domain.refunds import Refund, RefundState
from bot_platform.flows import freeze, provider_events, refund
from bot_platform.infra.database import Database
from tests.reliability.stateful.fake_provider import Mood, Reader, reversal
from tests.reliability.stateful.one_sale import ADMINS, BEGAN, Sale, broken, pressed, sold
from tests.reliability.stateful.payment_histories import LIVES, PARTLY


@pytest.mark.parametrize("before_payment", [False, True], ids=["after its payment", "before its payment"])
@pytest.mark.parametrize("backwards", [False, True], ids=["as it happened", "backwards"])
@pytest.mark.parametrize("life", LIVES)
async def test_credits_follow_the_latest_state_of_all_reversals(
    database: Database, life: str, *, backwards: bool, before_payment: bool
) -> None:
    events, expected = LIVES[life]
    sale = await (pressed if before_payment else sold)(database)
    for event in reversed(events) if backwards else events:
        assert (await sale.hears(*event)).state is EventState.HANDLED
        await sale.hears(*event)
    if before_payment:
        await sale.pay()
    assert await sale.stands() == expected
    assert not await broken(database)


async def test_the_credits_of_a_part_of_the_money_are_rounded_up(database: Database) -> None:
    sale = await sold(database, charged=300)
    await sale.hears("re_1", Stage.REFUNDED, 1)
    assert (await sale.purchase()).reversed == 34


async def test_spent_credits_become_a_debt_that_the_next_purchase_repays(database: Database) -> None:
    sale = await sold(database)
    await sale.spend(7_000)
    await sale.hears("re_1", Stage.REFUNDED, 500)
    assert await sale.stands() == (-7_000, PurchaseState.REVERSED, False)
    with pytest.raises(NotEnough):
        await sale.spend(1)
    last = (await sale.told())[-1]
    assert (last.text, last.text_values["balance"], last.text_values["debt"]) == (
        "credits-taken-back",
        -7_000,
        "yes",
    )
    await sold(database, number=2)
    assert (await ledger.find_account(sale.user.id)).available == 3_000
    assert not await broken(database)


async def test_a_frozen_buyer_can_spend_nothing_until_an_operator_unfreezes(database: Database) -> None:
    sale = await sold(database)
    await sale.hears("dp", Stage.INQUIRY, 500)
    with pytest.raises(AccountFrozen):
        await sale.spend(1)
    assert await freeze.unfreeze(database, sale.user)
    await sale.hears("dp", Stage.INQUIRY, 400, at=5)
    await sale.spend(1)
    assert await sale.stands() == (9_999, PurchaseState.PAID, False)
    assert (await sale.texts())[-2:] == ["spending-frozen", "spending-free"]
    await sale.hears("issfr", Stage.WARNED, at=6)
    assert (await sale.stands())[2], "another warning freezes again"
    assert not await broken(database)


async def test_another_currency_alerts_the_operator_and_changes_nothing(database: Database) -> None:
    sale, reader = await sold(database), Reader()
    foreign = replace(reversal(sale.id, "re_1", Stage.REFUNDED, 200, BEGAN), currency="eur")
    outcome = await provider_events.receive(sale.money, reader.event(foreign, "eur"))
    assert (outcome.state, outcome.alarm, outcome.changed) == (EventState.FAILED, True, False)
    assert await sale.stands() == (10_000, PurchaseState.PAID, False)
    assert [await sale.texts(admin) for admin in ADMINS] == [["operator-event"]] * 2


async def test_reversals_of_two_purchases_of_one_user_do_not_mix(database: Database) -> None:
    first, second = await sold(database), await sold(database, number=2)
    await second.hears("re_1", Stage.REFUNDED, 200)
    await first.hears("dp", Stage.INQUIRY, 500)
    assert await first.stands() == (16_000, PurchaseState.PAID, True)
    assert await second.stands() == (16_000, PARTLY, True)
    assert not await broken(database)


async def test_each_stage_of_a_dispute_alerts_the_operators_once(database: Database) -> None:
    sale = await sold(database)
    life = (Stage.INQUIRY, Stage.DISPUTED, Stage.LOST, Stage.APPEALED, Stage.WON)
    for at, stage in enumerate(life):
        for amount in (500, 400):
            await sale.hears("dp", stage, amount, at)
    await sale.hears("re_1", Stage.REFUNDED, 1)
    for admin in ADMINS:
        alerts = await sale.told(admin)
        assert [notice.text_values["stage"] for notice in alerts] == [stage.value for stage in life]
        assert {notice.text_values["purchase"] for notice in alerts} == {str(sale.id)}


async def test_each_change_notifies_the_buyer_and_updates_the_message_with_the_link(
    database: Database,
) -> None:
    sale = await sold(database)
    await sale.hears("re_1", Stage.REFUNDED, 200, 0)
    await sale.hears("dp", Stage.DISPUTED, 300, 1)
    link = (await sale.told())[0]
    assert (link.text, link.text_values["reversed"], link.text_values["credits"]) == (
        "checkout-reversed",
        10_000,
        10_000,
    )
    await sale.hears("dp", Stage.WON, 300, 2)
    await sale.hears("re_1", Stage.REFUND_UNDONE, 200, 3)
    link, receipt, *changes = await sale.told()
    assert (link.text, receipt.text) == ("checkout-paid", "payment-received")
    values = [(n.text, *(n.text_values[v] for v in ("why", "credits", "balance", "debt"))) for n in changes]
    assert values == [
        ("credits-taken-back", "refund", 4_000, 6_000, "no"),
        ("credits-taken-back", "dispute", 6_000, 0, "no"),
        ("credits-given-back", "dispute", 6_000, 6_000, "no"),
        ("credits-given-back", "refund", 4_000, 10_000, "no"),
    ]
    assert [(n.text_values["amount"], n.text_values["currency"]) for n in changes] == [(500, "usd")] * 4


async def request(sale: Sale, amount: int | None = 200, *, force: bool = False) -> Refund:
    return await refund.request(sale.money, sale.id, amount=amount, reason="asked", force=force)


@pytest.mark.parametrize("mood", [Mood.ANSWERS, Mood.ANSWERS_PENDING, Mood.TELLS_FIRST], ids=lambda m: m.name)
async def test_our_refund_holds_its_credits_until_it_is_answered(database: Database, mood: Mood) -> None:
    sale = await sold(database)
    sale.context.mood = mood
    sale.context.tell = lambda news: provider_events.receive(sale.money, Reader().event(news, "first"))
    requested = await request(sale)
    account = await ledger.find_account(sale.user.id)
    assert (account.balance, account.held) == (10_000, 4_000)
    assert not await broken(database)
    for _ in range(2):
        assert (await refund.carry_out(sale.money, requested)).state is RefundState.DONE
    account = await ledger.find_account(sale.user.id)
    assert (account.balance, account.held) == (6_000, 0)
    assert (await sale.texts()).count("credits-taken-back") == 1
    assert not await broken(database)


async def test_our_refund_without_an_answer_is_finished_by_its_event(database: Database) -> None:
    sale = await sold(database)
    sale.context.mood = Mood.IS_DOWN_AFTERWARDS
    requested = await request(sale)
    with pytest.raises(ProviderDown):
        await refund.carry_out(sale.money, requested)
    await provider_events.apply(sale.money, sale.context.made[requested.id])
    found = await refunds.find(requested.id)
    assert found
    assert (found.state, await sale.stands()) == (RefundState.DONE, (6_000, PARTLY, False))
    assert not await broken(database)


async def test_our_refund_that_is_refused_releases_its_credits_and_alerts_the_operators(
    database: Database,
) -> None:
    sale = await sold(database)
    sale.context.mood = Mood.REFUSES
    ended = await refund.carry_out(sale.money, await request(sale))
    assert (ended.state, ended.error) == (RefundState.FAILED, "the charge is disputed")
    assert await sale.stands() == (10_000, PurchaseState.PAID, False)
    assert [await sale.texts(admin) for admin in ADMINS] == [["operator-refund-refused"]] * 2
    assert not await broken(database)


async def test_our_refund_that_fails_later_returns_the_credits_and_alerts_the_operators_once(
    database: Database,
) -> None:
    sale = await sold(database)
    requested = await request(sale)
    await refund.carry_out(sale.money, requested)
    undone = replace(sale.context.made[requested.id], stage=Stage.REFUND_UNDONE, as_of=BEGAN + 9)
    for news in (undone, undone, sale.context.made[requested.id]):
        await provider_events.apply(sale.money, news)
    found = await refunds.find(requested.id)
    assert found
    assert (found.state, await sale.stands()) == (RefundState.FAILED, (10_000, PurchaseState.PAID, False))
    assert [await sale.texts(admin) for admin in ADMINS] == [["operator-refund-undone"]] * 2
    assert not await broken(database)


async def test_a_refund_is_limited_to_the_money_left_and_needs_force_for_spent_credits(
    database: Database,
) -> None:
    sale = await sold(database)
    await sale.hears("dp", Stage.DISPUTED, 100)
    await request(sale, 200)
    with pytest.raises(CannotRefund) as caught:
        await request(sale, 201)
    assert (caught.value.text, caught.value.values_for_text["left"]) == ("refund-too-much", 200)
    await sale.spend(3_000)
    with pytest.raises(CannotRefund, match="refund-spent"):
        await request(sale, None)
    await refund.carry_out(sale.money, await request(sale, None, force=True))
    account = await ledger.find_account(sale.user.id)
    assert (account.balance, account.held, account.available) == (1_000, 4_000, -3_000)
    assert not await broken(database)


async def test_a_refund_undone_before_its_payment_came_takes_nothing(database: Database) -> None:
    sale = await pressed(database)
    await sale.hears("re_1", Stage.REFUND_UNDONE, 200)
    await sale.pay()
    assert await sale.stands() == (10_000, PurchaseState.PAID, False)
    assert await sale.texts() == ["checkout-paid", "payment-received"]


async def test_a_payment_applied_again_returns_no_credits(database: Database) -> None:
    sale = await sold(database)
    await sale.hears("dp", Stage.DISPUTED, 300)
    await sale.pay()
    assert await sale.stands() == (4_000, PARTLY, False)


@pytest.mark.parametrize("stage", [Stage.INQUIRY, Stage.DISPUTED, Stage.WARNED])
async def test_a_reversal_that_came_before_its_payment_alerts_the_operators(
    database: Database, stage: Stage
) -> None:
    sale = await pressed(database)
    await sale.hears("dp", stage, 500)
    await sale.pay()
    assert await sale.texts(ADMINS[0]) == ["operator-dispute"]


async def test_another_currency_changes_nothing_when_it_came_before_its_payment(database: Database) -> None:
    sale = await pressed(database)
    await provider_events.apply(
        sale.money, replace(reversal(sale.id, "re_1", Stage.REFUNDED, 200, BEGAN), currency="eur")
    )
    await sale.pay()
    assert await sale.stands() == (10_000, PurchaseState.PAID, False)
