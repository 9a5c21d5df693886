"""What Telegram's servers know: people, their chats with one bot, and who is watching."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot_platform.infra.clock import unix_time
from bot_platform.sandbox.telegram_rules import ApiError
from bot_platform.sandbox.telegram_text import understand
from bot_platform.sandbox.telegram_updates import Updates
from bot_platform.sandbox.telegram_watch import Change, Watch

Message = dict[str, Any]

_FIRST_IDS_SINCE = 1_700_000_000


@dataclass(frozen=True)
class Person:
    """Somebody with a Telegram account."""

    id: int
    first_name: str = "Buyer"
    username: str | None = None
    language_code: str | None = "en"

    def user(self) -> dict[str, Any]:
        """Give the person as Telegram's User object."""
        known = {"username": self.username, "language_code": self.language_code}
        named = {name: value for name, value in known.items() if value}
        return {"id": self.id, "is_bot": False, "first_name": self.first_name, **named}

    def chat(self) -> dict[str, Any]:
        """Give the private chat with this person as Telegram's Chat object."""
        named = {"username": self.username} if self.username else {}
        return {"id": self.id, "type": "private", "first_name": self.first_name, **named}


@dataclass(frozen=True)
class StoredFile:
    """A file the bot sent."""

    name: str
    content: bytes


@dataclass
class Chat:
    """One person's chat with the bot; `messages` by id, in the order they were sent."""

    person: Person
    messages: dict[int, Message] = field(default_factory=dict)
    blocked: bool = False


@dataclass
class Query:
    """A pressed button that waits for its answer."""

    id: str
    chat_id: int
    message_id: int
    data: str
    at: float


class TelegramState:
    """The servers' memory and what people do to it; what the bot may do stands in `telegram_methods`."""

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
        # A bot's database outlives this world: ids that begin anew would look like repeats to it.
        # A hundred for each second: more than a person uses before the next start.
        first = int((time.time() - _FIRST_IDS_SINCE) * 100) if first_id is None else first_id
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

    # Acting as a person

    def say(self, person: Person, text: str) -> Message:
        """Write to the bot, which opens the chat and ends a block; ValueError on a text no app sends."""
        try:
            text, entities = understand(text, None)
        except ApiError as refused:
            raise ValueError(refused.description) from None
        chat = self.meet(person)
        if chat.blocked:
            self.unblock(person)
        content = {"text": text, **({"entities": entities} if entities else {})}
        message = self.keep(chat, {"from": person.user(), **content})
        self.updates.add("message", message)
        return message

    def press(self, person: Person, message_id: int, data: str, *, stale: bool = False) -> str:
        """Press a button and get the query's id; LookupError where there is no such button.

        `stale` presses one that an edit has removed meanwhile, as an app does that has not seen the edit.
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
        """Stop the bot: from now on it is forbidden to write to this person."""
        self._membership(person, "member", "kicked")

    def unblock(self, person: Person) -> None:
        """Let the bot write again."""
        self._membership(person, "kicked", "member")

    def meet(self, person: Person) -> Chat:
        """Give the person's chat with the bot, opened as if they had written before."""
        chat = self.chats.setdefault(person.id, Chat(person))
        chat.person = person
        return chat

    # Reading

    def chat(self, chat_id: int) -> Chat:
        """Give the chat with this person; LookupError when they never wrote."""
        return self.chats[chat_id]

    def messages(self, chat_id: int) -> list[Message]:
        """Read what stands in a chat now, oldest first, edits and buttons included."""
        chat = self.chats.get(chat_id)
        return list(chat.messages.values()) if chat else []

    def commands_for(self, person: Person) -> list[dict[str, str]]:
        """Give the menu this person sees: the most particular list that was set, as Telegram chooses it."""
        for scope in (f"chat:{person.id}", "all_private_chats", "default"):
            for language in (person.language_code or "", ""):
                if commands := self.commands.get((scope, language)):
                    return commands
        return []

    def description_for(self, person: Person) -> str:
        """Give what this person reads in the empty chat."""
        of_all = self.descriptions.get(("description", ""), "")
        return self.descriptions.get(("description", person.language_code or ""), of_all)

    def watch(self, chat_id: int) -> Watch:
        """Follow a chat's changes as they happen, ended by `close()`; leave it with `with`.

        Each has a `kind`: `message` and `edited` (`message`), `deleted` (`message_id`), `typing` (`action`),
        `answered` (`query_id`, `message_id`, `data`, `text`, `alert`, `url`), `blocked` (`blocked`), `menu`.
        """
        watch = Watch(lambda left: self._watches.get(chat_id, []).remove(left))
        if self.closed:
            watch.tell(None)
        self._watches.setdefault(chat_id, []).append(watch)
        return watch

    def watched(self) -> int:
        """Count the open watches."""
        return sum(map(len, self._watches.values()))

    def close(self) -> None:
        """End every watch, so that no open page holds a shutdown up; a poller is ended by its own stop."""
        self.closed = True
        self.tell(None, None)

    # For the bot's methods

    def keep(self, chat: Chat, content: Message) -> Message:
        """Add a message to a chat under the next id and tell its watchers."""
        message_id = next(self._message_ids)
        message = {"message_id": message_id, "chat": chat.person.chat(), "date": int(self.clock()), **content}
        chat.messages[message_id] = message
        self.tell(chat.person.id, {"kind": "message", "message": message})
        return message

    def tell(self, chat_id: int | None, change: Change | None) -> None:
        """Tell the watchers of a chat, or of all chats, what changed; `None` ends them."""
        chats = self._watches if chat_id is None else [chat_id]
        for watch in [each for chat in chats for each in self._watches.get(chat, [])]:
            watch.tell(change)

    def _membership(self, person: Person, before: str, after: str) -> None:
        chat = self.meet(person)
        chat.blocked = after == "kicked"
        self.tell(person.id, {"kind": "blocked", "blocked": chat.blocked})
        states = [{"status": status, "user": self.me} for status in (before, after)]
        old, new = ({**each, **({"until_date": 0} if each["status"] == "kicked" else {})} for each in states)
        change = {"chat": person.chat(), "from": person.user(), "date": int(self.clock())}
        self.updates.add("my_chat_member", {**change, "old_chat_member": old, "new_chat_member": new})


def callback_data(message: Message) -> list[str]:
    """List the data of the buttons under a message, in reading order."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [str(button["callback_data"]) for row in rows for button in row if "callback_data" in button]
