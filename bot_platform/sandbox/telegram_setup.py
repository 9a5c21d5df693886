"""The Bot API's methods about the bot itself: its name, menu and description, the way of its updates."""

from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from bot_platform.sandbox import telegram_rules as rules
from bot_platform.sandbox.telegram_rules import ApiError, Params
from bot_platform.sandbox.telegram_state import TelegramState
from bot_platform.sandbox.telegram_updates import MOST_AT_ONCE, Webhook

_DESCRIPTION_LENGTHS = {"description": 512, "short_description": 120}
_WEBHOOK_PORTS = {None, 80, 88, 443, 8443}


def get_me(state: TelegramState, _: Params) -> dict[str, Any]:
    """Tell who the bot is."""
    return state.me


async def get_updates(state: TelegramState, params: Params) -> list[dict[str, Any]]:
    """Poll for updates; a second one at once, or a webhook, is a conflict."""
    state.updates.allow(params.get("allowed_updates"))
    limit = params.get("limit", MOST_AT_ONCE)
    return await state.updates.poll(params.get("offset", 0), limit, params.get("timeout", 0))


def set_webhook(state: TelegramState, params: Params) -> bool:
    """Post updates to the address from now on; without an address, stop it."""
    url, secret = str(params.get("url", "")), str(params.get("secret_token", ""))
    if not url:
        return delete_webhook(state, params)
    _check_webhook(url, local=state.allow_local_webhooks)
    if secret and not rules.SECRET_TOKEN.fullmatch(secret):
        raise ApiError(400, "Bad Request: secret token contains unallowed characters")
    state.updates.allow(params.get("allowed_updates"))
    connections = max(1, min(int(params.get("max_connections", 40)), 100))
    drop = bool(params.get("drop_pending_updates"))
    state.updates.set_webhook(Webhook(url, secret, connections), drop_pending=drop)
    return True


def _check_webhook(url: str, *, local: bool) -> None:
    parts = urlsplit(url)
    if local and parts.scheme in {"http", "https"}:
        return
    if parts.scheme != "https":
        raise ApiError(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
    if not parts.hostname or rules.is_local(parts.hostname):
        raise ApiError(400, "Bad Request: bad webhook: Failed to resolve host: Name or service not known")
    if parts.port not in _WEBHOOK_PORTS:
        raise ApiError(
            400, "Bad Request: bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443"
        )


def delete_webhook(state: TelegramState, params: Params) -> bool:
    """Go back to polling; what waits is kept unless it is to be dropped."""
    state.updates.set_webhook(None, drop_pending=bool(params.get("drop_pending_updates")))
    return True


def get_webhook_info(state: TelegramState, _: Params) -> dict[str, Any]:
    """Tell the webhook, how much waits for it and its last failure."""
    updates = state.updates
    info: dict[str, Any] = {"url": "", "has_custom_certificate": False}
    info["pending_update_count"] = len(updates.pending)
    if updates.allowed:
        info["allowed_updates"] = sorted(updates.allowed)
    if not updates.webhook:
        return info
    known = asdict(updates.webhook)
    info |= {"url": known["url"], "max_connections": known["max_connections"]}
    if known["last_error"]:
        info |= {"last_error_message": known["last_error"], "last_error_date": known["last_error_at"]}
    return info


def set_my_commands(state: TelegramState, params: Params) -> bool:
    """Set the menu for an audience: a scope and a language."""
    scope = params.get("scope") or {}
    if scope.get("type") == "chat" and scope.get("chat_id") not in state.chats:
        raise ApiError(400, "Bad Request: chat not found")
    state.commands[_audience(params)] = rules.bot_commands(params.get("commands"))
    state.tell(None, {"kind": "menu"})
    return True


def get_my_commands(state: TelegramState, params: Params) -> list[dict[str, str]]:
    """Give the menu of exactly this audience."""
    return state.commands.get(_audience(params), [])


def delete_my_commands(state: TelegramState, params: Params) -> bool:
    """Let this audience see the menu of the next wider one."""
    state.commands.pop(_audience(params), None)
    state.tell(None, {"kind": "menu"})
    return True


def _audience(params: Params) -> tuple[str, str]:
    scope = params.get("scope") or {"type": "default"}
    kind = str(scope.get("type"))
    return (f"chat:{scope.get('chat_id')}" if kind == "chat" else kind, str(params.get("language_code", "")))


def set_my_description(state: TelegramState, params: Params) -> bool:
    """Set what stands in an empty chat."""
    return _describe(state, "description", params)


def get_my_description(state: TelegramState, params: Params) -> dict[str, str]:
    """Give what stands in an empty chat, in this language."""
    return {"description": state.descriptions.get(("description", str(params.get("language_code", ""))), "")}


def set_my_short_description(state: TelegramState, params: Params) -> bool:
    """Set what stands on the bot's profile."""
    return _describe(state, "short_description", params)


def get_my_short_description(state: TelegramState, params: Params) -> dict[str, str]:
    """Give what stands on the bot's profile, in this language."""
    key = ("short_description", str(params.get("language_code", "")))
    return {"short_description": state.descriptions.get(key, "")}


def _describe(state: TelegramState, what: str, params: Params) -> bool:
    text = str(params.get(what, ""))
    if len(text) > _DESCRIPTION_LENGTHS[what]:
        raise ApiError(400, f"Bad Request: {what} is too long")
    state.descriptions[what, str(params.get("language_code", ""))] = text
    state.tell(None, {"kind": "menu"})
    return True
