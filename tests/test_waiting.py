"""A wait that does not end says what it waited for, and what there was."""

import asyncio

import pytest

from tests import waiting
from tests.makers import running_service
from tests.waiting import Hopeless, moving_clock


async def test_a_hopeless_wait_fails_at_once_with_what_there_is(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "HOPELESS_SECONDS", 3.0)
    async with running_service(sqlite_url) as h:
        await h.say("/start", "Welcome!")
        with pytest.raises(Hopeless) as failed:
            await h.said("Farewell!")
    (note,) = failed.value.__notes__
    assert "waited for 'Farewell!' in the chat of" in note
    assert "'/start', 'Welcome!" in note
    assert "jobs: []" in note
    assert "'sent'" in note or "notices: []" in note
    assert waiting.UNFINISHED.pop() == note


async def test_a_wait_that_something_else_ends_is_remembered() -> None:
    wait = asyncio.create_task(moving_clock().eventually(lambda: False, what="rain"))
    await asyncio.sleep(0)
    wait.cancel()
    with pytest.raises(asyncio.CancelledError):
        await wait
    assert waiting.UNFINISHED.pop().startswith("waited for rain; meanwhile the clock was moved by 0 s")
