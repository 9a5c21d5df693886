"""The sandbox plays the faults that the field showed: of Telegram, of the model, and of Stripe."""

from typing import Any

import pytest
import stripe
from aiogram import Bot
from aiogram.exceptions import ClientDecodeError, TelegramBadRequest

from bot_platform.domain.audit import audit
from bot_platform.providers.openai.without_thinking import WithoutThinking
from bot_platform.sandbox.offline_model import OfflineModel
from bot_platform.sandbox.stripe import PaymentScenario
from bot_platform.sandbox.telegram import SandboxSession
from bot_platform.sandbox.telegram_world import BAD_GATEWAY, MESSAGE_ID_INVALID, Fault, TelegramWorld
from bot_platform.sandbox.worst_day import WorstDay
from bot_platform.work.engine.model import Message, ModelFault, Signal
from tests.makers import BUYER, link_of, running_service
from tests.sandbox.stripe_world import world
from tests.waiting import moving_clock


async def test_telegram_answers_with_a_page() -> None:
    telegram = TelegramWorld()
    telegram.open_chat(BUYER)
    bot = Bot(telegram.token, session=SandboxSession(telegram))
    telegram.fail("sendMessage", Fault(502, page=BAD_GATEWAY))
    with pytest.raises(ClientDecodeError):
        await bot.send_message(BUYER.id, "one")
    await bot.send_message(BUYER.id, "two")
    assert [message["text"] for message in telegram.messages(BUYER.id)] == ["two"]


async def test_telegram_refuses_an_edit() -> None:
    telegram = TelegramWorld()
    telegram.open_chat(BUYER)
    bot = Bot(telegram.token, session=SandboxSession(telegram))
    sent = await bot.send_message(BUYER.id, "one")
    telegram.fail("editMessageText", Fault(400, MESSAGE_ID_INVALID))
    with pytest.raises(TelegramBadRequest, match="MESSAGE_ID_INVALID"):
        await bot.edit_message_text("two", chat_id=BUYER.id, message_id=sent.message_id)


async def said(model: Any) -> list[Any]:
    return [piece async for piece in model.answer([Message("user", "Why is the sky blue?")], 500)]


async def test_a_thinking_model_writes_a_draft_that_nobody_sees() -> None:
    model = OfflineModel(pause=0)
    plain = "".join(piece for piece in await said(model) if isinstance(piece, str))
    model.thinks = True
    assert "<think>" in "".join(piece for piece in await said(model) if isinstance(piece, str))
    pieces = await said(WithoutThinking(model))
    assert "".join(piece for piece in pieces if isinstance(piece, str)) == plain
    assert Signal.THINKING in pieces


async def test_a_model_breaks_off_half_way() -> None:
    model = OfflineModel(pause=0)
    model.breaks_off = True
    with pytest.raises(ModelFault) as cut:
        await said(WithoutThinking(model))
    assert cut.value.text == "model-cut"


@pytest.mark.parametrize(
    ("scenario", "event", "status"),
    [
        (PaymentScenario.VOUCHER, "checkout.session.async_payment_succeeded", "succeeded"),
        (PaymentScenario.VOUCHER_UNPAID, "checkout.session.async_payment_failed", "requires_payment_method"),
    ],
)
async def test_a_voucher_completes_its_session_unpaid_and_is_paid_or_fails_later(
    scenario: PaymentScenario, event: str, status: str
) -> None:
    async with world() as w:
        session = await w.open()
        await w.local.pay(session.id, scenario)
        found = await w.checkout.retrieve_async(session.id, {"expand": ["payment_intent"]})
        assert (found.status, found.payment_status) == ("complete", "unpaid")
        assert found.payment_intent.status == "requires_action"
        assert found.payment_intent.next_action.type == "oxxo_display_details"
        await w.local.settled()
        assert w.receiver.types[-1] == event
        found = await w.checkout.retrieve_async(session.id, {"expand": ["payment_intent"]})
        assert (found.payment_intent.status, found.payment_intent.next_action) == (status, None)


async def test_a_buyer_pays_in_another_currency() -> None:
    async with world() as w:
        session = await w.open()
        paid = await w.local.pay(session.id, PaymentScenario.EUROS)
        assert (paid["payment_status"], paid["currency"]) == ("paid", "eur")
        assert [charge["currency"] for charge in w.local.charges.values()] == ["eur"]


async def test_stripe_refuses_to_open_a_session_in_its_own_words() -> None:
    async with world() as w:
        w.local.fault_switches.refuses = True
        with pytest.raises(stripe.InvalidRequestError, match="cannot currently make live charges"):
            await w.open()
        w.local.fault_switches.reset()
        await w.open()


async def test_stripe_says_that_the_key_of_a_refund_was_used_before() -> None:
    async with world() as w:
        session = await w.open()
        paid = await w.local.pay(session.id)
        w.local.fault_switches.key_reused = True
        with pytest.raises(stripe.IdempotencyError):
            await w.client.v1.refunds.create_async({"payment_intent": paid["payment_intent"]})
        assert not w.local.refunds


async def test_another_shop_sells_on_the_same_account() -> None:
    async with world() as w:
        sold = await w.local.foreign_sale()
        await w.local.settled()
        assert (sold["payment_status"], sold["client_reference_id"]) == ("paid", "1")
        assert "checkout.session.completed" in w.receiver.types


async def test_on_the_worst_day_people_go_on_buying_and_the_books_balance(database_url: str) -> None:
    model = OfflineModel(pause=0)
    async with running_service(database_url, model=WithoutThinking(model)) as h:
        await h.say("/start", "Welcome!")

        async def rows_off() -> int:
            async with h.platform.services.database.reader() as ask:
                return sum([len(step.broken) async for step in audit(ask)])

        day = WorstDay(h.telegram, model, rows_off, h.stripe, seconds=5.0)
        day.start(BUYER)
        assert day.is_on
        names = day.troubles
        await h.said("That is of a kind I cannot read yet")
        while day.is_on:
            await moving_clock().pass_time(1)
        assert sorted(day.done) == sorted((name, 0) for name in names)
        assert not any(h.stripe.fault_switches.values.values())
        assert (model.thinks, model.breaks_off) == (False, False)
        link = await h.say("/buy", "Choose a package:")
        await h.press(link, "buy_100")
        session = link_of(await h.said("Please complete your purchase")).rsplit("/", 1)[-1]
        await h.stripe.pay(session)
        await h.said("Payment received: 100.00 credits added.")
        async with h.platform.services.database.reader() as ask:
            assert "kept_aside" in {row["state"] for row in await ask("SELECT state FROM purchase")}
