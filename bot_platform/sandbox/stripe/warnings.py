"""Early fraud warnings: a bank says that a charge may be fraudulent, before anybody disputes it."""

from bot_platform.sandbox.stripe import identifiers
from bot_platform.sandbox.stripe.account import Account, Origin
from bot_platform.sandbox.stripe.state import Row


def warn(account: Account, charge: Row, origin: Origin, *, actionable: bool = True) -> Row:
    """Make a warning; about a charge refunded in full or disputed there is nothing to do any more."""
    warning = account.add(
        "warnings",
        {
            "id": identifiers.new("issfr"),
            "object": "radar.early_fraud_warning",
            "actionable": actionable and not (charge["refunded"] or charge["disputed"]),
            "charge": charge["id"],
            "created": account.now(),
            "fraud_type": "unauthorized_use_of_card",
            "livemode": False,
            "payment_intent": charge["payment_intent"],
        },
    )
    account.announce("radar.early_fraud_warning.created", warning, origin)
    return warning


def clear(account: Account, warning: Row, origin: Origin) -> None:
    """Nothing is to be done about a warning any more; one that was cleared before stays as it is."""
    if warning["actionable"]:
        warning["actionable"] = False
        account.announce("radar.early_fraud_warning.updated", warning, origin, {"actionable": True})


def clear_all_of(account: Account, charge: Row, origin: Origin) -> None:
    """Clear every warning of a charge."""
    for warning in account.state["warnings"].values():
        if warning["charge"] == charge["id"]:
            clear(account, warning, origin)


def warn_of_charge(account: Account, charge_id: str) -> None:
    """Do what the test card for warnings brings."""
    warn(account, account.state["charges"][charge_id], Origin())
