"""What happened to a purchase or a user, in the order of time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tortoise.functions import Count, Sum

from bot_platform.domain import actions, ledger, reversals
from bot_platform.domain.checkout import Stage
from bot_platform.domain.jobs import OPEN, Job, JobState
from bot_platform.domain.ledger import Account, Entry, EntryKind
from bot_platform.domain.listings import entries_of, refunds_of
from bot_platform.domain.outbox import Notice, NoticeState
from bot_platform.domain.purchases import PAID, Purchase
from bot_platform.domain.reversals import Reversal
from bot_platform.domain.users import User

MAX_MOMENTS = 60  # of each kind; the latest are shown
MAX_NOTE_CHARS = 100  # of a reason
EVENTS_OF_NOTICES = {  # by the end of a notice's key
    "processing": "transfer",
    "failed": "failed",
    "kept_aside": "aside",
    "returned": "returned",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened; `values` are hundredths, minor units and words for its text."""

    at: datetime
    what: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class About:
    """The figures of a user."""

    account: Account
    paid: int
    unpaid: int
    jobs: Mapping[str, int]
    unsent: int

    @property
    def open_jobs(self) -> int:
        """How many jobs run or wait."""
        return sum(self.jobs.get(state, 0) for state in OPEN)

    @property
    def failed_jobs(self) -> int:
        """How many jobs ended without a result."""
        return sum(self.jobs.get(s, 0) for s in (JobState.FAILED, JobState.EXPIRED, JobState.CANCELLED))


async def about(user: User) -> About:
    """Count a user's purchases, jobs and unsent messages."""
    bought = await _counted(Purchase.filter(user_id=user.id))
    paid = sum(bought[state] for state in PAID)
    return About(
        account=await ledger.find_account(user.id),
        paid=paid,
        unpaid=bought.total() - paid,
        jobs=await _counted(Job.filter(user_id=user.id)),
        unsent=await Notice.filter(chat_id=user.telegram_id, state=NoticeState.PENDING).count(),
    )


async def of_purchase(purchase: Purchase) -> Sequence[Moment]:
    """List what happened to a purchase, from its beginning to the use of its credits."""
    price = {"amount": purchase.amount, "currency": purchase.currency}
    moments = [_opened(purchase)]
    notices = await Notice.filter(subject__in=[purchase.subject, purchase.link_subject]).order_by("id")
    if links := [row for row in notices if row.subject == purchase.link_subject]:
        moments.append(Moment(links[0].created_at, "link", {}))
    for row in notices:
        name = row.key.removeprefix(f"{purchase.subject}:")
        if name in EVENTS_OF_NOTICES:
            moments.append(Moment(row.created_at, EVENTS_OF_NOTICES[name], {}))
        if name == "receipt":
            moments.append(Moment(row.created_at, "receipt", {"told": row.state.value}))
    if purchase.paid_at:
        paid = price | {"amount": purchase.charged or 0, "by": purchase.provider}
        moments.append(Moment(purchase.paid_at, "paid", paid))
    entries = await entries_of(purchase.id)
    moments += [_posted(entry) for entry in entries]
    moments += await _charges_since(entries)
    for refund in await refunds_of(purchase.id):
        values = {
            "state": refund.state.value,
            "note": _short(refund.reason),
            "error": _short(refund.error or ""),
        }
        moments.append(Moment(refund.created_at, "refund", price | {"amount": refund.amount} | values))
    each = [row for row in await reversals.of_purchase(purchase.id) if row.stage is not Stage.REFUNDED_IN_ALL]
    moments += [_reported(row, purchase.currency) for row in each]
    moments += [
        _action(act) for act in await actions.of([purchase.subject], MAX_MOMENTS) if act.what != "refund"
    ]
    return sorted(moments, key=lambda moment: moment.at)


async def of_person(user: User) -> Sequence[Moment]:
    """List a user's last purchases and charges, and what operators and banks did."""
    account = await ledger.find_account(user.id)
    moments = [Moment(user.created_at, "arrived", {})]
    bought = await Purchase.filter(user_id=user.id).order_by("-id").limit(MAX_MOMENTS)
    moments += [_opened(purchase) for purchase in bought]
    entries = await Entry.filter(account_id=account.id).order_by("-seq").limit(MAX_MOMENTS)
    moments += [_posted(entry) for entry in reversed(entries)]
    asked = Reversal.filter(user_id=user.id, stage__in=[*reversals.FREEZES, Stage.INQUIRY_CLOSED])
    moments += [_reported(row, "") for row in await asked.order_by("-created_at").limit(MAX_MOMENTS)]
    acts = await actions.of([user.subject], MAX_MOMENTS)
    moments += [_action(act) for act in reversed(acts) if act.what != "grant"]
    return sorted(moments, key=lambda moment: moment.at)


def _opened(purchase: Purchase) -> Moment:
    values = {"purchase": str(purchase.id), "credits": purchase.credits}
    return Moment(
        purchase.created_at, "opened", values | {"amount": purchase.amount, "currency": purchase.currency}
    )


def _posted(entry: Entry) -> Moment:
    values = {"credits": entry.amount, "after": entry.balance_after, "note": _short(entry.note)}
    return Moment(entry.created_at, entry.kind.value, values)


async def _charges_since(entries: Sequence[Entry]) -> Sequence[Moment]:
    """Sum up the charges to the account since the purchase was credited."""
    if not entries:
        return ()
    first = entries[0]
    charges = Entry.filter(account_id=first.account_id, seq__gt=first.seq, kind=EntryKind.CHARGE)
    last = await charges.order_by("-seq").first()
    if last is None:
        return ()
    # Summed by the database: an account may have very many.
    ((total, number),) = await charges.annotate(total=Sum("amount"), n=Count("id")).values_list("total", "n")
    return [Moment(last.created_at, "charges", {"credits": -int(total), "n": number})]


def _reported(row: Reversal, currency: str) -> Moment:
    # Stripe rounds down to seconds, so the entry that it caused would come before it.
    at = max(datetime.fromtimestamp(row.since, UTC), row.created_at)
    stage = row.stage.value.replace("_", " ")
    if not row.amount or not currency:
        return Moment(at, "asked", {"stage": stage})
    return Moment(at, "said", {"stage": stage, "amount": row.amount, "currency": currency})


def _action(act: actions.Action) -> Moment:
    note = _short(str(act.details.get("reason") or "none"))
    return Moment(act.at, "act", {"by": act.by, "act": act.what, "note": note})


def _short(text: str) -> str:
    return text if len(text) <= MAX_NOTE_CHARS else f"{text[: MAX_NOTE_CHARS - 1]}…"


async def _counted(rows: Any) -> Counter[str]:
    """Count rows by their state."""
    counted = await rows.annotate(n=Count("id")).group_by("state").values("state", "n")
    return Counter({str(row["state"]): row["n"] for row in counted})
