"""What must also hold on the real clock; the bounds are many times what it takes on an idle machine."""

import time

from tests.makers import running_service

PACED_SECONDS = 60.0


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
