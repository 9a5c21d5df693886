"""What only a real clock can show; each bound is many times what an idle machine needs."""

import asyncio
import signal
from pathlib import Path

import pytest

from tests.commands.shell import start_python
from tests.reliability.platforms import surroundings

STOP_SECONDS = 10  # what Docker gives before it kills
BUSY = 3  # how many times as long it may take on a machine that has other work


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "ctrl-c"])
async def test_a_service_stops_within_the_time_that_docker_gives(
    sqlite_url: str, tmp_path: Path, number: signal.Signals
) -> None:
    async with surroundings(sqlite_url) as w:
        settings = {name.upper(): str(value) for name, value in w.settings.items()}
        service = await start_python(folder=tmp_path, **settings)
        await w.ready()
        service.send_signal(number)
        async with asyncio.timeout(BUSY * STOP_SECONDS):
            _, errors = await service.communicate()
        assert (service.returncode, errors) == (0, b"")
