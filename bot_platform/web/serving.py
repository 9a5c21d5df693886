"""Serves the application on one address until told to stop, and lets requests in hand end."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable

from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework

REQUESTS_MAY_TAKE = 4.0  # seconds at the end


def listen(host: str, port: int) -> socket.socket:
    """Take the address, so that nobody else can; raises OSError."""
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
    """Serve on the listener until `stop`; `on_ready` hears the port, `stopping` comes before the end."""
    config = Config()
    port = listener.getsockname()[1]
    config.bind = [f"fd://{listener.detach()}"]
    config.backlog = 2048
    config.graceful_timeout = REQUESTS_MAY_TAKE
    config.include_server_header = False
    config.errorlog = logging.getLogger("hypercorn.error")
    serving = asyncio.create_task(serve(app, config, shutdown_trigger=stop.wait, mode="asgi"))
    if on_ready:
        on_ready(port)
    told = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, told}, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if stopping:
        stopping()
    # On Python 3.12 and later hypercorn waits for idle connections too, however long.
    done, _ = await asyncio.wait({serving}, timeout=REQUESTS_MAY_TAKE + 0.5)
    if not done:
        serving.cancel()
    # Cancelled, hypercorn may ask its unfinished tasks for what they raised.
    with contextlib.suppress(asyncio.CancelledError, asyncio.InvalidStateError):
        await serving
