"""Reads what can be read of an update that does not fit aiogram's types: who wrote, where, and what."""

from collections.abc import Mapping
from typing import Any

from bot_platform.domain.places import Place

Json = Mapping[str, Any]

IDS = range(-(2**52), 2**52)
DATES = range(2**33)  # unix seconds; Python's calendar ends not much later
MAX_TEXT_CHARS = 20 * 4096  # of a text that an app had cut into parts
GENERAL_TOPIC = 1  # Telegram refuses to send to it by its number
UNREAD = "unread"  # a field of ours, set in a message of which something besides its text was lost
JOINED = "joined"  # another one: the text came in several messages, of which Telegram knows the first
# Fields of a message whose loss takes nothing away that its sender wrote or meant.
PLAIN_FIELDS = frozenset(
    {
        JOINED,
        "message_id",
        "message_thread_id",
        "is_topic_message",
        "from",
        "chat",
        "date",
        "edit_date",
        "text",
        "entities",
        "link_preview_options",
        "forward_origin",
        "via_bot",
        "sender_chat",
        "sender_boost_count",
        "sender_tag",
        "has_protected_content",
        "is_from_offline",
        "effect_id",
        "paid_star_count",
        "author_signature",
        "reply_markup",
    }
)
CHAT_TYPES = frozenset({"private", "group", "supergroup", "channel"})


def salvage(update: Json) -> dict[str, Any] | None:
    """Rebuild an update from its known fields; None when it does not say who wrote what."""
    update_id = _id(update.get("update_id"))
    if update_id is None:
        return None
    if message := _message(_object(update.get("message"))):
        return {"update_id": update_id, "message": message}
    if query := _query(_object(update.get("callback_query"))):
        return {"update_id": update_id, "callback_query": query}
    return None


def sender_id(update: Json) -> int | None:
    """Return the id of the user who sent an update of any kind to the bot; None when it does not say.

    None also for an update of a group or channel, in which not everything is for the bot.
    """
    for event in update.values():
        sender, chat = _object(_object(event).get("from")), _object(_object(event).get("chat"))
        found = _id(sender.get("id"))
        if found and sender.get("is_bot") is not True and _id(chat.get("id")) in {None, found}:
            return found
    return None


def place_of(update: Json) -> Place:
    """Return where the answer to an update stands: in its topic, as a reply to its message."""
    pressed = _object(_object(update.get("callback_query")).get("message"))
    message = _object(update.get("message"))
    return Place(_thread(message or pressed), _id(message.get("message_id")))


def has_odd_ids(update: Json) -> bool:
    """Whether a user or a chat has an id that no id of Telegram's is: no database would store it."""
    events = [_object(event) for event in update.values()]
    holders = [holder for event in events for holder in (event, _object(event.get("message")))]
    ids = [_object(holder.get(name)).get("id") for holder in holders for name in ("from", "chat")]
    return any(isinstance(number, int) and number not in IDS for number in ids)


def _message(message: Json) -> dict[str, Any] | None:
    text = _text(message.get("text"))
    if not (text and (user := _user(_object(message.get("from"))))):
        return None
    kept: dict[str, Any] = {
        "message_id": _id(message.get("message_id")) or 0,
        "date": date if (date := _id(message.get("date")) or 0) in DATES else 0,
        "chat": _chat(_object(message.get("chat")), user["id"]),
        "from": user,
        "text": text,
    }
    if thread := _id(message.get("message_thread_id")):
        kept |= {"message_thread_id": thread, "is_topic_message": message.get("is_topic_message") is True}
    if message.get(JOINED) is True:
        kept[JOINED] = True
    if not PLAIN_FIELDS.issuperset(message):
        kept[UNREAD] = True
    return kept


def _query(query: Json) -> dict[str, Any] | None:
    id_, data, user = _text(query.get("id")), _text(query.get("data")), _user(_object(query.get("from")))
    if not (id_ and data and user):
        return None
    kept = {"id": id_, "from": user, "chat_instance": str(query.get("chat_instance", "")), "data": data}
    message = _object(query.get("message"))
    if thread := _thread(message):
        place = {"message_thread_id": thread, "is_topic_message": True}
        chat = _chat(_object(message.get("chat")), user["id"])
        kept["message"] = {
            "message_id": _id(message.get("message_id")) or 0,
            "date": 1,
            "chat": chat,
            **place,
        }
    return kept


def _user(user: Json) -> dict[str, Any] | None:
    id_ = _id(user.get("id"))
    if not id_ or user.get("is_bot") is True:
        return None
    kept: dict[str, Any] = {"id": id_, "is_bot": False, "first_name": _text(user.get("first_name")) or ""}
    if language := _text(user.get("language_code")):
        kept["language_code"] = language
    return kept


def _chat(chat: Json, user_id: int) -> dict[str, Any]:
    """Rebuild a chat; one of an unknown type is private only if it is the user's own."""
    id_, kind = _id(chat.get("id")) or user_id, _text(chat.get("type"))
    return {"id": id_, "type": kind if kind in CHAT_TYPES else "private" if id_ == user_id else "group"}


def _thread(message: Json) -> int | None:
    thread = _id(message.get("message_thread_id"))
    return thread if thread != GENERAL_TOPIC and message.get("is_topic_message") is True else None


def _object(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def _id(value: object) -> int | None:
    return value if type(value) is int and value in IDS else None


def _text(value: object) -> str:
    return value[:MAX_TEXT_CHARS] if isinstance(value, str) else ""
