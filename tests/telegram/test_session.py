"""Whatever bytes a server or a proxy answers with, the caller gets one of Telegram's errors."""

from collections.abc import AsyncIterator

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramNetworkError, TelegramServerError
from aiogram.methods import SendMessage
from aiohttp import web

from bot_platform.telegram.plain_answers import GetPlainUpdates, name_decode_errors
from bot_platform.telegram.session import HttpSession
from tests.sandbox.stripe_world import listen

SEND = SendMessage(chat_id=1, text="hello")


class Server:
    """A Bot API server that answers everything so."""

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self.status, self.body, self.type = 200, b"", "application/json"

    async def handle(self, _: web.Request) -> web.Response:
        return web.Response(status=self.status, body=self.body, content_type=self.type, charset="utf-8")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    listening, url = listen()
    session = HttpSession(url, None)
    session.middleware(name_decode_errors)
    built, app = Server(Bot("1:abc", session=session)), web.Application()
    app.router.add_route("*", "/{rest:.*}", built.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    yield built
    await session.close()
    await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (502, "<h1>Fehler: das Gerät antwortet nicht</h1>".encode("latin-1"), TelegramNetworkError),
        (200, b"\x1f\x8b\xff\xfe not gzip", TelegramNetworkError),
        (503, "ошибка".encode("cp1251"), TelegramNetworkError),
        (403, "Zugriff für Sie gesperrt".encode("latin-1"), TelegramNetworkError),
        (502, b'{"ok": false, "error_code": 502}', TelegramServerError),
        (500, b'{"ok": false}', TelegramServerError),
        (504, b'{"ok": false, "description": null}', TelegramServerError),
    ],
    ids=repr,
)
async def test_an_error_page_is_a_fault_of_the_network_or_the_server(
    server: Server, status: int, body: bytes, kind: type[TelegramAPIError]
) -> None:
    server.status, server.body = status, body
    with pytest.raises(TelegramAPIError) as caught:
        await server.bot(SEND)
    assert type(caught.value) is kind


async def test_a_letter_that_is_no_utf_8_hides_no_update(server: Server) -> None:
    server.body = (
        b'{"ok": true, "result": [{"update_id": 1, "message": {"text": "\xff?"}}, {"update_id": 2}]}'
    )
    found = await server.bot(GetPlainUpdates())
    assert found == [{"update_id": 1, "message": {"text": "\ufffd?"}}, {"update_id": 2}]
