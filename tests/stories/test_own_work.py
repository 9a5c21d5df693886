"""A developer adds a paid command exactly as the README says, and sells it in the demo."""

import asyncio
import json
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.makers import free_port

ROOT = Path(__file__).parents[2]


def readmes_example() -> tuple[str, str]:
    """Take the file's path and text out of the README."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Sell your own work")[2]
    path = re.search(r"`(bot_platform/work/kinds/\w+\.py)`", section)
    code = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert path
    assert code
    return path[1], code[1]


@dataclass
class Chat:
    """The demo's chat, without a browser."""

    url: str
    http: aiohttp.ClientSession

    async def state(self) -> dict[str, Any]:
        """Read the chat as the page does when it opens: its messages and its menu."""
        async with self.http.get(f"{self.url}/demo/events") as stream:
            async for line in stream.content:
                if line.startswith(b"data: "):
                    state: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
                    return state
        raise AssertionError("the chat's stream ended")

    async def post(self, path: str, **sent: object) -> None:
        """Do what the page's script does."""
        async with self.http.post(f"{self.url}/demo/{path}", json=sent, headers={"X-Demo": "1"}) as answer:
            assert answer.status == 200, await answer.text()

    async def said(self, part: str) -> dict[str, Any]:
        """Wait for a message that contains `part`."""
        while True:
            messages = (await self.state())["messages"]
            if found := [message for message in messages if part in message.get("text", "")]:
                message: dict[str, Any] = found[-1]
                return message
            await asyncio.sleep(0.1)


@asynccontextmanager
async def demo(run: Path, folder: Path) -> AsyncIterator[Chat]:
    """Run a demo that sells by the mock, and open its chat."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(run), "demo", "--mock", "--port", str(port)),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout
    try:
        while b"in a browser" not in (line := await process.stdout.readline()):
            assert line, "the demo ended by itself"
        reading = asyncio.create_task(process.stdout.read())
        jar = aiohttp.CookieJar(unsafe=True)  # cookies of an address without a name
        async with aiohttp.ClientSession(cookie_jar=jar) as http:
            async with http.get(f"{url}/demo") as page:
                assert page.status == 200
            yield Chat(url, http)
        process.terminate()
        assert b"Traceback" not in await reading
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_the_readmes_own_work_is_sold_waits_and_starts_by_itself(tmp_path: Path) -> None:
    running_service, data = tmp_path / "house", tmp_path / "data"
    data.mkdir()
    for part in ("bot_platform", "migrations"):
        shutil.copytree(ROOT / part, running_service / part)  # with the compiled files
    shutil.copy(ROOT / "run.py", running_service)
    path, code = readmes_example()
    assert len(code.strip().splitlines()) <= 10
    (running_service / path).write_text(code, encoding="utf-8")
    async with demo(running_service / "run.py", data) as chat:
        await chat.post("say", text="/start")
        await chat.said("Welcome!")
        assert "haiku" in [command["command"] for command in (await chat.state())["commands"]]
        await chat.post("say", text="/haiku the autumn rain")
        offer = await chat.said("This costs up to 0.50 credits, and you have 0.00")
        await chat.post("press", message_id=offer["message_id"], data="buy_100")
        await chat.said("Success! Your MOCK purchase was processed. New balance: 100.00")
        done = await chat.said("✅ 0.50 credits.")
        assert done["message_id"] == offer["message_id"]
