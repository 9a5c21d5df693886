"""A stateful stand-in for Stripe over HTTP, for the demo and the tests: no money moves."""

from .api import ApiRequest
from .checkout import How
from .disputes import DisputeStatus
from .errors import ApiError
from .faults import Faults
from .local import LocalStripe, standalone
from .mischief import Mischief
from .refunds import RefundEnd, RefundHow

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
