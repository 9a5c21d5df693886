"""The endpoints for payment intents, charges, payment methods, events, the balance and the account."""

import fnmatch

from bot_platform.sandbox.stripe import catalog, payment_methods, payments, schemas
from bot_platform.sandbox.stripe.endpoint import Call, Endpoint, page, retrieve
from bot_platform.sandbox.stripe.errors import ApiError
from bot_platform.sandbox.stripe.state import Row


def _create_intent(call: Call) -> Row:
    params = dict(call.params)
    params["currency"] = catalog.currency(params["currency"], "currency")
    method = (
        payment_methods.resolve(call.account, params["payment_method"])
        if "payment_method" in params
        else None
    )
    if method is not None:
        params["payment_method"] = method["id"]
    intent = payments.open_intent(call.account, params, call.origin)
    return _confirm(call, intent) if params.get("confirm") else intent


def _confirm_intent(call: Call) -> Row:
    return _confirm(call, call.account.find("payment_intents", call.id, "intent"))


def _confirm(call: Call, intent: Row) -> Row:
    id_ = call.params.get("payment_method") or intent["payment_method"]
    if id_ is None:
        raise ApiError(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
        )
    payments.attempt(call.account, intent, payment_methods.resolve(call.account, id_), call.origin)
    if intent["last_payment_error"]:
        raise payments.declined(intent)
    return intent


def _list_charges(call: Call) -> Row:
    intent_id = call.params.get("payment_intent")
    rows = (
        row for row in call.account.state["charges"].values() if intent_id in {None, row["payment_intent"]}
    )
    return page(call, rows, "/v1/charges")


def _list_intents(call: Call) -> Row:
    return page(call, call.account.state["payment_intents"].values(), "/v1/payment_intents")


def _create_method(call: Call) -> Row:
    return payment_methods.add(call.account, call.params)


def _list_events(call: Call) -> Row:
    patterns = call.params.get("types") or [call.params.get("type", "*")]
    delivered = call.params.get("delivery_success")
    rows = (
        row
        for row in call.account.state["events"].values()
        if any(fnmatch.fnmatchcase(row["type"], pattern) for pattern in patterns)
        and delivered in {None, row["pending_webhooks"] == 0}
    )
    return page(call, rows, "/v1/events", call.account.state["events"].values())


def _balance(_: Call) -> Row:
    nothing = [{"amount": 0, "currency": "usd", "source_types": {"card": 0}}]
    return {"object": "balance", "available": nothing, "livemode": False, "pending": nothing}


def _account(_: Call) -> Row:
    return {
        "id": "acct_1LocalSandbox",
        "object": "account",
        "charges_enabled": True,
        "country": "US",
        "default_currency": "usd",
        "details_submitted": True,
        "email": "sandbox@example.com",
        "metadata": {},
        "payouts_enabled": True,
        "settings": {"dashboard": {"display_name": "Sandbox", "timezone": "Etc/UTC"}},
        "type": "standard",
    }


ENDPOINTS = (
    Endpoint("POST", "/v1/payment_intents", schemas.CREATE_INTENT, _create_intent, schemas.LEGACY_PARAMETERS),
    Endpoint("GET", "/v1/payment_intents", schemas.PAGE, _list_intents),
    Endpoint("GET", "/v1/payment_intents/{id}", schemas.NO_PARAMETERS, retrieve("payment_intents", "intent")),
    Endpoint("POST", "/v1/payment_intents/{id}/confirm", schemas.CONFIRM_INTENT, _confirm_intent),
    Endpoint("GET", "/v1/charges", schemas.LIST_CHARGES, _list_charges),
    Endpoint("GET", "/v1/charges/{id}", schemas.NO_PARAMETERS, retrieve("charges")),
    Endpoint("POST", "/v1/payment_methods", schemas.CREATE_METHOD, _create_method),
    Endpoint("GET", "/v1/payment_methods/{id}", schemas.NO_PARAMETERS, retrieve("payment_methods")),
    Endpoint("GET", "/v1/events", schemas.LIST_EVENTS, _list_events),
    Endpoint("GET", "/v1/events/{id}", schemas.NO_PARAMETERS, retrieve("events")),
    Endpoint("GET", "/v1/balance", schemas.NO_PARAMETERS, _balance),
    Endpoint("GET", "/v1/account", schemas.NO_PARAMETERS, _account),
)
