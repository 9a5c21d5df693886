"""An answer that aiogram cannot decode is a fault of the network, of the server, or was done all the same."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest, TelegramNetworkError, TelegramServerError
from aiogram.methods import GetMe, SendMessage

from bot_platform.telegram.plain_answers import GetPlainUpdates, UnreadableResult, name_decode_errors

PAGE = "<html><head><title>502 Bad Gateway</title></head><body>private words</body></html>"
SEND = SendMessage(chat_id=1, text="hello")


class Server(BaseSession):
    """A session whose server answers each call so."""

    def __init__(self, status: int, content: object) -> None:
        super().__init__()
        self._status, self._content = status, content if isinstance(content, str) else json.dumps(content)

    async def make_request(self, bot: Bot, method: Any, timeout: int | None = None) -> Any:  # noqa: ASYNC109 -- aiogram's
        del timeout
        return self.check_response(bot, method, self._status, self._content).result

    async def close(self) -> None:
        pass

    async def stream_content(
        self,
        url: str,  # noqa: ARG002 -- aiogram's signature, here and below
        headers: dict[str, Any] | None = None,  # noqa: ARG002
        timeout: int = 30,  # noqa: ARG002, ASYNC109
        chunk_size: int = 65536,  # noqa: ARG002
        raise_for_status: bool = True,  # noqa: ARG002
    ) -> AsyncGenerator[bytes, None]:
        yield b""


async def call(status: int, content: object, method: Any = SEND) -> Any:
    session = Server(status, content)
    session.middleware(name_decode_errors)
    return await Bot("1:abc", session=session)(method)


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (502, PAGE, TelegramNetworkError),
        (200, PAGE, TelegramNetworkError),
        (200, "", TelegramNetworkError),
        (200, "[]", TelegramNetworkError),
        (504, "upstream request timeout", TelegramNetworkError),
        (500, {"ok": [], "error_code": 500, "description": "private words"}, TelegramServerError),
        (502, {"ok": False, "error_code": 502, "description": "Bad Gateway"}, TelegramServerError),
        (200, {"ok": False, "description": ["private words"]}, TelegramNetworkError),
        (400, {"ok": False, "error_code": 400, "description": "Bad Request: x"}, TelegramBadRequest),
    ],
    ids=str,
)
async def test_an_answer_is_named_by_what_came(
    status: int, content: object, kind: type[TelegramAPIError]
) -> None:
    with pytest.raises(TelegramAPIError) as caught:
        await call(status, content)
    assert type(caught.value) is kind
    assert "private words" not in str(caught.value)
    assert caught.value.__context__ is None or "private" not in str(caught.value.__cause__)


async def test_a_message_that_was_sent_is_known_although_it_cannot_be_read() -> None:
    with pytest.raises(UnreadableResult) as caught:
        await call(200, {"ok": True, "result": {"message_id": 12, "date": "yesterday"}})
    assert caught.value.message_id == 12
    with pytest.raises(UnreadableResult) as caught:
        await call(200, {"ok": True, "result": 5}, GetMe())
    assert caught.value.message_id is None


async def test_updates_come_as_they_were_sent_whatever_is_in_them() -> None:
    sent = [
        {"update_id": 1, "message": {"forward_origin": {"type": "hidden_user"}}},
        None,
        "x",
        {"update_id": 2},
    ]
    assert await call(200, {"ok": True, "result": sent}, GetPlainUpdates()) == sent
