"""Somebody who writes faster than anybody can read is answered in turn, and holds up nobody else."""

from bot_platform.sandbox.telegram_state import Person
from bot_platform.telegram.update_inbox import BURST, EACH_SECOND
from tests.makers import BUYER, RunningService, eventually, running_service

OTHER = Person(id=5_000_000_002, first_name="Other")
MORE = 20


def answers(h: RunningService) -> int:
    return len([text for text in h.texts() if text.startswith("Could not find your account.")])


async def test_haste_is_slowed_down_loses_nothing_and_holds_up_nobody(database_url: str) -> None:
    async with running_service(database_url) as h:
        begun = h.clock.monotonic()
        for _ in range(BURST + MORE):
            h.telegram.say(BUYER, "/balance")
        await h.say("/start", "Welcome!", OTHER)
        assert answers(h) < BURST + MORE, "the hasty one still waits when another is answered"
        await eventually(lambda: answers(h) == BURST + MORE)
        assert h.clock.monotonic() - begun >= (MORE - 1) / EACH_SECOND
