"""A load balancer as they come: each request to the next replica, and to another when one hangs up on it."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

TRIES = 300
PAUSE = 0.05  # seconds before the next replica is tried
PASSED_ON = ("Content-Type", "Stripe-Signature", "X-Telegram-Bot-Api-Secret-Token")


@dataclass
class Balancer:
    """Passes requests on.

    `served` counts answers by replica, `by_path` by what was asked, `hung_up` what another was asked again.
    """

    doors: Sequence[str]
    http: aiohttp.ClientSession
    served: dict[str, int] = field(default_factory=dict)
    by_path: dict[str, int] = field(default_factory=dict)
    hung_up: int = 0
    failed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._turns = itertools.cycle(self.doors)

    async def pass_on(self, request: web.Request) -> web.Response:
        """Ask one replica after the other until one answers."""
        body = await request.read()
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        for _ in range(TRIES):
            door = next(self._turns)
            try:
                async with self.http.request(
                    request.method, door + request.path_qs, data=body, headers=headers
                ) as answer:
                    said = await answer.read()
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(PAUSE)  # it is not there: nothing was asked
                continue
            except (aiohttp.ClientError, OSError):
                self.hung_up += 1
                continue
            self.served[door] = self.served.get(door, 0) + 1
            self.by_path[request.path] = self.by_path.get(request.path, 0) + 1
            if answer.status >= 500:
                self.failed.append(f"{request.path} was answered {answer.status} by {door}")
            return web.Response(status=answer.status, body=said, content_type=answer.content_type)
        self.failed.append(f"{request.path} found no replica")
        return web.Response(status=502)


@asynccontextmanager
async def balancing(port: int, doors: Sequence[str]) -> AsyncIterator[Balancer]:
    """Serve on a port before these replicas."""
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout()) as http:
        balancer = Balancer(doors, http)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", balancer.pass_on)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            yield balancer
        finally:
            await runner.cleanup()
