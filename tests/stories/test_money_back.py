"""Money that goes back, as its buyer and the operator read it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot_platform.domain import ledger, users
from bot_platform.flows.audit import audit_books
from bot_platform.infra.database import Database
from bot_platform.sandbox.telegram_state import Person
from tests.makers import BUYER, RunningService, eventually, link_of, running_service

OPERATOR = Person(id=5_000_000_009, first_name="Operator")


async def beside(database_url: str, do: Callable[[Database], Awaitable[object]]) -> None:
    """Do something in the database of a running house, on a connection of one's own."""

    async def work() -> None:
        database = Database(database_url)
        await database.open()
        try:
            await do(database)
        finally:
            await database.close()

    await asyncio.create_task(work())


async def spend(database_url: str, amount: int) -> None:
    """Spend credits (hundredths) of the buyer on paid work."""

    async def work(database: Database) -> None:
        user = await users.find(BUYER.id)
        assert user

        async def story() -> None:
            account = await ledger.lock(user.id)
            held = await ledger.hold(account, amount, f"work:{amount}")
            await ledger.capture(account, held, amount)

        await database.transact(story)

    await beside(database_url, work)


async def in_order(database_url: str) -> None:
    """See that the books balance."""

    async def look(database: Database) -> None:
        assert not await audit_books(database, (), lambda _: None)

    await beside(database_url, look)


async def buy(h: RunningService, package: str = "buy_100") -> str:
    """Buy a package and pay by card; gives the session."""
    before, receipts = set(h.stripe.sessions), len([t for t in h.texts() if t.startswith("Payment received")])
    shop = await h.say("/buy", "Choose a package:")
    await h.press(shop, package)

    def linked() -> list[dict[str, Any]]:
        sold = [m for m in h.telegram.messages(BUYER.id) if m["text"].startswith("Please complete")]
        return [m for m in sold if link_of(m).rpartition("/")[2] not in before]

    (message,) = await eventually(linked)
    session = link_of(message).rpartition("/")[2]
    await h.stripe.pay(session)
    await eventually(lambda: sum(t.startswith("Payment received") for t in h.texts()) > receipts)
    chat = h.telegram.chat(BUYER.id)
    await eventually(lambda: chat.messages[message["message_id"]]["text"].startswith("✅ Paid: "))
    return session


async def quiet(h: RunningService) -> None:
    """Wait until nothing more is said."""
    await eventually(lambda: h.stripe.is_settled)
    heard: list[list[str]] = []
    while heard != (heard := [h.texts(who) for who in (BUYER, OPERATOR)]):
        await h.clock.pass_time(3)


async def test_a_refund_in_the_dashboard_is_read_by_its_buyer(database_url: str) -> None:
    async with running_service(database_url) as h:
        await h.say("/start", "Welcome!")
        session = await buy(h)
        await h.stripe.refund(session, 200)
        await h.said(
            "payment of $5.00 was refunded: 40.00 credits were taken back. Balance: 60.00 credits. "
            "The money is on its way back to where it came from."
        )
        await h.said("↩️ Paid, then refunded or disputed: 40.00 of 100.00 credits were taken back.")
        await h.say("/history", "-40.00 refunded or disputed payment")
        await h.say("/paysupport", "paid, 40.00 credits taken back since")
        await h.stripe.refund(session)
        await h.said("60.00 credits were taken back. Balance: 0.00 credits.")
        await h.say("/balance", "Balance: 0.00 credits")
    await in_order(database_url)


async def test_a_refund_of_a_part_does_not_say_that_the_whole_payment_was_refunded(sqlite_url: str) -> None:
    async with running_service(sqlite_url) as h:
        await h.say("/start", "Welcome!")
        await h.stripe.refund(await buy(h), 200)
        told = await h.said("credits were taken back. Balance")
    assert "Your payment of $5.00 was refunded" not in told["text"]


async def test_a_refund_that_fails_later_gives_the_credits_back(database_url: str) -> None:
    async with running_service(database_url, admin_telegram_ids=str(OPERATOR.id)) as h:
        await h.say("/start", "Welcome!", OPERATOR)
        await h.say("/start", "Welcome!")
        refund = await h.stripe.refund(await buy(h))
        await h.said("100.00 credits were taken back")
        await h.stripe.finish_refund(refund["id"], "failed")
        await h.said(
            "The refund of your payment of $5.00 did not go through: 100.00 credits are yours again. "
            "Balance: 100.00 credits."
        )
        await h.said("✅ Paid: $5.00.")
    await in_order(database_url)


async def test_a_dispute_makes_a_debt_and_the_next_purchase_repays_it(database_url: str) -> None:
    async with running_service(database_url, admin_telegram_ids=str(OPERATOR.id)) as h:
        await h.say("/start", "Welcome!", OPERATOR)
        await h.say("/start", "Welcome!")
        session = await buy(h)
        await spend(database_url, 7_000)
        dispute = await h.stripe.dispute(session)
        told = await h.said("is disputed at your bank")
        assert told["text"].startswith("Your payment of $5.00 is disputed at your bank, so ")
        assert told["text"].endswith(
            "100.00 credits were taken back. Balance: -70.00 credits. The missing ones were spent already: "
            "your next purchase repays them first. Questions? See /paysupport."
        )
        await h.said("⚠️ Purchase 1 is disputed over $5.00.", OPERATOR)
        await h.say("/balance", "This is a debt from a refunded or disputed payment")
        await buy(h)
        await h.said("Payment received: 100.00 credits added. Balance: 30.00 credits.")
        await h.stripe.move_dispute(dispute["id"], "won")
        await h.said(
            "The dispute about your payment of $5.00 is settled: 100.00 credits are yours again. "
            "Balance: 130.00 credits."
        )
        await h.said("✅ The dispute about purchase 1 is won.", OPERATOR)
    await in_order(database_url)


async def test_an_inquiry_freezes_until_it_is_closed(database_url: str) -> None:
    async with running_service(database_url, admin_telegram_ids=str(OPERATOR.id)) as h:
        await h.say("/start", "Welcome!", OPERATOR)
        await h.say("/start", "Welcome!")
        inquiry = await h.stripe.dispute(await buy(h), inquiry=True)
        await h.said("Your bank has asked about one of your payments.")
        await h.said("⚠️ A bank asks about purchase 1 ($5.00). Nothing was taken yet", OPERATOR)
        asked = await h.say("/balance", "Nothing new can be started now")
        assert asked["text"].startswith("Balance: 100.00 credits\n")
        await h.stripe.move_dispute(inquiry["id"], "warning_closed")
        await h.said("The question about your payment is settled: you can use your credits again.")
        await quiet(h)
        h.telegram.say(BUYER, "/balance")
        await eventually(lambda: h.texts()[-1].startswith("Balance: 100.00 credits"))
        assert "Nothing new" not in h.texts()[-1]
    await in_order(database_url)


async def test_an_inquiry_that_becomes_a_dispute_is_not_told_as_settled(database_url: str) -> None:
    async with running_service(database_url) as h:
        await h.say("/start", "Welcome!")
        inquiry = await h.stripe.dispute(await buy(h), inquiry=True)
        await h.said("Your bank has asked about one of your payments.")
        await h.stripe.move_dispute(inquiry["id"], "needs_response")
        await h.said("is disputed at your bank")
        await quiet(h)
        assert not any("is settled: you can use your credits again" in text for text in h.texts())


async def test_a_warning_freezes_and_a_refund_by_the_operator_ends_it(database_url: str) -> None:
    async with running_service(database_url, admin_telegram_ids=str(OPERATOR.id)) as h:
        await h.say("/start", "Welcome!", OPERATOR)
        await h.say("/start", "Welcome!")
        session = await buy(h)
        await h.stripe.warn(session)
        warned = await h.said("⚠️ A bank warns of fraud about purchase 1 ($5.00).", OPERATOR)
        assert "/admin refund 1 fraud warning" in warned["text"]
        await h.said("Your bank has asked about one of your payments.")
        await h.stripe.refund(session)
        await h.said("100.00 credits were taken back")
        await h.said("you can use your credits again")
    await in_order(database_url)


async def test_a_buyer_s_worst_day(sqlite_url: str, request: pytest.FixtureRequest) -> None:
    async with running_service(sqlite_url, admin_telegram_ids=str(OPERATOR.id)) as h:
        await h.say("/start", "Welcome!", OPERATOR)
        await h.say("/start", "Welcome!")
        shop = await h.say("/buy", "Choose a package:")
        await h.press(shop, "buy_100")
        linked = await h.said("Please complete your purchase")
        await h.press(linked, "paid:1")
        await h.said("No payment has arrived yet.")
        await h.stripe.pay(link_of(linked).rpartition("/")[2], "bank_transfer_fails")
        await h.said("did not go through. Nothing was charged")
        first = await buy(h)
        await spend(sqlite_url, 6_000)
        inquiry = await h.stripe.dispute(first, inquiry=True)
        await h.said("Your bank has asked")
        await h.say("/balance", "Nothing new can be started now")
        await h.stripe.move_dispute(inquiry["id"], "needs_response")
        await h.said("is disputed at your bank")
        await quiet(h)
        await h.say("/balance", "This is a debt")
        second = await buy(h)
        await quiet(h)
        refund = await h.stripe.refund(second, 200)
        await h.said("was refunded")
        await h.stripe.finish_refund(refund["id"], "failed")
        await h.said("did not go through: 40.00 credits are yours again")
        await h.stripe.move_dispute(inquiry["id"], "lost")
        await quiet(h)
        await h.stripe.refund(second)
        await quiet(h)
        for command in ("/balance", "/history", "/paysupport"):
            h.telegram.say(BUYER, command)
        await quiet(h)
        if request.config.getoption("verbose") > 1:
            for who in (BUYER, OPERATOR):
                print(f"\n===== {who.first_name}")  # noqa: T201 -- asked for
                for message in h.telegram.messages(who.id):
                    name = "bot" if message["from"]["is_bot"] else who.first_name
                    print(f"[{name}] {message['text']}")  # noqa: T201 -- as above
                    for row in message.get("reply_markup", {}).get("inline_keyboard", []):
                        print("    " + " ".join(f"[ {button['text']} ]" for button in row))  # noqa: T201 -- as above
        assert any("disputed at your bank" in text for text in h.texts())
    await in_order(sqlite_url)
