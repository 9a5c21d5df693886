"""Builds the web server from its pages, and lets no request end half-way."""

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

from bot_platform.infra import clock
from bot_platform.infra.rate_limit import RateLimiter
from bot_platform.web.client_address import client_address

log = structlog.get_logger()

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

LARGEST_BODY = 512 * 1024
SENDING_ON = 2.0  # seconds a client may still send what nobody reads
LONGEST_PATH = 250  # bytes; no route is longer, and a file system breaks on longer names
EACH_SECOND, BURST = 20, 200  # requests of one address; machines that sign what they send are not counted
UNCOUNTED = ("/api/", "/healthz", "/readyz", "/metrics")
CONTENT_POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"


def server(pages: Iterable[Blueprint]) -> Quart:
    """Build the application; whatever goes wrong ends in a short answer without a traceback."""
    app = Quart("bot_platform", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    for blueprint in pages:
        app.register_blueprint(blueprint)
    app.register_error_handler(HTTPException, _refuse)
    app.register_error_handler(Exception, _broke)
    limiter = RateLimiter(each_second=EACH_SECOND, burst=BURST)
    app.before_request(_refuse_long_path)
    app.before_request(partial(_keep_pace, limiter))
    app.after_request(_harden)
    return app


async def _refuse_long_path() -> None:
    if len(request.path.encode(errors="replace")) > LONGEST_PATH:
        raise NotFound


async def _keep_pace(pace: RateLimiter) -> ResponseReturnValue | None:
    who = client_address(request)
    wait = 0.0 if who is None or request.path.startswith(UNCOUNTED) else pace.delay_for(who)
    if not wait:
        return None
    return {"status": "too many requests"}, 429, {"Retry-After": str(ceil(wait))}


async def _refuse(error: HTTPException) -> ResponseReturnValue:
    return {"status": (error.name or "error").lower()}, error.code or 500


async def _broke(error: Exception) -> ResponseReturnValue:
    log.error("web.failed", exc_info=error)
    return {"status": "error"}, 500


async def _harden(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    return response


def finishing(app: Quart) -> ASGIFramework:
    """Wrap the application so that a client that hangs up does not cancel its own request.

    Quart cancels a handler when its client leaves; a payment half told is worse than an answer
    nobody reads. Once the request is here as a whole, the news of the hang-up waits until the
    answer has begun, and reaches only one without an end of its own: a cancel while Quart opens
    or closes a file would leave it open.
    """

    async def asgi(scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        begun, whole = asyncio.Event(), asyncio.Event()
        endless = False

        async def patient_receive() -> Any:
            message = await receive()
            if message["type"] == "http.disconnect" and whole.is_set():
                await begun.wait()
                if not endless:
                    await asyncio.Event().wait()  # until the handler has ended, and this with it
            if not message.get("more_body", False):
                whole.set()
            return message

        async def noting_send(message: Any) -> None:
            nonlocal endless
            if message["type"] == "http.response.start":
                endless = b"content-length" not in {name.lower() for name, _ in message["headers"]}
                # An answer before the request's end (413) is read only by a client that has sent it all.
                with contextlib.suppress(TimeoutError):
                    async with clock.current().timeout(SENDING_ON):
                        await whole.wait()
            begun.set()
            await send(message)

        # Our files are small, and Quart breaks on a range that counts from the end.
        headers = [header for header in scope["headers"] if header[0].lower() != b"range"]
        asked = cast("HTTPScope", {**scope, "path": _path(scope["path"]), "headers": headers})
        await app(asked, patient_receive, noting_send)

    return cast("ASGIFramework", asgi)


def _path(target: str) -> str:
    """Find the path in what was asked for: Quart breaks on an empty one, and on half an address."""
    try:
        return target if target.startswith("/") else urlsplit(target).path or "/"
    except ValueError:
        return "/"
