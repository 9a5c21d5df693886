"""The health checks: `/healthz`, `/livez` and `/readyz`."""

from collections.abc import Awaitable, Callable, Mapping

from quart import Blueprint
from quart.typing import ResponseReturnValue

from bot_platform.infra.redaction import redact

PATHS = frozenset({"/healthz", "/livez", "/readyz"})  # they are answered when nothing else is

Check = Callable[[], Awaitable[str | None]]
"""Returns None when all is well, else what is wrong; empty where the name of the check says it."""


def health(checks: Mapping[str, Check], standstill: Check) -> Blueprint:
    """Build the routes.

    `/readyz` answers 503 with the names of the `checks` that fail, and why. `/livez` answers 503 when
    `standstill` names a problem, which a restart would cure. `/healthz` always answers 200.
    """
    pages = Blueprint("health", __name__)

    @pages.get("/healthz")
    async def lives() -> ResponseReturnValue:
        return {"status": "ok"}

    @pages.get("/livez")
    async def moves() -> ResponseReturnValue:
        if (problem := await standstill()) is not None:
            return {"status": "stands still", "why": redact(problem)}, 503
        return {"status": "ok"}

    @pages.get("/readyz")
    async def works() -> ResponseReturnValue:
        found = [(name, await check()) for name, check in checks.items()]
        failing = {name: problem for name, problem in found if problem is not None}
        if not failing:
            return {"status": "ready"}
        why = {name: redact(problem) for name, problem in failing.items() if problem}
        return {"status": "not ready", "failing": list(failing), **({"why": why} if why else {})}, 503

    return pages
