"""A stateful fake of Stripe over HTTP, for the demo and the tests."""

from bot_platform.sandbox.stripe.api import ApiRequest
from bot_platform.sandbox.stripe.checkout import PaymentScenario
from bot_platform.sandbox.stripe.disputes import DisputeStatus
from bot_platform.sandbox.stripe.errors import ApiError
from bot_platform.sandbox.stripe.fault_switches import FaultSwitches
from bot_platform.sandbox.stripe.faults import Faults
from bot_platform.sandbox.stripe.local_stripe import LocalStripe, standalone
from bot_platform.sandbox.stripe.refunds import FinalRefundStatus, RefundScenario

__all__ = [
    "ApiError",
    "ApiRequest",
    "DisputeStatus",
    "FaultSwitches",
    "Faults",
    "FinalRefundStatus",
    "LocalStripe",
    "PaymentScenario",
    "RefundScenario",
    "standalone",
]
