"""The Bot API server in its own process with aiogram's real session, by polling and by webhook."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiogram import Bot, Dispatcher, Router
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramConflictError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup, Message
from aiohttp import web

from tests.makers import eventually

ROOT = Path(__file__).parents[2]
TOKEN = "7000000099:another-token-of-the-usual-length-1"
BUYER, BEN = 7_000_000_001, 7_000_000_002


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.bot_api_server", "--token", TOKEN, "--first-delay", "0.05"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{process.stdout.readline().split()[1]}"
        process.terminate()
        assert process.wait() == 0


@dataclass
class Control:
    client: aiohttp.ClientSession
    base: str

    async def post(self, path: str, **sent: Any) -> Any:
        async with self.client.post(f"{self.base}/control/{path}", json=sent) as answer:
            assert answer.status == 200
            return await answer.json()

    async def get(self, path: str) -> Any:
        async with self.client.get(f"{self.base}/control/{path}") as answer:
            return await answer.json()

    async def texts(self, chat_id: int) -> list[str]:
        return [message.get("text", "") for message in await self.get(f"messages?chat_id={chat_id}")]

    async def wait_for(self, chat_id: int, text: str) -> None:
        while text not in await self.texts(chat_id):  # noqa: ASYNC110 (another process)
            await asyncio.sleep(0.01)


@pytest.fixture
async def control(base: str) -> AsyncIterator[Control]:
    async with aiohttp.ClientSession() as client:
        control = Control(client, base)
        yield control
        await client.delete(f"{base}/control/faults")
        await client.get(f"{base}/bot{TOKEN}/deleteWebhook?drop_pending_updates=true")


@pytest.fixture
async def bot(base: str) -> AsyncIterator[Bot]:
    bot = Bot(TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(base)))
    yield bot
    await bot.session.close()


def echo() -> Router:
    router = Router()

    @router.message()
    async def answer(message: Message) -> None:
        await message.answer(f"You said {message.text}")

    return router


async def test_an_unmodified_bot_polls_and_answers(bot: Bot, control: Control) -> None:
    dispatcher = Dispatcher()
    dispatcher.include_router(echo())
    poller = asyncio.create_task(dispatcher.start_polling(bot, handle_signals=False, close_bot_session=False))
    await control.post("say", user={"id": BUYER, "first_name": "Buyer"}, text="hello")
    await control.wait_for(BUYER, "You said hello")
    await dispatcher.stop_polling()
    await poller
    (call,) = await control.get("log?method=sendMessage")
    assert (call["outcome"], call["params"]["text"]) == ("ok", "You said hello")


async def test_forms_carry_keyboards_and_files(bot: Bot, control: Control) -> None:
    await control.post("say", user=BUYER, text="hello")
    keyboard = InlineKeyboardMarkup(
        inline_keyboard=[[InlineKeyboardButton(text="Buy", callback_data="buy_100")]]
    )
    message = await bot.send_message(BUYER, "<b>Choose</b>", parse_mode="HTML", reply_markup=keyboard)
    assert message.reply_markup
    assert message.reply_markup.model_dump() == keyboard.model_dump()
    assert (message.text, message.entities and message.entities[0].type) == ("Choose", "bold")
    query = await control.post("press", user=BUYER, message_id=message.message_id, data="buy_100")
    assert await bot.answer_callback_query(query["query_id"], text="Hi")
    sent = await bot.send_document(BUYER, BufferedInputFile(b"\x00\xff# Answer", "answer.md"))
    assert sent.document
    fetched = await bot.download(sent.document)
    assert fetched
    assert fetched.read() == b"\x00\xff# Answer"


async def test_json_and_query_parameters_are_accepted(base: str, control: Control) -> None:
    await control.post("say", user=BUYER, text="hello")
    sent = {"chat_id": str(BUYER), "text": "from JSON"}
    async with control.client.post(f"{base}/bot{TOKEN}/sendMessage", json=sent) as answer:
        assert (await answer.json())["result"]["text"] == "from JSON"
    async with control.client.get(f"{base}/bot{TOKEN}/SENDMESSAGE", params=sent) as answer:
        assert (await answer.json())["ok"]


async def test_errors_arrive_as_from_the_real_server(base: str, bot: Bot, control: Control) -> None:
    await control.post("say", user=BUYER, text="hello")
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.send_message(12345, "one")
    await control.post(
        "faults", method="sendMessage", code=429, description="Too Many Requests", retry_after=2
    )
    with pytest.raises(TelegramRetryAfter) as raised:
        await bot.send_message(BUYER, "one")
    assert raised.value.retry_after == 2
    async with control.client.get(f"{base}/bot{TOKEN}/sendDice") as answer:
        assert answer.status == 404
    stranger = Bot("1:other", session=bot.session)
    with pytest.raises((TelegramUnauthorizedError, TelegramNotFound)):
        await stranger.get_me()


async def test_faults_can_lose_an_answer_or_a_request(bot: Bot, control: Control) -> None:
    await control.post("say", user=BEN, text="hello")
    for fault in ({"lose_answer": True}, {"network_error": True}):
        await control.post("faults", method="sendMessage", **fault)
        with pytest.raises(TelegramNetworkError):
            await bot.send_message(BEN, next(iter(fault)))
    texts = await control.texts(BEN)
    assert "lose_answer" in texts
    assert "network_error" not in texts


async def test_polls_wait_end_and_exclude_each_other(bot: Bot, control: Control) -> None:
    assert await bot.get_updates(timeout=1) == []
    asked = len(await control.get("log?method=getUpdates"))
    older = asyncio.create_task(bot.get_updates(timeout=50))
    while len(await control.get("log?method=getUpdates")) == asked:  # noqa: ASYNC110 -- another process
        await asyncio.sleep(0.01)
    newer = asyncio.create_task(bot.get_updates(timeout=1))
    with pytest.raises(TelegramConflictError, match="terminated by other getUpdates request"):
        await older
    assert await newer == []


@dataclass
class Hook:
    """A webhook that answers with each of `statuses`, then with 200."""

    statuses: list[int] = field(default_factory=list)
    delay: float = 0.0
    got: list[tuple[str, str | None]] = field(default_factory=list)
    concurrent: int = 0
    max_concurrent: int = 0

    async def take(self, request: web.Request) -> web.Response:
        update = await request.json()
        self.got.append((update["message"]["text"], request.headers.get("X-Telegram-Bot-Api-Secret-Token")))
        self.concurrent += 1
        self.max_concurrent = max(self.max_concurrent, self.concurrent)
        await asyncio.sleep(self.delay)
        self.concurrent -= 1
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)

    async def wait_for(self, number: int) -> list[str]:
        await eventually(lambda: len(self.got) >= number)
        return [text for text, _ in self.got]


@pytest.fixture
async def hook() -> AsyncIterator[tuple[Hook, str]]:
    hook = Hook()
    app = web.Application()
    app.router.add_post("/hook", hook.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield hook, f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    await runner.cleanup()


async def test_updates_are_posted_with_the_secret(bot: Bot, control: Control, hook: tuple[Hook, str]) -> None:
    webhook, url = hook
    await bot.set_webhook(url, secret_token="secret-1", allowed_updates=["message"])
    await control.post("say", user=BUYER, text="one")
    await webhook.wait_for(1)
    assert webhook.got == [("one", "secret-1")]
    with pytest.raises(TelegramConflictError, match="webhook is active"):
        await bot.get_updates()
    await control.post("block", user=BUYER)
    await control.post("unblock", user=BUYER)
    assert (await bot.get_webhook_info()).pending_update_count == 0


async def test_a_refused_update_is_retried_before_the_next_one_of_its_chat(
    bot: Bot, control: Control, hook: tuple[Hook, str]
) -> None:
    webhook, url = hook
    webhook.statuses = [500, 403, 302]
    await bot.set_webhook(url)
    for text in ("one", "two"):
        await control.post("say", user=BUYER, text=text)
    assert await webhook.wait_for(5) == ["one", "one", "one", "one", "two"]
    assert "Wrong response from the webhook: 302" in str((await bot.get_webhook_info()).last_error_message)


async def test_updates_are_kept_while_the_webhook_is_unreachable(bot: Bot, control: Control) -> None:
    await bot.set_webhook("http://127.0.0.1:9/hook")
    await control.post("say", user=BUYER, text="kept")
    while not (info := await bot.get_webhook_info()).last_error_message:  # noqa: ASYNC110 -- as above
        await asyncio.sleep(0.01)
    assert info.pending_update_count == 1
    assert info.last_error_message
    await bot.delete_webhook()
    (update,) = await bot.get_updates()
    assert update.message
    assert update.message.text == "kept"


async def test_max_connections_limits_concurrent_posts(
    bot: Bot, control: Control, hook: tuple[Hook, str]
) -> None:
    webhook, url = hook
    webhook.delay = 0.05
    await bot.set_webhook(url, max_connections=3)
    for number in range(12):
        await control.post("say", user=BUYER + number, text=str(number))
    await webhook.wait_for(12)
    assert webhook.max_concurrent == 3
