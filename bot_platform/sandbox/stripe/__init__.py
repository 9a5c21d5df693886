"""A stateful stand-in for Stripe over HTTP, for the demo and the tests: no money moves."""

from bot_platform.sandbox.stripe.api import ApiRequest
from bot_platform.sandbox.stripe.checkout import How
from bot_platform.sandbox.stripe.disputes import DisputeStatus
from bot_platform.sandbox.stripe.errors import ApiError
from bot_platform.sandbox.stripe.faults import Faults
from bot_platform.sandbox.stripe.local import LocalStripe, standalone
from bot_platform.sandbox.stripe.mischief import Mischief
from bot_platform.sandbox.stripe.refunds import RefundEnd, RefundHow

__all__ = [
    "ApiError",
    "ApiRequest",
    "DisputeStatus",
    "Faults",
    "How",
    "LocalStripe",
    "Mischief",
    "RefundEnd",
    "RefundHow",
    "standalone",
]
