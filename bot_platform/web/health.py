"""Whether the process lives, and whether it can work."""

from collections.abc import Awaitable, Callable, Mapping

from quart import Blueprint
from quart.typing import ResponseReturnValue


def health(checks: Mapping[str, Callable[[], Awaitable[bool]]]) -> Blueprint:
    """Build `/healthz` and `/readyz`; each check has the name by which a failing one is told."""
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
