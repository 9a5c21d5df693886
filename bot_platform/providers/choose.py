"""Builds what the settings name: the payment providers, the reader of their events, and the model."""

from collections.abc import Mapping

import structlog

from bot_platform.config.settings import MoneySettings, Settings
from bot_platform.domain.checkout import EventReader, PaymentProvider
from bot_platform.infra.outbound_calls import CallObserver
from bot_platform.providers.mock import MockPayments
from bot_platform.providers.stripe.payments import StripePayments
from bot_platform.providers.stripe.signed_events import SignedEvents
from bot_platform.work.engine.model import Model

log = structlog.get_logger()


def providers(settings: MoneySettings, calls: CallObserver | None = None) -> Mapping[str, PaymentProvider]:
    """Build every provider that can be used, by name; the first one sells.

    The other one is needed for refunds: money goes back by the way it came. `calls` gets the result of
    each call to Stripe, and its refusals.
    """
    calls = calls or CallObserver()
    mock = MockPayments()
    if settings.stripe_secret_key is None:
        return {mock.name: mock}
    stripe = StripePayments(
        secret_key=settings.stripe_secret_key.get_secret_value(),
        api_base=settings.stripe_api_base,
        webapp_url=settings.webapp_url,
        proxy_url=settings.proxy_url,
        live=settings.stripe_live,
        mark=settings.stripe_mark,
        on_result=calls,
        on_answer=calls.answered,
    )
    if settings.mock_stripe_payments:
        return {mock.name: mock, stripe.name: stripe}
    return {stripe.name: stripe, mock.name: mock}


def events(settings: MoneySettings) -> EventReader:
    """Build the reader of the events that Stripe posts."""
    secrets = [secret.get_secret_value() for secret in settings.stripe_webhook_secret]
    return SignedEvents(secrets, live=settings.stripe_live, mark=settings.stripe_mark)


def model(settings: Settings) -> Model | None:
    """Build the model that the settings name; None if they name none."""
    if settings.ai_api_key is None:
        return None
    if settings.ai_model is None:
        log.warning("ai.not_set_up", why="AI_API_KEY is set, and AI_MODEL is not")
        return None
    if settings.mock_stripe_payments:
        log.warning("ai.paid_by_nobody", why="payments are mock: you pay the AI for every question")
    from bot_platform.providers.openai import OpenAIModel  # noqa: PLC0415 -- takes a second to import

    key = settings.ai_api_key.get_secret_value()
    return OpenAIModel(
        base_url=settings.ai_base_url,
        api_key=key,
        model=settings.ai_model,
        read_timeout=settings.ai_timeout,
    )
