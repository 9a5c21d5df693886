"""Builds the operator's pages behind their sign-in; no cache stores them, and no other site can use them."""

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
from bot_platform.infra import safe_errors
from bot_platform.infra.database_errors import UNREACHABLE
from bot_platform.web.client_address import client_address
from bot_platform.web.operator.actions import action_pages
from bot_platform.web.operator.exports import exports
from bot_platform.web.operator.pages import report_pages
from bot_platform.web.operator.sign_in import PATH, Session, SignIn, is_own_form, next_page

log = structlog.get_logger()

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
OPEN = {"operator.static", "operator.sign_in_page", "operator.submit_token"}  # need no session


def operator_pages(
    payments: PaymentContext, token: str, address: str, explain: Callable[[Refusal], str]
) -> Blueprint:
    """Build the pages: `token` signs in, `address` is their public URL, `explain` writes a refusal."""
    sign_in = SignIn(token, address)
    pages = Blueprint(
        "operator",
        __name__,
        url_prefix=PATH,
        template_folder="../templates",
        static_folder="../static",
        static_url_path="/static",
    )

    async def guard() -> ResponseReturnValue | None:
        return await _guard(sign_in)

    async def refused(refusal: Refusal) -> ResponseReturnValue:
        return await _error_page("refused", 409, explain(refusal))

    pages.before_request(guard)
    pages.after_request(_protect)
    pages.context_processor(_template_values)
    pages.register_error_handler(HTTPException, _http_error)
    pages.register_error_handler(Refusal, refused)
    for fault in UNREACHABLE:
        pages.register_error_handler(fault, _database_down)
    _sign_in_pages(pages, payments, sign_in)
    report_pages(pages, payments)
    exports(pages)
    action_pages(pages, payments)
    return pages


def _sign_in_pages(pages: Blueprint, payments: PaymentContext, sign_in: SignIn) -> None:
    @pages.get("/sign-in")
    async def sign_in_page() -> ResponseReturnValue:
        if await _session(sign_in):
            return redirect(PATH, 303)
        return await _sign_in_page(PATH, 200)

    @pages.post("/sign-in")
    async def submit_token() -> ResponseReturnValue:
        if sign_in.is_foreign(request):
            return await _error_page("foreign", 403)
        form, address = await request.form, client_address(request) or "this machine"
        way = next_page(form.get("way", ""))
        if wait := sign_in.failed_attempts.delay_for(address):
            log.warning("operator.sign_in_refused", address=address, waits=wait)
            page = await _sign_in_page(way, 429, wait=wait)
            page.headers["Retry-After"] = str(wait)
            return page
        if not sign_in.is_token(form.get("token", "").strip()):
            sign_in.failed_attempts.add(address)
            log.warning("operator.sign_in_refused", address=address)
            return await _sign_in_page(way, 401, wrong=True)
        session = sign_in.begin()
        await sessions.begin(payments.database, session.name, address=address)
        log.info("operator.signed_in", address=address)
        response = await _redirect(way)
        sign_in.set_cookie(response, session)
        return response

    @pages.post("/sign-out")
    async def sign_out() -> ResponseReturnValue:
        await sessions.end(payments.database, g.session.name)
        response = await _redirect(f"{PATH}/sign-in")
        sign_in.delete_cookie(response)
        return response


async def _guard(sign_in: SignIn) -> ResponseReturnValue | None:
    """Refuse requests without a session, and forms that our pages did not make."""
    if request.endpoint in OPEN:
        return None
    session = await _session(sign_in)
    if session is None:
        return await _sign_in_page(request.full_path.rstrip("?") if request.method == "GET" else PATH, 401)
    g.session = session
    if request.method not in {"GET", "HEAD"}:
        given = (await request.form).get("csrf", "")
        if sign_in.is_foreign(request) or not is_own_form(session, given):
            return await _error_page("foreign", 403)
    return None


async def _session(sign_in: SignIn) -> Session | None:
    session = sign_in.read(request)
    return None if session is None or await sessions.has_ended(session.name) else session


async def _sign_in_page(way: str, status: int, *, wrong: bool = False, wait: int = 0) -> Response:
    text = await render_template("operator/sign_in.html", way=next_page(way), wrong=wrong, wait=wait)
    return await _page(text, status)


async def _http_error(error: HTTPException) -> ResponseReturnValue:
    return await _error_page(str(error.code), error.code or 500)


async def _database_down(fault: BaseException) -> ResponseReturnValue:
    log.error("operator.database", **safe_errors.describe(fault))
    log.debug("operator.traceback", exc_info=fault)
    return await _error_page("unreachable", 503)


async def _error_page(name: str, status: int, reason: str = "") -> Response:
    return await _page(await render_template("operator/error.html", name=name, reason=reason), status)


async def _redirect(location: str) -> Response:
    return await _page("", 303, {"Location": location})


async def _page(text: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    response = await make_response(text, status, headers or {})
    assert isinstance(response, Response)  # noqa: S101 -- never werkzeug's redirect
    return response


async def _protect(response: Response) -> Response:
    static = request.endpoint == "operator.static"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "no-cache" if static else "no-store"
    response.headers["Referrer-Policy"] = "same-origin"  # without it a browser hides the origin of a form
    response.headers["X-Frame-Options"] = "DENY"
    return response


def _template_values() -> dict[str, Any]:
    """Return what every template may use: formats for credits, money and times, and the session."""
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
