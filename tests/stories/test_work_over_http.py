"""Paid work over real HTTP to everybody outside: each way of updates and of paying, and a killed process."""

import io
import zipfile
from typing import Any

import pytest

from bot_platform.sandbox.telegram_world import SANDBOX_TOKEN
from tests.makers import BUYER, RunningService, eventually, link_of
from tests.stories.over_http import service_over_http
from tests.stories.test_real_protocols import outside, process
from tests.work.fake_context import PLANNED, WRITTEN, model, plan_of
from tests.work.model_server import Answer, Silence, model_server
from tests.work.service_with_model import Builder, ai, buttons, ordered, told, words

ASK = "/ask how do I undo my last commit?"


async def pay(h: RunningService, offer: dict[str, Any], *, mock: bool) -> None:
    """Buy the smaller package that a message offers."""
    await h.press(offer, "buy_100")
    if mock:
        await h.said("Success! Your MOCK purchase was processed. New balance: 100.00")
        return
    linked = await h.said("Please complete your purchase using the link below:")
    await h.stripe.pay(link_of(linked).rpartition("/")[2])
    await h.said("Payment received: 100.00 credits added. Balance: 100.00 credits.")


def read(archive: bytes) -> dict[str, str]:
    """Read the files of a ZIP."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name).decode() for name in opened.namelist()}


async def unpacked(h: RunningService) -> dict[str, str]:
    """Wait for a document, fetch it as Telegram gives it, and read its files."""
    document = (await told(h, ".zip"))["document"]
    where = f"{h.settings.telegram_api_base}/file/bot{SANDBOX_TOKEN}/{document['file_id']}"
    async with h.http.get(where) as got:
        return read(await got.read())


@pytest.mark.parametrize(("mode", "mock"), [("polling", False), ("webhook", True)])
async def test_work_waits_for_a_payment_starts_by_itself_and_ends_in_a_zip(
    database_url: str, mode: str, mock: bool
) -> None:
    script = model(plan=plan_of(PLANNED, name="Öl & Notizen"))
    async with (
        model_server() as server,
        service_over_http(database_url, telegram_mode=mode, mock_stripe_payments=mock, **ai(server)) as h,
    ):
        server.always(Builder(script, other=Answer("You undo it with `git reset`.", usage=(100, 50))))
        await h.say("/start", "Welcome!")
        offer = await ordered(h, ASK)
        assert buttons(offer) == ["buy_100", "buy_500", "stop:1"]
        assert server.requests == []
        await pay(h, offer, mock=mock)
        done = await told(h, "You undo it with git reset.\n\n✅ 0.03 credits.")
        assert done["message_id"] == offer["message_id"]
        assert len(server.requests) == 1
        h.telegram.say(BUYER, "/build a tool that keeps notes")
        assert await unpacked(h) == {f"öl-notizen/{path}": text for path, text in WRITTEN.items()}
        await told(h, "main.py\n")
        assert script.asked == ["plan", *WRITTEN]
        assert "Held" not in (await h.say("/balance", "Balance: 99."))["text"]


async def test_an_order_that_telegram_sends_again_and_again_is_one_job(sqlite_url: str) -> None:
    async with (
        model_server() as server,
        service_over_http(sqlite_url, telegram_mode="webhook", mock_stripe_payments=True, **ai(server)) as h,
    ):
        await pay(h, await h.say("/start", "Welcome!"), mock=True)
        webhook = h.telegram.updates.webhook
        assert webhook
        who = {"id": BUYER.id, "is_bot": False, "first_name": "Buyer"}
        entity = {"type": "bot_command", "offset": 0, "length": 4}
        sent = {"message_id": 9, "date": 0, "chat": {"id": BUYER.id, "type": "private"}, "from": who}
        update = {"update_id": 99, "message": {**sent, "text": ASK, "entities": [entity]}}
        for _ in range(3):
            headers = {"X-Telegram-Bot-Api-Secret-Token": webhook.secret}
            async with h.http.post(f"{h.url}/api/v1/telegram-webhook", json=update, headers=headers) as taken:
                assert taken.status == 200
        await told(h, "✅ 0.")
        await h.clock.pass_time(2)
        assert len(server.requests) == 1
        assert sum("An answer." in words(message) for message in h.telegram.messages(BUYER.id)) == 1


async def test_a_build_amid_which_the_service_was_killed_goes_on_from_its_checkpoint(
    database_url: str,
) -> None:
    script = model()
    builder = Builder(script, usage=(4, 2499))
    async with model_server() as server:
        reached = {name.upper(): value for name, value in ai(server).items()}
        async with outside(database_url, mock=True, **reached) as o:
            server.will(builder, builder, builder, Silence())
            server.always(builder)
            await o.press(await o.say("/start", "Welcome!"), "buy_100")
            await o.said("New balance: 100.00")
            await o.control("say", user=BUYER.id, text="/build a tool that keeps notes")
            await eventually(lambda: len(server.requests) == 4)
            o.service.kill()
            await o.service.wait()
            async with process("run.py", ready="Running on", **o.environment):
                document = (await o.said("notes.zip"))["document"]
                async with o.http.get(f"{o.telegram}/file/bot{SANDBOX_TOKEN}/{document['file_id']}") as got:
                    assert read(await got.read()) == {f"notes/{path}": text for path, text in WRITTEN.items()}
                assert script.asked == ["plan", *WRITTEN]
                assert len(server.requests) == 6, "the file in work is asked for again, no other"
                await o.said("✅ 4.31 credits.")
                await o.say("/balance", "Balance: 95.69 credits")
                assert (await o.say("/history", "Your credits"))["text"].count("/build") == 5
