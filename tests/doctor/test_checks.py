"""Checks are made side by side, each with its deadline, and one that breaks is a line."""

import asyncio
import time

from bot_platform.doctor.checks import Check, examine
from bot_platform.doctor.report import Finding, error, ok, warning
from tests.doctor.makers import ERROR, OK, SKIPPED, WARNING


async def _well() -> Finding:
    return ok("well")


async def _slow() -> Finding:
    await asyncio.sleep(0.3)
    return ok("slow, and well")


async def _for_ever() -> Finding:
    while True:  # and it does not want to be ended either
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            await asyncio.sleep(5)


async def _broken() -> Finding:
    raise KeyError("a word that nobody should read")


async def test_a_check_that_never_ends_is_a_line_and_holds_nobody_up() -> None:
    begun = time.monotonic()
    ((_, hung), (_, other)) = await examine(
        [[Check("hangs", _for_ever, within=0.1)], [Check("other", _well)]]
    )
    assert time.monotonic() - begun < 4
    assert hung.verdict is ERROR
    assert "no answer within 0.1 seconds" in hung.says
    assert other.verdict is OK


async def test_a_check_that_breaks_is_a_line_and_the_others_are_made() -> None:
    lines = await examine([[Check("first", _well), Check("breaks", _broken), Check("other", _well)]])
    broke = dict(lines)["breaks"]
    assert [name for name, _ in lines] == ["first", "breaks", "other"]
    assert broke.verdict is ERROR
    assert broke.says == "could not be looked at: KeyError"
    assert "LOG_LEVEL=DEBUG" in broke.fix
    assert dict(lines)["other"].verdict is OK


async def test_parties_and_their_checks_are_made_side_by_side() -> None:
    begun = time.monotonic()
    party = [Check("first", _well), *(Check(f"slow {n}", _slow) for n in range(5))]
    lines = await examine([party, party])
    assert time.monotonic() - begun < 1.2
    assert [name for name, _ in lines] == 2 * ["first", *(f"slow {n}" for n in range(5))]


async def test_what_hangs_on_a_check_that_failed_says_so_and_is_not_made() -> None:
    async def bad() -> Finding:
        return error("it is bad", "mend it")

    async def unsure() -> Finding:
        return warning("it is odd", "look at it")

    for gate, verdict in ((bad, ERROR), (unsure, WARNING), (_broken, ERROR)):
        first, *others = await examine([[Check("gate", gate), Check("a", _broken), Check("b", _well)]])
        assert first[1].verdict is verdict
        assert [(name, f.verdict, f.says, f.fix) for name, f in others] == [
            ("a", SKIPPED, "not looked at, see gate", ""),
            ("b", SKIPPED, "not looked at, see gate", ""),
        ]
