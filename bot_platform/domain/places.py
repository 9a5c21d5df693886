"""Where in a chat something stands: in which topic, and as a reply to which message."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A topic of a chat, by Telegram's `message_thread_id`, and a message in it; None where there is none."""

    thread_id: int | None = None
    message_id: int | None = None


ANYWHERE = Place()  # the chat itself, and no reply
