"""A running service with a scripted model, and helpers that read its chats and its database."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from bot_platform.domain import ledger
from bot_platform.domain.audit import audit
from bot_platform.domain.users import User
from bot_platform.flows.grant import grant
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.sandbox.telegram_state import Person
from bot_platform.work.engine.model import Message, ModelFault
from bot_platform.work.kinds.build.prompts import FILE, PLAN, README
from tests.makers import BUYER, RunningService, eventually, running_service
from tests.reliability.platforms import in_database
from tests.work.fake_context import Model
from tests.work.model_server import Answer, Behaviour, Json, ModelServer, Status, error, model_server

LOOK_SECONDS = 0.02  # of real time between two questions to the database


def ai(server: ModelServer) -> dict[str, Any]:
    """Return the settings for this endpoint."""
    return {"ai_base_url": server.url, "ai_api_key": "sk-made-up", "ai_model": "made-up"}


def buttons(message: dict[str, Any]) -> list[str]:
    """Return the data or the addresses of the buttons under a message."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button.get("callback_data", button.get("url")) for row in rows for button in row]


def from_bot(h: RunningService) -> list[str]:
    """Return the texts of the bot's messages in the buyer's chat; for documents their names."""
    sent = [message for message in h.telegram.messages(BUYER.id) if message["from"]["is_bot"]]
    return [message.get("text") or message["document"]["file_name"] for message in sent]


async def broken(h: RunningService) -> Sequence[str]:
    """Audit the books; return the rows that break an invariant."""

    async def run_audit(database: Database) -> Sequence[str]:
        async with database.reader() as ask:
            return [
                f"{row.invariant} {row.table} {row.id}: {row.says}"
                async for step in audit(ask)
                for row in step.broken
            ]

    return await in_database(h.settings.database_url, run_audit)


async def rows(h: RunningService, sql: str, *values: Any) -> list[dict[str, Any]]:
    """Run SQL on the service's database."""

    async def ask(_: Database) -> list[dict[str, Any]]:
        return await query(sql, *values)

    return await in_database(h.settings.database_url, ask)


async def standing(h: RunningService) -> tuple[int, int]:
    """Return the buyer's balance and held credits, in hundredths."""

    async def read(_: Database) -> tuple[int, int]:
        user = await User.get(telegram_id=BUYER.id)
        account = await ledger.find_account(user.id)
        return account.balance, account.held

    return await in_database(h.settings.database_url, read)


async def give(h: RunningService, credits_: int, id_: str = "1") -> None:
    """Grant the buyer credits, in hundredths, as the operator's command does."""

    async def granted(database: Database) -> None:
        await grant(database, await User.get(telegram_id=BUYER.id), credits_, "Because.", id_)

    await in_database(h.settings.database_url, granted)


class Builder:
    """Answers the prompts of a build by a script, and others by `other`; a ModelFault is a refusal."""

    def __init__(
        self,
        script: Model,
        *,
        usage: tuple[int, int] = (100, 50),
        delay: float = 0,
        other: Behaviour | None = None,
    ) -> None:
        self.script, self._usage, self._delay = script, usage, delay
        self._other = other or Answer("An answer.")

    async def to(self, request: web.Request, body: Json) -> web.StreamResponse:
        """Answer."""
        prompt = tuple(Message(turn["role"], turn["content"]) for turn in body["messages"])
        if prompt[0].text.split("\n", maxsplit=1)[0] not in {PLAN, FILE, README}:
            return await self._other.to(request, body)
        try:
            text = self.script(prompt)
        except ModelFault:
            return await Status(400, error(code="content_filter")).to(request, body)
        return await Answer(text, usage=self._usage, delay=self._delay).to(request, body)


async def told(h: RunningService, part: str) -> dict[str, Any]:
    """Wait for the bot's last message to the buyer with this in its text, caption or file name."""

    def look() -> dict[str, Any] | None:
        sent = [message for message in h.telegram.messages(BUYER.id) if message["from"]["is_bot"]]
        return next((message for message in reversed(sent) if part in words(message)), None)

    return await eventually(look)


def words(message: dict[str, Any]) -> str:
    """Return the text, the caption and the file name of a message."""
    document = message.get("document", {})
    return "\n".join([message.get("text", ""), message.get("caption", ""), document.get("file_name", "")])


@asynccontextmanager
async def working(database_url: str, **changed: Any) -> AsyncIterator[tuple[RunningService, ModelServer]]:
    """Run a service with a model, and register the buyer."""
    async with model_server() as server, running_service(database_url, **ai(server), **changed) as h:
        server.always(Answer("Like this.", usage=(100, 50)))
        await h.say("/start", "Welcome!")
        yield h, server


async def ordered(
    h: RunningService, text: str, says: str = "are missing", who: Person = BUYER
) -> dict[str, Any]:
    """Order work, and return the new message of the bot that has `says` in it."""
    known = {message["message_id"] for message in h.telegram.messages(who.id)}
    h.telegram.say(who, text)

    def look() -> dict[str, Any] | None:
        sent = [m for m in h.telegram.messages(who.id) if m["from"]["is_bot"]]
        return next((m for m in sent if m["message_id"] not in known and says in words(m)), None)

    return await eventually(look)


def now(h: RunningService, message: dict[str, Any], who: Person = BUYER) -> str:
    """Return the current text of a message."""
    return str(h.telegram.chat(who.id).messages[message["message_id"]]["text"])


async def becomes(h: RunningService, message: dict[str, Any], part: str, who: Person = BUYER) -> None:
    """Wait until a message has this in its text."""
    await eventually(lambda: part in now(h, message, who))


async def until(h: RunningService, sql: str) -> None:
    """Wait until the database has such a row."""
    while not await rows(h, sql):
        await asyncio.sleep(LOOK_SECONDS)
        h.clock.tick()
