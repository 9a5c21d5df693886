"""The demo's side panel: a user's ledger, purchases and jobs, and their payments at the local Stripe."""

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
from bot_platform.sandbox.worst_day import WorstDay

MAX_ENTRIES, MAX_PURCHASES = 6, 5  # the newest
MAX_JOBS = 5  # running or waiting, the next first

View = dict[str, Any]
RenderTemplate = Callable[..., Awaitable[str]]


@dataclass(frozen=True)
class LedgerPanel:
    """The panel beside the chat. Without a Stripe it shows no payments and no fault switches.

    `stripe_path` is the URL prefix of the local Stripe's blueprint.
    """

    stripe: LocalStripe | None = None
    stripe_path: str = ""
    day: WorstDay | None = None

    async def render(self, telegram_id: int, render_template: RenderTemplate) -> View:
        """Return the panel's event: HTML under `books`, `payments` and `day`, and the fault switches.

        `render_template` takes a template name and its values.
        """
        user = await users.find(telegram_id)
        recent_purchases = await purchases.recent(user.id, MAX_PURCHASES) if user else []
        return {
            "books": await render_template(
                "ledger.html", account=await self._account(user, recent_purchases) if user else None
            ),
            "payments": await render_template("payments.html", payments=self._payments(recent_purchases))
            if self.stripe
            else "",
            "mischief": self.stripe.fault_switches.values if self.stripe else None,
            "day": await render_template("worst_day.html", day=self.day) if self.day else "",
            "day_is_on": bool(self.day and self.day.is_on),
        }

    async def _account(self, user: User, recent_purchases: Sequence[Purchase]) -> View:
        account = await ledger.find_account(user.id)
        notices = await statement.notices_of(user.telegram_id)
        open_events = await statement.undone_events()
        purchase_reversals = await statement.reversals_of([purchase.id for purchase in recent_purchases])
        open_jobs = await jobs.open_of(user.id)
        entries = [_entry(entry) for entry in await statement.history(account.id, MAX_ENTRIES)]
        return {
            "balance": credits_text(account.balance),
            "held": credits_text(account.held),
            "available": credits_text(account.available),
            "debt": credits_text(-account.available) if account.available < 0 else "",
            "frozen": account.frozen,
            "broken": account.broken,
            "jobs": [await _job(job) for job in open_jobs[:MAX_JOBS]],
            "later": max(len(open_jobs) - MAX_JOBS, 0),
            "entries": entries,
            "earlier": max(account.seq - len(entries), 0),
            "purchases": [
                _purchase(each, [r for r in purchase_reversals if r.purchase_id == each.id])
                for each in recent_purchases
            ],
            "waiting": notices.get(outbox.NoticeState.PENDING, 0),
            "sent": notices.get(outbox.NoticeState.SENT, 0),
            "dead": notices.get(outbox.NoticeState.DEAD, 0),
            "stripe": self.stripe is not None,
            "on_their_way": sum(d["state"] == "pending" for d in self.stripe.deliveries)
            if self.stripe
            else 0,
            "unhandled": open_events.get(inbox.EventState.RECEIVED, 0),
            "failed": open_events.get(inbox.EventState.FAILED, 0),
        }

    def _payments(self, recent_purchases: Sequence[Purchase]) -> list[View]:
        if self.stripe is None:
            return []
        charges = {row["payment_intent"]: row for row in self.stripe.charges.values() if row["paid"]}
        found = []
        for purchase in recent_purchases:
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
            "refunds": [money(row) for row in _of_charge(charge, stripe.refunds.values())],
            "disputes": [money(row) for row in _of_charge(charge, stripe.disputes.values())],
            "warnings": _of_charge(charge, stripe.warnings.values()),
        }


def _of_charge(charge: View, rows: Iterable[View]) -> list[View]:
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


def _purchase(purchase: Purchase, purchase_reversals: Sequence[Reversal]) -> View:
    # The total of `charge.refunded` adds nothing if the single refunds are known.
    has_single_refunds = any(row.stage in reversals.REFUNDS for row in purchase_reversals)
    shown = [
        row for row in purchase_reversals if not (has_single_refunds and row.stage is Stage.REFUNDED_IN_ALL)
    ]
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
