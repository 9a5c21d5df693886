"""Payment intents and charges."""

from bot_platform.sandbox.stripe import object_ids, payment_methods
from bot_platform.sandbox.stripe.account import Account, Origin
from bot_platform.sandbox.stripe.errors import ApiError
from bot_platform.sandbox.stripe.state import Row

# The statuses in which a payment intent can be paid.
_PAYABLE_STATUSES = ("requires_payment_method", "requires_confirmation")


def open_intent(account: Account, params: Row, origin: Origin) -> Row:
    """Create a payment intent from validated parameters of `POST /v1/payment_intents`."""
    id_ = object_ids.new("pi")
    intent = account.add(
        "payment_intents",
        {
            "id": id_,
            "object": "payment_intent",
            "amount": params["amount"],
            "amount_capturable": 0,
            "amount_details": {"tip": {}},
            "amount_received": 0,
            "application": None,
            "application_fee_amount": None,
            "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
            "canceled_at": None,
            "cancellation_reason": None,
            "capture_method": "automatic_async",
            "client_secret": f"{id_}_secret_{object_ids.random_text(25)}",
            "confirmation_method": "automatic",
            "created": account.now(),
            "currency": params["currency"],
            "customer": None,
            "description": params.get("description"),
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": False,
            "metadata": params.get("metadata", {}),
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": params.get("payment_method"),
            "payment_method_configuration_details": None,
            "payment_method_options": {},
            "payment_method_types": ["card", "sepa_debit", "us_bank_account"],
            "processing": None,
            "receipt_email": params.get("receipt_email"),
            "review": None,
            "setup_future_usage": params.get("setup_future_usage"),
            "shipping": params.get("shipping"),
            "source": None,
            "statement_descriptor": params.get("statement_descriptor"),
            "statement_descriptor_suffix": params.get("statement_descriptor_suffix"),
            "status": "requires_confirmation" if "payment_method" in params else "requires_payment_method",
            "transfer_data": None,
            "transfer_group": params.get("transfer_group"),
        },
    )
    account.emit("payment_intent.created", intent, origin)
    return intent


def attempt(account: Account, intent: Row, method: Row, origin: Origin) -> None:
    """Try to pay. The intent becomes succeeded, processing, requires_action or requires_payment_method."""
    if intent["status"] not in _PAYABLE_STATUSES:
        raise ApiError(
            f"This PaymentIntent's status is {intent['status']}: it cannot be confirmed.",
            code="payment_intent_unexpected_state",
            payment_intent=intent,
        )
    intent["payment_method"] = method["id"]
    intent["last_payment_error"] = None
    if not payment_methods.is_delayed(method):
        _conclude(account, intent, method, origin)
        return
    account.schedule(account.clock() + account.bank_transfer_delay, "finish_transfer", intent["id"])
    if payment_methods.is_voucher(method):
        intent["status"], intent["next_action"] = "requires_action", _voucher(account, method)
        account.emit("payment_intent.requires_action", intent, origin)
        return
    intent["status"] = "processing"
    account.emit("payment_intent.processing", intent, origin)


def finish_transfer(account: Account, intent: Row) -> None:
    """Conclude a processing intent: the test account decides whether it succeeds or fails."""
    _conclude(account, intent, account.state["payment_methods"][intent["payment_method"]], Origin())


def cancel(account: Account, intent: Row, origin: Origin) -> None:
    """Cancel an intent because its session expired."""
    intent["status"] = "canceled"
    intent["canceled_at"] = account.now()
    intent["cancellation_reason"] = "expired"
    account.emit("payment_intent.canceled", intent, origin)


def declined(intent: Row) -> ApiError:
    """Return the API error for a declined card."""
    error = {
        key: value for key, value in intent["last_payment_error"].items() if key not in {"message", "type"}
    }
    return ApiError(
        intent["last_payment_error"]["message"],
        status=402,
        type_="card_error",
        code=error.pop("code"),
        charge=intent["latest_charge"],
        payment_intent=intent,
        **{key: value for key, value in error.items() if key != "doc_url"},
    )


def _conclude(account: Account, intent: Row, method: Row, origin: Origin) -> None:
    charge = _charge(account, intent, method)
    intent["latest_charge"], intent["next_action"] = charge["id"], None
    if payment_methods.will_fail(method):
        intent["status"] = "requires_payment_method"
        intent["payment_method"] = None
        intent["last_payment_error"] = payment_methods.failure(method)
    else:
        intent["status"] = "succeeded"
        intent["amount_received"] = intent["amount"]
    outcome = "failed" if payment_methods.will_fail(method) else "succeeded"
    account.emit(f"charge.{outcome}", charge, origin)
    account.emit("payment_intent." + ("payment_failed" if outcome == "failed" else outcome), intent, origin)
    action = payment_methods.scheduled_action(method)
    if action is not None:
        # Scheduled, not run now: at Stripe too the events of the payment come first.
        account.schedule(account.clock(), action, charge["id"])


def _voucher(account: Account, method: Row) -> Row:
    details = {
        "expires_after": account.now() + 3 * 24 * 60 * 60,
        "hosted_voucher_url": f"{account.public_url}/voucher",
        "number": method["oxxo"]["last4"],
    }
    return {"type": "oxxo_display_details", "oxxo_display_details": details}


def _charge(account: Account, intent: Row, method: Row) -> Row:
    failure = payment_methods.failure(method) if payment_methods.will_fail(method) else None
    return account.add(
        "charges",
        {
            "id": object_ids.new("ch"),
            "object": "charge",
            "amount": intent["amount"],
            "amount_captured": 0 if failure else intent["amount"],
            "amount_refunded": 0,
            "application": None,
            "application_fee": None,
            "application_fee_amount": None,
            "balance_transaction": None if failure else object_ids.new("txn"),
            "billing_details": method["billing_details"],
            "calculated_statement_descriptor": "SANDBOX",
            "captured": not failure,
            "created": account.now(),
            "currency": intent["currency"],
            "customer": None,
            "description": intent["description"],
            "disputed": False,
            "failure_balance_transaction": None,
            "failure_code": failure["code"] if failure else None,
            "failure_message": failure["message"] if failure else None,
            "fraud_details": {},
            "livemode": False,
            "metadata": dict(intent["metadata"]),
            "on_behalf_of": None,
            "outcome": _outcome(failure),
            "paid": not failure,
            "payment_intent": intent["id"],
            "payment_method": method["id"],
            "payment_method_details": {"type": method["type"], method["type"]: method[method["type"]]},
            "receipt_email": intent["receipt_email"],
            "receipt_number": None,
            "receipt_url": None,
            "refunded": False,
            "review": None,
            "shipping": intent["shipping"],
            "source": None,
            "source_transfer": None,
            "statement_descriptor": intent["statement_descriptor"],
            "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
            "status": "failed" if failure else "succeeded",
            "transfer_data": None,
            "transfer_group": intent["transfer_group"],
        },
    )


def _outcome(failure: Row | None) -> Row:
    return {
        "network_status": "declined_by_network" if failure else "approved_by_network",
        "reason": failure.get("decline_code", failure["code"]) if failure else None,
        "risk_level": "normal",
        "seller_message": "The bank declined the payment." if failure else "Payment complete.",
        "type": "issuer_declined" if failure else "authorized",
    }
