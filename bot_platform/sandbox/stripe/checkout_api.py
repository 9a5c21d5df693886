"""The endpoints for products, prices, checkout sessions and their payment pages."""

from bot_platform.sandbox.stripe import (
    catalog,
    checkout,
    checkout_schemas,
    listing,
    payment_methods,
    payments,
    schemas,
)
from bot_platform.sandbox.stripe.endpoint import Call, Endpoint, page, retrieve
from bot_platform.sandbox.stripe.errors import ApiError
from bot_platform.sandbox.stripe.state import Row


def _create_product(call: Call) -> Row:
    return catalog.add_product(call.account, call.params, call.origin)


def _list_products(call: Call) -> Row:
    params = call.params
    rows = (
        row
        for row in call.account.state["products"].values()
        if row["active"] == params.get("active", row["active"])
        and row["id"] in params.get("ids", [row["id"]])
    )
    return page(call, rows, "/v1/products")


def _create_price(call: Call) -> Row:
    return catalog.add_price(call.account, call.params, call.origin)


def _list_prices(call: Call) -> Row:
    filters = {
        key: call.params[key] for key in ("active", "currency", "product", "type") if key in call.params
    }
    keys = call.params.get("lookup_keys")
    rows = (
        row
        for row in call.account.state["prices"].values()
        if all(row[key] == value for key, value in filters.items())
        and (keys is None or row["lookup_key"] in keys)
    )
    return page(call, rows, "/v1/prices")


def _create_session(call: Call) -> Row:
    if call.params["mode"] != "payment":
        raise ApiError("The local Stripe supports only mode `payment`.", param="mode")
    return checkout.open_session(call.account, call.params, call.origin)


def _list_sessions(call: Call) -> Row:
    filters = {key: call.params[key] for key in ("payment_intent", "status") if key in call.params}
    rows = (
        row
        for row in call.account.state["sessions"].values()
        if all(row[key] == value for key, value in filters.items())
    )
    return page(call, rows, "/v1/checkout/sessions")


def _list_lines(call: Call) -> Row:
    call.account.find("sessions", call.id, "session")
    lines = listing.line_items_of(call.account, call.id)
    # Line items keep their order; other lists are newest first.
    return page(call, reversed(lines), f"/v1/checkout/sessions/{call.id}/line_items")


def _expire_session(call: Call) -> Row:
    session = call.account.find("sessions", call.id, "session")
    checkout.expire(call.account, session, call.origin)
    return session


def _payment_page(call: Call) -> Row:
    session = call.account.find("sessions", call.id, "session")
    return {
        "id": session["id"].replace("cs_test_", "ppage_"),
        "object": "payment_page",
        "amount": session["amount_total"],
        "currency": session["currency"],
        "livemode": False,
        "payment_status": session["payment_status"],
        "session_id": session["id"],
        "status": session["status"],
        "success_url": session["success_url"],
    }


def _confirm_page(call: Call) -> Row:
    session = call.account.find("sessions", call.id, "session")
    if call.params.get("expected_amount", session["amount_total"]) != session["amount_total"]:
        raise ApiError(
            "The amount does not match the total of this Checkout Session.", code="checkout_amount_mismatch"
        )
    method = payment_methods.resolve(call.account, call.params["payment_method"])
    checkout.pay(call.account, session, method, call.origin)
    if session["status"] == "open":
        raise payments.declined(call.account.state["payment_intents"][session["payment_intent"]])
    return _payment_page(call)


ENDPOINTS = (
    Endpoint("POST", "/v1/products", checkout_schemas.CREATE_PRODUCT, _create_product),
    Endpoint("GET", "/v1/products", checkout_schemas.LIST_PRODUCTS, _list_products),
    Endpoint("GET", "/v1/products/{id}", schemas.NO_PARAMETERS, retrieve("products")),
    Endpoint("POST", "/v1/prices", checkout_schemas.CREATE_PRICE, _create_price),
    Endpoint("GET", "/v1/prices", checkout_schemas.LIST_PRICES, _list_prices),
    Endpoint("GET", "/v1/prices/{id}", schemas.NO_PARAMETERS, retrieve("prices", "price")),
    Endpoint(
        "POST",
        "/v1/checkout/sessions",
        checkout_schemas.CREATE_SESSION,
        _create_session,
        schemas.LEGACY_PARAMETERS,
    ),
    Endpoint("GET", "/v1/checkout/sessions", checkout_schemas.LIST_SESSIONS, _list_sessions),
    Endpoint("GET", "/v1/checkout/sessions/{id}", schemas.NO_PARAMETERS, retrieve("sessions", "session")),
    Endpoint("GET", "/v1/checkout/sessions/{id}/line_items", schemas.PAGE, _list_lines),
    Endpoint("POST", "/v1/checkout/sessions/{id}/expire", schemas.NO_PARAMETERS, _expire_session),
    Endpoint("GET", "/v1/payment_pages/{id}", schemas.NO_PARAMETERS, _payment_page),
    Endpoint("POST", "/v1/payment_pages/{id}/confirm", checkout_schemas.CONFIRM_PAYMENT_PAGE, _confirm_page),
)
