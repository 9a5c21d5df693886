"""Many purchases at once: the events of each, and the final state that they must lead to in any order."""

import asyncio
import itertools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot_platform.domain import ledger, purchases, users
from bot_platform.domain.checkout import (
    CheckoutExpired,
    CheckoutPage,
    CheckoutRef,
    News,
    PaymentFailed,
    PaymentPending,
    PaymentReversed,
    ProviderEvent,
    Stage,
)
from bot_platform.domain.purchases import Offer, PurchaseState
from bot_platform.flows import provider_events
from bot_platform.flows.context import PaymentContext
from bot_platform.infra.clock import now
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from tests.makers import PRICES
from tests.reliability.stateful.fake_provider import Reader, paid, payment_of, reversal, session_of
from tests.reliability.stateful.one_sale import BEGAN, Said

CREDITS, CHARGED = 10_000, 500
PAID, PENDING, EXPIRED, FAILED = "paid", "pending", "expired", "failed"
CHECKOUT: Mapping[str, Callable[[CheckoutRef], News]] = {
    PENDING: PaymentPending,
    EXPIRED: CheckoutExpired,
    FAILED: PaymentFailed,
}

# What happens to one purchase: news of its checkout by their name, or what is said against its payment.
Happens = str | Said
FIRST_PERSON = itertools.count(7_100_000_000)


@dataclass(frozen=True)
class End:
    """The final state of a purchase and its buyer; `rows` are the reversals by their short names."""

    balance: int
    state: PurchaseState
    frozen: bool
    rows: Mapping[str, tuple[Stage, int]]

    @property
    def reversed(self) -> int:
        """The credits that were taken back."""
        return CREDITS - self.balance


@dataclass(frozen=True)
class Begun:
    """A purchase that is not paid yet."""

    id: int
    user_id: int

    def news(self, what: Happens) -> News:
        """Translate a short description into what a provider reports."""
        if what == PAID:
            return paid(self.id, self.user_id, amount=CHARGED)
        if isinstance(what, str):
            checkout = CheckoutRef("stripe", session_of(self.id), payment_of(self.id), self.id, self.user_id)
            return CHECKOUT[what](checkout)
        name, stage, amount, at = what
        return reversal(self.id, name, stage, amount, BEGAN + at)

    def events(self, happens: Sequence[Happens], reader: Reader) -> list[ProviderEvent]:
        """Make a provider event of each."""
        return [reader.event(self.news(what), str(self.id)) for what in happens]


async def begin(database: Database, number: int) -> list[Begun]:
    """Create this many users, each with an open purchase."""

    async def story() -> list[Begun]:
        begun = []
        for _ in range(number):
            user, _ = await users.welcome(next(FIRST_PERSON), "en")
            await ledger.open_account(user.id)
            offer = Offer.of(PRICES.get("buy_100"), user.id, "stripe")
            purchase = await purchases.begin(f"begun:{user.id}", offer)
            until = now() + timedelta(hours=20)
            await purchases.attach(
                purchase, CheckoutPage(session_of(purchase.id), "https://pay.example/", until)
            )
            begun.append(Begun(purchase.id, user.id))
        return begun

    return await database.transact(story)


async def deliver(payments: PaymentContext, events: Iterable[ProviderEvent], together: int) -> None:
    """Deliver events in their order, `together` of them concurrently."""
    waiting = iter(events)
    while some := list(itertools.islice(waiting, together)):
        await asyncio.gather(*(provider_events.receive(payments, event) for event in some))


async def ends(begun: Sequence[Begun]) -> dict[int, End]:
    """Read the state of purchases by their ids; each has its own buyer."""
    first, last = begun[0].id, begun[-1].id
    rows = await query(
        """SELECT p.id, p.state, p.reversed, a.balance, a.frozen, r.key, r.stage, r.amount
        FROM purchase p JOIN account a ON a.user_id = p.user_id
        LEFT JOIN reversal r ON r.purchase_id = p.id WHERE p.id BETWEEN ? AND ?""",
        first,
        last,
    )
    found: dict[int, End] = {}
    for row in rows:
        state, key = PurchaseState(row["state"]), row["key"]
        end = found.setdefault(row["id"], End(row["balance"], state, bool(row["frozen"]), {}))
        assert end.reversed == row["reversed"]
        if key:
            name = key.removeprefix("stripe:").removesuffix(f"_{row['id']}")
            found[row["id"]] = End(
                end.balance, state, end.frozen, {**end.rows, name: (Stage(row["stage"]), row["amount"])}
            )
    return found


def must_come_to(happens: Iterable[Happens]) -> End:
    """Compute the final state of a paid purchase by the rule for reversals in docs/money.md."""
    last: dict[str, PaymentReversed] = {}
    undone_at: dict[str, int] = {}
    for what in happens:
        if not isinstance(what, str):
            said = reversal(0, *what)
            note_undone(undone_at, said)
            known = last.setdefault(what[0], said)
            last[what[0]] = max(known, said, key=lambda one: (one.as_of, one.stage.rank, one.amount))
    gone = credits_gone(CREDITS, CHARGED, money_gone(last.values(), undone_at))
    state = (
        PurchaseState.REVERSED
        if gone == CREDITS
        else PurchaseState.PARTLY_REVERSED
        if gone
        else PurchaseState.PAID
    )
    frozen = any(one.stage in {Stage.INQUIRY, Stage.WARNED} for one in last.values())
    return End(CREDITS - gone, state, frozen, {name: (one.stage, one.amount) for name, one in last.items()})


def note_undone(undone_at: dict[str, int], said: PaymentReversed) -> None:
    """Remember the earliest time at which a refund was reported as undone."""
    if said.stage is Stage.REFUND_UNDONE:
        undone_at[said.key] = min(said.as_of, undone_at.get(said.key, said.as_of))


def money_gone(last: Collection[PaymentReversed], undone_at: Mapping[str, int]) -> int:
    """Sum the last reports of all refunds and disputes; this may be more than was paid."""
    single = sum(one.amount for one in last if one.stage in {Stage.REFUND_PENDING, Stage.REFUNDED})
    in_all = 0
    for total in (one for one in last if one.stage is Stage.REFUNDED_IN_ALL):
        undone = [o for o in last if o.stage is Stage.REFUND_UNDONE and undone_at[o.key] >= total.as_of]
        in_all = total.amount - sum(one.amount for one in undone)
    taken = {Stage.DISPUTED, Stage.APPEALED, Stage.LOST}
    return max(single, in_all) + sum(one.amount for one in last if one.stage in taken)


def credits_gone(credits_: int, charged: int, money: int) -> int:
    """Compute the credits to take back for this much money, rounded up."""
    return (credits_ * min(charged, money) + charged - 1) // charged


async def untold() -> list[int]:
    """List the entries for which the user got no notice."""
    rows = await query(
        """SELECT e.id FROM entry e JOIN account a ON a.id = e.account_id JOIN users u ON u.id = a.user_id
        LEFT JOIN notice n ON n.chat_id = u.telegram_id AND n.key = CASE e.kind
            WHEN 'purchase' THEN 'purchase:' || e.purchase_id || ':receipt'
            WHEN 'grant' THEN e.cause
            ELSE 'purchase:' || REPLACE(e.cause, 'reverse:' || e.purchase_id || ':',
                e.purchase_id || ':reversed:') END
        WHERE e.kind IN ('purchase', 'reversal', 'grant') AND n.id IS NULL"""
    )
    return [row["id"] for row in rows]
