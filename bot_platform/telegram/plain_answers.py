"""Answers of the Bot API that aiogram cannot decode, told apart by what came and not by their exception."""

from collections.abc import Mapping
from typing import Any

from aiogram import Bot
from aiogram.client.session.middlewares.base import NextRequestMiddlewareType
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramServerError,
)
from aiogram.methods import GetUpdates, Response, TelegramMethod
from aiogram.methods.base import TelegramType

SERVER_ERRORS = range(500, 600)
REFUSALS: Mapping[int, type[TelegramAPIError]] = {
    400: TelegramBadRequest,
    403: TelegramForbiddenError,
    404: TelegramNotFound,
    413: TelegramEntityTooLarge,
}


class GetPlainUpdates(GetUpdates):
    """`getUpdates` whose updates stay JSON: one that aiogram cannot read does not hide the others."""

    __returning__ = list[Any]


class UnreadableResult(TelegramAPIError):
    """Telegram did what was asked and answered with a result that cannot be read; `result` is that JSON."""

    def __init__(self, method: TelegramMethod[Any], result: object) -> None:
        super().__init__(method=method, message="the result cannot be read")
        self.result = result

    @property
    def message_id(self) -> int | None:
        """The id of the message in the result, if there is one."""
        found = self.result.get("message_id") if isinstance(self.result, Mapping) else None
        return found if type(found) is int else None


async def name_decode_errors(
    make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
) -> Response[TelegramType]:
    """Turn an answer that cannot be decoded into a fault of the network or the server; a session middleware.

    No text of the answer goes into the new error: it may quote a user.
    """
    try:
        return await make_request(bot, method)
    except ClientDecodeError as error:
        raise _named(method, error.data) from None


def _named(method: TelegramMethod[Any], data: object) -> TelegramAPIError:
    if not isinstance(data, Mapping) or "ok" not in data:
        return TelegramNetworkError(method=method, message="the answer is not one of the Bot API")
    if data["ok"] is True:
        return UnreadableResult(method, data.get("result"))
    if data.get("error_code") in SERVER_ERRORS:
        return TelegramServerError(method=method, message="the server failed")
    refusal = REFUSALS.get(data["error_code"]) if type(data.get("error_code")) is int else None
    if refusal:
        return refusal(method=method, message="refused, in words that cannot be decoded")
    return TelegramNetworkError(method=method, message="the answer cannot be decoded")
