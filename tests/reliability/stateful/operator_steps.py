"""Steps of the stateful test: refunds of ours, grants and freezes."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from bot_platform.domain import refunds
from bot_platform.domain.checkout import PaymentReversed, ProviderDown, Stage
from bot_platform.domain.errors import CannotGrant, CannotRefund, Refusal
from bot_platform.domain.refunds import RefundState
from bot_platform.flows import freeze, provider_events, refund
from bot_platform.flows.grant import grant
from tests.reliability.stateful.fake_provider import Mood
from tests.reliability.stateful.machine import PICK, pick
from tests.reliability.stateful.money_model import Bought, Ours
from tests.reliability.stateful.work_steps import Working


class Shop(Working):
    """The complete machine."""

    @precondition(lambda self: self.model.bought)
    @rule(which=PICK, amount=st.sampled_from((None, 1, 200, 500)), force=st.booleans())
    def a_refund_of_ours(self, which: int, amount: int | None, *, force: bool) -> None:
        one = pick(self.model.bought, which)
        why, wanted, held = self.model.why_no_refund(one, amount, force=force)
        asking = refund.request(self.world.live, one.id, amount=amount, reason="asked", force=force)
        made = self.refused(asking, CannotRefund, why)
        self.tell(f"a refund of {amount} of purchase {one.id}: {why or made.id}, held {held}")
        if made:
            one.ours[made.id] = Ours(wanted, held)
            one.owner.held += held

    @precondition(lambda self: self.carried())
    @rule(which=PICK, mood=st.sampled_from(Mood))
    def it_is_carried_out(self, which: int, mood: Mood) -> None:
        one, number = pick(self.carried(), which)
        self.world.context.mood, self.world.context.tell = mood, self.hears
        self.tell(f"refund {number} is carried out, the desk {mood.name}")
        known = number in self.world.context.made
        try:
            self.world.do(self.carry_out(number))
        except ProviderDown:
            assert mood in {Mood.IS_DOWN, Mood.IS_DOWN_AFTERWARDS}
            assert one.provider == "stripe"
        if one.provider == "mock":
            ours = one.ours[number]
            mocked = PaymentReversed(
                "mock", f"mock:refund_{number}", "", Stage.REFUNDED, ours.amount, "usd", 0, number
            )
            self.model.hear(one, mocked)
            return
        made = self.world.context.made.get(number)
        if made is None and mood is Mood.REFUSES:
            self.model.refuse(one, number)
        if made and not known:
            self.there.append((one, made))
        if made and mood is not Mood.IS_DOWN_AFTERWARDS:
            self.model.hear(one, made)

    @rule(who=PICK, percent=st.sampled_from((5, 30, -1, -50, -100, -101)), again=st.booleans())
    def an_operator_gives_or_takes(self, who: int, percent: int, *, again: bool) -> None:
        person, name = pick(self.model.people, who), self.name("g")
        amount = max(100, person.available) * percent // 100
        why = "grant-too-much" if amount < 0 and person.available < -amount else None
        self.tell(f"{person.id} is given {amount}: {why}")
        for _ in range(1 + again):
            left = self.refused(grant(self.world.database, person.user, amount, "so", name), CannotGrant, why)
        if why is None:
            person.balance += amount
            left_then = person.available
            person.wake()
            self.model.told.add(f"grant:{name}")
            assert left == (person.available if again else left_then)

    @rule(who=PICK)
    def an_operator_lifts_a_freeze(self, who: int) -> None:
        person = pick(self.model.people, who)
        self.tell(f"{person.id} may spend again")
        changed = self.world.do(freeze.unfreeze(self.world.database, person.user))
        assert changed == bool(self.model.lift(person))

    # How a step is made.

    def refused(self, work: Any, kind: type[Refusal], why: str | None) -> Any:
        """Run something that must be refused with this text, or must succeed if there is none."""
        said, done = None, None
        try:
            done = self.world.do(work)
        except kind as no:
            said = no.text
        assert said == why, "\n".join([*self.story, f"refused with {said}, not {why}"])
        return done

    def carried(self) -> list[tuple[Bought, int]]:
        """List refunds that may be carried out, again or for the first time."""
        return [
            (one, number)
            for one in self.model.bought
            for number, ours in one.ours.items()
            if ours.state is RefundState.ASKED or number in self.world.context.made
        ]

    async def hears(self, news: PaymentReversed) -> None:
        """Receive the event of a refund of ours before its answer."""
        await provider_events.apply(self.world.live, news)

    async def carry_out(self, number: int) -> None:
        """Carry out a refund at the provider."""
        asked = await refunds.find(number)
        assert asked
        await refund.carry_out(self.world.live, asked)
