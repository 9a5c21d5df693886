"""What the payment page shows of a checkout session, and where it leads."""

from dataclasses import dataclass

from bot_platform.sandbox.stripe import checkout, listing, money
from bot_platform.sandbox.stripe.account import Account
from bot_platform.sandbox.stripe.state import Row

EXPIRE = "expire"


@dataclass(frozen=True)
class Line:
    """One thing being bought."""

    name: str
    description: str | None
    quantity: int
    each: str
    amount: str


@dataclass(frozen=True)
class Page:
    """Everything the template needs; `state` is open, paid, processing, failed or expired."""

    state: str
    lines: list[Line]
    total: str
    currency: str
    problem: str | None
    reference: str
    back: str | None
    onward: str
    minutes_left: int


def shown(account: Account, session_id: str) -> Page | None:
    """Return the page of a session, or None where there is no such session."""
    session = account.state["sessions"].get(session_id)
    if session is None:
        return None
    return Page(
        state=_state(account, session),
        lines=[_line(account, row) for row in listing.lines_of(account, session_id)],
        total=money.written(session["amount_total"], session["currency"]),
        currency=session["currency"].upper(),
        problem=checkout.last_failure(account, session),
        reference=session_id,
        back=session["cancel_url"],
        onward=success_url(session),
        minutes_left=max((session["expires_at"] - account.now()) // 60, 0),
    )


def success_url(session: Row) -> str:
    """Where a payer is sent afterwards, with the session's id where the shop asked for it."""
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _state(account: Account, session: Row) -> str:
    if session["status"] != "complete":
        return str(session["status"])
    if session["payment_status"] != "unpaid":
        return "paid"
    return "failed" if checkout.last_failure(account, session) else "processing"


def _line(account: Account, row: Row) -> Line:
    product = account.state["products"][row["price"]["product"]]
    return Line(
        name=product["name"],
        description=product["description"],
        quantity=row["quantity"],
        each=money.written(row["price"]["unit_amount"], row["currency"]),
        amount=money.written(row["amount_total"], row["currency"]),
    )
