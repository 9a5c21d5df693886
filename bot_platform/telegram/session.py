"""aiogram's HTTP session, which takes a proxy's faults for faults of the network."""

from typing import Any

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.session.middlewares.base import NextRequestMiddlewareType, RequestMiddlewareType
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiohttp_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError

from bot_platform.infra.outbound_calls import BUSY, DOWN, OK, REFUSED, OnResult

RESULTS: dict[type[TelegramAPIError], str] = {
    TelegramNetworkError: DOWN,
    TelegramServerError: DOWN,
    TelegramRetryAfter: BUSY,
}
PROXY_FAULTS = (ProxyError, ProxyConnectionError, ProxyTimeoutError)  # they have no base of their own


def observe_calls(heard: OnResult) -> RequestMiddlewareType:
    """Tell of each call to Telegram how it ended: `heard(party, result)`."""

    async def listen(
        make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        try:
            answer = await make_request(bot, method)
        except TelegramAPIError as fault:
            heard("telegram", RESULTS.get(type(fault), REFUSED))
            raise
        heard("telegram", OK)
        return answer

    return listen


class HttpSession(AiohttpSession):
    """Reaches a Bot API server over HTTP, through a proxy where one is given."""

    def __init__(self, api_base: str, proxy_url: str | None) -> None:
        super().__init__(proxy=proxy_url, api=TelegramAPIServer.from_base(api_base))

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109 -- aiogram's
    ) -> Any:
        """Call a method; raises TelegramNetworkError also where aiogram lets a proxy's error through."""
        try:
            return await super().make_request(bot, method, timeout)
        except PROXY_FAULTS as fault:
            raise TelegramNetworkError(method=method, message=f"{type(fault).__name__}: {fault}") from fault
