"""aiogram's HTTP session: errors of a proxy count as errors of the network, and calls are observed."""

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
PROXY_ERRORS = (ProxyError, ProxyConnectionError, ProxyTimeoutError)  # they have no common base class


def observe_calls(on_result: OnResult) -> RequestMiddlewareType:
    """Report the result of each call to Telegram: `on_result(party, result)`."""

    async def observe(
        make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        try:
            answer = await make_request(bot, method)
        except TelegramAPIError as error:
            on_result("telegram", RESULTS.get(type(error), REFUSED))
            raise
        on_result("telegram", OK)
        return answer

    return observe


class HttpSession(AiohttpSession):
    """Calls a Bot API server over HTTP, through a proxy if one is given."""

    def __init__(self, api_base: str, proxy_url: str | None) -> None:
        super().__init__(proxy=proxy_url, api=TelegramAPIServer.from_base(api_base))

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109 -- aiogram's
    ) -> Any:
        """Call a method; raises TelegramNetworkError for a proxy's error too, which aiogram lets through."""
        try:
            return await super().make_request(bot, method, timeout)
        except PROXY_ERRORS as error:
            raise TelegramNetworkError(method=method, message=f"{type(error).__name__}: {error}") from error
