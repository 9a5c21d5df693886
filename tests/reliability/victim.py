"""A platform in a process of its own that dies by SIGKILL at a chosen step."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import aiosqlite
import asyncpg

from bot_platform.demo import DemoSettings
from bot_platform.infra import logs
from bot_platform.runtime.platform import Platform
from bot_platform.runtime.services import real_world


class Fate:
    """Counts steps and ends the process at one of them; 0 lets it live."""

    def __init__(self, kill_at: int) -> None:
        self._left = kill_at

    def step(self) -> None:
        """Count one step towards the end."""
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def before(self, act: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """Make every call of a library's function a step."""

        async def counted(*args: Any, **kwargs: Any) -> Any:
            self.step()
            return await act(*args, **kwargs)

        return counted

    def around(self, act: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """Make every call a step before it, and one after it: done, but nobody knows."""

        async def counted(*args: Any, **kwargs: Any) -> Any:
            self.step()
            result = await act(*args, **kwargs)
            self.step()
            return result

        return counted


def live_until(kill_at: int, settings: dict[str, Any]) -> None:
    """Run a platform whose every statement, commit and HTTP call is a step, until the fatal one."""
    fate = Fate(kill_at)
    libraries: Any = (aiosqlite.Connection, asyncpg.Connection, aiohttp.ClientSession)
    sqlite, postgres, http = libraries
    sqlite._execute = fate.before(sqlite._execute)  # noqa: SLF001 -- all of aiosqlite goes through it
    for name in ("execute", "fetch", "fetchrow"):
        setattr(postgres, name, fate.before(getattr(postgres, name)))
    http._request = fate.around(http._request)  # noqa: SLF001 -- all of aiohttp goes through it

    async def run() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        built = DemoSettings(**settings)
        logs.set_up("ERROR", built.log_format)
        await Platform(built, real_world(built)).run(stop)

    asyncio.run(run())
