"""The model of purchases, reversals, refunds and freezes: docs/money.md written once more in plain Python."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bot_platform.domain.checkout import PaymentReversed, Stage
from bot_platform.domain.purchases import PAID, PurchaseState
from bot_platform.domain.refunds import RefundState
from bot_platform.domain.reversals import taken_by_dispute
from tests.reliability.stateful.final_states import credits_gone, money_gone, note_undone
from tests.reliability.stateful.one_sale import ADMINS
from tests.reliability.stateful.work_model import Person

ASKING = frozenset({Stage.INQUIRY, Stage.WARNED})
REFUNDS = frozenset({Stage.REFUND_PENDING, Stage.REFUNDED, Stage.REFUND_UNDONE})
DISPUTES = frozenset({Stage.DISPUTED, Stage.APPEALED, Stage.LOST, Stage.WON})


@dataclass
class Ours:
    """A refund that our side asked for."""

    amount: int
    held: int
    state: RefundState = RefundState.ASKED


@dataclass
class Bought:
    """A purchase; `last` has the last report of each reversal, by the provider's key."""

    id: int
    owner: Person
    package: str
    credits: int
    amount: int
    charged: int
    provider: str = "stripe"
    state: PurchaseState = PurchaseState.OPEN
    reversed: int = 0
    times: int = 0
    last: dict[str, PaymentReversed] = field(default_factory=dict)
    waiting: dict[str, PaymentReversed] = field(default_factory=dict)  # the same, before its payment came
    lifted: set[str] = field(default_factory=set)
    ours: dict[int, Ours] = field(default_factory=dict)
    undone_at: dict[str, int] = field(default_factory=dict)

    @property
    def lost(self) -> int:
        """The money that is lost."""
        return money_gone(self.last.values(), self.undone_at)

    def gone(self, more: int = 0) -> int:
        """Return the credits to take back if this much more money went."""
        return credits_gone(self.credits, self.charged, self.lost + more)


@dataclass
class Model:
    """Users, purchases, and the keys of all expected notices except those of freezes."""

    people: list[Person] = field(default_factory=list)
    bought: list[Bought] = field(default_factory=list)
    told: set[str] = field(default_factory=set)

    def move(self, one: Bought, to: PurchaseState) -> None:
        """Apply an unpaid checkout."""
        may = {PurchaseState.PROCESSING: {PurchaseState.OPEN}}.get(
            to, {PurchaseState.OPEN, PurchaseState.PROCESSING}
        )
        if one.state in may:
            one.state = to
            if to is not PurchaseState.EXPIRED:
                self.told.add(f"purchase:{one.id}:{to}")

    def pay(self, one: Bought) -> None:
        """Credit a payment once, and apply the reversals that came before it."""
        if one.state in PAID:
            return
        one.state = PurchaseState.PAID
        one.owner.balance += one.credits
        self.told.add(f"purchase:{one.id}:receipt")
        for key, news in one.waiting.items():
            one.last[key] = news
            self._tell_of_stage(news)
        if one.waiting:
            self._follow(one)
        one.owner.wake()

    def hear(self, one: Bought, news: PaymentReversed) -> None:
        """Keep the last report of a reversal, and apply it."""
        kept = one.last if one.state in PAID else one.waiting
        known = kept.get(news.key)
        note_undone(one.undone_at, news)
        later = known is None or _rank(news) > _rank(known)
        if later:
            kept[news.key] = news
        if one.state not in PAID:
            return
        self._answer_ours(one, news)
        self._follow(one)
        if later and (known is None or (known.stage, known.amount) != (news.stage, news.amount)):
            self._tell_of_stage(news)

    def lift(self, person: Person) -> int:
        """Unfreeze a user although a question is open."""
        asking = [(one, key) for one, key in self._asking(person) if key not in one.lifted]
        for one, key in asking:
            one.lifted.add(key)
        self._follow_freeze(person)
        person.wake()
        return len(asking)

    def refuse(self, one: Bought, number: int) -> None:
        """Apply that the provider refused a refund of ours."""
        ours = one.ours[number]
        if ours.state is RefundState.ASKED:
            self._release(one, ours)
            ours.state = RefundState.FAILED
            one.owner.wake()
            self._tell_operators(f"refund:{number}:refused")

    def why_no_refund(self, one: Bought, amount: int | None, *, force: bool) -> tuple[str | None, int, int]:
        """Return why a refund is refused, or None; its money; the credits to hold."""
        if one.state not in PAID:
            return "refund-not-paid", 0, 0
        asked = sum(ours.amount for ours in one.ours.values() if ours.state is RefundState.ASKED)
        left = one.charged - one.lost - asked
        wanted = left if amount is None else amount
        if not 0 < wanted <= left:
            return "refund-too-much", 0, 0
        taken = one.gone(asked + wanted) - one.gone(asked)
        there = max(0, one.owner.available)
        if taken > there and not force:
            return "refund-spent", 0, 0
        return None, wanted, min(taken, there)

    def _answer_ours(self, one: Bought, news: PaymentReversed) -> None:
        ours = one.ours.get(news.refund_id or 0)
        if ours is None or news.stage not in REFUNDS:
            return
        self._release(one, ours)
        undone = news.stage is Stage.REFUND_UNDONE
        if ours.state is RefundState.FAILED or (ours.state is RefundState.DONE and not undone):
            return
        ours.state = RefundState.FAILED if undone else RefundState.DONE
        if undone:
            self._tell_operators(f"refund:{news.refund_id}:undone")

    def _release(self, one: Bought, ours: Ours) -> None:
        one.owner.held -= ours.held
        ours.held = 0

    def _follow(self, one: Bought) -> None:
        target = one.gone()
        if target != one.reversed:
            one.times += 1
            one.owner.balance -= target - one.reversed
            one.reversed = target
            partly = PurchaseState.PARTLY_REVERSED if target < one.credits else PurchaseState.REVERSED
            one.state = partly if target else PurchaseState.PAID
            self.told.add(f"purchase:{one.id}:reversed:{one.times}")
        self._follow_freeze(one.owner)
        one.owner.wake()

    def _asking(self, person: Person) -> Iterator[tuple[Bought, str]]:
        for one in self.bought:
            if one.owner is person and one.state in PAID:
                yield from ((one, key) for key, said in one.last.items() if said.stage in ASKING)

    def _follow_freeze(self, person: Person) -> None:
        frozen = any(key not in one.lifted for one, key in self._asking(person))
        person.freezes_told += frozen != person.frozen
        person.frozen = frozen

    def _tell_of_stage(self, news: PaymentReversed) -> None:
        if news.stage in ASKING | DISPUTES:
            self._tell_operators(f"{news.key}:{news.stage}:{taken_by_dispute(news)}")

    def _tell_operators(self, key: str) -> None:
        self.told |= {f"{key}:{admin}" for admin in ADMINS}


def _rank(news: PaymentReversed) -> tuple[int, int, int]:
    return news.as_of, news.stage.rank, news.amount
