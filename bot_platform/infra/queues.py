"""Queues: rows that wait in lanes, each handled in order, and are claimed at the same cost at any size."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tortoise.models import Model

from bot_platform.infra.leases import MAX_PAUSE_MS
from bot_platform.infra.moments import has_come
from bot_platform.infra.sql import clock, connection, indexed_by, query, read_by_indexes, table_of

WINDOW = 50  # candidates that the first look of a claim reads beyond its limit
WIDE_WINDOW = 500  # those of each further look: rows that are marked once, or cannot be claimed now
MAX_WINDOWS = 20  # looks of one claim; the next claim continues


@dataclass(frozen=True, slots=True)
class Queue:
    """The rows of a model that wait in a state, the order in which they are claimed, and their leases.

    A claim that meets a row behind another one of its lane marks it as `behind`, which takes it out of the
    index of candidates; the end of a row unmarks the next one. A missing mark is harmless, because a claim
    checks by one probe of an index that a row is the first of its lane. Why no mark stays when two replicas
    work at the same moment is explained in docs/decisions/0027-heads-of-lanes.md.

    The table has `id`, `state`, `next_at`, `lease_until` and `attempts`. The other fields are SQL with `{t}`
    for the table: `scope` are the rows of the queue, `order` is the order within a `lane` (a column; "" when
    the rows are independent), and `between` the order of the first rows of all lanes. With `marks` the table
    has a column `behind` too, and an index of the marked rows by lane, named `idx_<table>_behind`.
    `candidates` names the index over the waiting rows that are not marked, in the order `between`.
    """

    model: type[Model]
    waiting: str
    lease_ms: int
    lane: str = ""
    order: str = "{t}.id"
    between: str = "{t}.id"
    scope: str = ""
    candidates: str = ""
    marks: bool = False

    @property
    def table(self) -> str:
        """The name of the table."""
        return table_of(self.model)

    def waits(self, t: str) -> str:
        """Return the condition for a waiting row."""
        # A literal: the planner must see that it is the condition of the indexes.
        return f"{t}.state = '{self.waiting}'" + (f" AND {self.scope.format(t=t)}" if self.scope else "")

    def still_waits(self, t: str) -> str:
        """Return the condition for a waiting row that is named by its id."""
        # No column by itself: the planner shall find the row by its id, and not all that wait.
        return f"{t}.state || '' = '{self.waiting}'"

    def marked(self, t: str) -> str:
        """Return what follows FROM for the marked rows."""
        by_lane = indexed_by(f"idx_{self.table}_behind")
        return f'"{self.table}" {t} {by_lane} WHERE {self.waits(t)} AND {t}.behind'

    def is_candidate(self, t: str) -> str:
        """Return the condition for a row that is neither marked nor leased, and whose time has come."""
        marked = f" AND NOT {t}.behind" if self.marks else ""
        is_due = has_come(f"{t}.next_at", MAX_PAUSE_MS)
        return f"{is_due} AND {has_come(f'{t}.lease_until', self.lease_ms)}{marked}"

    def first(self, lane: str) -> str:
        """Return SQL for the id of the first waiting row of a lane: one probe of an index."""
        return (
            f'(SELECT o.id FROM "{self.table}" o WHERE {self.waits("o")} AND o.{self.lane} = {lane}'  # noqa: S608 -- names are the code's own
            f" ORDER BY {self.order.format(t='o')} LIMIT 1)"
        )


async def any_to_claim(queue: Queue) -> bool:
    """Whether there may be a row to claim: a look in a transaction that takes no lock and writes nothing."""
    await read_by_indexes()
    return bool(
        await query(
            f"""SELECT 1 FROM "{queue.table}" t {indexed_by(queue.candidates)}
            WHERE {queue.waits("t")} AND {queue.is_candidate("t")}
            ORDER BY {queue.between.format(t="t")} LIMIT 1"""  # noqa: S608 -- names are the code's own
        )
    )


async def claim(queue: Queue, limit: int, only: str = "TRUE") -> Sequence[int]:
    """Lease the first waiting rows of lanes, `limit` at most, in the queue's order; return their ids.

    The transaction has begun with `claim_lock`. `only` is SQL with `{t}` for the table: a condition for the
    rows that may be claimed now.
    """
    leased: list[int] = []
    passed: list[int] = []  # candidates that cannot be claimed now
    size = limit + WINDOW
    for _ in range(MAX_WINDOWS):
        window = await _look(queue, passed, only, size)
        heads = [row["id"] for row in window if row["id"] == row["first"]]
        free = [row["id"] for row in window if row["id"] == row["first"] and row["free"]]
        behind = {row["id"]: row["first"] for row in window if row["id"] != row["first"]}
        marked = await _mark(queue, behind) if queue.marks and behind else set()
        if free:
            leased += await _lease(queue, free[: limit - len(leased)], only)
        if len(leased) >= limit or len(window) < size:
            break
        passed += [*heads, *(behind.keys() - marked)]
        size = WIDE_WINDOW
    return leased


async def let_next(queue: Queue, lane: int | None) -> None:
    """Unmark the first waiting row of a lane, in the transaction that has ended or moved a row of it."""
    if lane is not None:
        await read_by_indexes()
    while lane is not None:
        first = await query(f'SELECT id FROM "{queue.table}" WHERE behind AND id = {queue.first("?")}', lane)  # noqa: S608 -- names are the code's own
        if not first:
            return
        # This may wait for a transaction that ends the row; then the one behind it is the next.
        if await query(
            f"""UPDATE "{queue.table}" SET behind = FALSE
                WHERE id = ? AND {queue.still_waits(queue.table)} RETURNING id""",  # noqa: S608 -- as above
            first[0]["id"],
        ):
            return


async def any_behind(queue: Queue) -> bool:
    """Whether any row is marked; as cheap as `any_to_claim`, and also in a transaction."""
    await read_by_indexes()
    return bool(await query(f"SELECT 1 FROM {queue.marked('m')} ORDER BY m.{queue.lane} LIMIT 1"))  # noqa: S608 -- names are the code's own


async def unmark_firsts(queue: Queue) -> int:
    """Unmark the first waiting row of each lane, and return how many were marked.

    Such a mark is left by a replica of the version before, which knows none, when it ends a row, and by two
    transactions that end two rows of a lane at once. The cost is a few probes for each lane with marked rows.
    """
    await read_by_indexes()
    marked = f"FROM {queue.marked('m')}"
    unmarked = await query(
        f"""WITH RECURSIVE lanes(lane) AS (
                SELECT MIN(m.{queue.lane}) {marked}
                UNION ALL
                SELECT (SELECT MIN(m.{queue.lane}) {marked} AND m.{queue.lane} > lanes.lane) FROM lanes
                WHERE lanes.lane IS NOT NULL),
            firsts(id) AS (SELECT {queue.first("lanes.lane")} FROM lanes WHERE lanes.lane IS NOT NULL)
            UPDATE "{queue.table}" SET behind = FALSE WHERE behind AND id IN (SELECT id FROM firsts)
            RETURNING id"""  # noqa: S608 -- names are the code's own
    )
    return len(unmarked)


async def _look(queue: Queue, passed: Collection[int], only: str, size: int) -> list[dict[str, int]]:
    """Read candidates in order: the first row of the lane of each, and whether it may be claimed now."""
    first = queue.first(f"head.{queue.lane}") if queue.lane else "head.id"
    others = f"AND head.id NOT IN ({_listed(passed)})" if passed else ""
    return await query(
        f"""SELECT head.id, {first} AS first, {only.format(t="head")} AS free
            FROM "{queue.table}" head {indexed_by(queue.candidates)}
            WHERE {queue.waits("head")} AND {queue.is_candidate("head")} {others}
            ORDER BY {queue.between.format(t="head")} LIMIT {size}"""  # noqa: S608 -- names and numbers are the code's own
    )


async def _lease(queue: Queue, ids: Collection[int], only: str) -> list[int]:
    """Lease those of the rows that can still be claimed, and that no other transaction is changing."""
    first = f"AND {queue.first(f'head.{queue.lane}')} = head.id" if queue.lane else ""
    rows = await query(
        f"""UPDATE "{queue.table}" SET lease_until = {clock()} + ?, attempts = attempts + 1
            WHERE id IN (
                SELECT head.id FROM "{queue.table}" head WHERE head.id IN ({_listed(ids)})
                AND {queue.still_waits("head")} AND {queue.is_candidate("head")} {first}
                AND {only.format(t="head")} {_skip_locked()})
            RETURNING id""",  # noqa: S608 -- as above
        queue.lease_ms,
    )
    return [row["id"] for row in rows]


async def _mark(queue: Queue, firsts: dict[int, int]) -> set[int]:
    """Mark rows, given with the first row of the lane of each, as behind it; return those that are marked.

    Both are locked before: whoever ends the first row after this sees the mark, and unmarks the next row.
    """
    both = _listed({*firsts, *firsts.values()})
    locked = {
        row["id"]
        for row in await query(f'SELECT id FROM "{queue.table}" WHERE id IN ({both}) {_skip_locked()}')  # noqa: S608 -- as above
    }
    behind = {id_ for id_, first in firsts.items() if {id_, first} <= locked}
    if not behind:
        return set()
    # Another statement, so that on PostgreSQL it sees what was committed before the locks were taken.
    first, heads = queue.first(f"{queue.table}.{queue.lane}"), locked.intersection(firsts.values())
    rows = await query(
        f"""UPDATE "{queue.table}" SET behind = TRUE WHERE id IN ({_listed(behind)})
            AND {queue.still_waits(queue.table)} AND {first} IN ({_listed(heads)}) RETURNING id"""  # noqa: S608 -- as above
    )
    return {row["id"] for row in rows}


def _listed(ids: Collection[int]) -> str:
    return ", ".join(map(str, ids))


def _skip_locked() -> str:
    return "" if connection().capabilities.dialect == "sqlite" else "FOR UPDATE SKIP LOCKED"
