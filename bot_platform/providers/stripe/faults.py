"""How a failed call to Stripe is logged and reported to the flows."""

import structlog

from bot_platform.domain.checkout import ProviderDown
from bot_platform.providers.stripe.client import Down, Refused

log = structlog.get_logger()


def provider_down(asked_for: str, fault: Down | Refused) -> ProviderDown:
    """Log why Stripe did not answer a question, and make the exception that lets it be asked again.

    A refusal counts as well: a key that lacks a permission can be given it.
    """
    log.warning("stripe.not_asked", asked_for=asked_for, **fault.reasons)
    return ProviderDown(asked_for)
