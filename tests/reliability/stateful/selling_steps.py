"""Steps of the stateful test: users buy, and the provider refunds, disputes and warns."""

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from bot_platform.domain.checkout import CheckoutRef, Stage
from bot_platform.domain.purchases import PurchaseState
from bot_platform.flows.buy import buy
from tests.makers import PRICES
from tests.reliability.stateful.fake_provider import paid, payment_of, reversal, session_of
from tests.reliability.stateful.final_states import CHECKOUT, EXPIRED, FAILED, PENDING
from tests.reliability.stateful.machine import PICK, Running, pick
from tests.reliability.stateful.money_model import Bought

SOON = st.booleans()  # whether an event is delivered as soon as it is made
NEXT = {
    Stage.REFUND_PENDING: (Stage.REFUNDED, Stage.REFUND_UNDONE),
    Stage.REFUNDED: (Stage.REFUND_UNDONE,),
    Stage.INQUIRY: (Stage.INQUIRY_CLOSED, Stage.DISPUTED),
    Stage.DISPUTED: (Stage.LOST, Stage.WON),
    Stage.LOST: (Stage.APPEALED, Stage.WON),
    Stage.APPEALED: (Stage.WON, Stage.LOST),
    Stage.WON: (Stage.LOST,),
    Stage.WARNED: (Stage.WARNING_OVER,),
}


class Selling(Running):
    """Adds purchases and the reports of the provider to the machine."""

    # A person presses.

    @rule(who=PICK, large=st.booleans(), discount=st.sampled_from((0, 50)), again=st.booleans())
    def presses(self, who: int, discount: int, *, large: bool, again: bool) -> None:
        person, package = pick(self.model.people, who), PRICES.get("buy_500" if large else "buy_100")
        key = self.name("press")
        for _ in range(1 + again):
            self.world.do(buy(self.world.live, person.user, package, key))
        mine = [
            one
            for one in self.model.bought
            if (one.owner, one.package, one.provider) == (person, package.code, "stripe")
        ]
        if mine and mine[-1].state is PurchaseState.PROCESSING:
            self.model.told.add(f"purchase:{mine[-1].id}:still:{key}")
        if mine and mine[-1].state is PurchaseState.OPEN:
            one = mine[-1]
        else:
            charged = package.amount - discount
            one = Bought(self.bought(key), person, package.code, package.credits, package.amount, charged)
            self.model.bought.append(one)
        self.model.told.add(f"purchase:{one.id}:link:{key}")
        self.tell(f"{person.id} presses {package.code}: purchase {one.id}, charged {one.charged}")

    @rule(who=PICK, again=st.booleans())
    def buys_of_the_mock(self, who: int, *, again: bool) -> None:
        person, package, key = pick(self.model.people, who), PRICES.get("buy_100"), self.name("press")
        for _ in range(1 + again):
            self.world.do(buy(self.world.mocked, person.user, package, key))
        id_ = self.bought(key)
        one = Bought(id_, person, package.code, package.credits, package.amount, package.amount, "mock")
        self.model.bought.append(one)
        self.model.pay(one)
        self.tell(f"{person.id} buys of the mock: purchase {one.id}")

    # The provider does something, and tells it now or later.

    @precondition(lambda self: self.live())
    @rule(which=PICK, what=st.sampled_from(("paid", "paid", "paid", PENDING, FAILED, EXPIRED)), soon=SOON)
    def the_page_goes_on(self, which: int, what: str, *, soon: bool) -> None:
        one = pick(self.live(), which)
        if what == "paid":
            self.post(one, paid(one.id, one.owner.id, amount=one.amount, charged=one.charged), soon=soon)
        else:
            ref = CheckoutRef("stripe", session_of(one.id), payment_of(one.id), one.id, one.owner.id)
            self.post(one, CHECKOUT[what](ref), soon=soon)

    @precondition(lambda self: self.live())
    @rule(
        which=PICK,
        amount=st.sampled_from((1, 250, 500, 500)),
        stage=st.sampled_from((Stage.REFUNDED, Stage.REFUND_PENDING)),
        soon=SOON,
    )
    def a_refund_there(self, which: int, amount: int, stage: Stage, *, soon: bool) -> None:
        self.begins(which, "re", stage, amount, soon=soon)

    @precondition(lambda self: self.live())
    @rule(
        which=PICK,
        amount=st.sampled_from((300, 500, 2000)),
        stage=st.sampled_from((Stage.INQUIRY, Stage.DISPUTED)),
        soon=SOON,
    )
    def a_dispute(self, which: int, amount: int, stage: Stage, *, soon: bool) -> None:
        self.begins(which, "dp", stage, amount, soon=soon)

    @precondition(lambda self: self.live())
    @rule(which=PICK, soon=SOON)
    def a_warning(self, which: int, *, soon: bool) -> None:
        self.begins(which, "issfr", Stage.WARNED, 0, soon=soon)

    @precondition(lambda self: any(said.stage in NEXT for _, said in self.there))
    @rule(which=PICK, turn=st.integers(0, 1), soon=SOON)
    def it_goes_on(self, which: int, turn: int, *, soon: bool) -> None:
        open_ = [n for n, (_, said) in enumerate(self.there) if said.stage in NEXT]
        n = pick(open_, which)
        one, said = self.there[n]
        said = replace(said, stage=pick(NEXT[said.stage], turn), as_of=self.world.context.clock)
        self.there[n] = one, said
        self.post(one, said, soon=soon)

    @precondition(lambda self: any(said.key.startswith("stripe:re") for _, said in self.there))
    @rule(which=PICK, soon=SOON)
    def a_charge_says_its_total(self, which: int, *, soon: bool) -> None:
        one = pick([one for one, said in self.there if said.key.startswith("stripe:re")], which)
        counts = {Stage.REFUND_PENDING, Stage.REFUNDED}
        total = sum(said.amount for whose, said in self.there if whose is one and said.stage in counts)
        news = reversal(one.id, "ch", Stage.REFUNDED_IN_ALL, total, self.world.context.clock)
        self.post(one, news, soon=soon)

    @precondition(lambda self: self.there)
    @rule(which=PICK, soon=SOON)
    def it_is_said_again_as_it_stands(self, which: int, *, soon: bool) -> None:
        one, said = pick(self.there, which)
        self.post(one, replace(said, as_of=self.world.context.clock), soon=soon)
