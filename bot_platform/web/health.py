"""The health checks: `/healthz` and `/readyz`."""

from collections.abc import Awaitable, Callable, Mapping

from quart import Blueprint
from quart.typing import ResponseReturnValue


def health(checks: Mapping[str, Callable[[], Awaitable[bool]]]) -> Blueprint:
    """Build both routes; `/readyz` answers 503 with the names of the `checks` that fail."""
    pages = Blueprint("health", __name__)

    @pages.get("/healthz")
    async def lives() -> ResponseReturnValue:
        return {"status": "ok"}

    @pages.get("/readyz")
    async def works() -> ResponseReturnValue:
        failing = [name for name, check in checks.items() if not await check()]
        if failing:
            return {"status": "not ready", "failing": failing}, 503
        return {"status": "ready"}

    return pages
