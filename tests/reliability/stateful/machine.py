"""The base of the stateful test: two users, a provider, undelivered events, and a check after every step."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot_platform.domain import purchases
from bot_platform.domain.checkout import (
    CheckoutExpired,
    News,
    PaymentConfirmed,
    PaymentFailed,
    PaymentPending,
    PaymentReversed,
    Stage,
)
from bot_platform.domain.purchases import PurchaseState
from bot_platform.flows import provider_events
from bot_platform.flows.arrive import arrive
from bot_platform.flows.buy import buy
from tests.makers import PRICES
from tests.reliability.report import Report
from tests.reliability.stateful.fake_provider import paid, reversal
from tests.reliability.stateful.money_model import Bought, Model
from tests.reliability.stateful.work_model import Person
from tests.reliability.stateful.world import World

T = TypeVar("T")

PICK = st.integers(0, 11)  # which of what there is, modulo how many there are
AUDIT_EVERY = 100  # runs
MOVES_TO: dict[type[News], PurchaseState] = {
    PaymentPending: PurchaseState.PROCESSING,
    CheckoutExpired: PurchaseState.EXPIRED,
    PaymentFailed: PurchaseState.FAILED,
}


def pick(some: Sequence[T], number: int) -> T:
    """Choose an item by a number of any size."""
    return some[number % len(some)]


class Running(RuleBasedStateMachine):
    """Two users, and what the provider holds and sends; after every step the books must equal the model.

    Hypothesis chooses the steps. A step acts on the real flows and on a model in plain Python; then both must
    agree. The modules of this package, from the bottom up:

    The real system and its fakes
        fast_database      databases that wait for no disk
        fake_provider      a payment provider and its events
        world              a database, the flows on it, and the comparison with the model
    The model
        work_model         credits and paid work of one user
        money_model        purchases, reversals, refunds and freezes
    The machine, each class a subclass of the one before
        machine            the base: arrival, deliveries, the clock, a restart
        selling_steps      users buy; the provider refunds, disputes and warns
        work_steps         users order work; workers claim, finish, lose and return it
        operator_steps     refunds of ours, grants and freezes; its `Shop` is the complete machine
        known_sequences    short sequences of steps that always run, one for each rule that is easy to forget
    Crashes (test_crash_points.py)
        crash_injection    a crash or a lost connection at the n-th point
        one_sale           one purchase with its buyer
        money_stories      each flow about money: how to prepare, run and repeat it
        work_stories       the same for paid work
    Order of events (test_permutations.py, tests/flows/test_reverse.py)
        final_states       the final state of a purchase, computed from its events
        payment_histories  what a provider may report of a payment, as tables
        random_histories   the same at random
    """

    def __init__(self, world: World, report: Report) -> None:
        super().__init__()
        self.world, self.report, self.model = world, report, Model()
        self.story: list[str] = []
        self.there: list[tuple[Bought, PaymentReversed]] = []  # refunds and disputes as the provider has them
        self.mail: list[tuple[Bought, str, News]] = []
        self.serial = 0
        world.begin()

    @initialize(gifts=st.tuples(*[st.sampled_from((0, 0, 700, 20_000))] * 2))
    def two_people_arrive(self, gifts: tuple[int, int]) -> None:
        for gift in gifts:
            self.world.people += 1
            number = 7_300_000_000 + self.world.people
            user, _ = self.world.do(
                arrive(self.world.database, telegram_id=number, language="en", welcome_credits=gift)
            )
            self.model.people.append(Person(user, gift))
        self.has_bought(self.model.people[0])

    @invariant()
    def the_books_are_right(self) -> None:
        faults = self.world.faults(self.model)
        self.report.did()
        assert not faults, "\n".join([*self.story, "", *faults])

    def teardown(self) -> None:
        self.world.runs += 1
        if self.world.runs % AUDIT_EVERY == 0:
            assert not (faults := self.world.audited()), "\n".join([*self.story, "", *faults])

    @rule(seconds=st.integers(-1, 2))
    def the_clock_goes(self, seconds: int) -> None:
        self.world.context.clock += seconds
        self.tell(f"the clock goes {seconds}")

    @rule()
    def a_restart(self) -> None:
        self.world.restart()
        self.tell("a restart")

    # How a step is made.

    def has_bought(self, person: Person) -> None:
        """Let a user buy 100 credits, so that most steps are possible from the start."""
        package, key = PRICES.get("buy_100"), self.name("press")
        self.world.do(buy(self.world.live, person.user, package, key))
        one = Bought(self.bought(key), person, package.code, package.credits, package.amount, package.amount)
        self.model.bought.append(one)
        self.model.told.add(f"purchase:{one.id}:link:{key}")
        self.post(one, paid(one.id, person.id, amount=one.amount), soon=True)

    def tell(self, what: str) -> None:
        """Add a line to the sequence that a failure prints."""
        self.story.append(what)

    def name(self, of: str) -> str:
        """Make a key that no run used before."""
        self.serial += 1
        return f"{of}:{self.world.runs}:{self.world.people}:{self.serial}"

    def live(self) -> list[Bought]:
        """List the purchases at the provider."""
        return [one for one in self.model.bought if one.provider == "stripe"]

    def bought(self, key: str) -> int:
        """Return the id of the purchase that a press created."""
        found = self.world.do(purchases.find_by_request_key(key))
        assert found, f"{key} began nothing"
        id_: int = found.id
        return id_

    def begins(self, which: int, kind: str, stage: Stage, amount: int, *, soon: bool) -> None:
        """Create a refund, a dispute or a warning at the provider."""
        one = pick(self.live(), which)
        self.serial += 1
        said = reversal(one.id, f"{kind}_{self.serial}", stage, amount, self.world.context.clock)
        self.there.append((one, said))
        self.post(one, said, soon=soon)

    def post(self, one: Bought, news: News, *, soon: bool) -> None:
        """Make an event; deliver it now, or leave it for a later step."""
        self.serial += 1
        self.mail.append((one, f"{one.id}_{self.serial}", news))
        if soon:
            self.deliver(*self.mail[-1], "event")

    def deliver(self, one: Bought, name: str, news: News, door: str) -> None:
        """Deliver an event, for the first time or again, in one of three ways."""
        money, event = self.world.live, self.world.reader.event(news, "")
        event = replace(event, key=f"stripe:evt_{name}")
        self.tell(f"{door}: {_said(news)} of purchase {one.id}")
        if door == "news":
            self.world.do(provider_events.apply(money, news))
        elif door == "event":
            self.world.do(provider_events.receive(money, event))
        else:
            self.world.do(provider_events.store(money, [event]))
            for row in self.world.do(provider_events.claim(money, 8)):
                self.world.do(provider_events.handle(money, row))
        self.apply(one, news)

    def apply(self, one: Bought, news: News) -> None:
        """Apply the same news to the model; repeated news changes nothing."""
        if isinstance(news, PaymentConfirmed):
            self.model.pay(one)
        elif isinstance(news, PaymentReversed):
            self.model.hear(one, news)
        else:
            self.model.move(one, MOVES_TO[type(news)])


def _said(news: News) -> Any:
    if isinstance(news, PaymentReversed):
        return f"{news.key} {news.stage} {news.amount} as of {news.as_of}"
    return type(news).__name__
