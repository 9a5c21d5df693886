"""The bot's session without a network: an unmodified aiogram bot talks to a `TelegramWorld` in memory."""

import json
from collections.abc import AsyncGenerator
from typing import Any, cast

from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import InputFile

from bot_platform.infra.clock import current
from bot_platform.sandbox.telegram_world import (
    Call,
    ConnectionLostError,
    Fault,
    FloodLimits,
    Person,
    StoredFile,
    TelegramWorld,
)

__all__ = ["Call", "Fault", "FloodLimits", "Person", "SandboxSession", "TelegramWorld"]


class SandboxSession(BaseSession):
    """`Bot(world.token, session=SandboxSession(world))`: every error is the one aiogram would raise."""

    def __init__(self, world: TelegramWorld, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.world = world

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109 (aiogram's signature)
    ) -> TelegramType:
        """Ask the world and read its answer as one that came over HTTP."""
        uploads: dict[str, InputFile] = {}
        params = {
            name: self.prepare_value(value, bot=bot, files=uploads, _dumps_json=False)
            for name, value in method.model_dump(warnings=False).items()
        }
        sent = json.loads(json.dumps(params))
        files = {key: await _stored(upload, bot) for key, upload in uploads.items()}
        try:
            async with current().timeout(self.timeout if timeout is None else timeout):
                status, answer = await self.world.answer(bot.token, method.__api_method__, sent, files)
        except TimeoutError as late:
            raise TelegramNetworkError(method=method, message="Request timeout error") from late
        except ConnectionLostError as lost:
            raise TelegramNetworkError(method=method, message=f"ServerDisconnectedError: {lost}") from lost
        response = self.check_response(bot=bot, method=method, status_code=status, content=json.dumps(answer))
        return cast("TelegramType", response.result)

    async def close(self) -> None:
        """Nothing is open."""

    async def stream_content(
        self,
        url: str,
        headers: dict[str, Any] | None = None,  # noqa: ARG002 (aiogram's signature)
        timeout: int = 30,  # noqa: ARG002, ASYNC109
        chunk_size: int = 65536,
        raise_for_status: bool = True,  # noqa: ARG002
    ) -> AsyncGenerator[bytes, None]:
        """Give a file that was sent, by the last part of its address."""
        content = self.world.files[url.rsplit("/", 1)[-1]].content
        for start in range(0, len(content), chunk_size):
            yield content[start : start + chunk_size]


async def _stored(upload: InputFile, bot: Bot) -> StoredFile:
    content = b"".join([chunk async for chunk in upload.read(bot)])
    return StoredFile(upload.filename or "file", content)
