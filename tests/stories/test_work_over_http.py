"""Paid work in the service as it is run: a process of its own, real HTTP, each way of updates and paying."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from bot_platform.sandbox.telegram_world import SANDBOX_TOKEN
from tests.makers import eventually, link_of
from tests.stories.test_real_protocols import BUYER, Outside, outside, process
from tests.work.fake_task import PLANNED, WRITTEN, model, plan_of
from tests.work.model_server import Answer, ModelServer, Silence, model_server
from tests.work.working_house import Builder, buttons, words

ASK = "/ask how do I undo my last commit?"


@dataclass
class Working:
    """A service that can reach a model, and what it needs to be started again."""

    outside: Outside
    environment: dict[str, str]

    async def told(self, part: str, within: float = 30.0) -> dict[str, Any]:
        """Wait for the bot's last message with this in its text, caption or file name."""
        async with asyncio.timeout(within):
            while True:
                sent = [m for m in await self.outside.messages() if m["from"]["is_bot"]]
                if found := [message for message in sent if part in words(message)]:
                    return found[-1]
                await asyncio.sleep(0.05)

    async def say(self, text: str) -> None:
        """Say something."""
        await self.outside.control("say", user=BUYER, text=text)

    async def pay(self, offer: dict[str, Any], *, mock: bool) -> None:
        """Buy the smaller package that a message offers."""
        await self.outside.press(offer, "buy_100")
        if mock:
            await self.told("Success! Your MOCK purchase was processed. New balance: 100.00")
            return
        linked = await self.told("Please complete your purchase using the link below:")
        await self.outside.stripe.pay(link_of(linked).rpartition("/")[2])
        await self.told("Payment received: 100.00 credits added. Balance: 100.00 credits.")

    async def unpacked(self) -> dict[str, str]:
        """Wait for a document, and read its files."""
        document = (await self.told(".zip"))["document"]
        where = f"{self.outside.telegram}/file/bot{SANDBOX_TOKEN}/{document['file_id']}"
        async with self.outside.http.get(where) as got:
            archive = zipfile.ZipFile(io.BytesIO(await got.read()))
        return {name: archive.read(name).decode() for name in archive.namelist()}


@asynccontextmanager
async def working(
    server: ModelServer, database_url: str, *, mode: str = "polling", mock: bool = False
) -> AsyncIterator[Working]:
    """Run a service that reaches the model."""
    reached = {"AI_BASE_URL": server.url, "AI_API_KEY": "sk-made-up", "AI_MODEL": "made-up"}
    async with outside(database_url, mode=mode, mock=mock, **reached) as o:
        yield Working(o, o.environment)


@pytest.mark.parametrize("mode", ["polling", "webhook"])
@pytest.mark.parametrize("mock", [False, True], ids=["live", "mock"])
async def test_work_waits_for_a_payment_starts_by_itself_and_ends_in_a_zip(
    database_url: str, mode: str, mock: bool
) -> None:
    script = model(plan=plan_of(PLANNED, name="Öl & Notizen"))
    async with model_server() as server, working(server, database_url, mode=mode, mock=mock) as w:
        server.always(Builder(script, other=Answer("You undo it with `git reset`.", usage=(100, 50))))
        await w.say("/start")
        await w.told("Welcome!")
        await w.say(ASK)
        offer = await w.told("are missing")
        assert buttons(offer) == ["buy_100", "buy_500", "stop:1"]
        assert server.requests == []
        await w.pay(offer, mock=mock)
        done = await w.told("You undo it with git reset.\n\n✅ 0.03 credits.")
        assert done["message_id"] == offer["message_id"]
        assert len(server.requests) == 1
        await w.say("/build a tool that keeps notes")
        assert await w.unpacked() == {f"öl-notizen/{path}": text for path, text in WRITTEN.items()}
        await w.told("main.py\n")
        assert script.asked == ["plan", *WRITTEN]
        await w.say("/balance")
        assert "Held" not in (await w.told("Balance: 99."))["text"]


async def test_an_order_that_telegram_sends_again_and_again_is_one_job(sqlite_url: str) -> None:
    async with model_server() as server, working(server, sqlite_url, mode="webhook", mock=True) as w:
        o = w.outside
        await w.say("/start")
        await w.pay(await w.told("Welcome!"), mock=True)
        secret = (await o.log("setWebhook"))[0]["params"]["secret_token"]
        who = {"id": BUYER, "is_bot": False, "first_name": "Buyer"}
        entity = {"type": "bot_command", "offset": 0, "length": 4}
        sent = {"message_id": 9, "date": 0, "chat": {"id": BUYER, "type": "private"}, "from": who}
        update = {"update_id": 99, "message": {**sent, "text": ASK, "entities": [entity]}}
        for _ in range(3):
            headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
            async with o.http.post(f"{o.url}/api/v1/telegram-webhook", json=update, headers=headers) as taken:
                assert taken.status == 200
        await w.told("✅ 0.")
        await asyncio.sleep(1.5)
        assert len(server.requests) == 1
        assert sum("An answer." in words(message) for message in await o.messages()) == 1


async def test_a_build_amid_which_the_service_was_killed_goes_on_from_its_checkpoint(
    database_url: str,
) -> None:
    script = model()
    builder = Builder(script, usage=(0, 2500))
    async with model_server() as server, working(server, database_url, mock=True) as w:
        server.will(builder, builder, builder, Silence())
        server.always(builder)
        await w.say("/start")
        await w.pay(await w.told("Welcome!"), mock=True)
        await w.say("/build a tool that keeps notes")
        await eventually(lambda: len(server.requests) == 4)
        w.outside.service.kill()
        await w.outside.service.wait()
        async with process("run.py", ready="Running on", **w.environment):
            assert await w.unpacked() == {f"notes/{path}": text for path, text in WRITTEN.items()}
            assert script.asked == ["plan", *WRITTEN]
            assert len(server.requests) == 6, "the file that was being written is asked for again, no other"
            await w.told("✅ 4.31 credits.")
            await w.say("/balance")
            await w.told("Balance: 95.69 credits")
            await w.say("/history")
            assert (await w.told("Your credits"))["text"].count("/build") == 5
