"""Code that waits, expires or measures asks the clock of `infra/clock.py`, so that a test can move time."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from bot_platform.domain.users import User
from bot_platform.infra.clock import use
from bot_platform.infra.database import Database
from bot_platform.sandbox.movable_clock import MovableClock

PACKAGE = Path(__file__).parents[2] / "bot_platform"
FOLDERS = ("domain", "flows", "runtime", "work", "telegram", "web", "providers")
FORBIDDEN = {
    "time": {"time", "monotonic", "perf_counter", "sleep"},
    "datetime": {"now", "utcnow", "today"},
    "asyncio": {"sleep"},
    "timezone": {"now", "localtime"},  # Tortoise's
}
FORBIDDEN_MODULES = {"tortoise.timezone"}
FORBIDDEN_ARGUMENTS = {"auto_now", "auto_now_add"}  # of Tortoise's fields: they ask Tortoise's clock
ALLOWED = {
    "providers/stripe/setup.py": "compares this machine's real clock with Stripe's",
    "providers/stripe/client.py": "Stripe's library counts the age of a signature on the real clock",
}


def _uses(tree: ast.AST) -> Iterator[str]:
    """List where a module asks another clock than the process's."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=module), attr=name) if name in FORBIDDEN.get(module, ()):
                yield f"line {node.lineno}: {module}.{name}"
            case ast.ImportFrom(module=str(module), names=names):
                found = {alias.name for alias in names} & FORBIDDEN.get(module, set())
                if found or module in FORBIDDEN_MODULES:
                    yield f"line {node.lineno}: from {module}"
            case ast.keyword(arg=str(name)) if name in FORBIDDEN_ARGUMENTS:
                yield f"line {node.value.lineno}: {name}"
            case _:
                pass


def _found() -> dict[str, list[str]]:
    modules = [path for folder in FOLDERS for path in sorted((PACKAGE / folder).rglob("*.py"))]
    assert modules
    uses = {str(path.relative_to(PACKAGE)): list(_uses(ast.parse(path.read_text()))) for path in modules}
    return {path: lines for path, lines in uses.items() if lines}


def test_only_the_listed_modules_ask_another_clock() -> None:
    found = _found()
    assert {path: lines for path, lines in found.items() if path not in ALLOWED} == {}
    assert set(ALLOWED) <= set(found), "an exception that nothing needs any more"


def test_another_clock_is_noticed_however_it_is_asked() -> None:
    for line in (
        "time.monotonic()",
        "from time import time",
        "run(clock=time.time)",
        "datetime.now(UTC)",
        "await asyncio.sleep(1)",
        "from tortoise.timezone import now",
        "from tortoise import timezone; timezone.now()",
        "DatetimeField(auto_now_add=True)",
    ):
        assert list(_uses(ast.parse(f"async def f():\n    {line}"))), line
    assert not list(
        _uses(ast.parse("clock.current().time(); clock.now(); fields.DatetimeField(default=now)"))
    )


async def test_a_row_is_as_old_as_the_moved_clock_says(database: Database) -> None:
    assert database
    before = await User.create(telegram_id=1)
    clock = MovableClock()
    use(clock)
    clock.move(3600)
    after = await User.create(telegram_id=2)
    await after.refresh_from_db()
    assert (after.created_at - before.created_at).total_seconds() >= 3600


# A comparison of a stored moment with the clock: all of them go by `infra/moments.py`, or do no harm.
COMPARES = re.compile(
    r"__(lt|lte|gt|gte)=(DbClock|now)\(|now\(\) (- |[<>])"
    r"|[<>]=?\s*(clock\.)?now\(\)|[<>]=? \{(now_?|clock\(\))\}"
)
HARMLESS = {
    "domain/outbox_leases.py": "messages of the last second, and a chat's pause with an end on both sides",
    "domain/job_leases.py": "an order of a kind that this version does not know waits for a newer one",
    "domain/jobs.py": "an order that waits for three days may wait for an hour more",
    "domain/purchase_checks.py": "has its own bound: times of the system's clock, in a query",
    "domain/refunds.py": "a refund that fails at Stripe gets its second key an hour later",
    "domain/backlog.py": "an age for the metrics, never negative",
    "domain/attention.py": "the findings of the last weeks",
    "domain/support_questions.py": "the questions of the last hour, with a bound on both sides",
    "flows/job_retention.py": "texts that are kept for days are kept for an hour more",
    "flows/notice_retention.py": "messages that are kept for days are kept for an hour more",
    "flows/updates.py": "updates that are kept for a week are kept for an hour more",
    "telegram/update_inbox.py": "an update is given up hours too early or too late, and in words",
    "infra/moments.py": "the bound itself",
}


def test_stored_moments_are_compared_with_bounds_on_both_sides() -> None:
    modules = [path for path in sorted(PACKAGE.rglob("*.py")) if "sandbox" not in path.parts]
    found = {
        str(path.relative_to(PACKAGE)): [
            f"line {n}: {line.strip()}"
            for n, line in enumerate(path.read_text().splitlines(), 1)
            if COMPARES.search(line)
        ]
        for path in modules
    }
    compared = {path: lines for path, lines in found.items() if lines}
    assert {path: lines for path, lines in compared.items() if path not in HARMLESS} == {}
    assert set(HARMLESS) <= set(compared), "an exception that nothing needs any more"
