"""The demo's panel: one person's books and paid work, and what the local Stripe knows of their payments."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bot_platform.domain import inbox, jobs, ledger, outbox, purchases, reversals, statement, users
from bot_platform.domain.amounts import credits_text, money_text, short_credits_text
from bot_platform.domain.checkout import Stage
from bot_platform.domain.jobs import Job
from bot_platform.domain.ledger import Entry, HoldState
from bot_platform.domain.purchases import Purchase
from bot_platform.domain.reversals import Reversal
from bot_platform.domain.users import User
from bot_platform.sandbox.stripe import LocalStripe

ENTRIES, PURCHASES = 6, 5  # how many of the last are shown
JOBS = 5  # of those that run or wait, the next first

View = dict[str, Any]
Draw = Callable[..., Awaitable[str]]


@dataclass(frozen=True)
class Books:
    """The books beside the chat; without a Stripe nothing can go wrong on its side.

    `stripe_at` is the path under which the Stripe's own blueprint is mounted.
    """

    stripe: LocalStripe | None = None
    stripe_at: str = ""

    async def drawn(self, telegram_id: int, draw: Draw) -> View:
        """Draw what there is now: two pieces of HTML, and the switches; `draw` takes a template's name."""
        user = await users.find(telegram_id)
        bought = await purchases.recent(user.id, PURCHASES) if user else []
        return {
            "books": await draw("books.html", book=await self._book(user, bought) if user else None),
            "payments": await draw("payments.html", payments=self._payments(bought)) if self.stripe else "",
            "mischief": self.stripe.mischief.now if self.stripe else None,
        }

    async def _book(self, user: User, bought: Sequence[Purchase]) -> View:
        account = await ledger.find_account(user.id)
        told = await statement.notices_of(user.telegram_id)
        undone = await statement.undone_events()
        known = await statement.reversals_of([purchase.id for purchase in bought])
        open_jobs = await jobs.open_of(user.id)
        entries = [_entry(entry) for entry in await statement.history(account.id, ENTRIES)]
        return {
            "balance": credits_text(account.balance),
            "held": credits_text(account.held),
            "available": credits_text(account.available),
            "debt": credits_text(-account.available) if account.available < 0 else "",
            "frozen": account.frozen,
            "broken": account.broken,
            "jobs": [await _job(job) for job in open_jobs[:JOBS]],
            "later": max(len(open_jobs) - JOBS, 0),
            "entries": entries,
            "earlier": max(account.seq - len(entries), 0),
            "purchases": [_purchase(each, [r for r in known if r.purchase_id == each.id]) for each in bought],
            "waiting": told.get(outbox.NoticeState.PENDING, 0),
            "sent": told.get(outbox.NoticeState.SENT, 0),
            "dead": told.get(outbox.NoticeState.DEAD, 0),
            "stripe": self.stripe is not None,
            "on_their_way": sum(d["state"] == "pending" for d in self.stripe.deliveries)
            if self.stripe
            else 0,
            "unhandled": undone.get(inbox.EventState.RECEIVED, 0),
            "failed": undone.get(inbox.EventState.FAILED, 0),
        }

    def _payments(self, bought: Sequence[Purchase]) -> list[View]:
        if self.stripe is None:
            return []
        charges = {row["payment_intent"]: row for row in self.stripe.charges.values() if row["paid"]}
        found = []
        for purchase in bought:
            session = self.stripe.sessions.get(purchase.provider_ref or "")
            charge = charges.get(session["payment_intent"]) if session else None
            if charge:
                found.append(self._payment(self.stripe, purchase, charge))
        return found

    def _payment(self, stripe: LocalStripe, purchase: Purchase, charge: View) -> View:
        def money(row: View) -> View:
            return {**row, "money": money_text(row["amount"], charge["currency"])}

        return {
            "purchase": purchase.id,
            "session": purchase.provider_ref,
            "money": money_text(charge["amount"], charge["currency"]),
            "half": max(charge["amount"] // 2, 1),
            "refunds": [money(row) for row in _about(charge, stripe.refunds.values())],
            "disputes": [money(row) for row in _about(charge, stripe.disputes.values())],
            "warnings": _about(charge, stripe.warnings.values()),
        }


def _about(charge: View, rows: Iterable[View]) -> list[View]:
    return [row for row in rows if row["charge"] == charge["id"]]


async def _job(job: Job) -> View:
    hold = await ledger.find_hold(job.cause)
    held = hold.amount if hold and hold.state is HoldState.HELD else 0
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state.value,
        "held": credits_text(held) if held else "",
        "most": credits_text(job.most),
        "done": job.done,
        "parts": job.parts,
    }


def _entry(entry: Entry) -> View:
    return {
        "amount": f"{'+' if entry.amount > 0 else ''}{credits_text(entry.amount)}",
        "gives": entry.amount > 0,
        "kind": entry.kind.value,
        "purchase": entry.purchase_id,
        "after": credits_text(entry.balance_after),
        "note": f"/{entry.note}, job {entry.job_id}" if entry.job_id else entry.note,
        "at": entry.created_at,
    }


def _purchase(purchase: Purchase, known: Sequence[Reversal]) -> View:
    # What a charge says of all its refunds says nothing new beside the refunds themselves.
    single = any(row.stage in reversals.REFUNDS for row in known)
    shown = [row for row in known if not (single and row.stage is Stage.REFUNDED_IN_ALL)]
    return {
        "id": purchase.id,
        "credits": short_credits_text(purchase.credits),
        "money": money_text(purchase.amount, purchase.currency),
        "state": purchase.state.value,
        "reversed": credits_text(purchase.reversed) if purchase.reversed else "",
        "reversals": [
            {
                "stage": row.stage.value,
                "money": money_text(row.amount, purchase.currency) if row.amount else "",
            }
            for row in shown
        ],
    }
