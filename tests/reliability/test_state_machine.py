"""Any sequence of purchases, reversals, work and grants: after every step the books are what they must be."""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.reliability.conftest import Size
from tests.reliability.report import Report
from tests.reliability.stateful.known_sequences import COURSES
from tests.reliability.stateful.operator_steps import Shop
from tests.reliability.stateful.world import World

STEPS, MEAN = 50, 38  # of one run, at most and as it turns out
SHRINKS = "STATE_MACHINE_FAILS_FAST" not in os.environ  # who only asks whether it fails need not wait


@pytest.mark.timeout(7200)
def test_after_every_step_the_books_are_as_the_law_says(
    database_url: str, size: Size, report: Report, *, full: bool
) -> None:
    steps = int(os.environ.get("STATE_MACHINE_STEPS", size(small=400, full=100_000)))
    report.plan(steps, "steps")
    world = World(database_url)
    try:
        run_state_machine_as_test(
            lambda: Shop(world, report),  # type: ignore[arg-type]  # whatever makes one will do
            settings=settings(
                max_examples=steps // MEAN,
                stateful_step_count=STEPS,
                derandomize=not full,
                database=None,
                deadline=None,
                print_blob=False,
                phases=(Phase.generate, Phase.shrink) if SHRINKS else (Phase.generate,),
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
        report.right(world.audited())
    except BaseException:
        report.wrong += 1
        raise
    finally:
        world.close()


@pytest.mark.parametrize("course", COURSES)
def test_a_known_course_keeps_the_books_as_the_law_says(
    database_url: str, course: str, report: Report
) -> None:
    world = World(database_url)
    try:
        run = Shop(world, report)
        run.two_people_arrive((0, 0))
        for step in COURSES[course]:
            step(run)
            run.the_books_are_right()
    finally:
        world.close()
