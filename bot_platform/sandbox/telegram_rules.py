"""Telegram's validation of parameters, keyboards and commands, its rate limits, and its errors."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

Params = dict[str, Any]

MAX_CALLBACK_DATA_BYTES = 64
MAX_COMMANDS = 100
SECRET_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,256}")

_INTEGER_PARAMS = {"chat_id", "message_id", "offset", "limit", "timeout", "max_connections", "user_id"}
_INTEGER_PARAMS |= {"message_thread_id"}
_BOOLEAN_PARAMS = {
    "show_alert",
    "drop_pending_updates",
    "disable_notification",
    "allow_sending_without_reply",
}
_JSON_PARAMS = {"reply_markup", "reply_parameters", "entities", "caption_entities", "commands", "scope"}
_JSON_PARAMS |= {"allowed_updates", "link_preview_options"}
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_BUTTON_ACTIONS = {"callback_data", "url", "pay", "web_app", "login_url", "copy_text", "callback_game"}
_BUTTON_ACTIONS |= {
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
}


class ApiError(Exception):
    """An error answer of the Bot API; `retry_after` is in seconds."""

    def __init__(self, code: int, description: str, retry_after: int | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after = retry_after

    def answer(self) -> dict[str, Any]:
        """Return the body of the answer."""
        body: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        if self.retry_after is not None:
            body["parameters"] = {"retry_after": self.retry_after}
        return body


class ConnectionLostError(Exception):
    """The request or its answer was lost."""


def parse_params(params: Mapping[str, Any]) -> Params:
    """Parse parameters that came as JSON or as form strings. Empty ones are left out."""
    return {
        name: _parse_param(name, value) for name, value in params.items() if value is not None and value != ""
    }


def _parse_param(name: str, value: Any) -> Any:
    if name in _INTEGER_PARAMS and name != "chat_id" and not re.fullmatch(r"-?\d{1,18}", str(value)):
        raise ApiError(400, f"Bad Request: invalid {name} specified")
    if not isinstance(value, str):
        return value
    if name in _INTEGER_PARAMS and re.fullmatch(r"-?\d{1,18}", value):
        return int(value)
    if name in _BOOLEAN_PARAMS:
        return value.lower() in {"true", "1", "yes"}
    if name in _JSON_PARAMS:
        try:
            return json.loads(value)
        except ValueError:
            raise ApiError(400, f"Bad Request: can't parse {name} JSON object") from None
    return value


def inline_keyboard(markup: Any, *, local_urls: bool) -> dict[str, Any] | None:
    """Validate the inline keyboard of a `reply_markup`. Returns None for other keyboards."""
    if markup is None:
        return None
    if not isinstance(markup, dict):
        raise ApiError(400, "Bad Request: object expected as reply markup")
    rows = markup.get("inline_keyboard") or []
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise ApiError(400, 'Bad Request: field "inline_keyboard" must be of type Array of Arrays')
    kept = [[_button(button, local_urls=local_urls) for button in row] for row in rows if row]
    return {"inline_keyboard": kept} if kept else None


def _button(button: Any, *, local_urls: bool) -> dict[str, Any]:
    if not isinstance(button, dict) or not str(button.get("text") or "").strip():
        raise ApiError(400, "Bad Request: can't parse inline keyboard button: text must be non-empty")
    button = {name: value for name, value in button.items() if value is not None}
    actions = _BUTTON_ACTIONS & button.keys()
    if not actions:
        raise ApiError(400, "Bad Request: Text buttons are unallowed in the inline keyboard")
    data = button.get("callback_data")
    if data is not None and not 0 < len(str(data).encode()) <= MAX_CALLBACK_DATA_BYTES:
        raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
    if "url" in button:
        _check_url(str(button["url"]), local_urls=local_urls)
    return dict(button)


def _check_url(url: str, *, local_urls: bool) -> None:
    parts = urlsplit(url)
    if parts.scheme in {"tg", "ton"}:
        return
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ApiError(
            400, f"Bad Request: inline keyboard button URL '{url}' is invalid: Unsupported URL protocol"
        )
    if not local_urls and is_local(parts.hostname):
        raise ApiError(400, f"Bad Request: inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")


def is_local(host: str) -> bool:
    """Return whether a host name is local, so that it cannot be opened from outside."""
    return "." not in host or host.endswith(".localhost") or host.startswith("127.") or host == "0.0.0.0"  # noqa: S104


def bot_commands(commands: Any) -> list[dict[str, str]]:
    """Validate the commands of a menu."""
    if not isinstance(commands, list) or len(commands) > MAX_COMMANDS:
        raise ApiError(400, "Bad Request: BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not _COMMAND.fullmatch(str(command.get("command", ""))):
            raise ApiError(400, "Bad Request: BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description", ""))) <= 256:  # noqa: PLR2004
            raise ApiError(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
    return [{"command": str(each["command"]), "description": str(each["description"])} for each in commands]


@dataclass(frozen=True)
class FloodLimits:
    """Telegram's limits: messages per second overall, and per chat after a burst."""

    overall: float = 30.0
    per_chat: float = 1.0
    chat_burst: int = 5


@dataclass
class FloodLimiter:
    """Token buckets, one overall and one per chat."""

    limits: FloodLimits
    _buckets: dict[int | None, tuple[float, float]] = field(default_factory=dict)

    def take(self, chat_id: int, now: float) -> None:
        """Take one token overall and one of this chat; `now` is in seconds. Raises ApiError 429."""
        limits = self.limits
        tokens = {
            None: self._tokens(None, limits.overall, limits.overall, now),
            chat_id: self._tokens(chat_id, limits.per_chat, limits.chat_burst, now),
        }
        rates = {None: limits.overall, chat_id: limits.per_chat}
        wait = max((1 - available) / rates[key] for key, available in tokens.items())
        if wait > 0:
            seconds = math.ceil(wait)
            raise ApiError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
        self._buckets.update({key: (available - 1, now) for key, available in tokens.items()})

    def _tokens(self, key: int | None, rate: float, burst: float, now: float) -> float:
        available, since = self._buckets.get(key, (burst, now))
        return min(burst, available + (now - since) * rate)
