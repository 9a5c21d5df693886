"""The demo's chat page, where a cookie makes each browser a separate Telegram person."""

import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from quart import Blueprint, Response, current_app, make_response, redirect, render_template, request
from quart.typing import ResponseReturnValue

from bot_platform.sandbox.ledger_panel import LedgerPanel
from bot_platform.sandbox.telegram_world import Person, TelegramWorld

PERSON_COOKIE = "demo_person"
# A page of another origin cannot send this header without a CORS preflight.
OWN_PAGE_HEADER = "X-Demo"
HEARTBEAT_SECONDS = 15.0
PANEL_REFRESH_SECONDS = 0.5  # the panel also changes without a change in the chat
_MAX_BODY_BYTES = 64 * 1024
_POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

ReadPanel = Callable[[], Awaitable[dict[str, Any]]]


class _BadRequest(Exception):
    """A request that the page itself never sends."""

    def __init__(self, code: int, status: str) -> None:
        super().__init__(status)
        self.code = code
        self.status = status


def chat_pages(world: TelegramWorld, *, bot_name: str, panel: LedgerPanel | None = None) -> Blueprint:
    """Build the pages under `/demo`, with the ledger panel if given; `world.close()` ends open streams."""
    pages = Blueprint(
        "demo", __name__, template_folder="templates", static_folder="static", static_url_path="/demo/static"
    )
    chat = _Chat(world, bot_name, panel)
    pages.get("/demo")(chat.page)
    pages.get("/")(_redirect_to_chat)
    pages.get("/demo/")(_redirect_to_chat)
    pages.get("/demo/events")(chat.events)
    pages.get("/demo/file/<file_id>")(chat.file)
    pages.post("/demo/say")(chat.say)
    pages.post("/demo/press")(chat.press)
    pages.post("/demo/new")(chat.start_over)
    pages.post("/demo/day")(chat.play_day)
    pages.errorhandler(_BadRequest)(_error_response)
    pages.after_request(_set_headers)
    return pages


@dataclass(frozen=True)
class _Chat:
    world: TelegramWorld
    bot_name: str
    panel: LedgerPanel | None

    async def page(self) -> Response:
        page = await render_template(
            "chat.html",
            bot_name=self.bot_name,
            initial=self.bot_name[:1].upper(),
            panel=self.panel,
        )
        response = await _response(page)
        if _person_id() is None:
            _set_new_person(response)
        return response

    async def events(self) -> Response:
        person = _person()
        stream = await _response(_stream(self.world, person, self._panel_reader(person)), "text/event-stream")
        stream.headers["X-Accel-Buffering"] = "no"
        stream.timeout = None
        return stream

    def _panel_reader(self, person: Person) -> ReadPanel | None:
        if self.panel is None:
            return None
        panel, templates = self.panel, current_app.jinja_env

        async def render_panel_template(template: str, **values: Any) -> str:
            return await templates.get_template(template).render_async(**values)

        return lambda: panel.render(person.id, render_panel_template)

    async def say(self) -> ResponseReturnValue:
        person, body = _person(), await _json_body()
        text = body.get("text")
        if not isinstance(text, str):
            raise _BadRequest(400, "text is missing")
        try:
            message = self.world.say(person, text)
        except ValueError:
            raise _BadRequest(400, "text must have 1 to 4096 characters") from None
        return {"status": "sent", "message_id": message["message_id"]}

    async def press(self) -> ResponseReturnValue:
        person, body = _person(), await _json_body()
        message_id, data = body.get("message_id"), body.get("data")
        if type(message_id) is not int or not isinstance(data, str):
            raise _BadRequest(400, "message_id or data is missing")
        try:
            query_id = self.world.press(person, message_id, data)
        except LookupError:
            raise _BadRequest(404, "no such button") from None
        return {"status": "pressed", "query_id": query_id}

    async def play_day(self) -> ResponseReturnValue:
        """Begin or end the worst day: `{"play": true}`."""
        person, body = _person(), await _json_body()
        day = self.panel.day if self.panel else None
        if day is None or type(body.get("play")) is not bool:
            raise _BadRequest(400, "play is missing")
        if body["play"]:
            day.start(person)
        else:
            await day.stop()
        return {"status": "playing" if day.is_on else "over"}

    async def start_over(self) -> ResponseReturnValue:
        await _json_body()
        response = await _response('{"status": "new"}', "application/json")
        _set_new_person(response)
        return response

    async def file(self, file_id: str) -> Response:
        messages = self.world.messages(_person().id)
        if file_id not in [message.get("document", {}).get("file_id") for message in messages]:
            raise _BadRequest(404, "no such file")
        stored = self.world.files[file_id]
        response = await _response(stored.content, "application/octet-stream")
        response.headers.set("Content-Disposition", "attachment", filename=_safe_file_name(stored.name))
        return response


async def _redirect_to_chat() -> ResponseReturnValue:
    return redirect("/demo")


async def _error_response(error: _BadRequest) -> ResponseReturnValue:
    return {"status": error.status}, error.code


async def _set_headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", _POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    # `no-cache` revalidates: a new page must not run with an old script.
    static = request.endpoint == "demo.static"
    response.headers["Cache-Control"] = "no-cache" if static else "no-store"
    return response


async def _response(content: Any, content_type: str | None = None) -> Response:
    response = await make_response(content)
    assert isinstance(response, Response)  # noqa: S101 (no view passes a werkzeug response)
    if content_type:
        response.content_type = content_type
    return response


async def _stream(world: TelegramWorld, person: Person, read_panel: ReadPanel | None) -> AsyncIterator[bytes]:
    # After a restart the fake has no chats, but the bot still writes to users in its database.
    world.open_chat(person)
    # Watch before reading the state: a change in between is sent twice instead of never.
    with world.watch(person.id) as changes:
        yield b"retry: 1000\n" + _event("state", _state(world, person))
        last_sent, panel = time.monotonic(), None
        while True:
            # One stream for both: a browser opens at most six connections to one host, for all its tabs.
            if read_panel and (panel_now := await read_panel()) != panel:
                panel, last_sent = panel_now, time.monotonic()
                yield _event("books", panel_now)
            try:
                change = await changes.next(PANEL_REFRESH_SECONDS if read_panel else HEARTBEAT_SECONDS)
            except StopAsyncIteration:
                return
            if change is None and time.monotonic() - last_sent < HEARTBEAT_SECONDS:
                continue
            last_sent = time.monotonic()
            if change is None:
                yield b": heartbeat\n\n"
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


async def _json_body() -> dict[str, Any]:
    """Read the JSON object of a request; refuse one that our own page did not send."""
    origin = request.headers.get("Origin")
    cross_site = request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin"
    cross_site = cross_site or (origin is not None and origin.split("://")[-1] != request.host)
    if cross_site or OWN_PAGE_HEADER not in request.headers:
        raise _BadRequest(403, "only the chat page may do this")
    raw = bytearray()
    async for part in request.body:
        raw += part
        if len(raw) > _MAX_BODY_BYTES:
            raise _BadRequest(413, "body too large")
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise _BadRequest(400, "body is not JSON") from None
    if not isinstance(body, dict):
        raise _BadRequest(400, "body is not a JSON object")
    return body


def _person() -> Person:
    person_id = _person_id()
    if person_id is None:
        raise _BadRequest(401, "no cookie: open /demo first")
    language = re.match(r"[A-Za-z]{2,3}", request.headers.get("Accept-Language", ""))
    name = f"Buyer {person_id % 900 + 100}"
    return Person(person_id, name, language_code=language.group().lower() if language else "en")


def _person_id() -> int | None:
    cookie = request.cookies.get(PERSON_COOKIE, "")
    return int(cookie) if re.fullmatch(r"[1-9][0-9]{9,14}", cookie, re.ASCII) else None


def _set_new_person(response: Response) -> None:
    # More than 32 bits, as new Telegram ids have, and less than the 52 that Telegram guarantees.
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


def _safe_file_name(name: str) -> str:
    return re.sub(r"[^\w. -]", "_", name, flags=re.ASCII)
