"""The operators' lists, a page at a time, their exports and their search; each query uses an index."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tortoise.models import Model
from tortoise.queryset import QuerySet

from bot_platform.domain import inbox, job_usage, jobs, purchases
from bot_platform.domain.actions import Action
from bot_platform.domain.ids import parse_id
from bot_platform.domain.inbox import Event
from bot_platform.domain.jobs import Job
from bot_platform.domain.ledger import Account, Entry
from bot_platform.domain.purchases import Purchase
from bot_platform.domain.refunds import Refund
from bot_platform.domain.reversals import Reversal, returned_by_each
from bot_platform.domain.users import User

PAGE_SIZE = 50  # rows
EXPORT_CHUNK = 200  # rows of one query: few enough that no other query waits
MAX_SEARCH_CHARS = 200  # with a provider's name before it, it fits into a key
LISTED_EVENT = ("id", "key", "type", "state", "error", "attempts", "received_at", "handled_at")
# Never the order and the answer: these are only for the user.
LISTED_JOB = (
    "id",
    "user_id",
    "kind",
    "state",
    "most",
    "charged",
    "done",
    "parts",
    "attempts",
    "created_at",
    "ended_at",
    *job_usage.COLUMNS,
)

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: below a row (`older`), above a row (`newer`), or at the newest row."""

    older: int | None = None
    newer: int | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Some rows, newest first, and where the next pages begin, if there are any."""

    rows: Sequence[M]
    older: int | None = None
    newer: int | None = None


@dataclass(frozen=True, slots=True)
class Returned:
    """Money that a refund or a dispute took from a sale, in minor units of the reversal's currency."""

    purchase: Purchase
    reversal: Reversal
    amount: int


@dataclass(frozen=True, slots=True)
class Found:
    """The results of a search."""

    purchases: Sequence[Purchase] = ()
    people: Sequence[User] = ()
    events: Sequence[Event] = ()

    def __len__(self) -> int:
        return len(self.purchases) + len(self.people) + len(self.events)


async def sales(place: Place, state: purchases.PurchaseState | None = None) -> Page[Purchase]:
    """List purchases with their buyers, in one state or in any."""
    rows = Purchase.all() if state is None else Purchase.filter(state=state)
    return await _page(rows.prefetch_related("user"), "id", place)


async def work(place: Place, state: jobs.JobState | None = None) -> Page[Job]:
    """List jobs with their users, in one state or in any, without their texts."""
    rows = Job.all() if state is None else Job.filter(state=state)
    return await _page(rows.only(*LISTED_JOB).prefetch_related("user"), "id", place)


async def events(place: Place, state: inbox.EventState | None = None) -> Page[Event]:
    """List provider events, in one state or in any, without their payloads."""
    rows = Event.filter(lane=None) if state is None else Event.filter(lane=None, state=state)
    return await _page(rows.only(*LISTED_EVENT), "id", place)


async def acts(place: Place) -> Page[Action]:
    """List the operators' actions."""
    return await _page(Action.all(), "id", place)


async def people(place: Place) -> Page[Account]:
    """List accounts with their users, in the order of the accounts' ids; ids of users are random."""
    return await _page(Account.all().prefetch_related("user"), "id", place)


async def entries(account_id: int, place: Place) -> Page[Entry]:
    """List the entries of one account."""
    return await _page(Entry.filter(account_id=account_id), "seq", place)


async def entries_of(purchase_id: int) -> Sequence[Entry]:
    """Read the entries of a purchase, in order."""
    return await Entry.filter(purchase_id=purchase_id).order_by("id")


async def refunds_of(purchase_id: int) -> Sequence[Refund]:
    """Read our refunds of a purchase, in order."""
    return await Refund.filter(purchase_id=purchase_id).order_by("id")


async def accounts(ids: Sequence[int]) -> Sequence[Account]:
    """Read accounts with their users."""
    return await Account.filter(id__in=list(ids)).order_by("id").prefetch_related("user")


async def search(words: str, providers: Sequence[str]) -> Found:
    """Find what a number or a provider's reference names; `providers` are those that sold.

    A number is the id of a purchase, or a user's Telegram id. A reference is that of a checkout, payment,
    refund, dispute or event.
    """
    words = words.strip().removeprefix("#")
    if not words or len(words) > MAX_SEARCH_CHARS or not words.isprintable():
        return Found()
    if words.isascii() and words.isdigit():
        number = parse_id(words)
        if number is None:
            return Found()
        return Found(
            purchases=await _with_buyers(Purchase.filter(id=number)),
            people=await User.filter(telegram_id=number),
        )
    found = await _with_buyers(Purchase.filter(provider__in=list(providers), provider_ref=words))
    found = found or await _with_buyers(Purchase.filter(payment_ref=words).limit(PAGE_SIZE))
    if not found:
        keys = [f"{provider}:{words}" for provider in providers]
        reversed_ = await Reversal.filter(key__in=keys).exclude(purchase_id=None)
        if reversed_:
            found = await _with_buyers(Purchase.filter(id__in=[row.purchase_id for row in reversed_]))
    event = await inbox.look_up(words)
    return Found(purchases=found, events=[event] if event else [])


async def last_paid(limit: int) -> Sequence[Purchase]:
    """Read the last purchases that were paid, newest first, with their buyers."""
    rows = Purchase.exclude(paid_at=None).order_by("-paid_at").limit(limit)
    return await rows.prefetch_related("user")


async def count_sales(state: purchases.PurchaseState) -> int:
    """Count the purchases in a state."""
    return await Purchase.filter(state=state).count()


async def all_sales() -> AsyncIterator[Sequence[Purchase]]:
    """Read every purchase with its buyer, oldest first, in chunks; new ones may be among them."""
    async for rows in _all(Purchase.all().prefetch_related("user")):
        yield rows


async def all_entries() -> AsyncIterator[Sequence[Entry]]:
    """Read every entry with its user, oldest first, in chunks."""
    async for rows in _all(Entry.all().prefetch_related("account__user")):
        yield rows


async def all_people() -> AsyncIterator[Sequence[Account]]:
    """Read every account with its user, oldest first, in chunks."""
    async for rows in _all(Account.all().prefetch_related("user")):
        yield rows


async def all_returned() -> AsyncIterator[Sequence[Returned]]:
    """Read all money that was returned, with its sales, in chunks, in the order of the sales."""
    after = 0
    while ids := await _reversed_after(after):
        after = ids[-1]
        by_sale: defaultdict[int, list[Reversal]] = defaultdict(list)
        for row in await Reversal.filter(purchase_id__in=ids):
            by_sale[row.purchase_id or 0].append(row)
        yield [
            Returned(sale, row, amount)
            for sale in await _with_buyers(Purchase.filter(id__in=ids))
            for row, amount in returned_by_each(by_sale[sale.id], sale.charged)
        ]


async def _reversed_after(purchase_id: int) -> Sequence[int]:
    """Return the ids of the next purchases that have reversals."""
    rows = Reversal.filter(purchase_id__gt=purchase_id).order_by("purchase_id").distinct()
    return [number for (number,) in await rows.limit(EXPORT_CHUNK).values_list("purchase_id")]


async def _with_buyers(rows: QuerySet[Purchase]) -> Sequence[Purchase]:
    return await rows.order_by("id").prefetch_related("user")


async def _all(rows: QuerySet[M]) -> AsyncIterator[Sequence[M]]:
    after = 0
    while some := await rows.filter(id__gt=after).order_by("id").limit(EXPORT_CHUNK):
        after = _value_of(some[-1], "id")
        yield some


async def _page(rows: QuerySet[M], by: str, place: Place) -> Page[M]:
    """Read a page by a unique, rising column; one row more shows whether there is another page."""
    if place.newer is not None:
        some = await rows.filter(**{f"{by}__gt": place.newer}).order_by(by).limit(PAGE_SIZE + 1)
        if some:
            shown = list(reversed(some[:PAGE_SIZE]))
            # There is an older page: the one from which `newer` was followed.
            newer = _value_of(shown[0], by) if len(some) > PAGE_SIZE else None
            return Page(shown, older=_value_of(shown[-1], by), newer=newer)
    older = place.older
    only = rows if older is None else rows.filter(**{f"{by}__lt": older})
    some = await only.order_by(f"-{by}").limit(PAGE_SIZE + 1)
    shown = some[:PAGE_SIZE]
    return Page(
        shown,
        older=_value_of(shown[-1], by) if len(some) > PAGE_SIZE else None,
        newer=_value_of(shown[0], by) if shown and older is not None else None,
    )


def _value_of(row: Any, by: str) -> int:
    number: int = getattr(row, by)
    return number
