"""Serves the application on one address until it is stopped, then lets running requests end."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable

from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework

from bot_platform.web.http1 import stay_in_http1

SHUTDOWN_TIMEOUT_SECONDS = 4.0  # for running requests


def listen(host: str, port: int) -> socket.socket:
    """Bind the address; raises OSError if another process has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048)


async def serve_until(
    stop: asyncio.Event,
    app: ASGIFramework,
    listener: socket.socket,
    *,
    on_ready: Callable[[int], None] | None,
    stopping: Callable[[], None] | None,
) -> None:
    """Serve until `stop` is set; `on_ready` gets the port, `stopping` is called before the requests end."""
    stay_in_http1()
    config = Config()
    port = listener.getsockname()[1]
    config.bind = [f"fd://{listener.detach()}"]
    config.backlog = 2048
    config.graceful_timeout = SHUTDOWN_TIMEOUT_SECONDS
    config.include_server_header = False
    config.errorlog = logging.getLogger("hypercorn.error")
    serving = asyncio.create_task(serve(app, config, shutdown_trigger=stop.wait, mode="asgi"))
    if on_ready:
        on_ready(port)
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if stopping:
        stopping()
    # On Python 3.12 and later hypercorn also waits for idle connections, without a limit.
    done, _ = await asyncio.wait({serving}, timeout=SHUTDOWN_TIMEOUT_SECONDS + 0.5)
    if not done:
        serving.cancel()
    # When it is cancelled, hypercorn may ask its unfinished tasks for their exceptions.
    with contextlib.suppress(asyncio.CancelledError, asyncio.InvalidStateError):
        await serving
