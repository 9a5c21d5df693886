"""Mock or live: the one place where the settings decide who takes the money."""

from bot_platform.domain.checkout import EventReader, PaymentProvider
from bot_platform.payments.mock import MockPayments
from bot_platform.payments.stripe import SignedEvents, StripePayments
from bot_platform.settings import Settings


def provider(settings: Settings) -> PaymentProvider:
    """Build the provider that the settings name."""
    if settings.mock_stripe_payments or settings.stripe_secret_key is None:
        return MockPayments()
    return StripePayments(
        secret_key=settings.stripe_secret_key.get_secret_value(),
        api_base=settings.stripe_api_base,
        webapp_url=settings.webapp_url,
        proxy_url=settings.proxy_url,
    )


def events(settings: Settings) -> EventReader:
    """Build the reader of what Stripe posts to us."""
    secrets = [secret.get_secret_value() for secret in settings.stripe_webhook_secret]
    return SignedEvents(secrets, live=settings.stripe_live)
