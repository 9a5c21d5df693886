"""aiogram's HTTP session, in which no answer of a server or a proxy raises anything but Telegram's errors."""

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
from aiohttp import ClientError, ClientTimeout
from aiohttp_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError

from bot_platform.infra import safe_errors
from bot_platform.infra.outbound_calls import BUSY, DOWN, OK, REFUSED, OnResult

RESULTS: dict[type[TelegramAPIError], str] = {
    TelegramNetworkError: DOWN,
    TelegramServerError: DOWN,
    TelegramRetryAfter: BUSY,
}
# What aiohttp and a proxy raise; they have no common base class.
NETWORK_ERRORS = (ClientError, ProxyError, ProxyConnectionError, ProxyTimeoutError)


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
        """Call a method as aiogram does, but read bytes that are not UTF-8 too, and name a proxy's errors.

        aiogram raises UnicodeDecodeError for an error page in another encoding.
        """
        session = await self.create_session()
        url, form = self.api.api_url(bot.token, method.__api_method__), self.build_form_data(bot, method)
        seconds = self.timeout if timeout is None else timeout
        try:
            async with session.post(url, data=form, timeout=ClientTimeout(total=seconds)) as answer:
                status, content = answer.status, (await answer.read()).decode(errors="replace")
        except TimeoutError as error:
            raise TelegramNetworkError(method=method, message="Request timeout error") from error
        except NETWORK_ERRORS as error:
            raise TelegramNetworkError(method=method, message=safe_errors.text(error)) from error
        return self.check_response(bot, method, status, content).result

    def check_response(
        self, bot: Bot, method: TelegramMethod[TelegramType], status_code: int, content: str
    ) -> Response[TelegramType]:
        """Read an answer; raises TelegramServerError for a 5xx without a description too."""
        try:
            return super().check_response(bot, method, status_code, content)
        except TypeError:  # aiogram searches the description of a 5xx for a word
            raise TelegramServerError(method=method, message="the server failed") from None
