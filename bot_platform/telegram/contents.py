"""What a message holds besides its words: the text that it is about, what cannot be read, and its place."""

from collections.abc import Mapping

from aiogram.enums import ContentType
from aiogram.types import CallbackQuery, ExternalReplyInfo, Message, TelegramObject

from bot_platform.domain.places import Place
from bot_platform.telegram.salvage import GENERAL_TOPIC, JOINED, UNREAD

# What a person sends besides words, and what it is called in texts; service messages are not here.
KINDS: Mapping[str, str] = {
    "animation": "video",  # before "document", which stands beside it
    "photo": "picture",
    "live_photo": "picture",
    "voice": "recording",
    "audio": "recording",
    "video": "video",
    "video_note": "video",
    "document": "file",
    "sticker": "sticker",
    "venue": "place",  # before "location", which stands beside it
    "location": "place",
    "contact": "contact",
    "poll": "poll",
    "checklist": "list",
    "dice": "other",
    "game": "other",
    "story": "other",
    "paid_media": "other",
    "invoice": "other",
    "giveaway": "other",
    "giveaway_winners": "other",
    "rich_message": "other",
}
A_PERSONS_FIELDS = frozenset({*KINDS, "text", "caption"})
REPLY, OTHER = "reply", "other"


def words(message: Message) -> str:
    """Return the text, or the caption; empty when there is none."""
    return message.text or message.caption or ""


def media(message: Message) -> str:
    """Return what a person sent besides words, as a value of KINDS; empty when it is nothing known."""
    return next((kind for name, kind in KINDS.items() if getattr(message, name, None) is not None), "")


def quoted(message: Message) -> str:
    """Return the text that a message replies to, or the part of it that its sender marked."""
    if message.quote:
        return message.quote.text
    return words(message.reply_to_message) if message.reply_to_message else ""


def is_joined(message: Message) -> bool:
    """Whether its text came in several messages: a reply to it shows the first one."""
    return bool((message.model_extra or {}).get(JOINED))


def unread(message: Message, *, reads_quotes: bool) -> str:
    """Return what of a message cannot be read, as a value of KINDS, or REPLY; empty when all can be."""
    if found := media(message):
        return found
    if message.caption is not None or (message.model_extra or {}).get(UNREAD):
        return OTHER
    return REPLY if _is_reply_unread(message, reads_quotes=reads_quotes) else ""


def key_of(message: Message, request_key: str) -> str:
    """Return the key of the one answer to a message, or to the album that it belongs to."""
    return f"album:{message.chat.id}:{message.media_group_id}" if message.media_group_id else request_key


def place_of(message: Message) -> Place:
    """Return where the answers to a message stand."""
    return Place(thread_of(message), message.message_id or None)


def thread_of(event: TelegramObject) -> int | None:
    """Return the topic of a message, or of the message whose button was pressed."""
    message = event.message if isinstance(event, CallbackQuery) else event
    if not isinstance(message, Message) or not message.is_topic_message:
        return None
    return message.message_thread_id if message.message_thread_id != GENERAL_TOPIC else None


def _is_reply_unread(message: Message, *, reads_quotes: bool) -> bool:
    """Whether a message replies to something of which not all can be read."""
    if message.reply_to_story or message.reply_to_checklist_task_id or message.reply_to_poll_option_id:
        return True
    if any(name.startswith("reply_to_") for name in message.model_extra or ()):
        return True
    if message.external_reply:  # it comes without its text
        return not (reads_quotes and message.quote) or _holds_more(message.external_reply)
    replied = message.reply_to_message
    if replied is None or _is_service(replied):  # in a topic the first message counts as replied to
        return False
    return replied.text is None or not reads_quotes


def _is_service(message: Message) -> bool:
    """Whether Telegram wrote it, as far as it is known."""
    return message.content_type not in {ContentType.UNKNOWN, ContentType.TEXT, *KINDS}


def _holds_more(reply: ExternalReplyInfo) -> bool:
    """Whether the message of another chat is a picture, a file or the like, or something unknown."""
    return bool(reply.model_extra) or any(getattr(reply, name, None) is not None for name in KINDS)
