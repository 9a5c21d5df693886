"""The Bot API's methods for the bot itself: updates, webhook, menu and descriptions."""

from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from bot_platform.sandbox import telegram_rules as rules
from bot_platform.sandbox.telegram_rules import ApiError, Params
from bot_platform.sandbox.telegram_state import TelegramState
from bot_platform.sandbox.telegram_updates import MAX_UPDATES_PER_POLL, Webhook

_MAX_DESCRIPTION_CHARS = {"description": 512, "short_description": 120}
_WEBHOOK_PORTS = {None, 80, 88, 443, 8443}


def get_me(state: TelegramState, _: Params) -> dict[str, Any]:
    """Return the bot's User object."""
    return state.me


async def get_updates(state: TelegramState, params: Params) -> list[dict[str, Any]]:
    """Poll for updates. A concurrent poll or an active webhook is a conflict."""
    state.updates.allow(params.get("allowed_updates"))
    limit = params.get("limit", MAX_UPDATES_PER_POLL)
    return await state.updates.poll(params.get("offset", 0), limit, params.get("timeout", 0))


def set_webhook(state: TelegramState, params: Params) -> bool:
    """Set the webhook. An empty URL deletes it."""
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
    """Delete the webhook. Pending updates are kept unless `drop_pending_updates` is set."""
    state.updates.set_webhook(None, drop_pending=bool(params.get("drop_pending_updates")))
    return True


def get_webhook_info(state: TelegramState, _: Params) -> dict[str, Any]:
    """Return the webhook, the number of pending updates and the last error."""
    updates = state.updates
    info: dict[str, Any] = {"url": "", "has_custom_certificate": False}
    info["pending_update_count"] = len(updates.pending)
    if updates.allowed:
        info["allowed_updates"] = sorted(updates.allowed)
    if not updates.webhook:
        return info
    webhook = asdict(updates.webhook)
    info |= {"url": webhook["url"], "max_connections": webhook["max_connections"]}
    if webhook["last_error"]:
        info |= {"last_error_message": webhook["last_error"], "last_error_date": webhook["last_error_at"]}
    return info


def set_my_commands(state: TelegramState, params: Params) -> bool:
    """Set the menu for a scope and a language."""
    scope = params.get("scope") or {}
    if scope.get("type") == "chat" and scope.get("chat_id") not in state.chats:
        raise ApiError(400, "Bad Request: chat not found")
    state.commands[_menu_key(params)] = rules.bot_commands(params.get("commands"))
    state.notify(None, {"kind": "menu"})
    return True


def get_my_commands(state: TelegramState, params: Params) -> list[dict[str, str]]:
    """Return the menu of exactly this scope and language."""
    return state.commands.get(_menu_key(params), [])


def delete_my_commands(state: TelegramState, params: Params) -> bool:
    """Delete the menu of this scope and language; the next wider one applies."""
    state.commands.pop(_menu_key(params), None)
    state.notify(None, {"kind": "menu"})
    return True


def _menu_key(params: Params) -> tuple[str, str]:
    scope = params.get("scope") or {"type": "default"}
    kind = str(scope.get("type"))
    return (f"chat:{scope.get('chat_id')}" if kind == "chat" else kind, str(params.get("language_code", "")))


def set_my_description(state: TelegramState, params: Params) -> bool:
    """Set the description shown in an empty chat."""
    return _describe(state, "description", params)


def get_my_description(state: TelegramState, params: Params) -> dict[str, str]:
    """Return the description for this language."""
    return {"description": state.descriptions.get(("description", str(params.get("language_code", ""))), "")}


def set_my_short_description(state: TelegramState, params: Params) -> bool:
    """Set the short description shown on the bot's profile."""
    return _describe(state, "short_description", params)


def get_my_short_description(state: TelegramState, params: Params) -> dict[str, str]:
    """Return the short description for this language."""
    key = ("short_description", str(params.get("language_code", "")))
    return {"short_description": state.descriptions.get(key, "")}


def _describe(state: TelegramState, field: str, params: Params) -> bool:
    text = str(params.get(field, ""))
    if len(text) > _MAX_DESCRIPTION_CHARS[field]:
        raise ApiError(400, f"Bad Request: {field} is too long")
    state.descriptions[field, str(params.get("language_code", ""))] = text
    state.notify(None, {"kind": "menu"})
    return True
