"""A buyer with an open checkout, and events about it as Stripe would post them."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bot_platform.sandbox.stripe import LocalStripe
from bot_platform.sandbox.telegram_state import Person
from tests.makers import BUYER, RunningService, eventually, running_service, session_event
from tests.sandbox.stripe_world import KEY, World, world

HOOK = "/api/v1/stripe-webhook"
SUCCESS, IGNORED = (200, {"status": "success"}), (200, {"status": "ignored"})
OTHER = Person(id=5_000_000_002, first_name="Other")
_numbers = itertools.count(1)


async def arrive(h: RunningService, who: Person = BUYER) -> None:
    """Press Start."""
    await h.say("/start", "Welcome!", who)


async def checkout(
    h: RunningService, package: str = "buy_100", who: Person = BUYER, stripe: LocalStripe | None = None
) -> dict[str, Any]:
    """Press Start and a package; return the session when the buyer has its link."""
    sessions = (stripe or h.stripe).sessions
    before = set(sessions)
    await arrive(h, who)
    shop = await h.say("/buy", "Choose a package:", who)
    await h.press(shop, package, who)
    await eventually(lambda: set(sessions) - before)
    (id_,) = set(sessions) - before
    session = dict(sessions[id_])

    def links() -> list[str]:
        keyboards = [
            m.get("reply_markup", {}).get("inline_keyboard", []) for m in h.telegram.messages(who.id)
        ]
        return [b["url"] for rows in keyboards for row in rows for b in row if b.get("url") == session["url"]]

    await eventually(links)
    return session


def about(session: dict[str, Any], kind: str = "completed", **changed: Any) -> dict[str, Any]:
    """Make an event about a session as if it had been paid; `changed` overrides the session's fields."""
    id_ = f"evt_{next(_numbers)}"
    return session_event(
        f"checkout.session.{kind}", id_=id_, **session | {"payment_status": "paid"} | changed
    )


async def balance(h: RunningService, credits_: str, who: Person = BUYER) -> None:
    """Check the balance."""
    before = len([text for text in h.texts(who) if text.startswith("Balance: ")])
    h.telegram.say(who, "/balance")

    def answers() -> list[str]:
        return [text for text in h.texts(who) if text.startswith("Balance: ")][before:]

    (answer,) = await eventually(answers)
    assert answer.splitlines()[0] == f"Balance: {credits_} credits"


def receipts(h: RunningService, who: Person = BUYER) -> list[str]:
    """List the receipts that the user got."""
    return [text for text in h.texts(who) if text.startswith("Payment received")]


async def told(h: RunningService, *said: str, who: Person = BUYER) -> None:
    """See that the person was told of exactly these payments."""
    await eventually(lambda: len(receipts(h, who)) >= len(said))
    await h.rest()
    assert receipts(h, who) == list(said)


def receipt(credits_: int, balance_: int) -> str:
    """Write the text of a receipt."""
    return f"Payment received: {credits_}.00 credits added. Balance: {balance_}.00 credits."


async def page(h: RunningService, reference: str) -> str:
    """Read the page that a buyer comes back to."""
    params = {"session_id": reference}
    async with h.http.get(f"{h.url}/payment-success", params=params) as answer:
        assert answer.status == 200
        return await answer.text()


@asynccontextmanager
async def house_and_world(database_url: str, **changed: Any) -> AsyncIterator[tuple[RunningService, World]]:
    """Run the service with a separate Stripe, at which a test can create sessions."""
    async with (
        world() as w,
        running_service(database_url, stripe_api_base=w.url, stripe_secret_key=KEY, **changed) as h,
    ):
        yield h, w


async def user_id(h: RunningService, w: World, who: Person = BUYER) -> str:
    """Read our id of a user from one of their checkouts, as Stripe has it."""
    return str((await checkout(h, "buy_500", who, w.local))["client_reference_id"])


def by_hand(session: Any, **changed: Any) -> dict[str, Any]:
    """Make the event of a paid session that was created at Stripe by hand."""
    fields = {
        "id": session.id,
        "amount_subtotal": session.amount_subtotal,
        "amount_total": session.amount_total,
        "currency": session.currency,
        "client_reference_id": session.client_reference_id,
        "metadata": {},
    }
    return about(fields | changed)
