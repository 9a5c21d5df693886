"""Finds the paid charge of a checkout session, a payment intent or a charge id."""

from bot_platform.sandbox.stripe.account import Account
from bot_platform.sandbox.stripe.errors import ApiError, no_such
from bot_platform.sandbox.stripe.state import Row


def charge_of(account: Account, id_: str) -> Row:
    """Return the paid charge of an id of any of the three. Raises ApiError if there is none."""
    if id_ in account.state["charges"]:
        return paid_charge(account, id_)
    session = account.state["sessions"].get(id_)
    if session is None:
        return charge_of_intent(account, id_, "id")
    if session["payment_intent"] is None:
        raise ApiError(f"This Checkout Session ({id_}) has no payment.", param="id")
    return charge_of_intent(account, session["payment_intent"], "id")


def charge_of_intent(account: Account, id_: str, param: str = "payment_intent") -> Row:
    """Return the successful charge of a payment intent. Raises ApiError if there is none."""
    intent = account.state["payment_intents"].get(id_)
    if intent is None:
        raise no_such("payment_intent", id_, param, status=400)
    charge = account.state["charges"].get(intent["latest_charge"] or "")
    if charge is None or not charge["paid"]:
        raise ApiError(
            f"This PaymentIntent ({id_}) does not have a successful charge to refund.", param="payment_intent"
        )
    return charge


def paid_charge(account: Account, id_: str) -> Row:
    """Return a charge that succeeded. Raises ApiError if it did not."""
    charge = account.find("charges", id_, "charge", status=400)
    if not charge["paid"]:
        return charge_of_intent(account, charge["payment_intent"])
    return charge


def payment_method_of(account: Account, charge: Row) -> Row:
    """Return the payment method of a charge."""
    return account.state["payment_methods"][charge["payment_method"]]
