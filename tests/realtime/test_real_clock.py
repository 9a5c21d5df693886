"""What must also hold on the real clock; the bounds are many times what it takes on an idle machine."""

import signal
import time

from tests.makers import running_service
from tests.stories.test_real_protocols import outside

STOP_SECONDS = 10.0  # Docker kills a container that takes longer
PACED_SECONDS = 60.0


async def test_a_process_that_is_told_to_stop_ends_before_it_would_be_killed(sqlite_url: str) -> None:
    async with outside(sqlite_url) as o:
        await o.say("/start", "Welcome!")
        o.service.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        assert await o.service.wait() == 0
        assert time.monotonic() - begun < STOP_SECONDS


async def test_one_chat_gets_its_messages_a_second_apart_though_nobody_moves_the_clock(
    sqlite_url: str,
) -> None:
    async with running_service(sqlite_url, mock_stripe_payments=True) as h:
        shop = await h.say("/start", "Welcome!")
        begun = time.monotonic()
        for package in ("buy_100", "buy_500"):
            await h.press(shop, package)
        await h.said("New balance: 600.00", advance=False)
        calls = [call.at for call in h.telegram.calls if call.method == "sendMessage"]
        assert calls[-1] - calls[-2] >= 0.99
        assert time.monotonic() - begun < PACED_SECONDS
