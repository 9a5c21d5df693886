"""Runs SQL templates that make many rows at once, in words that both databases understand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot_platform.infra.clock import unix_time
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query

DAY = 24 * 3600
SPAN = 400 * DAY  # of the past
LAST_HOUR = 3600  # in which nothing begins: what began before has ended

# `{time}seconds{time_}` is a moment, `{json}text{json_}` a JSON value, `{each}` begins a statement about the
# numbers `n` from 1 to its count.
SQLITE = {
    "time": "(strftime('%Y-%m-%d %H:%M:%f', ",
    "time_": ", 'unixepoch') || '000+00:00')",
    "json": "(",
    "json_": ")",
}
POSTGRES = {"time": "to_timestamp(", "time_": ")", "json": "CAST(", "json_": " AS JSONB)"}
EACH = """WITH RECURSIVE counted(n) AS (
    SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM counted WHERE n < {count})"""


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows a past of about `entries` ledger entries has."""

    entries: int

    @property
    def people(self) -> int:
        """Users with an account: number 1 did a twentieth of everything, 2 to 11 have long histories."""
        return max(self.entries // 20, 20)

    @property
    def purchases(self) -> int:
        """Sales that began."""
        return self.entries // 10

    @property
    def jobs(self) -> int:
        """Orders of paid work that ended."""
        return self.entries // 2

    @property
    def events(self) -> int:
        """Stored events: one half of the provider's, the other half of Telegram's."""
        return self.entries // 5

    def part(self, of: int, *, most: int | None = None) -> int:
        """Return one row for each `of` entries: at least 2, and at most `most`."""
        return min(max(self.entries // of, 2), most or self.entries)


def words(database: Database, size: Size) -> Mapping[str, object]:
    """Return what the templates of a past of this size name."""
    now = int(unix_time())
    person = "CASE n % 20 WHEN 0 THEN 1 WHEN 1 THEN 2 + n / 20 % 10 ELSE 1 + n * 7919 % {} END"
    return (SQLITE if database.name == "SQLite" else POSTGRES) | {
        "now": now,
        "now_ms": now * 1000,
        "begin": now - SPAN,
        "arrivals": SPAN // 10,  # in which all people arrive
        "active": now - SPAN + SPAN // 10,
        "rest": SPAN - SPAN // 10 - LAST_HOUR,
        "person": person.format(size.people),
        "people": size.people,
        "purchases": size.purchases,
        "jobs": size.jobs,
        "events": size.events,
    }


async def fill(
    database: Database,
    size: Size,
    statements: Sequence[tuple[int, str]],
    extra: Mapping[str, object] | None = None,
) -> None:
    """Run templates, each in its own transaction; those with a count are about the numbers up to it."""
    named = {**words(database, size), **(extra or {})}
    for count, template in statements:
        sql = template.format(**named, each=EACH.format(count=count))
        await database.transact(query, sql, notify=False)


async def follow_ids(database: Database, tables: Sequence[str]) -> None:
    """Let new rows of these tables get ids above those that the templates gave."""
    if database.name == "SQLite":
        return  # it does so by itself
    for table in tables:
        await query(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT MAX(id) FROM \"{table}\"))"  # noqa: S608 -- names of tests
        )
