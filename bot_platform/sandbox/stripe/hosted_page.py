"""The data for the payment page of a checkout session."""

from dataclasses import dataclass

from bot_platform.sandbox.stripe import checkout, listing, money
from bot_platform.sandbox.stripe.account import Account
from bot_platform.sandbox.stripe.state import Row

EXPIRE = "expire"


@dataclass(frozen=True)
class Line:
    """One line item."""

    name: str
    description: str | None
    quantity: int
    unit_price: str
    amount: str


@dataclass(frozen=True)
class PageView:
    """The template's data; `state` is open, paid, processing, failed or expired."""

    state: str
    lines: list[Line]
    total: str
    currency: str
    error: str | None
    reference: str
    cancel_url: str | None
    success_url: str
    minutes_left: int


def view(account: Account, session_id: str) -> PageView | None:
    """Return the page data of a session, or None if there is no such session."""
    session = account.state["sessions"].get(session_id)
    if session is None:
        return None
    return PageView(
        state=_state(account, session),
        lines=[_line(account, row) for row in listing.line_items_of(account, session_id)],
        total=money.format_amount(session["amount_total"], session["currency"]),
        currency=session["currency"].upper(),
        error=checkout.last_payment_error(account, session),
        reference=session_id,
        cancel_url=session["cancel_url"],
        success_url=success_url(session),
        minutes_left=max((session["expires_at"] - account.now()) // 60, 0),
    )


def success_url(session: Row) -> str:
    """Return the success URL with the session's id in place of `{CHECKOUT_SESSION_ID}`."""
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _state(account: Account, session: Row) -> str:
    if session["status"] != "complete":
        return str(session["status"])
    if session["payment_status"] != "unpaid":
        return "paid"
    return "failed" if checkout.last_payment_error(account, session) else "processing"


def _line(account: Account, row: Row) -> Line:
    product = account.state["products"][row["price"]["product"]]
    return Line(
        name=product["name"],
        description=product["description"],
        quantity=row["quantity"],
        unit_price=money.format_amount(row["price"]["unit_amount"], row["currency"]),
        amount=money.format_amount(row["amount_total"], row["currency"]),
    )
