"""Payments whose webhook never came, through the built application."""

import asyncio
from typing import Any

import pytest

from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.sandbox.telegram_state import Person
from tests.makers import BUYER, RunningService, eventually, link_of, running_service
from tests.sandbox.stripe_world import KEY, world
from tests.web.selling import house_and_world

OTHER = Person(id=5_000_000_002, first_name="Other")
LINK = "Please complete your purchase"
RECEIPT = "Payment received: 100.00 credits added. Balance: 100.00 credits."
NOT_YET = "No payment has arrived yet."


async def linked(h: RunningService, who: Person = BUYER) -> tuple[dict[str, Any], str]:
    """Press a package; gives the message with its link, and the session."""
    packages = await h.say("/start", "Welcome!", who)
    await h.press(packages, "buy_100", who)
    message = await h.said(LINK, who)
    return message, link_of(message).rpartition("/")[2]


def count(h: RunningService, part: str, who: Person = BUYER) -> int:
    return sum(part in text for text in h.texts(who))


async def test_i_have_paid_before_paying_says_that_nothing_has_come(database_url: str) -> None:
    async with running_service(database_url) as h:
        message, _ = await linked(h)
        assert [row[0]["text"] for row in message["reply_markup"]["inline_keyboard"]] == [
            "➡️ Proceed to Payment",
            "I have paid",
        ]
        await h.press(message, "paid:1")
        await h.said(NOT_YET)


async def test_i_have_paid_finds_the_payment_whose_webhook_was_lost_and_says_so_once(
    database_url: str,
) -> None:
    async with running_service(database_url) as h:
        h.stripe.fault_switches.lost = True
        message, session = await linked(h)
        await h.stripe.pay(session)
        for _ in range(3):
            await h.press(message, "paid:1")
        await h.said(RECEIPT)
        await h.said("✅ Paid: ")
        await h.clock.pass_time(2)
        assert count(h, "Payment received") == 1
        assert count(h, NOT_YET) == 0
        h.telegram.press(BUYER, message["message_id"], "paid:1", stale=True)
        await h.said("This purchase is paid and your credits were added.")
        await h.say("/balance", "Balance: 100.00 credits")


async def test_a_webhook_that_comes_after_i_have_paid_adds_nothing(database_url: str) -> None:
    async with running_service(database_url) as h:
        h.stripe.fault_switches.late = 1.0
        message, session = await linked(h)
        await h.stripe.pay(session)
        await h.press(message, "paid:1")
        await h.said(RECEIPT)
        await eventually(lambda: h.stripe.is_settled)
        await h.say("/balance", "Balance: 100.00 credits")
        assert count(h, "Payment received") == 1


async def test_the_purchase_of_somebody_else_is_none_of_yours(database_url: str) -> None:
    async with running_service(database_url) as h:
        h.stripe.fault_switches.lost = True
        _, session = await linked(h)
        theirs, _ = await linked(h, OTHER)
        await h.stripe.pay(session)
        h.telegram.press(OTHER, theirs["message_id"], "paid:1", stale=True)
        await h.said("There is no such purchase of yours. See /paysupport for the last ones.", OTHER)
        assert count(h, "Payment received") == count(h, "Payment received", OTHER) == 0


@pytest.mark.parametrize(
    "data",
    ["paid:", "paid:0", "paid:-1", "paid:x", "paid:1e1", "paid:²", "paid:" + "9" * 59, "paid: 1", "paid:404"],
)
async def test_rubbish_on_the_button_is_no_purchase_of_yours(database_url: str, data: str) -> None:
    async with running_service(database_url) as h:
        message, _ = await linked(h)
        h.telegram.press(BUYER, message["message_id"], data, stale=True)
        await h.said("There is no such purchase of yours.")


async def test_i_have_paid_while_stripe_is_down_says_so_and_later_finds_it(database_url: str) -> None:
    async with running_service(database_url) as h:
        h.stripe.fault_switches.lost = True
        message, session = await linked(h)
        await h.stripe.pay(session)
        h.stripe.fault_switches.down = True
        await h.press(message, "paid:1")
        await h.said("The payment could not be looked up at this moment.")
        h.stripe.fault_switches.down = False
        await h.press(message, "paid:1")
        await h.said(RECEIPT)


async def test_i_have_paid_on_an_expired_link_offers_to_buy_again(database_url: str) -> None:
    async with running_service(database_url) as h:
        h.stripe.fault_switches.lost = True
        message, session = await linked(h)
        await h.stripe.expire(session)
        await h.press(message, "paid:1")
        told = await h.said("This payment link has expired, and nothing was charged on it.")
        await h.press(told, "buy_100")

        def another() -> list[dict[str, Any]]:
            links = [m for m in h.telegram.messages(BUYER.id) if m["text"].startswith(LINK)]
            return [m for m in links if session not in link_of(m)]

        assert await eventually(another)


async def test_i_have_paid_with_a_transfer_on_its_way_says_so(database_url: str) -> None:
    async with running_service(database_url) as h:
        h.stripe.fault_switches.lost = True
        message, session = await linked(h)
        h.stripe.faults.clear()
        await h.stripe.pay(session, "bank_transfer")
        await h.press(message, "paid:1")
        await eventually(lambda: count(h, "Your payment is on its way") + count(h, "Payment received"))


async def test_i_have_paid_with_a_transfer_on_its_way_says_so_once(sqlite_url: str) -> None:
    async with (
        world(bank_transfer_delay=60) as w,
        running_service(sqlite_url, stripe_api_base=w.url, stripe_secret_key=KEY) as h,
    ):
        message, session = await linked(h)
        await w.local.pay(session, "bank_transfer")
        await h.press(message, "paid:1")
        await h.said("Your payment is on its way")
        await h.clock.pass_time(3)
        written = [m for m in h.telegram.messages(BUYER.id) if "edit_date" not in m]
        assert sum("payment is on its way" in m["text"] for m in written) == 1


async def test_what_was_paid_while_the_service_was_down_is_found_at_the_start(database_url: str) -> None:
    async with world() as w:
        changed: dict[str, Any] = {"stripe_api_base": w.url, "stripe_secret_key": KEY}
        async with running_service(database_url, **changed) as h:
            _, session = await linked(h)
        await w.local.pay(session)
        async with running_service(database_url, **changed) as h:
            h.telegram.open_chat(BUYER)
            await h.said(RECEIPT)
            await h.say("/balance", "Balance: 100.00 credits")


async def test_what_no_webhook_told_is_found_by_the_round(database_url: str) -> None:
    async with house_and_world(database_url) as (h, w):
        _, session = await linked(h)
        await h.rest()  # the look at the start is over
        await w.local.pay(session)
        assert count(h, "Payment received") == 0

        async def due() -> None:
            database = Database(database_url)
            await database.open()
            await query("UPDATE schedule SET next_at = 0")
            await database.close()

        await asyncio.create_task(due())
        await h.said(RECEIPT)
        await w.local.dispute(session)
        await asyncio.create_task(due())
        await h.said("is disputed at your bank")
