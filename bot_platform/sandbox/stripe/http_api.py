"""The Quart blueprint: the API, the payment page and the control API."""

import asyncio
import json
from email.utils import formatdate

from quart import Blueprint, Response, redirect, render_template, request
from quart.typing import ResponseReturnValue

from bot_platform.sandbox.stripe import hosted_page
from bot_platform.sandbox.stripe.account import API_VERSION, Account
from bot_platform.sandbox.stripe.actions import Actions
from bot_platform.sandbox.stripe.api import Api, ConnectionDropped
from bot_platform.sandbox.stripe.checkout import PaymentScenario
from bot_platform.sandbox.stripe.control_api import add_controls
from bot_platform.sandbox.stripe.dropped_connections import drop_connection
from bot_platform.sandbox.stripe.fault_switches import FaultSwitches
from bot_platform.sandbox.stripe.idempotency import Answer

_PAGE = "local_stripe_page.html"
# The page has inline styles and a data: icon and loads nothing else.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'"
_SCENARIOS = {*PaymentScenario, hosted_page.EXPIRE}
_METHODS = ["GET", "POST", "DELETE", "PUT", "PATCH"]


def blueprint(actions: Actions, switches: FaultSwitches, account: Account, api: Api) -> Blueprint:
    """Build the routes of one account."""
    routes = Blueprint("local_stripe", __name__, template_folder="templates")

    @routes.after_request
    async def protect(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", _POLICY)
        return response

    @routes.route("/v1/<path:rest>", methods=_METHODS)
    async def v1(rest: str) -> ResponseReturnValue:
        form_text = await _form_text()
        try:
            answer = await api.answer(
                request.method,
                f"/v1/{rest}",
                form_text,
                {name.lower(): value for name, value in request.headers.items()},
            )
        except ConnectionDropped:
            return await _drop_connection()
        finally:
            actions.on_change()
        return _response(answer, request.headers.get("Idempotency-Key"), account.clock())

    _add_payment_page(routes, actions, account)
    add_controls(routes, actions, switches, account)
    return routes


def _add_payment_page(routes: Blueprint, actions: Actions, account: Account) -> None:
    @routes.get("/pay/<session_id>")
    async def page(session_id: str) -> ResponseReturnValue:
        actions.run_due_actions()
        view = hosted_page.view(account, session_id)
        return await render_template(_PAGE, page=view), 404 if view is None else 200

    @routes.post("/pay/<session_id>")
    async def submit(session_id: str) -> ResponseReturnValue:
        scenario = (await request.form).get("how", "")
        if session_id not in account.state["sessions"] or scenario not in _SCENARIOS:
            return await render_template(_PAGE, page=None), 404
        session = await (
            actions.expire(session_id)
            if scenario == hosted_page.EXPIRE
            else actions.pay(session_id, scenario)
        )
        if session["status"] == "complete":
            return redirect(hosted_page.success_url(session), 303)
        return redirect(request.path, 303)


async def _form_text() -> str:
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


async def _drop_connection() -> Response:
    peer = request.scope.get("client")
    if peer is None:
        raise RuntimeError("Cannot drop the connection: the request has no client address.")
    drop_connection((str(peer[0]), int(peer[1])))
    # Give the server time to see that the connection is closed before it gets this response.
    await asyncio.sleep(0.05)
    return Response("", 500)
