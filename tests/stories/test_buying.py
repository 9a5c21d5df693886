"""What a press of a package comes to, on good days and bad ones."""

import asyncio
from typing import Any

import pytest

from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.sandbox.telegram_state import Person
from tests.makers import BUYER, RunningService, eventually, link_of, running_service

LINK = "Please complete your purchase using the link below:"
SORRY = "Sorry, we could not create a payment link at this time."


def links(h: RunningService) -> list[str]:
    """List the payment links that stand in the buyer's chat."""
    return [link_of(m) for m in h.telegram.messages(BUYER.id) if m["text"] == LINK]


def opened(h: RunningService) -> list[Any]:
    """List the requests for a checkout session."""
    return [r for r in h.stripe.requests if (r.method, r.path) == ("POST", "/v1/checkout/sessions")]


async def shop(h: RunningService) -> dict[str, Any]:
    """Arrive, and give the message with the packages."""
    await h.say("/start", "Welcome!")
    return await h.say("/buy", "Choose a package:")


async def test_a_press_before_start_is_told_to_start(database_url: str) -> None:
    async with running_service(database_url) as h:
        for command in ("/buy", "/balance", "/history", "/paysupport"):
            h.telegram.say(BUYER, command)
        told = "Could not find your account. Please /start first."
        await eventually(lambda: h.texts().count(told) == 4)


async def test_pressing_twice_gives_one_checkout_and_the_same_link(database_url: str) -> None:
    async with running_service(database_url) as h:
        packages = await shop(h)
        await h.press(packages, "buy_100")
        await h.press(packages, "buy_100")
        await eventually(lambda: len(links(h)) == 2)
        assert len(set(links(h))) == 1
        assert len(h.stripe.sessions) == 1


async def test_both_messages_with_a_link_say_paid_after_the_payment(database_url: str) -> None:
    async with running_service(database_url) as h:
        packages = await shop(h)
        await h.press(packages, "buy_100")
        await h.press(packages, "buy_100")
        await eventually(lambda: len(links(h)) == 2)
        await h.stripe.pay(links(h)[0].rpartition("/")[2])
        await eventually(lambda: h.texts().count("✅ Paid: $5.00.") == 2)
        assert links(h) == []


@pytest.mark.parametrize(
    ("how", "line", "told"),
    [
        ("card", "✅ Paid: $5.00.", ["Payment received: 100.00 credits added. Balance: 100.00 credits."]),
        ("bank_transfer", "✅ Paid: $5.00.", ["Thank you! Your payment", "Payment received: "]),
        (
            "bank_transfer_fails",
            "❌ Not paid.",
            ["Thank you! Your payment", "Sorry, your payment"],
        ),
    ],
)
async def test_one_payment_reads_as_one(database_url: str, how: str, line: str, told: list[str]) -> None:
    async with running_service(database_url) as h:
        packages = await shop(h)
        await h.press(packages, "buy_100")
        link = await h.said(LINK)
        await h.stripe.pay(link_of(link).rpartition("/")[2], how)
        await h.said(line)
        await h.said(told[-1])
        await h.clock.pass_time(5)
        chat = h.telegram.messages(BUYER.id)
        new = [m["text"] for m in chat if m["message_id"] > link["message_id"]]
        assert [text[: len(begin)] for text, begin in zip(new, told, strict=True)] == told
        (changed,) = (m for m in chat if m["message_id"] == link["message_id"])
        assert (changed["text"], changed.get("reply_markup")) == (line, None)


async def test_after_paying_a_press_is_a_new_purchase(database_url: str) -> None:
    async with running_service(database_url) as h:
        packages = await shop(h)
        for bought in (1, 2):
            await h.press(packages, "buy_100")
            link = await eventually(lambda: links(h))
            await h.stripe.pay(link[0].rpartition("/")[2])
            await h.said(f"Balance: {bought}00.00 credits.")
            await eventually(lambda: not links(h))
        assert len(h.stripe.sessions) == 2


async def test_different_packages_are_different_checkouts(database_url: str) -> None:
    async with running_service(database_url) as h:
        packages = await shop(h)
        await h.press(packages, "buy_100")
        await h.press(packages, "buy_500")
        await eventually(lambda: len(set(links(h))) == 2)


async def test_a_failure_of_stripe_is_told_and_the_next_press_is_a_new_attempt(database_url: str) -> None:
    async with running_service(database_url) as h:
        packages = await shop(h)
        h.stripe.faults.answer(
            "/v1/checkout/sessions", 402, {"error": {"type": "card_error", "message": "no"}}
        )
        await h.press(packages, "buy_100")
        await h.said(SORRY)
        await h.press(packages, "buy_100")
        await h.said(LINK)
        first, second = opened(h)[0], opened(h)[-1]
        assert first.idempotency_key != second.idempotency_key
        assert first.params["metadata"]["purchase_id"] == second.params["metadata"]["purchase_id"]


async def test_a_checkout_that_was_made_although_stripe_broke_is_found_again(database_url: str) -> None:
    async with running_service(database_url) as h:
        packages = await shop(h)
        h.stripe.faults.drop_connection("/v1/checkout/sessions", after_execution=True)
        await h.press(packages, "buy_100")
        await h.said(LINK)
        assert len(h.stripe.sessions) == 1
        assert len({request.idempotency_key for request in opened(h)}) == 1


async def test_a_payment_link_that_expired_is_said_to_be_and_bought_anew(database_url: str) -> None:
    async with running_service(database_url) as h:
        packages = await shop(h)
        await h.press(packages, "buy_100")
        first = link_of(await h.said(LINK))
        await h.stripe.expire(first.rpartition("/")[2])
        expired = await h.said("This payment link has expired.")
        await h.press(expired, "buy_100")
        assert link_of(await h.said(LINK)) != first


async def test_a_bank_transfer_is_told_at_each_step_and_credited_at_last(database_url: str) -> None:
    async with running_service(database_url) as h:
        packages = await shop(h)
        await h.press(packages, "buy_100")
        await h.stripe.pay(link_of(await h.said(LINK)).rpartition("/")[2], "bank_transfer")
        await h.said("Your payment is on its way")
        await h.said("Payment received: 100.00 credits added. Balance: 100.00 credits.")


async def test_a_bank_transfer_that_fails_is_told_and_can_be_tried_again(database_url: str) -> None:
    async with running_service(database_url) as h:
        packages = await shop(h)
        await h.press(packages, "buy_100")
        await h.stripe.pay(link_of(await h.said(LINK)).rpartition("/")[2], "bank_transfer_fails")
        failed = await h.said("your payment did not go through")
        await h.press(failed, "buy_100")
        await h.said(LINK)
        await h.say("/balance", "Balance: 0.00 credits")


async def test_while_a_bank_transfer_is_on_its_way_the_bot_says_so_and_opens_a_new_one(
    database_url: str,
) -> None:
    async with running_service(database_url) as h:
        packages = await shop(h)
        await h.press(packages, "buy_100")
        session = link_of(await h.said(LINK)).rpartition("/")[2]
        paid = h.stripe.pay(session, "bank_transfer")
        await paid
        await h.said("Your payment is on its way")
        await h.press(packages, "buy_100")
        await eventually(
            lambda: (
                any("still on its way" in t for t in h.texts())
                or any("Payment received" in t for t in h.texts())
            )
        )
        await h.said(LINK)
        assert len(h.stripe.sessions) == 2


async def test_mock_presses_within_three_seconds_are_one_purchase(database_url: str) -> None:
    async with running_service(database_url, mock_stripe_payments=True) as h:
        packages = await shop(h)
        for _ in range(3):
            await h.press(packages, "buy_100")
        await h.said("New balance: 100.00")
        await h.clock.pass_time(3.1)
        await h.press(packages, "buy_100")
        await h.said("New balance: 200.00")
        await h.say("/balance", "Balance: 200.00 credits")


async def test_a_package_that_left_the_price_list_is_not_sold(database_url: str, tmp_path: Any) -> None:
    async with running_service(database_url) as h:
        packages = await shop(h)
    prices = tmp_path / "prices.toml"
    prices.write_text('[[package]]\ncode = "big"\ncredits = 7\namount = 700\ncurrency = "eur"\n')
    async with running_service(database_url, packages_file=prices) as h:
        h.telegram.open_chat(BUYER)
        other = await h.say("/buy", "Choose a package:")
        (row,) = other["reply_markup"]["inline_keyboard"]
        assert row[0] == {"text": "7 credits · €7.00", "callback_data": "big"}
        with pytest.raises(LookupError):
            h.telegram.press(BUYER, other["message_id"], "buy_100")
    assert packages


async def test_the_history_tells_every_movement(database_url: str) -> None:
    async with running_service(database_url, mock_stripe_payments=True, welcome_credits="5.00") as h:
        welcome = await h.say("/start", "The first 5.00 credits are a gift")
        await h.press(welcome, "buy_100")
        await h.said("New balance: 105.00")
        told = (await h.say("/history", "Your credits, the latest changes first:"))["text"].splitlines()
        assert told[2].startswith("+100.00 bought · ")
        assert told[2].endswith(" UTC · balance 105.00")
        assert told[3].startswith("+5.00 welcome gift · ")


async def test_support_answers_as_paysupport(sqlite_url: str) -> None:
    async with running_service(sqlite_url) as h:
        await h.say("/start", "Welcome!")
        await h.say("/paysupport", "Help with a payment")
        h.telegram.say(BUYER, "/support")
        await eventually(lambda: sum("Help with a payment" in text for text in h.texts()) == 2)


async def test_paysupport_names_the_purchases_and_their_state(database_url: str) -> None:
    async with running_service(database_url) as h:
        packages = await shop(h)
        await h.press(packages, "buy_100")
        await h.said(LINK)
        told = (await h.say("/paysupport", "Help with a payment"))["text"]
        assert told.endswith(": 100.00 credits for $5.00, not paid yet")


async def test_a_question_about_a_payment_reaches_the_operator(database_url: str) -> None:
    operator = Person(id=5_000_000_009, first_name="Operator")
    async with running_service(database_url, admin_telegram_ids=str(operator.id)) as h:
        await shop(h)
        await h.say("/start", "Welcome!", operator)
        await h.say("/paysupport I paid twice", "Your question is with the operator of this bot")
        asked = await h.said("I paid twice", operator)
        assert f"from Buyer (customer number {BUYER.id})" in asked["text"]


async def test_without_an_operator_a_question_is_not_swallowed(database_url: str) -> None:
    async with running_service(database_url) as h:
        await shop(h)
        await h.say("/paysupport I paid twice", "This bot has nobody set up to answer here.")


async def test_a_bot_that_was_blocked_credits_all_the_same(database_url: str) -> None:
    async with running_service(database_url) as h:
        packages = await shop(h)
        await h.press(packages, "buy_100")
        session = link_of(await h.said(LINK)).rpartition("/")[2]
        h.telegram.block(BUYER)
        await h.stripe.pay(session)
        await eventually(lambda: h.stripe.is_settled)
        h.telegram.unblock(BUYER)
        await h.say("/start", "Welcome back! Balance: 100.00 credits.")


async def _break(database_url: str, table: str) -> None:
    """Take a table away, so that whatever needs it fails."""

    async def rename() -> None:
        database = Database(database_url)
        await database.open()
        try:
            await query(f'ALTER TABLE "{table}" RENAME TO gone')
        finally:
            await database.close()

    await asyncio.create_task(rename())


@pytest.mark.parametrize(
    ("mock", "told"),
    [(True, "An error occurred during the mock purchase."), (False, SORRY)],
    ids=["mock", "live"],
)
async def test_a_press_that_breaks_is_told_in_the_words_of_its_provider(
    database_url: str, told: str, *, mock: bool
) -> None:
    async with running_service(database_url, mock_stripe_payments=mock) as h:
        packages = await shop(h)
        await _break(database_url, "purchase")
        await h.press(packages, "buy_100")
        await h.said(told)


async def test_anything_else_that_breaks_is_told_too(database_url: str) -> None:
    async with running_service(database_url) as h:
        await shop(h)
        await _break(database_url, "entry")
        await h.say("/history", "A server error occurred. Please try again later.")
