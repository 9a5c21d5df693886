"""Telegram on its worse days: late, refusing, flooded, or silent."""

from bot_platform.sandbox.telegram_state import Person
from bot_platform.sandbox.telegram_world import Fault
from tests.makers import BUYER, eventually, link_of, running_service

OTHER = Person(id=5_000_000_002, first_name="Other buyer")
LINK = "Please complete your purchase"


async def test_a_button_is_answered_before_anything_else_happens(database_url: str) -> None:
    async with running_service(database_url) as h:
        shop = await h.say("/start", "Welcome!")
        h.stripe.faults.delay("/v1/checkout/sessions", 5.0)
        before = len(h.telegram.calls)
        await h.press(shop, "buy_100")
        await eventually(
            lambda: any(c.method == "answerCallbackQuery" for c in h.telegram.calls), advance=False
        )
        assert not [c for c in list(h.telegram.calls)[before:] if c.method == "sendMessage"]
        await h.said(LINK)


async def test_a_press_too_old_to_be_answered_is_still_a_press(database_url: str) -> None:
    async with running_service(database_url, mock_stripe_payments=True) as h:
        shop = await h.say("/start", "Welcome!")
        h.telegram.press(BUYER, shop["message_id"], "buy_100", stale=True)
        await h.said("New balance: 100.00")
        assert not any("error" in text for text in h.texts())


async def test_a_burst_of_20_messages_gets_20_answers(database_url: str) -> None:
    async with running_service(database_url) as h:
        await h.say("/start", "Welcome!")
        for _ in range(20):
            h.telegram.say(BUYER, "/balance")
        await eventually(lambda: sum(t.startswith("Balance: ") for t in h.texts()) == 20)


async def test_a_chat_with_a_fault_holds_up_no_other(database_url: str) -> None:
    async with running_service(database_url) as h:
        for who in (BUYER, OTHER):
            shop = await h.say("/start", "Welcome!", who)
            await h.press(shop, "buy_100", who)
        sessions = [link_of(await h.said(LINK, who)).rpartition("/")[2] for who in (BUYER, OTHER)]
        h.telegram.fail("sendMessage", Fault(network_error=True, chat_id=BUYER.id, times=None))
        for session in sessions:
            await h.stripe.pay(session)
        await h.said("Payment received", OTHER)
        assert not any("Payment received" in text for text in h.texts())
        h.telegram.clear_faults()
        await h.said("Payment received")
        assert sum("Payment received" in text for text in h.texts()) == 1


async def test_a_flood_limit_is_waited_out_and_nothing_is_lost(database_url: str) -> None:
    async with running_service(database_url) as h:
        shop = await h.say("/start", "Welcome!")
        await h.press(shop, "buy_100")
        session = link_of(await h.said(LINK)).rpartition("/")[2]
        h.telegram.fail("*", Fault(code=429, description="Too Many Requests", retry_after=2, times=1))
        begun = h.clock.monotonic()
        await h.stripe.pay(session)
        await h.said("Payment received")
        await h.said("✅ Paid")
        assert h.clock.monotonic() - begun > 1.5
        assert sum("Payment received" in text for text in h.texts()) == 1


async def test_a_command_whose_answer_was_lost_is_answered_when_telegram_is_back(database_url: str) -> None:
    async with running_service(database_url) as h:
        await h.say("/start", "Welcome!")
        h.telegram.fail("sendMessage", Fault(code=502, description="Bad Gateway", times=2))
        await h.say("/balance", "Balance: 0.00 credits")
        assert not any("server error" in text for text in h.texts())


async def test_an_answer_that_telegram_refuses_does_not_stop_the_chat(database_url: str) -> None:
    async with running_service(database_url) as h:
        await h.say("/start", "Welcome!")
        h.telegram.fail("sendMessage", Fault(code=400, description="Bad Request: odd", times=2))
        h.telegram.say(BUYER, "/balance")
        await h.rest()
        await h.say("/help", "What I can do for you")


async def test_operators_read_which_message_telegram_refused(database_url: str) -> None:
    operator = str(OTHER.id)
    async with running_service(database_url, mock_stripe_payments=True, admin_telegram_ids=operator) as h:
        await h.say("/start", "Welcome!", OTHER)
        shop = await h.say("/start", "Welcome!")
        h.telegram.fail(
            "sendMessage", Fault(code=400, description="Bad Request: odd", chat_id=BUYER.id, times=None)
        )
        await h.press(shop, "buy_100")
        lost = await h.said("could not be sent, and is given up", OTHER)
        assert str(BUYER.id) in lost["text"]
        assert "odd" in lost["text"]
        h.telegram.clear_faults()
        await h.say("/balance", "Balance: 100.00")
