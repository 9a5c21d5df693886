"""Checkout sessions: opened by the API, ended by a payment or by time."""

from enum import StrEnum

from bot_platform.sandbox.stripe import identifiers, line_items, payment_methods, payments
from bot_platform.sandbox.stripe.account import Account, Origin
from bot_platform.sandbox.stripe.errors import ApiError
from bot_platform.sandbox.stripe.session_shape import new_session
from bot_platform.sandbox.stripe.state import Row

SHORTEST = 30 * 60
LONGEST = 24 * 60 * 60


class How(StrEnum):
    """What a person can do on the payment page."""

    CARD = "card"
    CARD_DECLINED = "card_declined"
    BANK_TRANSFER = "bank_transfer"
    BANK_TRANSFER_FAILS = "bank_transfer_fails"


def open_session(account: Account, params: Row, origin: Origin) -> Row:
    """Make a checkout session from what `POST /v1/checkout/sessions` gave."""
    created = account.now()
    expires_at = _expiry(created, params.get("expires_at"))
    bill = line_items.bill(account, params["line_items"], origin)
    line_items.check_total(bill.total, bill.currency)
    id_ = identifiers.new("cs_test")
    session = new_session(
        id_,
        params,
        amount=bill.total,
        currency=bill.currency,
        created=created,
        expires_at=expires_at,
        url=f"{account.public_url}/pay/{id_}",
    )
    account.add("line_items", {"id": id_, "lines": bill.lines})
    # Beside the session, not in it: the API never shows what the intent will be made from.
    account.add("intent_data", {"id": id_, **params.get("payment_intent_data", {})})
    account.later(expires_at, "expire_session", id_)
    return account.add("sessions", session)


def expire(account: Account, session: Row, origin: Origin) -> None:
    """End an open session without a payment, or refuse."""
    if session["status"] != "open":
        raise ApiError(
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of `{session['status']}`."
        )
    session["status"] = "expired"
    session["url"] = None
    if session["payment_intent"] is not None:
        payments.cancel(account, account.state["payment_intents"][session["payment_intent"]], origin)
    account.announce("checkout.session.expired", session, origin)


def expire_overdue(account: Account, session_id: str) -> None:
    """End a session whose time has come, if it still waits."""
    session = account.state["sessions"][session_id]
    if session["status"] == "open":
        expire(account, session, Origin())


def method_for(account: Account, session: Row, how: How) -> Row:
    """Return the test card or test bank account behind a button of the payment page."""
    if how is How.CARD:
        return payment_methods.resolve(account, "pm_card_visa")
    if how is How.CARD_DECLINED:
        return payment_methods.resolve(account, "pm_card_chargeDeclined")
    kind = "sepa_debit" if session["currency"] == "eur" else "us_bank_account"
    numbers = (
        payment_methods.BANK_ACCOUNT_THAT_PAYS
        if how is How.BANK_TRANSFER
        else payment_methods.BANK_ACCOUNT_THAT_FAILS
    )
    return payment_methods.add(
        account, {"type": kind, kind: payment_methods.bank_details(kind, numbers[kind])}
    )


def pay(account: Account, session: Row, method: Row, origin: Origin) -> None:
    """Try to pay an open session: it completes, or stays open where a card was declined."""
    if session["status"] != "open":
        raise ApiError(f"This Checkout Session is {session['status']} and cannot be paid.")
    if session["amount_total"] == 0:
        _complete(account, session, method, "no_payment_required", origin)
        return
    intent = _intent_of(account, session, origin)
    payments.attempt(account, intent, method, origin)
    if intent["status"] == "succeeded":
        _complete(account, session, method, "paid", origin)
    elif intent["status"] == "processing":
        _complete(account, session, method, "unpaid", origin)


def finish_transfer(account: Account, intent_id: str) -> None:
    """Take the bank's answer to a transfer: tell the intent, and the session it belongs to."""
    intent = account.state["payment_intents"][intent_id]
    payments.finish_transfer(account, intent)
    session = next((s for s in account.state["sessions"].values() if s["payment_intent"] == intent_id), None)
    if session is None:
        return
    if intent["status"] == "succeeded":
        session["payment_status"] = "paid"
        account.announce("checkout.session.async_payment_succeeded", session, Origin())
    else:
        account.announce("checkout.session.async_payment_failed", session, Origin())


def last_failure(account: Account, session: Row) -> str | None:
    """Why the last attempt to pay this session failed, in words for its payer."""
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
    account.changed(session)
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
    account.announce("checkout.session.completed", session, origin)


def _expiry(now: int, wanted: int | None) -> int:
    if wanted is None:
        return now + LONGEST
    # A second of grace on both sides: the caller read its own clock before the request travelled.
    if wanted < now + SHORTEST - 1:
        raise ApiError(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
            param="expires_at",
        )
    if wanted > now + LONGEST + 1:
        raise ApiError(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    return wanted
