"""Builds the web application from its pages; a request is handled to its end even if the client leaves."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from math import ceil
from typing import Any, cast
from urllib.parse import urlsplit

import structlog
from hypercorn.typing import ASGIFramework, HTTPScope
from quart import Blueprint, Quart, request
from quart.typing import ResponseReturnValue
from quart.wrappers import Response
from werkzeug.exceptions import HTTPException, NotFound

from bot_platform.infra import clock, safe_errors
from bot_platform.infra.rate_limit import RateLimiter
from bot_platform.web.client_address import client_address

log = structlog.get_logger()

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

MAX_BODY_BYTES = 512 * 1024
BODY_TIMEOUT_SECONDS = 10  # for the whole body
REST_TIMEOUT_SECONDS = 2.0  # to wait for the rest of a request that is answered before its end
MAX_PATH_BYTES = 250  # no route is longer, and a file system fails on longer names
EACH_SECOND, BURST = 20, 200  # requests of one address; signed and internal ones are not counted
UNCOUNTED = ("/api/", "/healthz", "/readyz", "/metrics")
CONTENT_POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"


def server(pages: Iterable[Blueprint]) -> Quart:
    """Build the application; every error ends in a short answer without a traceback."""
    app = Quart("bot_platform", static_folder=None)
    app.config |= {"MAX_CONTENT_LENGTH": MAX_BODY_BYTES, "BODY_TIMEOUT": BODY_TIMEOUT_SECONDS}
    for blueprint in pages:
        app.register_blueprint(blueprint)
    app.register_error_handler(HTTPException, _refuse)
    app.register_error_handler(Exception, _fail)
    limiter = RateLimiter(each_second=EACH_SECOND, burst=BURST)
    app.before_request(_refuse_long_path)
    app.before_request(partial(_limit_rate, limiter))
    app.after_request(_harden)
    return app


async def _refuse_long_path() -> None:
    if len(request.path.encode(errors="replace")) > MAX_PATH_BYTES:
        raise NotFound


async def _limit_rate(limiter: RateLimiter) -> ResponseReturnValue | None:
    address = client_address(request)
    if address is None or request.path.startswith(UNCOUNTED):
        return None
    if not (delay := limiter.delay_for(address)):
        return None
    return {"status": "too many requests"}, 429, {"Retry-After": str(ceil(delay))}


async def _refuse(error: HTTPException) -> ResponseReturnValue:
    return {"status": (error.name or "error").lower()}, error.code or 500


async def _fail(error: Exception) -> ResponseReturnValue:
    log.error("web.failed", **safe_errors.describe(error))
    log.debug("web.traceback", exc_info=error)
    return {"status": "error"}, 500


async def _harden(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    return response


def finishing(app: Quart) -> ASGIFramework:
    """Wrap the application so that a client that hangs up does not cancel its own request.

    Quart cancels a handler when its client disconnects, which would stop a payment's webhook half-way. After
    the whole request has arrived, Quart is told of a disconnect only when the answer has begun, and only if
    the answer has no fixed length: a cancel while Quart opens or closes a file would leave the file open.
    """

    async def asgi(scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        answer_begun, request_complete = asyncio.Event(), asyncio.Event()
        endless = False

        async def receive_late_disconnect() -> Any:
            message = await receive()
            if message["type"] == "http.disconnect" and request_complete.is_set():
                await answer_begun.wait()
                if not endless:
                    await asyncio.Event().wait()  # until the handler ends, which cancels this
            if not message.get("more_body", False):
                request_complete.set()
            return message

        async def send_and_note(message: Any) -> None:
            nonlocal endless
            if message["type"] == "http.response.start":
                endless = b"content-length" not in {name.lower() for name, _ in message["headers"]}
                # A client reads an early answer (413) only after it has sent the whole request.
                with contextlib.suppress(TimeoutError):
                    async with clock.current().timeout(REST_TIMEOUT_SECONDS):
                        await request_complete.wait()
            answer_begun.set()
            await send(message)

        # Our files are small, and Quart fails on a range that counts from the end.
        headers = [header for header in scope["headers"] if header[0].lower() != b"range"]
        cleaned = cast("HTTPScope", {**scope, "path": _path(scope["path"]), "headers": headers})
        await app(cleaned, receive_late_disconnect, send_and_note)

    return cast("ASGIFramework", asgi)


def _path(target: str) -> str:
    """Return the path of a request target: Quart fails on an empty one and on an absolute URL.

    Slashes too many count for nothing below `/api/`: Stripe and Telegram follow no redirect.
    """
    try:
        path = target if target.startswith("/") else urlsplit(target).path or "/"
    except ValueError:
        return "/"
    parts = [part for part in path.split("/") if part]
    return "/" + "/".join(parts) if parts[:1] == ["api"] else path
