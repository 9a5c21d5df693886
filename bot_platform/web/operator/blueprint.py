"""Builds the operator's pages behind their one door; each of them is kept from caches and foreign sites."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from quart import Blueprint, Response, g, make_response, redirect, render_template, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from bot_platform.domain.amounts import credits_text, money_text
from bot_platform.domain.errors import Refusal
from bot_platform.flows import sessions
from bot_platform.flows.context import PaymentContext
from bot_platform.infra.clock import monotonic
from bot_platform.infra.database_errors import UNREACHABLE
from bot_platform.web.client_address import client_address
from bot_platform.web.operator.actions import changes
from bot_platform.web.operator.exports import exports
from bot_platform.web.operator.pages import reading
from bot_platform.web.operator.sign_in import PATH, Session, SignIn, is_own_form, next_page

log = structlog.get_logger()

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
OPEN = {"operator.static", "operator.sign_in", "operator.knock"}  # what nobody has to be signed in for


def operator_pages(
    payments: PaymentContext, token: str, address: str, clock: Callable[[], float] = monotonic
) -> Blueprint:
    """Build them; `token` signs in, `address` is ours as people see it."""
    door = SignIn(token, address, clock)
    pages = Blueprint(
        "operator",
        __name__,
        url_prefix=PATH,
        template_folder="../templates",
        static_folder="../static",
        static_url_path="/static",
    )

    async def guard() -> ResponseReturnValue | None:
        return await _guard(door)

    pages.before_request(guard)
    pages.after_request(_protect)
    pages.context_processor(_words)
    pages.register_error_handler(HTTPException, _refused)
    pages.register_error_handler(Refusal, _declined)
    for fault in UNREACHABLE:
        pages.register_error_handler(fault, _unreachable)
    _door_pages(pages, payments, door)
    reading(pages, payments)
    exports(pages)
    changes(pages, payments)
    return pages


def _door_pages(pages: Blueprint, payments: PaymentContext, door: SignIn) -> None:
    @pages.get("/sign-in")
    async def sign_in() -> ResponseReturnValue:
        if await _session(door):
            return redirect(PATH, 303)
        return await _sign_in_page(PATH, 200)

    @pages.post("/sign-in")
    async def knock() -> ResponseReturnValue:
        if door.is_foreign(request):
            return await _error_page("foreign", 403)
        form, who = await request.form, client_address(request) or "this machine"
        way = next_page(form.get("way", ""))
        if wait := door.tries.wait(who):
            log.warning("operator.sign_in_refused", address=who, waits=wait)
            page = await _sign_in_page(way, 429, wait=wait)
            page.headers["Retry-After"] = str(wait)
            return page
        if not door.opens(form.get("token", "").strip()):
            door.tries.refused(who)
            log.warning("operator.sign_in_refused", address=who)
            return await _sign_in_page(way, 401, wrong=True)
        session = door.begin()
        await sessions.begin(payments.database, session.name, address=who)
        log.info("operator.signed_in", address=who)
        response = await _onward(way)
        door.give(response, session)
        return response

    @pages.post("/sign-out")
    async def sign_out() -> ResponseReturnValue:
        await sessions.end(payments.database, g.session.name)
        response = await _onward(f"{PATH}/sign-in")
        door.take(response)
        return response


async def _guard(door: SignIn) -> ResponseReturnValue | None:
    """Let nobody in who is not signed in, and no form that our pages did not make."""
    if request.endpoint in OPEN:
        return None
    session = await _session(door)
    if session is None:
        return await _sign_in_page(request.full_path.rstrip("?") if request.method == "GET" else PATH, 401)
    g.session = session
    if request.method not in {"GET", "HEAD"}:
        given = (await request.form).get("csrf", "")
        if door.is_foreign(request) or not is_own_form(session, given):
            return await _error_page("foreign", 403)
    return None


async def _session(door: SignIn) -> Session | None:
    session = door.read(request)
    return None if session is None or await sessions.has_ended(session.name) else session


async def _sign_in_page(way: str, status: int, *, wrong: bool = False, wait: int = 0) -> Response:
    text = await render_template("operator/sign_in.html", way=next_page(way), wrong=wrong, wait=wait)
    return await _page(text, status)


async def _refused(error: HTTPException) -> ResponseReturnValue:
    return await _error_page(str(error.code), error.code or 500)


async def _declined(refusal: Refusal) -> ResponseReturnValue:
    return await _error_page(refusal.text, 409, refusal.values_for_text)


async def _unreachable(fault: BaseException) -> ResponseReturnValue:
    log.error("operator.database", exc_info=fault)
    return await _error_page("unreachable", 503)


async def _error_page(name: str, status: int, values: Mapping[str, Any] | None = None) -> Response:
    return await _page(await render_template("operator/error.html", name=name, values=values or {}), status)


async def _onward(where: str) -> Response:
    return await _page("", 303, {"Location": where})


async def _page(text: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    response = await make_response(text, status, headers or {})
    assert isinstance(response, Response)  # noqa: S101 -- never a redirect of werkzeug's
    return response


async def _protect(response: Response) -> Response:
    static = request.endpoint == "operator.static"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "no-cache" if static else "no-store"
    response.headers["Referrer-Policy"] = "same-origin"  # with none a browser hides where a form came from
    response.headers["X-Frame-Options"] = "DENY"
    return response


def _words() -> dict[str, Any]:
    """Give every template the way to write credits, money and times, and who is signed in."""
    return {
        "as_credits": credits_text,
        "as_money": money_text,
        "as_time": _time,
        "home": PATH,
        "session": g.get("session"),
        "done": request.args.get("done", ""),
    }


def _time(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" if moment else ""
