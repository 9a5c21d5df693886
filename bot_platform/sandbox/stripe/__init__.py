"""A stateful stand-in for Stripe over HTTP, for the demo and the tests: no money moves."""

from .api import ApiRequest
from .checkout import How
from .errors import ApiError
from .faults import Faults
from .local import LocalStripe, standalone

__all__ = ["ApiError", "ApiRequest", "Faults", "How", "LocalStripe", "standalone"]
