"""An aiogram session without a network: it passes an unmodified bot's calls to a `TelegramWorld`."""

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
    """Use as `Bot(world.token, session=SandboxSession(world))`. Raises the same errors as aiogram's own."""

    def __init__(self, world: TelegramWorld, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.world = world

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109 (aiogram's signature)
    ) -> TelegramType:
        """Call the fake and parse its answer like an HTTP response."""
        uploads: dict[str, InputFile] = {}
        params = {
            name: self.prepare_value(value, bot=bot, files=uploads, _dumps_json=False)
            for name, value in method.model_dump(warnings=False).items()
        }
        json_params = json.loads(json.dumps(params))
        files = {key: await _read_upload(upload, bot) for key, upload in uploads.items()}
        try:
            async with current().timeout(self.timeout if timeout is None else timeout):
                status, answer = await self.world.answer(bot.token, method.__api_method__, json_params, files)
        except TimeoutError as error:
            raise TelegramNetworkError(method=method, message="Request timeout error") from error
        except ConnectionLostError as error:
            raise TelegramNetworkError(method=method, message=f"ServerDisconnectedError: {error}") from error
        content = answer if isinstance(answer, str) else json.dumps(answer)
        response = self.check_response(bot=bot, method=method, status_code=status, content=content)
        return cast("TelegramType", response.result)

    async def close(self) -> None:
        """Do nothing: no connection is open."""

    async def stream_content(
        self,
        url: str,
        headers: dict[str, Any] | None = None,  # noqa: ARG002 (aiogram's signature)
        timeout: int = 30,  # noqa: ARG002, ASYNC109
        chunk_size: int = 65536,
        raise_for_status: bool = True,  # noqa: ARG002
    ) -> AsyncGenerator[bytes, None]:
        """Yield the content of a sent file; the last part of `url` is its id."""
        content = self.world.files[url.rsplit("/", 1)[-1]].content
        for start in range(0, len(content), chunk_size):
            yield content[start : start + chunk_size]


async def _read_upload(upload: InputFile, bot: Bot) -> StoredFile:
    content = b"".join([chunk async for chunk in upload.read(bot)])
    return StoredFile(upload.filename or "file", content)
