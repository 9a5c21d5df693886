"""Replicas by the handful: each a process of its own that can be killed, or replaced politely."""

import asyncio
from dataclasses import dataclass
from typing import Any

from bot_platform.sandbox.telegram_updates import Webhook
from tests.bot_api_server import Pusher
from tests.reliability.platforms import Surroundings


@dataclass
class ThroughTheBalancer(Pusher):
    """Pushes updates to where the balancer listens."""

    def _url(self, webhook: Webhook) -> str:
        del webhook
        return f"{self.tunnel}/api/v1/telegram-webhook"


@dataclass
class Fleet:
    """Replicas by their port, each in a process of its own."""

    surroundings: Surroundings
    processes: dict[int, Any]

    @property
    def doors(self) -> list[str]:
        return [f"http://127.0.0.1:{port}" for port in self.processes]

    async def start(self, port: int) -> None:
        self.processes[port] = self.surroundings.start(port=port)
        await self.surroundings.ready(f"http://127.0.0.1:{port}")

    async def kill(self, port: int) -> None:
        self.processes[port].kill()
        await asyncio.to_thread(self.processes[port].join)
        await self.start(port)

    async def replace(self, port: int) -> int:
        """End one politely and start its successor; gives how it ended."""
        self.processes[port].terminate()
        await asyncio.to_thread(self.processes[port].join)
        code: int = self.processes[port].exitcode
        await self.start(port)
        return code
