"""The demo's chat page, over the test client and over a real port."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart
from quart.typing import TestClientProtocol as Client

from bot_platform.sandbox.chat import PERSON_COOKIE, chat_pages
from bot_platform.sandbox.telegram_world import StoredFile, TelegramWorld
from tests.makers import eventually

OWN = {"X-Demo": "1"}
Events = AsyncIterator[tuple[str, dict[str, Any]]]


@pytest.fixture
def world() -> Iterator[TelegramWorld]:
    world = TelegramWorld(allow_local_urls=True)
    yield world
    world.close()


@pytest.fixture
def app(world: TelegramWorld) -> Quart:
    app = Quart("test")
    app.register_blueprint(chat_pages(world, bot_name='A "<b>" bot'))
    return app


@pytest.fixture
async def client(app: Quart) -> Client:
    client = app.test_client()
    await client.get("/demo")
    return client


def person_of(client: Client) -> int:
    assert client.cookie_jar is not None
    return int(next(str(cookie.value) for cookie in client.cookie_jar if cookie.name == PERSON_COOKIE))


async def bot_says(world: TelegramWorld, chat_id: int, text: str, **buttons: str) -> int:
    keyboard = [[{"text": name, "callback_data": data}] for name, data in buttons.items()]
    sent = {"chat_id": chat_id, "text": text, "reply_markup": {"inline_keyboard": keyboard}}
    _, answer = await world.answer(world.token, "sendMessage", sent)
    assert isinstance(answer, dict)
    return int(answer["result"]["message_id"])


async def test_the_page_names_the_bot_and_runs_under_a_strict_policy(client: Client) -> None:
    page = await client.get("/demo")
    body = await page.get_data(as_text=True)
    assert "A &#34;&lt;b&gt;&#34; bot" in body
    assert '<aside id="panel"' in body
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert "style=" not in body
    assert "onclick" not in body
    assert "http://" not in body
    assert "https://" not in body


async def test_every_static_file_of_the_page_exists(client: Client) -> None:
    for name in (
        "chat.css",
        "ledger_panel.css",
        "chat.js",
        "ledger_panel.js",
        "messages.js",
        "bot.svg",
        "wallpaper.svg",
    ):
        assert (await client.get(f"/demo/static/{name}")).status_code == 200


async def test_a_browser_is_one_person_until_it_starts_over(app: Quart) -> None:
    client = app.test_client()
    first = await client.get("/demo")
    cookie = first.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Set-Cookie" not in (await client.get("/demo")).headers
    before = person_of(client)
    assert (await client.post("/demo/new", json={}, headers=OWN)).status_code == 200
    assert person_of(client) != before


async def test_sending_a_text_creates_an_update(client: Client, world: TelegramWorld) -> None:
    answer = await client.post(
        "/demo/say", json={"text": "/start"}, headers={**OWN, "Accept-Language": "de-DE,de;q=0.9"}
    )
    assert answer.status_code == 200
    (update,) = world.updates.pending.values()
    assert update["message"]["text"] == "/start"
    assert update["message"]["from"]["language_code"] == "de"
    assert update["message"]["chat"]["id"] == person_of(client)


async def test_pressing_a_button_creates_a_callback_query(client: Client, world: TelegramWorld) -> None:
    await client.post("/demo/say", json={"text": "hello"}, headers=OWN)
    message_id = await bot_says(world, person_of(client), "Choose:", Small="buy_100")
    answer = await client.post("/demo/press", json={"message_id": message_id, "data": "buy_100"}, headers=OWN)
    assert answer.status_code == 200
    assert list(world.updates.pending.values())[-1]["callback_query"]["data"] == "buy_100"
    for wrong in ({"message_id": message_id, "data": "buy_1"}, {"message_id": 1, "data": "buy_100"}):
        assert (await client.post("/demo/press", json=wrong, headers=OWN)).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("say", b"", 400),
        ("say", b"{", 400),
        ("say", b"[]", 400),
        ("say", b"[" * 60_000, 400),
        ("say", b"\xff\xfe", 400),
        ("say", b"{}", 400),
        ("say", b'{"text": 5}', 400),
        ("say", b'{"text": " "}', 400),
        ("say", b'{"text": "\\ud800"}', 400),
        ("say", json.dumps({"text": "a" * 4097}).encode(), 400),
        ("say", b" " * 70_000, 413),
        ("press", b"{}", 400),
        ("press", b'{"message_id": true, "data": "a"}', 400),
        ("press", b'{"message_id": 1.5, "data": "a"}', 400),
        ("press", b'{"message_id": 1, "data": null}', 400),
        ("press", b'{"message_id": 99999999999999999999999, "data": "a"}', 404),
        ("new", b"", 400),
        ("other", b"{}", 404),
    ],
)
async def test_invalid_input_is_refused(client: Client, path: str, body: bytes, status: int) -> None:
    answer = await client.post(
        f"/demo/{path}", data=body, headers={**OWN, "Content-Type": "application/json"}
    )
    assert answer.status_code == status
    assert len(await answer.get_data(as_text=False)) < 300


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {**OWN, "Origin": "https://elsewhere.example"},
        {**OWN, "Origin": "null"},
        {**OWN, "Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_a_request_from_another_origin_is_refused(
    client: Client, world: TelegramWorld, headers: dict[str, str]
) -> None:
    assert (await client.post("/demo/say", json={"text": "hello"}, headers=headers)).status_code == 403
    assert not world.updates.pending


async def test_without_a_cookie_every_request_is_refused(app: Quart) -> None:
    client = app.test_client()
    for cookie in ("", "abc", "-5", "0", "9" * 40, "٣" * 12):
        headers = {**OWN, "Cookie": f"{PERSON_COOKIE}={cookie}"}
        assert (await client.post("/demo/say", json={"text": "hello"}, headers=headers)).status_code == 401
        assert (await client.get("/demo/events", headers=headers)).status_code == 401


async def test_a_file_is_available_only_in_its_chat(app: Quart, client: Client, world: TelegramWorld) -> None:
    await client.post("/demo/say", json={"text": "hello"}, headers=OWN)
    sent = {"chat_id": person_of(client), "document": "attach://a"}
    await world.answer(world.token, "sendDocument", sent, {"a": StoredFile("answer\r\n.html", b"<b>")})
    file_id = world.messages(person_of(client))[-1]["document"]["file_id"]
    answer = await client.get(f"/demo/file/{file_id}")
    assert await answer.get_data(as_text=False) == b"<b>"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.content_type == "application/octet-stream"
    other = app.test_client()
    await other.get("/demo")
    assert (await other.get(f"/demo/file/{file_id}")).status_code == 404


@asynccontextmanager
async def served(app: Quart, world: TelegramWorld) -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = Config()
        config.bind = [f"fd://{listener.fileno()}"]
        config.errorlog = None
        stop = asyncio.Event()

        async def stopped() -> None:
            await stop.wait()
            world.close()

        server = asyncio.create_task(serve(app, config, shutdown_trigger=stopped))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/demo"
        finally:
            stop.set()
            await server
            listener.detach()


async def read(response: aiohttp.ClientResponse) -> Events:
    name = ""
    async for line in response.content:
        if line.startswith(b"event: "):
            name = line[7:].decode().strip()
        if line.startswith(b"data: "):
            yield name, json.loads(line[6:])


async def test_the_stream_sends_the_state_and_then_every_change(app: Quart, world: TelegramWorld) -> None:
    async with (
        served(app, world) as url,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser,
    ):
        await (await browser.get(url)).read()
        await (await browser.post(f"{url}/say", json={"text": "/start"}, headers=OWN)).read()
        (chat_id,) = world.chats
        async with browser.get(f"{url}/events") as response:
            assert response.content_type == "text/event-stream"
            events = read(response)
            name, state = await anext(events)
            assert name == "state"
            assert [message["text"] for message in state["messages"]] == ["/start"]
            message_id = await bot_says(world, chat_id, "Choose:", Small="buy_100")
            assert (await anext(events))[1]["message"]["text"] == "Choose:"
            pressed = {"message_id": message_id, "data": "buy_100"}
            async with browser.post(f"{url}/press", json=pressed, headers=OWN) as answer:
                query_id = (await answer.json())["query_id"]
            await world.answer(
                world.token, "answerCallbackQuery", {"callback_query_id": query_id, "text": "Hi"}
            )
            assert (await anext(events))[1]["text"] == "Hi"
            await world.answer(world.token, "deleteMessage", {"chat_id": chat_id, "message_id": message_id})
            assert (await anext(events))[1] == {"kind": "deleted", "message_id": message_id}
            commands = [{"command": "buy", "description": "Buy"}]
            await world.answer(world.token, "setMyCommands", {"commands": commands})
            assert await anext(events) == ("menu", {"commands": commands, "description": ""})


async def test_a_shutdown_ends_open_streams_at_once(app: Quart, world: TelegramWorld) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        async with served(app, world) as url:
            await (await browser.get(url)).read()
            response = await browser.get(f"{url}/events")
            events = read(response)
            await anext(events)
        assert [event async for event in events] == []


async def test_a_closed_stream_ends_its_watch(app: Quart, world: TelegramWorld) -> None:
    async with (
        served(app, world) as url,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser,
    ):
        await (await browser.get(url)).read()
        async with browser.get(f"{url}/events") as response:
            await anext(read(response))
            assert world.watched() == 1
        await eventually(lambda: not world.watched())
