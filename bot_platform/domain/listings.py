"""Lists for whoever runs the bot, a page at a time, and the search; each reads by an index."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tortoise.models import Model
from tortoise.queryset import QuerySet

from bot_platform.domain import inbox, jobs, purchases
from bot_platform.domain.actions import Action
from bot_platform.domain.ids import parse_id
from bot_platform.domain.inbox import Event
from bot_platform.domain.jobs import Job
from bot_platform.domain.ledger import Account, Entry
from bot_platform.domain.purchases import Purchase
from bot_platform.domain.refunds import Refund
from bot_platform.domain.reversals import Reversal
from bot_platform.domain.users import User

AT_ONCE = 50  # rows on a page
CHUNK = 200  # rows of an export read at a time: few enough that nobody else waits
LONGEST = 200  # characters that are searched for; with a provider before them they fit into a key
LISTED_EVENT = ("id", "key", "type", "state", "error", "attempts", "received_at", "handled_at")
# Never what was asked or answered: that is its person's alone.
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
)

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: after a row (`older`) or before one (`newer`), or at the newest row of all."""

    older: int | None = None
    newer: int | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Some rows, newest first, and where the next ones are, if there are any."""

    rows: Sequence[M]
    older: int | None = None
    newer: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came upon."""

    purchases: Sequence[Purchase] = ()
    people: Sequence[User] = ()
    events: Sequence[Event] = ()

    def __len__(self) -> int:
        return len(self.purchases) + len(self.people) + len(self.events)


async def sales(place: Place, state: purchases.PurchaseState | None = None) -> Page[Purchase]:
    """List purchases with their buyers, of one state or of all."""
    rows = Purchase.all() if state is None else Purchase.filter(state=state)
    return await _page(rows.prefetch_related("user"), "id", place)


async def work(place: Place, state: jobs.JobState | None = None) -> Page[Job]:
    """List jobs with whoever ordered them, of one state or of all; what they are about is left out."""
    rows = Job.all() if state is None else Job.filter(state=state)
    return await _page(rows.only(*LISTED_JOB).prefetch_related("user"), "id", place)


async def events(place: Place, state: inbox.EventState | None = None) -> Page[Event]:
    """List what providers told, of one state or of all; without what the events say in full."""
    rows = Event.filter(lane=None) if state is None else Event.filter(lane=None, state=state)
    return await _page(rows.only(*LISTED_EVENT), "id", place)


async def acts(place: Place) -> Page[Action]:
    """List what operators did."""
    return await _page(Action.all(), "id", place)


async def people(place: Place) -> Page[Account]:
    """List accounts with their people: an account is counted, a person's number is drawn."""
    return await _page(Account.all().prefetch_related("user"), "id", place)


async def entries(account_id: int, place: Place) -> Page[Entry]:
    """List the books of one account."""
    return await _page(Entry.filter(account_id=account_id), "seq", place)


async def entries_of(purchase_id: int) -> Sequence[Entry]:
    """Read what a purchase moved in the books, in order."""
    return await Entry.filter(purchase_id=purchase_id).order_by("id")


async def refunds_of(purchase_id: int) -> Sequence[Refund]:
    """Read what we asked to be returned of a purchase, in order."""
    return await Refund.filter(purchase_id=purchase_id).order_by("id")


async def accounts(ids: Sequence[int]) -> Sequence[Account]:
    """Read accounts with their people."""
    return await Account.filter(id__in=list(ids)).order_by("id").prefetch_related("user")


async def search(words: str, providers: Sequence[str]) -> Found:
    """Find what a number or a provider's reference may mean; `providers` are those that sold.

    A number is a purchase's or Telegram's of a person; a reference is a checkout's, a payment's, a
    refund's, a dispute's or an event's.
    """
    words = words.strip().removeprefix("#")
    if not words or len(words) > LONGEST or not words.isprintable():
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
    found = found or await _with_buyers(Purchase.filter(payment_ref=words).limit(AT_ONCE))
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
    """Read every purchase with its buyer, oldest first, some at a time; later ones may come too."""
    async for rows in _all(Purchase.all().prefetch_related("user")):
        yield rows


async def all_entries() -> AsyncIterator[Sequence[Entry]]:
    """Read every entry of the books with whose it is, oldest first, some at a time."""
    async for rows in _all(Entry.all().prefetch_related("account__user")):
        yield rows


async def all_people() -> AsyncIterator[Sequence[Account]]:
    """Read every account with its person, oldest first, some at a time."""
    async for rows in _all(Account.all().prefetch_related("user")):
        yield rows


async def _with_buyers(rows: QuerySet[Purchase]) -> Sequence[Purchase]:
    return await rows.order_by("id").prefetch_related("user")


async def _all(rows: QuerySet[M]) -> AsyncIterator[Sequence[M]]:
    after = 0
    while some := await rows.filter(id__gt=after).order_by("id").limit(CHUNK):
        after = _number(some[-1], "id")
        yield some


async def _page(rows: QuerySet[M], by: str, place: Place) -> Page[M]:
    """Read a page by a column that is unique and rises; one row more says whether it goes on."""
    if place.newer is not None:
        some = await rows.filter(**{f"{by}__gt": place.newer}).order_by(by).limit(AT_ONCE + 1)
        if some:
            shown = list(reversed(some[:AT_ONCE]))
            # Where one came from is older than what is shown.
            newer = _number(shown[0], by) if len(some) > AT_ONCE else None
            return Page(shown, older=_number(shown[-1], by), newer=newer)
    older = place.older
    only = rows if older is None else rows.filter(**{f"{by}__lt": older})
    some = await only.order_by(f"-{by}").limit(AT_ONCE + 1)
    shown = some[:AT_ONCE]
    return Page(
        shown,
        older=_number(shown[-1], by) if len(some) > AT_ONCE else None,
        newer=_number(shown[0], by) if shown and older is not None else None,
    )


def _number(row: Any, by: str) -> int:
    number: int = getattr(row, by)
    return number
