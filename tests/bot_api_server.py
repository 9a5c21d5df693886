"""The fake Telegram as a Bot API server over HTTP: `python -m tests.bot_api_server --port 0`."""

import argparse
import asyncio
import contextlib
import json
import signal
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from bot_platform.infra.clock import current
from bot_platform.sandbox.telegram_updates import Update, Webhook
from bot_platform.sandbox.telegram_world import (
    SANDBOX_TOKEN,
    ConnectionLostError,
    Fault,
    FloodLimits,
    Person,
    StoredFile,
    TelegramWorld,
)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
TIMEOUT = ClientTimeout(total=30)


@dataclass
class Pusher:
    """Posts updates to the webhook until a 2xx: in order within a chat, several chats concurrently."""

    world: TelegramWorld
    first_delay: float = 0.2
    max_delay: float = 5.0
    tunnel: str | None = None
    """The address that webhooks are really sent to, instead of the public one."""
    _in_flight: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    _busy_chats: set[int] = field(default_factory=set)

    async def run(self) -> None:
        """Post updates until cancelled."""
        async with ClientSession(timeout=TIMEOUT) as client:
            try:
                while True:
                    await self.world.updates.changed()
                    self._start(client)
            finally:
                tasks = list(self._in_flight.values())
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, client: ClientSession) -> None:
        webhook = self.world.updates.webhook
        if webhook is None:
            return
        for update_id, update in self.world.updates.pending.items():
            if len(self._in_flight) >= webhook.max_connections:
                return
            chat_id = _chat_of(update)
            if chat_id in self._busy_chats:
                continue
            self._busy_chats.add(chat_id)
            self._in_flight[update_id] = asyncio.create_task(self._deliver(client, update, chat_id))

    async def _deliver(self, client: ClientSession, update: Update, chat_id: int) -> None:
        delay, update_id = self.first_delay, update["update_id"]
        try:
            while (webhook := self.world.updates.webhook) and update_id in self.world.updates.pending:
                error = await _post(client, self._url(webhook), webhook.secret, update)
                if error is None:
                    self.world.updates.confirm(update_id)
                    return
                self._record_error(error)
                await current().sleep(delay)
                delay = min(delay * 2, self.max_delay)
        finally:
            del self._in_flight[update_id]
            self._busy_chats.discard(chat_id)
            self.world.updates.notify_change()

    def _url(self, webhook: Webhook) -> str:
        return self.tunnel + urlsplit(webhook.url).path if self.tunnel else webhook.url

    def _record_error(self, error: str) -> None:
        if webhook := self.world.updates.webhook:
            at = int(self.world.clock())
            self.world.updates.webhook = replace(webhook, last_error=error, last_error_at=at)


async def _post(client: ClientSession, url: str, secret: str, update: Update) -> str | None:
    headers = {SECRET_HEADER: secret} if secret else {}
    try:
        async with client.post(url, json=update, headers=headers, allow_redirects=False) as answer:
            await answer.read()
            taken = answer.status // 100 == 2
            return None if taken else f"Wrong response from the webhook: {answer.status} {answer.reason}"
    except (ClientError, TimeoutError) as error:
        return f"Connection failed: {type(error).__name__}"


def _chat_of(update: Update) -> int:
    content = next(value for name, value in update.items() if name != "update_id")
    return int(content["from"]["id"])


@dataclass(frozen=True)
class Server:
    """The routes of the Bot API, and under `/control` those for tests."""

    world: TelegramWorld

    def app(self) -> web.Application:
        """Build the application."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_get("/file/bot{token}/{path}", self.file)
        app.router.add_route("*", "/bot{token}/{method}", self.bot)
        app.router.add_post("/control/say", self.say)
        app.router.add_post("/control/press", self.press)
        app.router.add_post("/control/{verb:block|unblock}", self.block)
        app.router.add_get("/control/messages", self.messages)
        app.router.add_get("/control/log", self.log)
        app.router.add_post("/control/faults", self.add_fault)
        app.router.add_delete("/control/faults", self.clear_faults)
        return app

    async def bot(self, request: web.Request) -> web.StreamResponse:
        """Answer one call of the Bot API."""
        params, files = await _params(request)
        token, method = request.match_info["token"], request.match_info["method"]
        try:
            status, body = await self.world.answer(token, method, params, files)
        except ConnectionLostError:
            if request.transport:
                request.transport.abort()
            return web.Response()
        if isinstance(body, str):
            return web.Response(text=body, status=status, content_type="text/html")
        headers = {"Retry-After": str(body["parameters"]["retry_after"])} if "parameters" in body else None
        return web.json_response(body, status=status, headers=headers)

    async def file(self, request: web.Request) -> web.Response:
        """Return the content of a file."""
        stored = self.world.files.get(request.match_info["path"])
        if stored is None or request.match_info["token"] != self.world.token:
            return web.json_response({"ok": False, "error_code": 404, "description": "Not Found"}, status=404)
        return web.Response(body=stored.content)

    async def say(self, request: web.Request) -> web.Response:
        """Send a text: `{"user": 7 | {"id": 7, "first_name": ...}, "text": ...}`; returns the message."""
        sent = await request.json()
        return web.json_response(self.world.say(self._person(sent["user"]), sent["text"]))

    async def press(self, request: web.Request) -> web.Response:
        """Press a button: `{"user", "message_id", "data", "stale"}`; returns the query id, or 404."""
        sent = await request.json()
        person, stale = self._person(sent["user"]), sent.get("stale", False)
        try:
            query_id = self.world.press(person, sent["message_id"], sent["data"], stale=stale)
        except LookupError as error:
            return web.json_response({"error": str(error)}, status=404)
        return web.json_response({"query_id": query_id})

    async def block(self, request: web.Request) -> web.Response:
        """Block or unblock the bot: `{"user"}`."""
        person = self._person((await request.json())["user"])
        act = self.world.block if request.match_info["verb"] == "block" else self.world.unblock
        act(person)
        return web.json_response({})

    async def messages(self, request: web.Request) -> web.Response:
        """Return the messages of a chat: `?chat_id=`."""
        return web.json_response(self.world.messages(int(request.query["chat_id"])))

    async def log(self, request: web.Request) -> web.Response:
        """Return the bot's calls, oldest first; `?method=` filters them."""
        method = request.query.get("method", "").lower()
        calls = [asdict(call) for call in self.world.calls if method in {"", call.method.lower()}]
        return web.json_response(calls, dumps=lambda value: json.dumps(value, default=repr))

    async def add_fault(self, request: web.Request) -> web.Response:
        """Queue a fault: `{"method", ...}` with the fields of `Fault`."""
        sent = await request.json()
        self.world.fail(sent.pop("method"), Fault(**sent))
        return web.json_response({})

    async def clear_faults(self, _: web.Request) -> web.Response:
        """Remove all faults."""
        self.world.clear_faults()
        return web.json_response({})

    def _person(self, user: Any) -> Person:
        if isinstance(user, dict):
            return Person(**user)
        known = self.world.chats.get(user)
        return known.person if known else Person(user)


async def _params(request: web.Request) -> tuple[Mapping[str, Any], Mapping[str, StoredFile]]:
    if request.content_type == "application/json":
        body = await request.json()
        return {**request.query, **(body if isinstance(body, dict) else {})}, {}
    params: dict[str, Any] = dict(request.query)
    files: dict[str, StoredFile] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[name] = StoredFile(value.filename, value.file.read())
            value.file.close()
            # A client may send the file under the parameter's own name, without attach://.
            params.setdefault(name, f"attach://{name}")
        else:
            params[name] = value if isinstance(value, str) else bytes(value).decode()
    return params, files


async def run(world: TelegramWorld, port: int, first_delay: float, tunnel: str | None) -> None:
    """Serve on 127.0.0.1 until SIGTERM or SIGINT. Port 0 means a free port; the port is printed."""
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    runner = web.AppRunner(Server(world).app(), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print(f"port {runner.addresses[0][1]}", flush=True)  # noqa: T201 (the parent process reads it)
    pusher = asyncio.create_task(Pusher(world, first_delay, tunnel=tunnel).run())
    await stopped.wait()
    pusher.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await pusher
    await runner.cleanup()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default=SANDBOX_TOKEN)
    parser.add_argument("--flood", action="store_true", help="apply Telegram's limits")
    parser.add_argument(
        "--allow-local-urls", action="store_true", help="url buttons may lead to this machine"
    )
    parser.add_argument(
        "--first-delay", type=float, default=0.2, help="seconds before the first retry of an update"
    )
    parser.add_argument("--tunnel", help="send webhooks to this address instead of the public one")
    given = parser.parse_args()
    world = TelegramWorld(
        token=given.token,
        allow_local_urls=given.allow_local_urls,
        allow_local_webhooks=True,
        flood=FloodLimits() if given.flood else None,
    )
    asyncio.run(run(world, given.port, given.first_delay, given.tunnel))


if __name__ == "__main__":
    main()
