"""The blueprint: HTTP in, HTTP out; everything between is decided elsewhere."""

import asyncio
import json
from email.utils import formatdate

from quart import Blueprint, Response, redirect, render_template, request
from quart.typing import ResponseReturnValue

from bot_platform.sandbox.stripe import hosted_page
from bot_platform.sandbox.stripe.account import API_VERSION, Account
from bot_platform.sandbox.stripe.acts import Acts
from bot_platform.sandbox.stripe.api import Api, HangUp
from bot_platform.sandbox.stripe.checkout import How
from bot_platform.sandbox.stripe.control_face import add_controls
from bot_platform.sandbox.stripe.hang_up import hang_up
from bot_platform.sandbox.stripe.idempotency import Answer
from bot_platform.sandbox.stripe.mischief import Mischief

_PAGE = "local_stripe_page.html"
# The page brings its style and its icon within itself; nothing else may come from anywhere.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'"
_METHODS = ["GET", "POST", "DELETE", "PUT", "PATCH"]


def blueprint(payments: Acts, mischief: Mischief, account: Account, api: Api) -> Blueprint:
    """Make the API and the payment page of one account."""
    routes = Blueprint("local_stripe", __name__, template_folder="templates")

    @routes.after_request
    async def protect(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", _POLICY)
        return response

    @routes.route("/v1/<path:rest>", methods=_METHODS)
    async def v1(rest: str) -> ResponseReturnValue:
        sent = await _sent()
        try:
            answer = await api.answer(
                request.method,
                f"/v1/{rest}",
                sent,
                {name.lower(): value for name, value in request.headers.items()},
            )
        except HangUp:
            return await _unanswered()
        finally:
            payments.changed()
        return _response(answer, request.headers.get("Idempotency-Key"), account.clock())

    @routes.get("/pay/<session_id>")
    async def page(session_id: str) -> ResponseReturnValue:
        payments.catch_up()
        shown = hosted_page.shown(account, session_id)
        return await render_template(_PAGE, page=shown), 404 if shown is None else 200

    @routes.post("/pay/<session_id>")
    async def press(session_id: str) -> ResponseReturnValue:
        how = (await request.form).get("how", "")
        if session_id not in account.state["sessions"] or how not in {*How, hosted_page.EXPIRE}:
            return await render_template(_PAGE, page=None), 404
        session = await (
            payments.expire(session_id) if how == hosted_page.EXPIRE else payments.pay(session_id, how)
        )
        if session["status"] == "complete":
            return redirect(hosted_page.success_url(session), 303)
        return redirect(request.path, 303)

    add_controls(routes, payments, mischief, account)
    return routes


async def _sent() -> str:
    if request.method != "POST":
        return request.query_string.decode("utf-8", "replace")
    raw = await request.get_data(cache=True, as_text=False, parse_form_data=False)
    return raw.decode("utf-8", "replace")


def _response(answer: Answer, key: str | None, now: float) -> Response:
    text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body, indent=2)
    response = Response(text, answer.status)
    response.content_type = "text/html" if isinstance(answer.body, str) else "application/json"
    response.headers["Date"] = formatdate(now, usegmt=True)
    response.headers["Request-Id"] = answer.request_id
    response.headers["Stripe-Version"] = API_VERSION
    if answer.status == 401:  # noqa: PLR2004 - unauthorized
        response.headers["WWW-Authenticate"] = 'Bearer realm="Stripe"'
    if key is not None:
        response.headers["Idempotency-Key"] = key
    if answer.original_request is not None:
        response.headers["Idempotent-Replayed"] = "true"
        response.headers["Original-Request"] = answer.original_request
    return response


async def _unanswered() -> Response:
    peer = request.scope.get("client")
    if peer is None:
        raise RuntimeError("Without a TCP connection there is nothing to hang up.")
    hang_up((str(peer[0]), int(peer[1])))
    # Returning at once would race the server's own notice that the connection is gone.
    await asyncio.sleep(0.05)
    return Response("", 500)
