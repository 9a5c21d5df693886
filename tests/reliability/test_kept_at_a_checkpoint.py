"""What work keeps at a checkpoint may be any JSON, as its task promises."""

from typing import Any

import pytest

from bot_platform.database import Database
from bot_platform.domain import jobs
from bot_platform.domain.jobs import State
from bot_platform.work.kinds import Task, kind
from tests.makers import person, workshop


@pytest.mark.parametrize(
    "kept", [["a list"], "a text", {"files": ["no paths"]}], ids=["list", "text", "files"]
)
async def test_work_that_kept_any_json_comes_to_its_end(database: Database, kept: Any) -> None:
    @kind("parts", "Two parts", price=100, needs_model=False)
    async def parts(task: Task) -> str:
        await task.checkpoint(kept, most=100, first=100)
        return "both"

    counter, runner = workshop(database, parts)
    ordered = await counter.order(await person(database, credits_=100), "parts", "please", "press")
    (claimed,) = await runner.claim(1)
    await runner.work(claimed)
    job = await jobs.find(ordered.id)
    assert job
    assert job.state is State.DONE
