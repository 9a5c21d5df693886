"""Steps of the stateful test: users order work; workers claim it, finish it, lose it, or are too late."""

from collections.abc import Coroutine
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from bot_platform.domain.jobs import OPEN, JobState
from bot_platform.flows import job_retention, order_work, run_job
from bot_platform.flows.run_job import LeaseLost
from bot_platform.infra.sql import query
from tests.reliability.stateful.machine import PICK, pick
from tests.reliability.stateful.selling_steps import Selling
from tests.reliability.stateful.work_model import AT_ONCE, Person, Work

NEEDS = st.sampled_from((1, 10, 30, 50, 100, 101, 250))  # percent of what is available
COST = st.sampled_from((0, 1, 50, 100, 100, 130))  # percent of what is held


class Working(Selling):
    """Adds paid work to the machine."""

    def has_bought(self, person: Person) -> None:
        """Give the user running and queued work from the start, too."""
        super().has_bought(person)
        for needs in (2_000, 500, 500):
            self.order(person, needs, 1)
        self.claim(1)

    # A person speaks.

    @rule(who=PICK, percent=NEEDS, steps=st.sampled_from((1, 3)), begun=st.booleans())
    def orders(self, who: int, percent: int, steps: int, *, begun: bool) -> None:
        person = pick(self.model.people, who)
        self.order(person, max(100, person.available) * percent // 100, steps)
        if begun:
            self.claim(8)

    @precondition(lambda self: self.works(*JobState))
    @rule(which=PICK)
    def orders_once_more(self, which: int) -> None:
        person, work = pick(self.works(*JobState), which)
        self.order_again(person, work)
        self.tell(f"{person.id} orders {work.id} once more")

    @precondition(lambda self: self.works(*OPEN))
    @rule(which=PICK)
    def cancels(self, which: int) -> None:
        person, work = pick(self.works(*OPEN), which)
        self.world.do(order_work.cancel(self.world.counter, person.user, work.id))
        person.cancel(work)
        self.tell(f"{work.id} is to end: {work.state}")

    @precondition(lambda self: self.works(*OPEN))
    @rule(which=PICK)
    def puts_first(self, which: int) -> None:
        person, work = pick(self.works(*OPEN), which)
        self.world.do(order_work.put_first(self.world.counter, person.user, work.id))
        person.put_first(work)
        self.tell(f"{work.id} is put first: {work.state}")

    @precondition(lambda self: self.works(JobState.PARKED))
    @rule(which=PICK)
    def waits_too_long(self, which: int) -> None:
        person, work = pick(self.works(JobState.PARKED), which)
        self.world.do(query("UPDATE job SET expires_at = 1 WHERE id = ?", work.id))
        assert self.world.do(job_retention.expire(self.world.counter)) == 1
        person.expire(work)
        self.tell(f"{work.id} expires")

    @precondition(lambda self: any(p.available > 0 and not p.frozen for p in self.model.people))
    @rule(who=PICK)
    def spends_everything(self, who: int) -> None:
        person = pick([p for p in self.model.people if p.available > 0 and not p.frozen], who)
        work = self.order(person, person.available, 1)
        self.claim(8)
        if work.hand:
            self.finish(person, work, JobState.DONE, 100)

    # A worker works.

    @precondition(lambda self: self.works(JobState.QUEUED, JobState.RUNNING))
    @rule(limit=st.sampled_from((1, 1, 2, 8)))
    def takes_in_hand(self, limit: int) -> None:
        self.claim(limit)

    @precondition(lambda self: self.works(JobState.RUNNING))
    @rule(
        which=PICK, state=st.sampled_from((JobState.DONE, JobState.FAILED, JobState.CANCELLED)), percent=COST
    )
    def ends(self, which: int, state: JobState, percent: int) -> None:
        self.finish(*pick(self.works(JobState.RUNNING), which), state, percent)

    @precondition(lambda self: self.works(JobState.RUNNING))
    @rule(which=PICK, percent=COST, next_=NEEDS)
    def reaches_a_checkpoint(self, which: int, percent: int, next_: int) -> None:
        person, work = pick(self.works(JobState.RUNNING), which)
        cost = work.held * percent // 100
        needs = max(100, person.available + work.held) * next_ // 100
        kept = {"step": work.step}
        hand = work.hand
        assert hand
        went_on = self.world.do(
            run_job.checkpoint(self.world.counter, hand, kept, cost=cost, most=2 * needs, needs=needs)
        )
        self.tell(f"{work.id} has come a step further for {cost} and needs {needs}: {went_on}")
        assert person.checkpoint(work, cost, needs) is went_on, "\n".join(self.story)

    @precondition(lambda self: self.works(JobState.RUNNING))
    @rule(which=PICK)
    def is_given_back(self, which: int) -> None:
        _, work = pick(self.works(JobState.RUNNING), which)
        assert work.hand
        self.world.do(run_job.release(self.world.counter, work.hand))
        work.let_go(JobState.QUEUED)
        work.attempts -= 1
        self.tell(f"{work.id} is given back")

    @precondition(lambda self: self.works(JobState.RUNNING))
    @rule(which=PICK, and_taken=st.booleans())
    def is_lost(self, which: int, *, and_taken: bool) -> None:
        _, work = pick(self.works(JobState.RUNNING), which)
        self.world.do(query("UPDATE job SET lease_until = 0 WHERE id = ?", work.id))
        work.lapsed = True
        self.tell(f"the lease of {work.id} runs out")
        if and_taken:
            self.claim(8)

    @precondition(lambda self: self.works(JobState.RUNNING))
    @rule(which=PICK)
    def is_kept(self, which: int) -> None:
        _, work = pick(self.works(JobState.RUNNING), which)
        self.world.do(run_job.renew(self.world.counter, {work.id: work.fence}))
        work.lapsed = False
        self.tell(f"the lease of {work.id} is renewed")

    @precondition(lambda self: any(work.late for _, work in self.works(*JobState)))
    @rule(which=PICK, what=st.sampled_from(("finish", "checkpoint", "reach", "show", "give back")))
    def somebody_comes_too_late(self, which: int, what: str) -> None:
        _, work = pick([found for found in self.works(*JobState) if found[1].late], which)
        job, at = pick(work.late, which), self.world.counter
        self.tell(f"whoever lost {work.id} comes to {what}")
        match what:
            case "finish":
                self.is_too_late(run_job.finish(at, job, JobState.DONE, None, cost=1, text="work-done"))
            case "checkpoint":
                self.is_too_late(run_job.checkpoint(at, job, {"late": 1}, cost=1, most=1, needs=1))
            case "reach":
                self.is_too_late(run_job.set_progress(at, job, 1, 2, "late"))
            case "show":
                self.is_too_late(run_job.show(at, job, "work-draft", page={"text": "late"}, more=0))
            case _:
                self.world.do(run_job.release(at, job))

    # How a step is made.

    def works(self, *states: JobState) -> list[tuple[Person, Work]]:
        """List the work of all users in these states."""
        return [(person, work) for person in self.model.people for work in person.work(*states)]

    def order(self, person: Person, needs: int, steps: int) -> Work:
        """Order work that holds `needs` for its first step."""
        key = self.name("order")
        job = self.world.do(self.ordering(person, key, needs * steps, needs))
        work = Work(job.id, key, needs)
        person.order(work)
        self.model.told.add(f"job:{job.id}")
        self.tell(f"{person.id} orders {work.id} for {needs}: {work.state}")
        return work

    def order_again(self, person: Person, work: Work) -> None:
        """Repeat a request key: the order stays the same, whatever it asks for now."""
        job = self.world.do(self.ordering(person, work.key, 7, 7))
        assert (job.id, job.state) == (work.id, work.state), "\n".join(self.story)

    def ordering(self, person: Person, key: str, most: int, needs: int) -> Any:
        """Order by a press of a button."""
        asked = {"text": "how?", "before": []}
        return order_work.order(self.world.counter, person.user, "ask", asked, key, most=most, needs=needs)

    def claim(self, limit: int) -> None:
        """Claim work: no user gets more than the share, and each user's work is claimed in its order."""
        for _, work in self.works(JobState.RUNNING):
            if work.lapsed:
                work.let_go(JobState.QUEUED)
        self.world.do(self.world.keep_leases())
        some = {person.id: person.may_start() for person in self.model.people}
        there = AT_ONCE - len(self.works(JobState.RUNNING))
        taken = {job.id: job for job in self.world.do(run_job.claim(self.world.counter, limit))}
        self.tell(f"{sorted(taken)} are taken in hand, of {limit} at most")
        story = "\n".join([*self.story, f"of {some}, {there}"])
        assert len(taken) == max(0, min(limit, there, sum(map(len, some.values())))), story
        for person in self.model.people:
            mine = [work for work in person.works if work.id in taken]
            assert {work.id for work in mine} == {w.id for w in some[person.id][: len(mine)]}, story
            for work in mine:
                work.state, work.hand = JobState.RUNNING, taken[work.id]
                work.fence += 1
                work.attempts += 1

    def finish(self, person: Person, work: Work, state: JobState, percent: int) -> None:
        """End work at `percent` of its hold; a second end is too late."""
        cost, says, job = work.held * percent // 100, f"work-{state}", work.hand
        assert job

        async def end() -> None:
            await run_job.finish(self.world.counter, job, state, None, cost=cost, text=says)

        self.world.do(end())
        person.finish(work, state, cost, says)
        self.tell(f"{work.id} ends, {state}, having used {cost}")
        self.is_too_late(end())

    def is_too_late(self, act: Coroutine[Any, Any, Any]) -> None:
        """Act as a worker that has lost the work: nothing may change."""
        try:
            self.world.do(act)
        except LeaseLost:
            return
        raise AssertionError("\n".join([*self.story, "it counted"]))
