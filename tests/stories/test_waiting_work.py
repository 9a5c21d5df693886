"""Somebody with no credits asks, is offered what is missing, pays, and the work starts by itself."""

from typing import Any

from tests.makers import BUYER, RunningService, eventually, link_of, running_service
from tests.work.model_server import Answer, Cut, model_server
from tests.work.service_with_model import ai, buttons


async def answered(h: RunningService, part: str) -> dict[str, Any]:
    """Wait for the message that holds an answer."""
    return await h.said(part)


async def test_work_waits_for_a_payment_and_starts_by_itself(database_url: str) -> None:
    async with model_server() as server, running_service(database_url, **ai(server)) as h:
        server.always(Answer("You undo it with `git reset`.", usage=(100, 50)))
        await h.say("/start", "Welcome!")
        offer = await h.say("/ask how do I undo my last commit?", "are missing")
        assert "and you have 0.00" in offer["text"]
        assert buttons(offer) == ["buy_100", "buy_500", "stop:1"]
        assert server.requests == []
        await h.press(offer, "buy_100")
        linked = await h.said("Please complete your purchase using the link below:")
        async with h.http.post(link_of(linked), data={"how": "card"}) as page:
            assert page.status == 200
        done = await answered(h, "You undo it with git reset.")
        assert done["message_id"] == offer["message_id"], "the offer lives on as the answer"
        await h.said("✅ 0.03 credits.")
        await h.said("Payment received: 100.00 credits added. Balance: 100.00 credits.")
        await h.say("/balance", "Balance: 99.97 credits")
        assert len(server.requests) == 1


async def test_work_waits_for_a_mock_payment_too(database_url: str) -> None:
    async with (
        model_server() as server,
        running_service(database_url, mock_stripe_payments=True, **ai(server)) as h,
    ):
        server.always(Answer("Like this.", usage=(100, 50)))
        await h.say("/start", "Welcome!")
        offer = await h.say("/ask how?", "are missing")
        await h.press(offer, "buy_100")
        await h.said("Success! Your MOCK purchase was processed. New balance: 100.00")
        await answered(h, "Like this.")
        await h.say("/balance", "Balance: 99.97 credits")


async def test_work_that_the_credits_cover_starts_at_once_and_names_its_ceiling(database_url: str) -> None:
    async with (
        model_server() as server,
        running_service(database_url, welcome_credits="100", **ai(server)) as h,
    ):
        server.always(Answer("Slowly ", "written.", usage=(1000, 500), delay=1.0))
        await h.say("/start", "Welcome!")
        await h.say("/ask what?", "This costs up to 0.8")
        held = await h.say("/balance", "Held: 0.8")
        assert "Balance: 99.1" in held["text"]
        await answered(h, "Slowly written.")
        await eventually(lambda: any("✅ 0.30 credits." in text for text in h.texts()))
        last = await h.say("/balance", "Balance: 99.70 credits")
        assert "Held" not in last["text"]
        assert [t for t in h.texts(BUYER) if "Slowly" in t] == [
            "Slowly written.\n\n✅ 0.30 credits. You have 99.70 left."
        ]


async def test_an_answer_arrives_though_its_message_was_deleted(sqlite_url: str) -> None:
    async with (
        model_server() as server,
        running_service(sqlite_url, welcome_credits="100", **ai(server)) as h,
    ):
        server.always(Answer("Late ", "but here.", usage=(10, 5), delay=1.0))
        await h.say("/start", "Welcome!")
        first = await h.say("/ask what?", "This costs up to")
        del h.telegram.chats[BUYER.id].messages[first["message_id"]]
        await answered(h, "Late but here.")


async def test_what_failed_is_tried_again_once_however_often_it_is_pressed(sqlite_url: str) -> None:
    async with (
        model_server() as server,
        running_service(sqlite_url, welcome_credits="100", **ai(server)) as h,
    ):
        server.will(Cut())
        server.always(Answer("Now it works.", usage=(10, 5)))
        await h.say("/start", "Welcome!")
        failed = await h.say("/ask what?", "Nothing was charged")
        assert buttons(failed) == ["again:1"]
        for _ in range(3):
            await h.press(failed, "again:1")
        await answered(h, "Now it works.")
        await h.say("/balance", "Balance: 99.99 credits")
        assert len(server.requests) == 2
