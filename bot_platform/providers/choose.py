"""Mock or live: the one place where the settings decide who takes the money."""

from collections.abc import Mapping

from bot_platform.config.settings import MoneySettings
from bot_platform.domain.checkout import EventReader, PaymentProvider
from bot_platform.infra.outbound_calls import OnResult, ignore
from bot_platform.providers.mock import MockPayments
from bot_platform.providers.stripe.payments import SignedEvents, StripePayments


def providers(settings: MoneySettings, heard: OnResult = ignore) -> Mapping[str, PaymentProvider]:
    """Build every provider that can be asked, by name; the first is the one that sells.

    A refund goes back by the way its payment came, so the other one is there too. `heard` is told how
    each call ends; the mock calls nobody.
    """
    mock = MockPayments()
    if settings.stripe_secret_key is None:
        return {mock.name: mock}
    stripe = StripePayments(
        secret_key=settings.stripe_secret_key.get_secret_value(),
        api_base=settings.stripe_api_base,
        webapp_url=settings.webapp_url,
        proxy_url=settings.proxy_url,
        live=settings.stripe_live,
        heard=heard,
    )
    if settings.mock_stripe_payments:
        return {mock.name: mock, stripe.name: stripe}
    return {stripe.name: stripe, mock.name: mock}


def events(settings: MoneySettings) -> EventReader:
    """Build the reader of what Stripe posts to us."""
    secrets = [secret.get_secret_value() for secret in settings.stripe_webhook_secret]
    return SignedEvents(secrets, live=settings.stripe_live)
