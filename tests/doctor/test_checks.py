"""Checks run concurrently, each with a timeout, and a check that breaks becomes an error line."""

import asyncio

from bot_platform.doctor.checks import Check, run_checks
from bot_platform.doctor.report import Finding, error, ok, warning
from tests.doctor.makers import ERROR, OK, SKIPPED, WARNING


async def _well() -> Finding:
    return ok("well")


async def _for_ever() -> Finding:
    while True:  # cancelling does not end it
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            await asyncio.sleep(5)


async def _broken() -> Finding:
    raise KeyError("a text that must not be printed")


async def test_a_check_that_never_ends_is_an_error_and_does_not_delay_the_others() -> None:
    ((_, hung), (_, other)) = await run_checks(
        [[Check("hangs", _for_ever, timeout=0.1)], [Check("other", _well)]]
    )
    assert hung.status is ERROR
    assert "no answer within 0.1 seconds" in hung.message
    assert other.status is OK


async def test_a_check_that_breaks_is_an_error_and_the_others_run() -> None:
    lines = await run_checks([[Check("first", _well), Check("breaks", _broken), Check("other", _well)]])
    broken = dict(lines)["breaks"]
    assert [name for name, _ in lines] == ["first", "breaks", "other"]
    assert broken.status is ERROR
    assert broken.message == "the check itself failed: KeyError"
    assert "LOG_LEVEL=DEBUG" in broken.fix
    assert dict(lines)["other"].status is OK


async def test_groups_and_the_checks_in_a_group_run_concurrently() -> None:
    all_started = asyncio.Barrier(10)

    async def wait_for_the_others() -> Finding:
        await all_started.wait()
        return ok("well")

    group = [Check("first", _well), *(Check(f"waits {n}", wait_for_the_others) for n in range(5))]
    lines = await run_checks([group, group])
    assert [name for name, _ in lines] == 2 * ["first", *(f"waits {n}" for n in range(5))]
    assert {finding.status for _, finding in lines} == {OK}


async def test_checks_after_a_first_check_that_is_not_ok_are_skipped() -> None:
    async def bad() -> Finding:
        return error("it is bad", "fix it")

    async def unsure() -> Finding:
        return warning("it is odd", "look at it")

    for gate, status in ((bad, ERROR), (unsure, WARNING), (_broken, ERROR)):
        first, *others = await run_checks([[Check("gate", gate), Check("a", _broken), Check("b", _well)]])
        assert first[1].status is status
        assert [(name, f.status, f.message, f.fix) for name, f in others] == [
            ("a", SKIPPED, "not checked, see gate", ""),
            ("b", SKIPPED, "not checked, see gate", ""),
        ]
