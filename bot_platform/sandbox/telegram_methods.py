"""The Bot API's methods for messages in private chats, as functions on `TelegramState`."""

from typing import Any

from bot_platform.sandbox import telegram_rules as rules
from bot_platform.sandbox.telegram_rules import ApiError, Params
from bot_platform.sandbox.telegram_state import Chat, Message, StoredFile, TelegramState
from bot_platform.sandbox.telegram_text import MAX_CAPTION_UNITS, parse_text

CALLBACK_ANSWER_SECONDS = 15.0
DELETE_WINDOW_SECONDS = 48 * 3600
_CHAT_ACTIONS = {"typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice"}
_CHAT_ACTIONS |= {
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
}
_QUERY_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same"
    " as a current content and reply markup of the message"
)


def _bad_request(reason: str) -> ApiError:
    return ApiError(400, f"Bad Request: {reason}")


def _chat(state: TelegramState, params: Params) -> Chat:
    if "chat_id" not in params:
        raise _bad_request("chat_id is empty")
    chat_id = params["chat_id"]
    chat = state.chats.get(chat_id) if isinstance(chat_id, int) else None
    if chat is None:
        raise _bad_request("chat not found")
    if chat.blocked:
        raise ApiError(403, "Forbidden: bot was blocked by the user")
    return chat


def _own_message(state: TelegramState, chat: Chat, params: Params) -> Message:
    message = chat.messages.get(params.get("message_id", 0))
    if message is None:
        raise _bad_request("message to edit not found")
    if message["from"]["id"] != state.me["id"]:
        raise _bad_request("message can't be edited")
    return message


def _keyboard(state: TelegramState, params: Params) -> Message:
    keyboard = rules.inline_keyboard(params.get("reply_markup"), local_urls=state.allow_local_urls)
    return {"reply_markup": keyboard} if keyboard else {}


def _place(chat: Chat, params: Params) -> Message:
    """Return the fields of a message that stands in a topic, or is a reply. In a topic it must find both."""
    thread = params.get("message_thread_id")
    if thread is not None and thread not in chat.topics:
        raise _bad_request("message thread not found")
    topic = {"message_thread_id": thread, "is_topic_message": True} if thread else {}
    reply = params.get("reply_parameters") or {}
    if not reply.get("message_id"):
        return topic
    answered = chat.messages.get(reply["message_id"])
    if answered is None:
        if reply.get("allow_sending_without_reply") and not topic:
            return topic
        raise _bad_request("message to be replied not found")
    return topic | {"reply_to_message": _without(answered, "reply_to_message")}


def send_message(state: TelegramState, params: Params) -> Message:
    """Send a text. Checks the text, then the keyboard, then the chat."""
    text, entities = parse_text(str(params.get("text", "")), params.get("parse_mode"), params.get("entities"))
    keyboard = _keyboard(state, params)
    chat = _chat(state, params)
    content = {"text": text, **({"entities": entities} if entities else {}), **keyboard}
    return state.add_message(chat, {"from": state.me, **_place(chat, params), **content})


def send_document(state: TelegramState, params: Params) -> Message:
    """Send an uploaded file or one that was sent before, with a caption."""
    caption, entities = parse_text(
        str(params.get("caption", "")),
        params.get("parse_mode"),
        params.get("caption_entities"),
        limit=MAX_CAPTION_UNITS,
    )
    keyboard = _keyboard(state, params)
    chat = _chat(state, params)
    document = _document(state, params.get("document"))
    content: Message = {"document": document, **({"caption": caption} if caption else {})}
    content |= {"caption_entities": entities} if entities else {}
    return state.add_message(chat, {"from": state.me, **_place(chat, params), **content, **keyboard})


def _document(state: TelegramState, document: Any) -> dict[str, Any]:
    if isinstance(document, StoredFile):
        if not document.content:
            raise _bad_request("file must be non-empty")
        file_id = f"sandbox-document-{len(state.files) + 1}"
        state.files[file_id] = document
    elif document in state.files:
        file_id = document
    else:
        raise _bad_request("there is no document in the request")
    stored = state.files[file_id]
    metadata = {"file_name": stored.name, "file_size": len(stored.content)}
    return {"file_id": file_id, "file_unique_id": file_id, **metadata}


def get_file(state: TelegramState, params: Params) -> dict[str, Any]:
    """Return a file's metadata; its `file_path` is its id."""
    file_id = params.get("file_id")
    if file_id not in state.files:
        raise _bad_request("invalid file_id")
    size = len(state.files[file_id].content)
    return {"file_id": file_id, "file_unique_id": file_id, "file_size": size, "file_path": file_id}


def edit_message_text(state: TelegramState, params: Params) -> Message:
    """Replace the text of the bot's own message. Buttons are removed unless they are sent again."""
    text, entities = parse_text(str(params.get("text", "")), params.get("parse_mode"), params.get("entities"))
    keyboard = _keyboard(state, params)
    chat = _chat(state, params)
    message = _own_message(state, chat, params)
    if "text" not in message:
        raise _bad_request("there is no text in the message to edit")
    content = {"text": text, **({"entities": entities} if entities else {}), **keyboard}
    return _edit(state, chat, message, _without(message, "text", "entities", "reply_markup") | content)


def edit_message_reply_markup(state: TelegramState, params: Params) -> Message:
    """Replace or remove the buttons of the bot's own message."""
    keyboard = _keyboard(state, params)
    chat = _chat(state, params)
    message = _own_message(state, chat, params)
    return _edit(state, chat, message, _without(message, "reply_markup") | keyboard)


def _without(message: Message, *names: str) -> Message:
    return {name: value for name, value in message.items() if name not in names}


def _edit(state: TelegramState, chat: Chat, message: Message, changed: Message) -> Message:
    if changed == message:
        raise _bad_request(_NOT_MODIFIED)
    changed = {**changed, "edit_date": int(state.clock())}
    chat.messages[message["message_id"]] = changed
    state.notify(chat.person.id, {"kind": "edited", "message": changed})
    return changed


def delete_message(state: TelegramState, params: Params) -> bool:
    """Delete a message of the last 48 hours, also one that the person sent."""
    chat = _chat(state, params)
    message = chat.messages.get(params.get("message_id", 0))
    if message is None:
        raise _bad_request("message to delete not found")
    if state.clock() - message["date"] > DELETE_WINDOW_SECONDS:
        raise _bad_request("message can't be deleted for everyone")
    del chat.messages[message["message_id"]]
    state.notify(chat.person.id, {"kind": "deleted", "message_id": message["message_id"]})
    return True


def answer_callback_query(state: TelegramState, params: Params) -> bool:
    """Answer a callback query: once, and within 15 seconds."""
    text = str(params.get("text", ""))
    if len(text) > 200:  # noqa: PLR2004
        raise _bad_request("MESSAGE_TOO_LONG")
    query = state.queries.pop(str(params.get("callback_query_id", "")), None)
    if query is None or state.clock() - query.at > CALLBACK_ANSWER_SECONDS:
        raise _bad_request(_QUERY_TOO_OLD)
    answer = {"text": text, "alert": bool(params.get("show_alert")), "url": params.get("url", "")}
    button = {"query_id": query.id, "message_id": query.message_id, "data": query.data}
    state.notify(query.chat_id, {"kind": "answered", **button, **answer})
    return True


def send_chat_action(state: TelegramState, params: Params) -> bool:
    """Show a chat action such as typing."""
    if params.get("action") not in _CHAT_ACTIONS:
        raise _bad_request("wrong parameter action in request")
    chat = _chat(state, params)
    state.notify(chat.person.id, {"kind": "typing", "action": params["action"]})
    return True
