"""Checkout sessions: created, paid or expired."""

from enum import StrEnum

from bot_platform.sandbox.stripe import line_items, localized_prices, object_ids, payment_methods, payments
from bot_platform.sandbox.stripe.account import Account, Origin
from bot_platform.sandbox.stripe.errors import ApiError
from bot_platform.sandbox.stripe.session_object import new_session
from bot_platform.sandbox.stripe.state import Row

MIN_LIFETIME_SECONDS = 30 * 60
MAX_LIFETIME_SECONDS = 24 * 60 * 60


class PaymentScenario(StrEnum):
    """What a payer can choose on the payment page."""

    CARD = "card"
    CARD_DECLINED = "card_declined"
    BANK_TRANSFER = "bank_transfer"
    BANK_TRANSFER_FAILS = "bank_transfer_fails"
    VOUCHER = "voucher"
    VOUCHER_UNPAID = "voucher_unpaid"
    EUROS = "euros"  # as with `currency_options`: the session changes its currency


def open_session(account: Account, params: Row, origin: Origin) -> Row:
    """Create a checkout session from the parameters of `POST /v1/checkout/sessions`."""
    account.defaults.check(params)
    created = account.now()
    expires_at = _expiry(created, params.get("expires_at"))
    bill = line_items.bill(account, params["line_items"], origin, params.get("currency"))
    line_items.check_total(bill.total, bill.currency)
    id_ = object_ids.new("cs_test")
    session = new_session(
        id_,
        params,
        amount=bill.total,
        currency=bill.currency,
        created=created,
        expires_at=expires_at,
        url=f"{account.public_url}/pay/{id_}",
    )
    account.add("line_items", {"id": id_, "lines": bill.lines, "pinned": "currency" in params})
    # Not in the session: the API never returns `payment_intent_data`.
    account.add("intent_data", {"id": id_, **params.get("payment_intent_data", {})})
    account.schedule(expires_at, "expire_session", id_)
    return account.add("sessions", session)


def expire(account: Account, session: Row, origin: Origin) -> None:
    """Expire an open session. Raises ApiError if it is not open."""
    if session["status"] != "open":
        raise ApiError(
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of `{session['status']}`."
        )
    session["status"] = "expired"
    session["url"] = None
    if session["payment_intent"] is not None:
        payments.cancel(account, account.state["payment_intents"][session["payment_intent"]], origin)
    account.emit("checkout.session.expired", session, origin)


def expire_overdue(account: Account, session_id: str) -> None:
    """Expire a session if it is still open (a scheduled action)."""
    session = account.state["sessions"][session_id]
    if session["status"] == "open":
        expire(account, session, Origin())


def method_for(account: Account, session: Row, scenario: PaymentScenario) -> Row:
    """Return the test payment method for a button of the payment page."""
    if scenario in {PaymentScenario.CARD, PaymentScenario.EUROS}:
        return payment_methods.resolve(account, "pm_card_visa")
    if scenario is PaymentScenario.CARD_DECLINED:
        return payment_methods.resolve(account, "pm_card_chargeDeclined")
    if scenario in {PaymentScenario.VOUCHER, PaymentScenario.VOUCHER_UNPAID}:
        is_paid = scenario is PaymentScenario.VOUCHER
        return payment_methods.add(account, {"type": "oxxo", "oxxo": payment_methods.voucher(paid=is_paid)})
    kind = "sepa_debit" if session["currency"] == "eur" else "us_bank_account"
    numbers = (
        payment_methods.PAYING_BANK_ACCOUNTS
        if scenario is PaymentScenario.BANK_TRANSFER
        else payment_methods.FAILING_BANK_ACCOUNTS
    )
    return payment_methods.add(
        account, {"type": kind, kind: payment_methods.bank_details(kind, numbers[kind])}
    )


def change_currency(account: Account, session: Row, currency: str) -> None:
    """Let the buyer pay the same number of minor units in another currency."""
    session["currency"] = currency
    account.mark_changed(session)


def pay(account: Account, session: Row, method: Row, origin: Origin) -> None:
    """Try to pay an open session. It completes, or stays open if the card is declined."""
    if session["status"] != "open":
        raise ApiError(f"This Checkout Session is {session['status']} and cannot be paid.")
    localized_prices.localize(account, session)
    if session["amount_total"] == 0:
        _complete(account, session, method, "no_payment_required", origin)
        return
    intent = _intent_of(account, session, origin)
    payments.attempt(account, intent, method, origin)
    if intent["status"] == "succeeded":
        _complete(account, session, method, "paid", origin)
    elif intent["status"] in {"processing", "requires_action"}:
        _complete(account, session, method, "unpaid", origin)


def finish_transfer(account: Account, intent_id: str) -> None:
    """Conclude a bank transfer: update its intent and its session (a scheduled action)."""
    intent = account.state["payment_intents"][intent_id]
    payments.finish_transfer(account, intent)
    session = next((s for s in account.state["sessions"].values() if s["payment_intent"] == intent_id), None)
    if session is None:
        return
    if intent["status"] == "succeeded":
        session["payment_status"] = "paid"
        account.emit("checkout.session.async_payment_succeeded", session, Origin())
    else:
        account.emit("checkout.session.async_payment_failed", session, Origin())


def last_payment_error(account: Account, session: Row) -> str | None:
    """Return why the last payment attempt failed, as a message for the payer; None if it did not."""
    intent = account.state["payment_intents"].get(session["payment_intent"] or "")
    if intent is None or intent["last_payment_error"] is None:
        return None
    return str(intent["last_payment_error"]["message"])


def _intent_of(account: Account, session: Row, origin: Origin) -> Row:
    if session["payment_intent"] is not None:
        return account.state["payment_intents"][session["payment_intent"]]
    data = {key: value for key, value in account.state["intent_data"][session["id"]].items() if key != "id"}
    intent = payments.open_intent(
        account, {**data, "amount": session["amount_total"], "currency": session["currency"]}, origin
    )
    session["payment_intent"] = intent["id"]
    account.mark_changed(session)
    return intent


def _complete(account: Account, session: Row, method: Row, payment_status: str, origin: Origin) -> None:
    billing = method["billing_details"]
    session["status"] = "complete"
    session["payment_status"] = payment_status
    session["url"] = None
    session["customer_details"] = {
        "address": billing["address"],
        "business_name": None,
        "email": session["customer_email"] or billing["email"] or "payer@example.com",
        "individual_name": None,
        "name": billing["name"] or "Sandbox Payer",
        "phone": billing["phone"],
        "tax_exempt": "none",
        "tax_ids": [],
    }
    account.emit("checkout.session.completed", session, origin)


def _expiry(now: int, expires_at: int | None) -> int:
    if expires_at is None:
        return now + MAX_LIFETIME_SECONDS
    # One second of tolerance on both sides: the client read its clock before it sent the request.
    if expires_at < now + MIN_LIFETIME_SECONDS - 1:
        raise ApiError(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
            param="expires_at",
        )
    if expires_at > now + MAX_LIFETIME_SECONDS + 1:
        raise ApiError(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    return expires_at
