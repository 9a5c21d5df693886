"""`TelegramWorld`, the fake Telegram: it answers a bot's calls from memory and injects faults."""

import asyncio
import inspect
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from bot_platform.infra.clock import unix_time
from bot_platform.sandbox import telegram_methods as methods
from bot_platform.sandbox import telegram_setup as setup
from bot_platform.sandbox.movable_clock import delay
from bot_platform.sandbox.telegram_rules import (
    ApiError,
    ConnectionLostError,
    FloodLimiter,
    FloodLimits,
    Params,
    parse_params,
)
from bot_platform.sandbox.telegram_state import Person, StoredFile, TelegramState

__all__ = ["Call", "ConnectionLostError", "Fault", "FloodLimits", "Person", "StoredFile", "TelegramWorld"]

BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
MESSAGE_ID_INVALID = "Bad Request: MESSAGE_ID_INVALID"
SANDBOX_TOKEN = "7000000042:sandbox-bot-with-nobody-behind-it-1"  # noqa: S105 (a made-up token)
ANY_METHOD = "*"
_RATE_LIMITED: Final = frozenset({"sendmessage", "senddocument", "editmessagetext", "editmessagereplymarkup"})
_MAX_REMEMBERED_CALLS = 50_000

Method = Callable[[TelegramState, Params], Any]

_METHODS: Final[Mapping[str, Method]] = MappingProxyType(
    {
        function.__name__.replace("_", ""): function
        for function in (
            setup.get_me,
            setup.get_updates,
            setup.set_webhook,
            setup.delete_webhook,
            setup.get_webhook_info,
            setup.set_my_commands,
            setup.get_my_commands,
            setup.delete_my_commands,
            setup.set_my_description,
            setup.get_my_description,
            setup.set_my_short_description,
            setup.get_my_short_description,
            methods.send_message,
            methods.send_document,
            methods.get_file,
            methods.edit_message_text,
            methods.edit_message_reply_markup,
            methods.delete_message,
            methods.answer_callback_query,
            methods.send_chat_action,
        )
    }
)


@dataclass(frozen=True)
class Fault:
    """A fault of a call: `delay` in seconds, an error `code`, a lost answer, or a network error."""

    code: int = 0
    description: str = ""
    retry_after: int | None = None
    delay: float = 0.0
    page: str = ""
    """An HTML page that a proxy answers instead of Telegram, with `code` as its status."""
    lose_answer: bool = False
    network_error: bool = False
    chat_id: int | None = None
    """Only calls for this chat."""
    times: int | None = 1
    """How many calls; None means until `clear_faults`."""


class _PageInstead(Exception):
    """Something before Telegram answers with a page."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code)
        self.code, self.text = code, text


@dataclass
class Call:
    """A call of the bot: its parsed parameters, its time in seconds and its outcome."""

    method: str
    params: Params
    at: float
    outcome: str = "running"
    """`ok`, the error's description, `lost`, `cancelled`, or `running`."""


class TelegramWorld(TelegramState):
    """A Telegram server for one bot: people act on it, the bot calls it, tests inject faults.

    `allow_local_urls` and `allow_local_webhooks` allow url buttons and webhooks to this machine; `flood`
    enables rate limits; `clock` returns seconds; `first_id` is the first message, update and query id.
    """

    def __init__(
        self,
        *,
        token: str = SANDBOX_TOKEN,
        username: str = "sandbox_bot",
        name: str = "Sandbox",
        allow_local_urls: bool = False,
        allow_local_webhooks: bool = False,
        flood: FloodLimits | None = None,
        clock: Callable[[], float] = unix_time,
        first_id: int | None = None,
    ) -> None:
        super().__init__(
            token=token,
            username=username,
            name=name,
            allow_local_urls=allow_local_urls,
            allow_local_webhooks=allow_local_webhooks,
            clock=clock,
            first_id=first_id,
        )
        self.calls: deque[Call] = deque(maxlen=_MAX_REMEMBERED_CALLS)
        self._flood_limiter = FloodLimiter(flood) if flood else None
        self._faults: list[tuple[str, Fault]] = []

    def fail(self, method: str, fault: Fault) -> None:
        """Queue a fault for calls of a method; `"*"` means any method except getUpdates."""
        self._faults.append((method.lower(), fault))

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._faults.clear()

    async def answer(
        self,
        token: str,
        method: str,
        params: Mapping[str, Any],
        files: Mapping[str, StoredFile] | None = None,
    ) -> tuple[int, dict[str, Any] | str]:
        """Return the status and body of an answer; parameters refer to `files` as `attach://<key>`.

        A body of text is an HTML page.

        Raises ConnectionLostError if the fault is that no answer arrives.
        """
        call = Call(method, {}, self.clock())
        self.calls.append(call)
        try:
            call.params = parse_params(_attach_files(params, files or {}))
            result = await self._call(token, call)
        except ApiError as error:
            call.outcome = error.description
            return error.code, error.answer()
        except _PageInstead as page:
            call.outcome = f"page {page.code}"
            return page.code, page.text
        except ConnectionLostError:
            call.outcome = "lost"
            raise
        except asyncio.CancelledError:
            call.outcome = "cancelled"
            raise
        call.outcome = "ok"
        return 200, {"ok": True, "result": result}

    async def _call(self, token: str, call: Call) -> Any:
        if token != self.token:
            raise ApiError(401, "Unauthorized")
        name = call.method.lower()
        if name not in _METHODS:
            raise ApiError(404, "Not Found")
        fault = self._next_fault(name, call.params.get("chat_id")) or Fault()
        if fault.delay:
            await delay(fault.delay)
        if fault.network_error:
            raise ConnectionLostError("the connection was reset")
        if fault.page:
            raise _PageInstead(fault.code, fault.page)
        if fault.code:
            raise ApiError(fault.code, fault.description or f"Error {fault.code}", fault.retry_after)
        if self._flood_limiter and name in _RATE_LIMITED and call.params.get("chat_id") in self.chats:
            self._flood_limiter.take(call.params["chat_id"], self.clock())
        result = _METHODS[name](self, call.params)
        if inspect.isawaitable(result):
            result = await result
        if fault.lose_answer:
            raise ConnectionLostError("the answer was lost")
        return result

    def _next_fault(self, name: str, chat_id: Any) -> Fault | None:
        for index, (method, fault) in enumerate(self._faults):
            if method != name and (method != ANY_METHOD or name == "getupdates"):
                continue
            if fault.chat_id is not None and fault.chat_id != chat_id:
                continue
            if fault.times is not None and fault.times <= 1:
                del self._faults[index]
            elif fault.times is not None:
                self._faults[index] = (method, replace(fault, times=fault.times - 1))
            return fault
        return None


def _attach_files(params: Mapping[str, Any], files: Mapping[str, StoredFile]) -> Params:
    attached = {f"attach://{key}": stored for key, stored in files.items()}
    return {
        name: attached.get(value, value) if isinstance(value, str) else value
        for name, value in params.items()
    }
