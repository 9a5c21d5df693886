"""The charge behind whatever somebody names: a checkout session, a payment intent or the charge itself."""

from bot_platform.sandbox.stripe.account import Account
from bot_platform.sandbox.stripe.errors import ApiError, no_such
from bot_platform.sandbox.stripe.state import Row


def charge_of(account: Account, id_: str) -> Row:
    """Return the charge that took the money. Raises ApiError where there is none."""
    if id_ in account.state["charges"]:
        return of_charge(account, id_)
    session = account.state["sessions"].get(id_)
    if session is None:
        return of_intent(account, id_, "id")
    if session["payment_intent"] is None:
        raise ApiError(f"Nobody has paid this Checkout Session ({id_}).", param="id")
    return of_intent(account, session["payment_intent"], "id")


def of_intent(account: Account, id_: str, param: str = "payment_intent") -> Row:
    """Return the successful charge of a payment intent, or refuse in Stripe's words."""
    intent = account.state["payment_intents"].get(id_)
    if intent is None:
        raise no_such("payment_intent", id_, param, status=400)
    charge = account.state["charges"].get(intent["latest_charge"] or "")
    if charge is None or not charge["paid"]:
        raise ApiError(
            f"This PaymentIntent ({id_}) does not have a successful charge to refund.", param="payment_intent"
        )
    return charge


def of_charge(account: Account, id_: str) -> Row:
    """Return a charge that took money, or refuse."""
    charge = account.find("charges", id_, "charge", status=400)
    if not charge["paid"]:
        return of_intent(account, charge["payment_intent"])
    return charge


def method_of(account: Account, charge: Row) -> Row:
    """Return the payment method that a charge was paid by."""
    return account.state["payment_methods"][charge["payment_method"]]
