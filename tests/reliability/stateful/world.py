"""Runs the real flows on a real database, step by step, and compares the database with the model."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from bot_platform.domain import job_leases
from bot_platform.domain.invariants import CHECKS
from bot_platform.domain.jobs import Job, JobState
from bot_platform.flows.context import PaymentContext
from bot_platform.flows.context import WorkContext as Counter
from bot_platform.infra.database import Database
from bot_platform.infra.sql import DbClock, query
from bot_platform.providers.mock import MockPayments
from tests.makers import context, payments
from tests.reliability.stateful.fake_provider import Desk, Reader
from tests.reliability.stateful.fast_database import quick_url
from tests.reliability.stateful.final_states import untold
from tests.reliability.stateful.money_model import Model
from tests.reliability.stateful.one_sale import ADMINS, BEGAN, broken
from tests.reliability.stateful.work_model import AT_ONCE, FOR_ONE

T = TypeVar("T")

TABLES = ("account", "entry", "hold", "purchase", "refund", "job", "notice")
FAR = 2**62
# All of the audit's questions as one, each about the rows that came since a run began.
AUDIT = " UNION ALL ".join(
    f"SELECT * FROM (SELECT '{check.invariant} {check.table}' AS what, id, says FROM ({check.sql}) q{n}) r{n}"  # noqa: S608 -- ours
    for n, check in enumerate(CHECKS)
)
STANDS = """
    SELECT 'account' AS what, user_id AS id,
        balance || ' ' || held || ' ' || CASE WHEN frozen THEN 'frozen' ELSE 'free' END AS says
    FROM account WHERE id > ?
    UNION ALL SELECT 'purchase', id, state || ' ' || reversed FROM purchase WHERE id > ?
    UNION ALL SELECT 'refund', id, state FROM refund WHERE id > ?
    UNION ALL SELECT 'job', j.id, j.state || ' ' || j.charged || ' ' || j.step || ' ' || j.rank || ' '
        || j.fence || ' ' || j.attempts || CASE WHEN j.stopping THEN ' stopping ' ELSE '  ' END || n.text
    FROM job j JOIN notice n ON n.key = 'job:' || j.id WHERE j.id > ?
    UNION ALL SELECT 'notice', id, key FROM notice WHERE id > ?"""
STANDING = ("account", "purchase", "refund", "job", "notice")


class HastyMock(MockPayments):
    """A mock provider for which every press is a new purchase."""

    same_press_seconds = 0.0


class World:
    """One database for many runs; each run looks only at the rows that are newer than its start."""

    def __init__(self, database_url: str) -> None:
        self._runner = asyncio.Runner()
        self._quick = quick_url(database_url)
        self._url = self.do(self._quick.__aenter__())
        self.people = self.runs = 0
        self._open()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end."""
        return self._runner.run(work)

    def begin(self) -> None:
        """Begin a run with a new provider; earlier rows are ignored."""
        self.context, self.reader, self.mock = Desk(clock=BEGAN), Reader(), HastyMock()
        self._last = {table: self.do(_last(table)) for table in TABLES}
        self._others_run = self.do(_let_run_for_ever())

    @property
    def live(self) -> PaymentContext:
        """The context that sells by the fake provider."""
        both = {"stripe": self.context, "mock": self.mock}
        return payments(self.database, self.context, providers=both, events=self.reader, operators=ADMINS)

    @property
    def mocked(self) -> PaymentContext:
        """The context that sells by the mock."""
        return replace(self.live, provider=self.mock)

    @property
    def counter(self) -> Counter:
        """The context of paid work; jobs left by earlier runs do not count against its limit."""
        return context(self.database, jobs_per_user=FOR_ONE, jobs_at_once=AT_ONCE + self._others_run)

    async def keep_leases(self) -> None:
        """Renew each lease that no step of the test has ended; one further ahead would count as none."""
        held = Job.filter(state=JobState.RUNNING, lease_until__gt=0)
        await held.update(lease_until=DbClock(job_leases.LEASE_MS))

    def restart(self) -> None:
        """Close the database and open it again."""
        self.do(self.database.close())
        self._open()

    def close(self) -> None:
        """Close the database and remove its files."""
        self.do(self.database.close())
        self.do(self._quick.__aexit__(None, None, None))
        self._runner.close()

    def faults(self, model: Model) -> list[str]:
        """List where the books differ from the model, and what the audit finds in the new rows."""
        return self.do(self._faults(model))

    def audited(self) -> list[str]:
        """Audit all rows, and list the entries without a notice."""
        found = [str(row) for row in self.do(broken(self.database))]
        return found + [f"entry {id_} was not told" for id_ in self.do(untold())]

    async def _faults(self, model: Model) -> list[str]:
        spans = [value for check in CHECKS for value in (self._last[check.table] + 1, FAR)]
        found = [f"{row['what']} {row['id']}: {row['says']}" for row in await query(AUDIT, *spans)]
        stands = await query(STANDS, *(self._last[table] for table in STANDING))
        return found + _differences(stands, model)

    def _open(self) -> None:
        self.database = Database(self._url)
        self.do(self.database.open())


async def _last(table: str) -> int:
    (row,) = await query(f'SELECT COALESCE(MAX(id), 0) AS id FROM "{table}"')  # noqa: S608 -- a name of ours
    return int(row["id"])


async def _let_run_for_ever() -> int:
    """Let the open jobs of earlier runs be in hand; returns how many there are."""
    mine = Job.filter(state__in=[JobState.QUEUED, JobState.RUNNING])
    await mine.update(state=JobState.RUNNING, lease_until=DbClock(job_leases.LEASE_MS))
    return await Job.filter(state=JobState.RUNNING).count()


def _differences(stands: Sequence[dict[str, Any]], model: Model) -> list[str]:
    is_so = {(row["what"], row["id"]): row["says"] for row in stands if row["what"] != "notice"}
    must_be = {
        ("account", p.id): f"{p.balance} {p.held} {'frozen' if p.frozen else 'free'}" for p in model.people
    }
    must_be |= {("purchase", one.id): f"{one.state} {one.reversed}" for one in model.bought}
    must_be |= {("job", work.id): work.stands for person in model.people for work in person.works}
    must_be |= {("refund", n): ours.state.value for one in model.bought for n, ours in one.ours.items()}
    told = [row["says"] for row in stands if row["what"] == "notice"]
    freezes = [key for key in told if key.startswith("freeze:")]
    found = [
        f"{what}: is {is_so.get(what)!r}, must be {must_be.get(what)!r}"
        for what in sorted(is_so.keys() | must_be.keys())
        if is_so.get(what) != must_be.get(what)
    ]
    found += [f"told {key!r}" for key in sorted(set(told) - set(freezes) - model.told)]
    found += [f"not told {key!r}" for key in sorted(model.told - set(told))]
    if len(set(told)) != len(told) or len(freezes) != sum(p.freezes_told for p in model.people):
        found.append(f"told twice, or of {len(freezes)} freezes: {sorted(told)}")
    return found
