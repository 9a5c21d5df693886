"""What Telegram refuses and in which words: parameters, keyboards, commands, floods."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

Params = dict[str, Any]

CALLBACK_DATA_BYTES = 64
MOST_COMMANDS = 100
SECRET_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,256}")

_INTEGERS = {"chat_id", "message_id", "offset", "limit", "timeout", "max_connections", "user_id"}
_FLAGS = {"show_alert", "drop_pending_updates", "disable_notification", "allow_sending_without_reply"}
_JSON = {"reply_markup", "reply_parameters", "entities", "caption_entities", "commands", "scope"}
_JSON |= {"allowed_updates", "link_preview_options"}
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_BUTTON_ACTIONS = {"callback_data", "url", "pay", "web_app", "login_url", "copy_text", "callback_game"}
_BUTTON_ACTIONS |= {
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
}


class ApiError(Exception):
    """Telegram says no: an error code, a description, sometimes the seconds to wait."""

    def __init__(self, code: int, description: str, retry_after: int | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after = retry_after

    def answer(self) -> dict[str, Any]:
        """Give the body Telegram sends with it."""
        body: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        if self.retry_after is not None:
            body["parameters"] = {"retry_after": self.retry_after}
        return body


class ConnectionLostError(Exception):
    """No answer came: the request or its answer was lost on the way."""


def plain(params: Mapping[str, Any]) -> Params:
    """Read parameters that came as JSON or as the strings of a form; empty ones are left out."""
    return {name: _plain(name, value) for name, value in params.items() if value is not None and value != ""}


def _plain(name: str, value: Any) -> Any:
    if name in _INTEGERS and name != "chat_id" and not re.fullmatch(r"-?\d{1,18}", str(value)):
        raise ApiError(400, f"Bad Request: invalid {name} specified")
    if not isinstance(value, str):
        return value
    if name in _INTEGERS and re.fullmatch(r"-?\d{1,18}", value):
        return int(value)
    if name in _FLAGS:
        return value.lower() in {"true", "1", "yes"}
    if name in _JSON:
        try:
            return json.loads(value)
        except ValueError:
            raise ApiError(400, f"Bad Request: can't parse {name} JSON object") from None
    return value


def inline_keyboard(markup: Any, *, local_urls: bool) -> dict[str, Any] | None:
    """Read the inline keyboard of a `reply_markup`; keyboards of other kinds leave no trace in a message."""
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
    if data is not None and not 0 < len(str(data).encode()) <= CALLBACK_DATA_BYTES:
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
    """Tell whether a host name means this machine, which Telegram's people could never open."""
    return "." not in host or host.endswith(".localhost") or host.startswith("127.") or host == "0.0.0.0"  # noqa: S104


def bot_commands(commands: Any) -> list[dict[str, str]]:
    """Read a list for the menu."""
    if not isinstance(commands, list) or len(commands) > MOST_COMMANDS:
        raise ApiError(400, "Bad Request: BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not _COMMAND.fullmatch(str(command.get("command", ""))):
            raise ApiError(400, "Bad Request: BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description", ""))) <= 256:  # noqa: PLR2004
            raise ApiError(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
    return [{"command": str(each["command"]), "description": str(each["description"])} for each in commands]


@dataclass(frozen=True)
class FloodLimits:
    """How much a bot may send: messages a second in all, and in one chat after a small burst."""

    overall: float = 30.0
    per_chat: float = 1.0
    chat_burst: int = 5


@dataclass
class Flood:
    """Counts what was sent and refuses what is too much, with the seconds to wait."""

    limits: FloodLimits
    _buckets: dict[int | None, tuple[float, float]] = field(default_factory=dict)

    def spend(self, chat_id: int, now: float) -> None:
        """Take one message of what is allowed now, overall and in this chat; the time in seconds."""
        limits = self.limits
        levels = {
            None: self._level(None, limits.overall, limits.overall, now),
            chat_id: self._level(chat_id, limits.per_chat, limits.chat_burst, now),
        }
        rates = {None: limits.overall, chat_id: limits.per_chat}
        wait = max((1 - level) / rates[key] for key, level in levels.items())
        if wait > 0:
            seconds = math.ceil(wait)
            raise ApiError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
        self._buckets.update({key: (level - 1, now) for key, level in levels.items()})

    def _level(self, key: int | None, rate: float, burst: float, now: float) -> float:
        level, since = self._buckets.get(key, (burst, now))
        return min(burst, level + (now - since) * rate)
