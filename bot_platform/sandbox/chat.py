"""The demo's page: a Telegram chat in the browser, each browser a person of its own."""

import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from quart import Blueprint, Response, current_app, make_response, redirect, render_template, request
from quart.typing import ResponseReturnValue

from bot_platform.sandbox.books import Books
from bot_platform.sandbox.telegram_world import Person, TelegramWorld

PERSON_COOKIE = "demo_person"
# A header no page of another origin can send without asking first.
OWN_HEADER = "X-Demo"
HEARTBEAT = 15.0
LOOK_AT_BOOKS = 0.5  # seconds between looks: what moves them need not happen in the chat
_LARGEST_BODY = 64 * 1024
_POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

Look = Callable[[], Awaitable[dict[str, Any]]]


class _RefusedError(Exception):
    """A request the page itself would never send."""

    def __init__(self, code: int, status: str) -> None:
        super().__init__(status)
        self.code = code
        self.status = status


def chat_pages(world: TelegramWorld, *, bot_name: str, books: Books | None = None) -> Blueprint:
    """Build the pages under `/demo`, with the books beside the chat; `world.close()` ends open streams."""
    pages = Blueprint(
        "demo", __name__, template_folder="templates", static_folder="static", static_url_path="/demo/static"
    )
    chat = _Chat(world, bot_name, books)
    pages.get("/demo")(chat.page)
    pages.get("/")(_to_the_chat)
    pages.get("/demo/")(_to_the_chat)
    pages.get("/demo/events")(chat.events)
    pages.get("/demo/file/<file_id>")(chat.file)
    pages.post("/demo/say")(chat.say)
    pages.post("/demo/press")(chat.press)
    pages.post("/demo/new")(chat.start_over)
    pages.errorhandler(_RefusedError)(_refused)
    pages.after_request(_protect)
    return pages


@dataclass(frozen=True)
class _Chat:
    world: TelegramWorld
    bot_name: str
    books: Books | None

    async def page(self) -> Response:
        page = await render_template(
            "chat.html",
            bot_name=self.bot_name,
            initial=self.bot_name[:1].upper(),
            books=self.books,
        )
        response = await _response(page)
        if _known_id() is None:
            _become_somebody(response)
        return response

    async def events(self) -> Response:
        person = _person()
        stream = await _response(_stream(self.world, person, self._look(person)), "text/event-stream")
        stream.headers["X-Accel-Buffering"] = "no"
        stream.timeout = None
        return stream

    def _look(self, person: Person) -> Look | None:
        if self.books is None:
            return None
        books, templates = self.books, current_app.jinja_env

        async def draw(template: str, **values: Any) -> str:
            return await templates.get_template(template).render_async(**values)

        return lambda: books.drawn(person.id, draw)

    async def say(self) -> ResponseReturnValue:
        person, sent = _person(), await _sent()
        text = sent.get("text")
        if not isinstance(text, str):
            raise _RefusedError(400, "text is missing")
        try:
            message = self.world.say(person, text)
        except ValueError:
            raise _RefusedError(400, "text must have 1 to 4096 characters") from None
        return {"status": "sent", "message_id": message["message_id"]}

    async def press(self) -> ResponseReturnValue:
        person, sent = _person(), await _sent()
        message_id, data = sent.get("message_id"), sent.get("data")
        if type(message_id) is not int or not isinstance(data, str):
            raise _RefusedError(400, "message_id or data is missing")
        try:
            query_id = self.world.press(person, message_id, data)
        except LookupError:
            raise _RefusedError(404, "no such button") from None
        return {"status": "pressed", "query_id": query_id}

    async def start_over(self) -> ResponseReturnValue:
        await _sent()
        response = await _response('{"status": "new"}', "application/json")
        _become_somebody(response)
        return response

    async def file(self, file_id: str) -> Response:
        messages = self.world.messages(_person().id)
        if file_id not in [message.get("document", {}).get("file_id") for message in messages]:
            raise _RefusedError(404, "no such file")
        stored = self.world.files[file_id]
        response = await _response(stored.content, "application/octet-stream")
        response.headers.set("Content-Disposition", "attachment", filename=_plain_name(stored.name))
        return response


async def _to_the_chat() -> ResponseReturnValue:
    return redirect("/demo")


async def _refused(error: _RefusedError) -> ResponseReturnValue:
    return {"status": error.status}, error.code


async def _protect(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", _POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    # A new version's script must not meet the old one's page.
    static = request.endpoint == "demo.static"
    response.headers["Cache-Control"] = "no-cache" if static else "no-store"
    return response


async def _response(content: Any, content_type: str | None = None) -> Response:
    response = await make_response(content)
    assert isinstance(response, Response)  # noqa: S101 (never a redirect of werkzeug's)
    if content_type:
        response.content_type = content_type
    return response


async def _stream(world: TelegramWorld, person: Person, look: Look | None) -> AsyncIterator[bytes]:
    # After a restart the world knows nobody, but the bot still writes to those it remembers.
    world.meet(person)
    # Watch before reading the state: what happens between the two comes twice instead of never.
    with world.watch(person.id) as changes:
        yield b"retry: 1000\n" + _event("state", _state(world, person))
        spoken, books = time.monotonic(), None
        while True:
            # In the chat's own stream: a browser opens six connections to one place, for all its tabs.
            if look and (seen := await look()) != books:
                books, spoken = seen, time.monotonic()
                yield _event("books", seen)
            try:
                change = await changes.next(LOOK_AT_BOOKS if look else HEARTBEAT)
            except StopAsyncIteration:
                return
            if change is None and time.monotonic() - spoken < HEARTBEAT:
                continue
            spoken = time.monotonic()
            if change is None:
                yield b": still here\n\n"
            elif change["kind"] == "menu":
                yield _event("menu", _menu(world, person))
            else:
                yield _event("change", change)


def _state(world: TelegramWorld, person: Person) -> dict[str, Any]:
    messages = world.messages(person.id)
    return {"person": person.first_name, "messages": messages, **_menu(world, person)}


def _menu(world: TelegramWorld, person: Person) -> dict[str, Any]:
    return {"commands": world.commands_for(person), "description": world.description_for(person)}


def _event(name: str, content: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(content)}\n\n".encode()


async def _sent() -> dict[str, Any]:
    """Read the JSON of a request that our own page sent."""
    origin = request.headers.get("Origin")
    foreign = request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin"
    foreign = foreign or (origin is not None and origin.split("://")[-1] != request.host)
    if foreign or OWN_HEADER not in request.headers:
        raise _RefusedError(403, "only the chat's own page may do this")
    body = bytearray()
    async for part in request.body:
        body += part
        if len(body) > _LARGEST_BODY:
            raise _RefusedError(413, "too much")
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        raise _RefusedError(400, "not JSON") from None
    if not isinstance(sent, dict):
        raise _RefusedError(400, "not an object")
    return sent


def _person() -> Person:
    person_id = _known_id()
    if person_id is None:
        raise _RefusedError(401, "nobody yet: open /demo first")
    language = re.match(r"[A-Za-z]{2,3}", request.headers.get("Accept-Language", ""))
    name = f"Buyer {person_id % 900 + 100}"
    return Person(person_id, name, language_code=language.group().lower() if language else "en")


def _known_id() -> int | None:
    cookie = request.cookies.get(PERSON_COOKIE, "")
    return int(cookie) if re.fullmatch(r"[1-9][0-9]{9,14}", cookie, re.ASCII) else None


def _become_somebody(response: Response) -> None:
    # Above 32 bits, as the ids of new accounts are; below 52, as Telegram promises.
    person_id = 10**10 + secrets.randbelow(10**15 - 10**10)
    response.set_cookie(
        PERSON_COOKIE,
        str(person_id),
        max_age=365 * 24 * 3600,
        path="/demo",
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )


def _plain_name(name: str) -> str:
    return re.sub(r"[^\w. -]", "_", name, flags=re.ASCII)
