"""Early fraud warnings: a bank reports that a charge may be fraudulent, before a dispute."""

from bot_platform.sandbox.stripe import object_ids
from bot_platform.sandbox.stripe.account import Account, Origin
from bot_platform.sandbox.stripe.state import Row


def warn(account: Account, charge: Row, origin: Origin, *, actionable: bool = True) -> Row:
    """Create a warning. It is not actionable if the charge is fully refunded or disputed."""
    warning = account.add(
        "warnings",
        {
            "id": object_ids.new("issfr"),
            "object": "radar.early_fraud_warning",
            "actionable": actionable and not (charge["refunded"] or charge["disputed"]),
            "charge": charge["id"],
            "created": account.now(),
            "fraud_type": "unauthorized_use_of_card",
            "livemode": False,
            "payment_intent": charge["payment_intent"],
        },
    )
    account.emit("radar.early_fraud_warning.created", warning, origin)
    return warning


def clear(account: Account, warning: Row, origin: Origin) -> None:
    """Make a warning not actionable. One that is not actionable already stays as it is."""
    if warning["actionable"]:
        warning["actionable"] = False
        account.emit("radar.early_fraud_warning.updated", warning, origin, {"actionable": True})


def clear_for_charge(account: Account, charge: Row, origin: Origin) -> None:
    """Clear every warning of a charge."""
    for warning in account.state["warnings"].values():
        if warning["charge"] == charge["id"]:
            clear(account, warning, origin)


def warn_about_charge(account: Account, charge_id: str) -> None:
    """Create the warning of the test card for fraud warnings."""
    warn(account, account.state["charges"][charge_id], Origin())
