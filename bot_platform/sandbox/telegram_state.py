"""The state of the fake Telegram: people, their chats with one bot, and the watchers of chats."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot_platform.infra.clock import unix_time
from bot_platform.sandbox.telegram_rules import ApiError
from bot_platform.sandbox.telegram_text import parse_text
from bot_platform.sandbox.telegram_updates import Updates
from bot_platform.sandbox.telegram_watch import Change, Watch

Message = dict[str, Any]

_ID_EPOCH = 1_700_000_000


@dataclass(frozen=True)
class Person:
    """A Telegram user."""

    id: int
    first_name: str = "Buyer"
    username: str | None = None
    language_code: str | None = "en"

    def user(self) -> dict[str, Any]:
        """Return Telegram's User object."""
        optional = {"username": self.username, "language_code": self.language_code}
        optional = {name: value for name, value in optional.items() if value}
        return {"id": self.id, "is_bot": False, "first_name": self.first_name, **optional}

    def chat(self) -> dict[str, Any]:
        """Return Telegram's Chat object of the private chat."""
        optional = {"username": self.username} if self.username else {}
        return {"id": self.id, "type": "private", "first_name": self.first_name, **optional}


@dataclass(frozen=True)
class StoredFile:
    """A file that the bot sent."""

    name: str
    content: bytes


@dataclass
class Chat:
    """A person's private chat with the bot; `messages` are by id, in the order of sending."""

    person: Person
    messages: dict[int, Message] = field(default_factory=dict)
    blocked: bool = False
    topics: set[int] = field(default_factory=set)  # by `message_thread_id`


@dataclass
class Query:
    """A callback query that waits for its answer; `at` is in seconds."""

    id: str
    chat_id: int
    message_id: int
    data: str
    at: float


class TelegramState:
    """The state, and the actions of people. The bot's methods are in `telegram_methods`."""

    def __init__(
        self,
        *,
        token: str,
        username: str,
        name: str,
        allow_local_urls: bool = False,
        allow_local_webhooks: bool = False,
        clock: Callable[[], float] = unix_time,
        first_id: int | None = None,
    ) -> None:
        self.token = token
        self.me = {
            "id": int(token.split(":", maxsplit=1)[0]),
            "is_bot": True,
            "first_name": name,
            "username": username,
            "can_join_groups": False,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }
        self.allow_local_urls = allow_local_urls
        self.allow_local_webhooks = allow_local_webhooks
        self.clock = clock
        # The bot's database outlives this process, and repeated ids would look like repeated updates.
        # 100 ids per second since the epoch: more than are used until the next start.
        first = int((time.time() - _ID_EPOCH) * 100) if first_id is None else first_id
        self.updates = Updates(next_id=first)
        self.chats: dict[int, Chat] = {}
        self.queries: dict[str, Query] = {}
        self.files: dict[str, StoredFile] = {}
        self.commands: dict[tuple[str, str], list[dict[str, str]]] = {}
        self.descriptions: dict[tuple[str, str], str] = {}
        self.closed = False
        self._message_ids = itertools.count(first)
        self._query_ids = itertools.count(first)
        self._watches: dict[int, list[Watch]] = {}

    # Actions of a person

    def say(self, person: Person, text: str, **more: Any) -> Message:
        """Send a text to the bot, with `more` fields of its message. ValueError for an invalid text."""
        try:
            text, entities = parse_text(text, None)
        except ApiError as error:
            raise ValueError(error.description) from None
        return self.send(person, text=text, **({"entities": entities} if entities else {}), **more)

    def send(self, person: Person, **content: Any) -> Message:
        """Send a message of any content to the bot. Opens the chat, unblocks the bot."""
        chat = self.open_chat(person)
        if chat.blocked:
            self.unblock(person)
        message = self.add_message(chat, {"from": person.user(), **content})
        self.updates.add("message", message)
        return message

    def open_topic(self, person: Person, name: str = "Topic") -> dict[str, Any]:
        """Open a topic in the person's chat. Returns the fields that put a message into it."""
        made = self.send(person, forum_topic_created={"name": name, "icon_color": 7322096})
        self.chat(person.id).topics.add(made["message_id"])
        return {"message_thread_id": made["message_id"], "is_topic_message": True}

    def say_unreadable(self, person: Person) -> None:
        """Send a message of a shape that no version of the Bot API has: its text is an object."""
        chat = self.open_chat(person).person.chat()
        origin = {"type": "hidden_user", "date": 1422450181}  # without the name that it must have
        content = {"message_id": next(self._message_ids), "date": int(self.clock()), "chat": chat}
        text = {"blocks": ["of a later version"]}
        self.updates.add(
            "message", {**content, "from": person.user(), "forward_origin": origin, "text": text}
        )

    def press(self, person: Person, message_id: int, data: str, *, stale: bool = False) -> str:
        """Press a button and return the callback query's id. LookupError if there is no such button.

        `stale` allows a button that an edit has removed, as in an app that has not shown the edit yet.
        """
        message = self.chat(person.id).messages[message_id]
        if not stale and data not in callback_data(message):
            raise LookupError(f"message {message_id} has no button {data!r}")
        query = Query(f"{person.id}-{next(self._query_ids)}", person.id, message_id, data, self.clock())
        self.queries[query.id] = query
        content = {"id": query.id, "from": person.user(), "message": message, "data": data}
        self.updates.add("callback_query", {**content, "chat_instance": str(-person.id)})
        return query.id

    def block(self, person: Person) -> None:
        """Block the bot: it gets 403 when it writes to this person."""
        self._membership(person, "member", "kicked")

    def unblock(self, person: Person) -> None:
        """Unblock the bot."""
        self._membership(person, "kicked", "member")

    def open_chat(self, person: Person) -> Chat:
        """Return the person's chat; create it if the person has not written yet."""
        chat = self.chats.setdefault(person.id, Chat(person))
        chat.person = person
        return chat

    # Reading

    def chat(self, chat_id: int) -> Chat:
        """Return the chat with this person. LookupError if there is none."""
        return self.chats[chat_id]

    def messages(self, chat_id: int) -> list[Message]:
        """Return the current messages of a chat, oldest first."""
        chat = self.chats.get(chat_id)
        return list(chat.messages.values()) if chat else []

    def commands_for(self, person: Person) -> list[dict[str, str]]:
        """Return the menu that this person sees: the most specific one, by Telegram's rules."""
        for scope in (f"chat:{person.id}", "all_private_chats", "default"):
            for language in (person.language_code or "", ""):
                if commands := self.commands.get((scope, language)):
                    return commands
        return []

    def description_for(self, person: Person) -> str:
        """Return the description that this person sees in an empty chat."""
        default = self.descriptions.get(("description", ""), "")
        return self.descriptions.get(("description", person.language_code or ""), default)

    def watch(self, chat_id: int) -> Watch:
        """Return a watch on a chat's changes, for use in a `with` block. `close()` ends it.

        Each change has a `kind`: `message` and `edited` (`message`), `deleted` (`message_id`),
        `typing` (`action`), `answered` (`query_id`, `message_id`, `data`, `text`, `alert`, `url`),
        `blocked` (`blocked`), `menu`.
        """
        watch = Watch(lambda closed: self._watches.get(chat_id, []).remove(closed))
        if self.closed:
            watch.notify(None)
        self._watches.setdefault(chat_id, []).append(watch)
        return watch

    def watched(self) -> int:
        """Return the number of open watches."""
        return sum(map(len, self._watches.values()))

    def close(self) -> None:
        """End every watch, so that open pages do not delay a shutdown. Polls are not ended."""
        self.closed = True
        self.notify(None, None)

    # For the bot's methods

    def add_message(self, chat: Chat, content: Message) -> Message:
        """Add a message to a chat under the next id and notify its watchers."""
        message_id = next(self._message_ids)
        message = {"message_id": message_id, "chat": chat.person.chat(), "date": int(self.clock()), **content}
        chat.messages[message_id] = message
        self.notify(chat.person.id, {"kind": "message", "message": message})
        return message

    def notify(self, chat_id: int | None, change: Change | None) -> None:
        """Send a change to the watchers of a chat, or of all chats (None). The change None ends them."""
        chats = self._watches if chat_id is None else [chat_id]
        for watch in [each for chat in chats for each in self._watches.get(chat, [])]:
            watch.notify(change)

    def _membership(self, person: Person, before: str, after: str) -> None:
        chat = self.open_chat(person)
        chat.blocked = after == "kicked"
        self.notify(person.id, {"kind": "blocked", "blocked": chat.blocked})
        states = [{"status": status, "user": self.me} for status in (before, after)]
        old, new = ({**each, **({"until_date": 0} if each["status"] == "kicked" else {})} for each in states)
        change = {"chat": person.chat(), "from": person.user(), "date": int(self.clock())}
        self.updates.add("my_chat_member", {**change, "old_chat_member": old, "new_chat_member": new})


def callback_data(message: Message) -> list[str]:
    """Return the callback data of a message's buttons, in reading order."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [str(button["callback_data"]) for row in rows for button in row if "callback_data" in button]
