"""What operators see and do in Telegram, what comes of it, and what everybody else sees of it: nothing."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from bot_platform.domain import actions, ledger, users
from bot_platform.domain.actions import Action
from bot_platform.domain.ledger import Account, Entry
from bot_platform.domain.refunds import Refund
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.sandbox.telegram_state import Person, callback_data
from bot_platform.sandbox.telegram_world import Fault
from tests.makers import BUYER, RunningService, eventually, running_service, session_event
from tests.stories.test_money_back import OPERATOR, beside, buy, in_order, quiet, spend

ADMINS: dict[str, Any] = {"admin_telegram_ids": str(OPERATOR.id)}
STRANGER = Person(id=5_000_000_003, first_name="Stranger")
UNKNOWN = "Sorry, I did not understand that."
WORST = "x" * 4000


async def ask(h: RunningService, text: str, answer: str) -> dict[str, Any]:
    """Let the operator say something, and wait for a new answer."""
    return await new(h, answer, lambda: h.telegram.say(OPERATOR, text))


async def act(h: RunningService, message: dict[str, Any], verb: str, answer: str) -> dict[str, Any]:
    """Let the operator press the button of a message that does this, and wait for what is new."""
    return await new(h, answer, lambda: press(h, message, verb))


async def new(h: RunningService, answer: str, do: Callable[[], object]) -> dict[str, Any]:
    before = {m["message_id"]: m["text"] for m in h.telegram.messages(OPERATOR.id)}
    do()

    def look() -> dict[str, Any] | None:
        said = [m for m in h.telegram.messages(OPERATOR.id) if m["from"]["is_bot"] and answer in m["text"]]
        return next((m for m in said if before.get(m["message_id"]) != m["text"]), None)

    return await eventually(look)


def press(h: RunningService, message: dict[str, Any], verb: str) -> None:
    (data,) = [data for data in callback_data(message) if data.startswith(f"admin:{verb}:")]
    h.telegram.press(OPERATOR, message["message_id"], data, stale=True)


async def read(database_url: str, look: Callable[[], Awaitable[Any]]) -> Any:
    """Read something from the database of a running house."""
    found: list[Any] = []

    async def work(_: Database) -> None:
        found.append(await look())

    await beside(database_url, work)
    return found[0]


async def acts(database_url: str) -> list[tuple[str, str]]:
    """List what operators did, as the log has it."""
    rows: Sequence[Action] = await read(database_url, lambda: Action.all().order_by("id"))
    assert {row.by for row in rows} <= {actions.telegram(OPERATOR.id)}
    return [(row.what, row.subject.partition(":")[0]) for row in rows]


async def longer(h: RunningService, before: int) -> None:
    """Wait until the buyer's chat has more messages than before."""
    await eventually(lambda: len(h.texts()) > before)


async def test_the_day_a_purchase_and_its_buyer_are_seen_at_a_glance(database_url: str) -> None:
    async with running_service(database_url, **ADMINS) as h:
        await h.say("/start", "Welcome!")
        session = await buy(h)
        await spend(database_url, 2_500)
        told = await ask(h, "/admin", "Today, until")
        assert (
            "Taken: $5.00 by stripe\nSales: 1, and none failed\nCredits: 100.00 sold, 25.00 spent"
            in told["text"]
        )
        listed = await act(h, told, "sales", "The last sales:")
        sale = await act(h, listed, "purchase", f"🧾 Purchase 1 of {BUYER.id}: 100 credits for $5.00, paid")
        for part in (
            "opened: 100 credits",
            "got the link",
            "paid $5.00 by stripe",
            "+100.00 credited",
            "25.00 spent since",
        ):
            assert part in sale["text"]
        assert (
            sale["text"].index("opened")
            < sale["text"].index("paid $5.00")
            < sale["text"].index("spent since")
        )
        for name in (session, "1", "#1", h.stripe.sessions[session]["payment_intent"]):
            await ask(h, f"/admin {name}", "🧾 Purchase 1 of")
        person = await act(h, sale, "person", f"👤 {BUYER.id}")
        assert "Balance: 75.00 credits\nPurchases: 1 paid, 0 not" in person["text"]
        life = await act(h, person, "life", "the latest last:")
        assert (
            life["text"].index("pressed Start") < life["text"].index("+100.00") < life["text"].index("-25.00")
        )
        await act(h, told, "waits", "Refunds that Stripe has not answered: 0")
        await ask(h, "/admin help", "/admin refund 12 paid twice")


async def test_credits_are_given_and_taken_with_a_reason_that_the_person_reads(database_url: str) -> None:
    async with running_service(database_url, **ADMINS) as h:
        await h.say("/start", "Welcome!")
        await ask(h, f"/admin grant {BUYER.id} 5.00 sorry for the wait", "+5.00 credits for")
        await h.said("You were given 5.00 credits. Balance: 5.00 credits.\n\nWhy: sorry for the wait")
        await ask(h, f"/admin GRANT {BUYER.id} -2 a mistake", "-2.00 credits for")
        await h.said("2.00 credits were taken from you. Balance: 3.00 credits.")
        await ask(
            h, f"/admin grant {BUYER.id} -9 too much", "9.00 credits cannot be taken: 3.00 are available."
        )
    assert await acts(database_url) == [("grant", "user"), ("grant", "user")]
    await in_order(database_url)


async def test_a_refund_is_shown_first_and_made_once_however_often_it_is_confirmed(database_url: str) -> None:
    async with running_service(database_url, **ADMINS) as h:
        await h.say("/start", "Welcome!")
        await buy(h)
        await spend(database_url, 7_000)
        draft = await ask(h, "/admin refund 1 2.50 half of it", "Refund $2.50 of purchase 1")
        assert (
            "takes back 50.00 credits. ⚠️ 20.00 of them are spent, and become a debt.\nWhy: half of it"
            in draft["text"]
        )
        assert not await read(database_url, Refund.all)
        for _ in range(3):
            press(h, draft, "payback")
        await h.said("50.00 credits were taken back. Balance: -20.00 credits.")
        await quiet(h)
        message = await h.said("Stripe has accepted the refund of $2.50 for purchase 1.", OPERATOR)
        assert message["message_id"] == draft["message_id"]
        rows = await read(database_url, Refund.all)
        assert [(row.amount, row.reason) for row in rows] == [(250, "half of it")]
        sale = await act(h, message, "purchase", "refund of $2.50 asked for (half of it): done")
        assert "-50.00 for a refund or dispute" in sale["text"]
        dropped = await ask(h, "/admin refund 1 the rest", "Refund $2.50 of purchase 1")
        await act(h, dropped, "keep", "Nothing was refunded of purchase 1.")
        press(h, dropped, "payback")
        await ask(
            h, "/admin refund 1 9.99 too much", "$9.99 cannot be returned: of this purchase $2.50 is left"
        )
        assert len(await read(database_url, Refund.all)) == 1
    assert await acts(database_url) == [("refund", "purchase")]
    await in_order(database_url)


async def test_a_refund_that_stripe_refuses_says_so_in_the_message_that_confirmed_it(
    database_url: str,
) -> None:
    async with running_service(database_url, **ADMINS) as h:
        await h.say("/start", "Welcome!")
        await buy(h)
        draft = await ask(h, "/admin refund 1 all of it", "Refund $5.00 of purchase 1")
        error = {"error": {"type": "invalid_request_error", "message": "The account is restricted."}}
        h.stripe.faults.answer("/v1/refunds", 400, error, method="POST")
        press(h, draft, "payback")
        words = "❌ The refund of $5.00 for purchase 1 was refused, and nothing was returned: The account is"
        message = await h.said(words, OPERATOR)
        assert message["message_id"] == draft["message_id"]
        assert not h.stripe.refunds
    await in_order(database_url)


async def test_what_was_spent_between_the_showing_and_the_yes_is_not_taken_unasked(sqlite_url: str) -> None:
    async with running_service(sqlite_url, **ADMINS) as h:
        await h.say("/start", "Welcome!")
        await buy(h)
        draft = await ask(h, "/admin refund 1 all", "Refund $5.00 of purchase 1")
        assert "debt" not in draft["text"]
        await spend(sqlite_url, 7_000)
        await act(
            h, draft, "payback", "The credits are spent: the refund takes back 100.00 and 30.00 are there."
        )
        assert not await read(sqlite_url, Refund.all)


async def test_a_debt_that_grew_since_it_was_shown_is_not_agreed_to(sqlite_url: str) -> None:
    async with running_service(sqlite_url, **ADMINS) as h:
        await h.say("/start", "Welcome!")
        await buy(h)
        await spend(sqlite_url, 1_000)
        draft = await ask(h, "/admin refund 1 all", "Refund $5.00 of purchase 1")
        assert "10.00 of them are spent, and become a debt" in draft["text"]
        await spend(sqlite_url, 7_000)
        await act(
            h, draft, "payback", "More was spent since you saw this: 80.00 credits would become a debt now."
        )
        assert not await read(sqlite_url, Refund.all)


async def test_a_person_is_banned_and_let_back_by_a_button_or_with_a_reason(database_url: str) -> None:
    async with running_service(database_url, **ADMINS) as h:
        await h.say("/start", "Welcome!")
        person = await ask(h, f"/admin {BUYER.id}", f"👤 {BUYER.id}")
        await act(h, person, "ban", f"⛔ {BUYER.id} is banned, and was told so.")
        closed = await h.said("The operator has closed your account for new orders.")
        assert "Why:" not in closed["text"]
        await act(h, person, "ban", "was banned before. Nothing has changed.")
        banned = await ask(h, f"/admin {BUYER.id}", "⛔ Banned: nothing new can be started.")
        await act(h, banned, "unban", f"{BUYER.id} may begin new things again")
        await h.said("Your account is open again")
        await ask(h, f"/admin ban {BUYER.id} spam, and worse", "is banned")
        await h.said("Questions? See /paysupport.\n\nWhy: spam, and worse")
        await ask(h, f"/admin unban {BUYER.id}", "may begin new things again")
        await ask(h, f"/admin unban {BUYER.id}", "is not banned. Nothing has changed.")
        life = await act(h, person, "life", "the latest last:")
        assert f"telegram:{OPERATOR.id}: ban (spam, and worse)" in life["text"]
    assert await acts(database_url) == [(what, "user") for what in ("ban", "unban") * 2]


async def test_a_bank_s_question_leads_the_operator_to_the_purchase_and_the_freeze_is_lifted(
    database_url: str,
) -> None:
    async with running_service(database_url, **ADMINS) as h:
        await h.say("/start", "Welcome!", OPERATOR)
        await h.say("/start", "Welcome!")
        await h.stripe.dispute(await buy(h), inquiry=True)
        alert = await h.said(f"let the buyer go on with: /admin lift {BUYER.id}", OPERATOR)
        sale = await act(h, alert, "purchase", "Stripe: inquiry $5.00")
        person = await act(h, sale, "person", "🧊 Frozen")
        await act(h, person, "lift", "may spend again, and was told so.")
        await h.said("you can use your credits again")
        await ask(h, f"/admin lift {BUYER.id}", "is not frozen. Nothing has changed.")
    assert await acts(database_url) == [("lift", "user")]


async def test_one_payment_is_asked_about_again(database_url: str) -> None:
    async with running_service(database_url, stripe_webhook_secret="whsec_wrong", **ADMINS) as h:
        await h.say("/start", "Welcome!")
        shop = await h.say("/buy", "Choose a package:")
        await h.press(shop, "buy_100")
        await h.said("Please complete your purchase")
        sale = await ask(h, "/admin 1", "not paid yet")
        await act(h, sale, "check", "Nothing new about purchase 1.")
        (session,) = h.stripe.sessions
        await h.stripe.pay(session)
        await act(h, sale, "check", "✅ That was news: purchase 1 has changed.")
        await h.said("Payment received: 100.00 credits added.")
    assert await acts(database_url) == [("check", "purchase")] * 2
    await in_order(database_url)


async def test_an_unmatched_payment_alerts_once_and_its_event_is_looked_at_and_replayed_once(
    database_url: str,
) -> None:
    async with running_service(database_url, **ADMINS) as h:
        await h.say("/start", "Welcome!", OPERATOR)
        for n, kind in enumerate(("completed", "async_payment_succeeded", "completed")):
            ours = {"platform": h.settings.stripe_mark, "user_id": "404"}
            event = session_event(f"checkout.session.{kind}", id_=f"evt_{n}", metadata=ours)
            assert (await h.post(event))[0] == 200
        alert = await h.said(
            "⚠️ An event about money needs you: evt_0 (checkout.session.completed).", OPERATOR
        )
        assert "neither a purchase nor a buyer of ours stands behind this payment" in alert["text"]
        seen = await act(h, alert, "event", "📨 evt_0 (checkout.session.completed)")
        assert '"amount_total": 500' in seen["text"]
        press(h, seen, "replay")
        await act(h, seen, "replay", "This has changed since.")
        await ask(h, "/admin evt_2", "Ignored. neither a purchase")
        await quiet(h)
        assert sum("needs you" in text for text in h.texts(OPERATOR)) == 1
    assert await acts(database_url) == [("replay", "event")]


async def test_a_question_of_a_buyer_leads_to_the_buyer(sqlite_url: str) -> None:
    async with running_service(sqlite_url, **ADMINS) as h:
        await h.say("/start", "Welcome!", OPERATOR)
        await h.say("/start", "Welcome!")
        await h.say("/paysupport Where is my money?", "Your question is with the operator")
        asked = await h.said("Where is my money?", OPERATOR)
        await act(h, asked, "person", f"👤 {BUYER.id}")


async def test_nobody_else_learns_that_there_is_such_a_command(database_url: str) -> None:
    async with running_service(database_url, **ADMINS) as h:
        await h.say("/start", "Welcome!")
        said = ["/admin", "/admin help", f"/admin grant {BUYER.id} 5.00 me", "/admin say hello", "/admin 1"]
        for text in [*said, "/nothing"]:
            h.telegram.say(BUYER, text)
            await longer(h, len(h.texts()))
            assert h.texts()[-1].startswith(UNKNOWN), text
        shop = await h.say("/buy", "Choose a package:")
        for data in ("admin:ban:77", "admin:tell:tg:1", "admin:person:77", "nothing"):
            before = len(h.texts())
            h.telegram.press(BUYER, shop["message_id"], data, stale=True)
            await longer(h, before)
            assert h.texts()[-1] == "This package is not on sale any more. See /buy for what is.", data
        await h.say("/admin", UNKNOWN, STRANGER)
        for each in (BUYER, STRANGER):
            assert "admin" not in [command["command"] for command in h.telegram.commands_for(each)]
    assert await acts(database_url) == []


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("/admin nothing", "Nothing here is called “nothing”."),
        ("/admin 99999999999999999999999", "Nothing here is called"),
        ("/admin -1", "Nothing here is called"),
        (f"/admin {WORST}", "Nothing here is called"),
        ("/admin evt_404", "Nothing here is called"),
        ("/admin grant", "Write who, how many credits, and why"),
        ("/admin grant 4711", "“4711” is no customer number"),
        ("/admin grant ٣ 5.00 why", "is no customer number"),
        (f"/admin grant {WORST}", "is no customer number"),
        (f"/admin grant {OPERATOR.id} 5,00 why", "Write who, how many credits, and why"),
        (f"/admin grant {OPERATOR.id} 0 why", "Write who, how many credits, and why"),
        (f"/admin grant {OPERATOR.id} 5.00", "Write who, how many credits, and why"),
        (f"/admin grant {OPERATOR.id} 5.00 {'w' * 301}", "300 characters at most"),
        ("/admin refund", "Write which purchase and why"),
        ("/admin refund x why", "“x” is no number of a purchase"),
        ("/admin refund 404 why", "“404” is no number of a purchase"),
        ("/admin ban", "Write for whom, like: /admin ban 4711"),
        ("/admin unban x", "“x” is no customer number"),
        ("/admin lift", "Write for whom, like: /admin lift 4711"),
        ("/admin say", "Write what everybody is to read"),
        (f"/admin say {'😀' * 1800}", "This is too long: 3500 characters at most."),
    ],
)
async def test_nonsense_is_answered_with_what_to_write_instead(
    sqlite_url: str, said: str, answer: str
) -> None:
    async with running_service(sqlite_url, **ADMINS) as h:
        await h.say("/start", "Welcome!", OPERATOR)
        await ask(h, said, answer)
    assert await acts(sqlite_url) == []


async def test_buttons_that_lead_nowhere_are_answered(sqlite_url: str) -> None:
    async with running_service(sqlite_url, **ADMINS) as h:
        shop = await h.say("/start", "Welcome!", OPERATOR)
        for data in (
            "person:x",
            "purchase:404",
            f"purchase:{'9' * 40}",
            "event:404",
            "replay:404:0",
            "said:x",
        ):
            h.telegram.press(OPERATOR, shop["message_id"], f"admin:{data}", stale=True)
        await eventually(lambda: sum("Nothing here is called" in text for text in h.texts(OPERATOR)) == 6)
        for verb in ("payback", "keep", "tell"):
            h.telegram.press(OPERATOR, shop["message_id"], f"admin:{verb}:tg:404", stale=True)
        await eventually(lambda: sum("cannot be done from here" in text for text in h.texts(OPERATOR)) == 3)
        for data in ("drop:tg:404", "halt:404", "halt:x", f"halt:{'9' * 40}"):
            h.telegram.press(OPERATOR, shop["message_id"], f"admin:{data}", stale=True)
        await ask(h, "/admin", "Today, until")
        assert not any("server error" in text for text in h.texts(OPERATOR))


async def test_the_longest_stories_fit_one_message(sqlite_url: str) -> None:
    async with running_service(sqlite_url, **ADMINS) as h:
        await h.say("/start", "Welcome!")

        async def many(database: Database) -> None:
            user = await users.find(BUYER.id)
            assert user

            async def story() -> None:
                account = await ledger.lock(user.id)
                for n in range(70):
                    await ledger.post(account, ledger.EntryKind.GRANT, 1, f"grant:{n}", note="😀" * 300)

            await database.transact(story)

        await beside(sqlite_url, many)
        person = await ask(h, f"/admin {BUYER.id}", "👤")
        life = await act(h, person, "life", "earlier")
        assert len(life["text"].encode("utf-16-le")) // 2 <= 4096
        assert "balance 0.70" in life["text"].splitlines()[-1]
        big = session_event(
            id_="evt_big", client_reference_id="404", metadata={str(n): "x" * 90 for n in range(90)}
        )
        await h.post(big)
        seen = await ask(h, "/admin evt_big", "📨 evt_big")
        assert len(seen["text"]) <= 4096


async def test_each_admin_has_the_command_in_their_own_menu_once_telegram_knows_them(sqlite_url: str) -> None:
    async with running_service(sqlite_url, admin_telegram_ids=f"{STRANGER.id},{OPERATOR.id}") as h:
        h.telegram.open_chat(OPERATOR)
        await ask(h, "/admin", "Today, until")
        await h.rest()
        world = h.telegram
    async with running_service(
        sqlite_url, telegram=world, admin_telegram_ids=f"{STRANGER.id},{OPERATOR.id}"
    ) as h:
        await eventually(lambda: "admin" in [c["command"] for c in h.telegram.commands_for(OPERATOR)])
        assert next(c["command"] for c in h.telegram.commands_for(OPERATOR)) == "start"
        assert "admin" not in [c["command"] for c in h.telegram.commands_for(BUYER)]


async def test_a_grant_whose_answer_was_lost_is_made_once(database_url: str) -> None:
    async with running_service(database_url, **ADMINS) as h:
        await h.say("/start", "Welcome!", OPERATOR)
        await h.say("/start", "Welcome!")
        h.telegram.fail("sendMessage", Fault(network_error=True, chat_id=OPERATOR.id, times=2))
        await ask(h, f"/admin grant {BUYER.id} 5.00 sorry", "+5.00 credits for")
        assert len(await read(database_url, Entry.all)) == 1
    assert await acts(database_url) == [("grant", "user")]


async def test_books_that_are_off_are_seen_in_the_day_and_at_the_person(sqlite_url: str) -> None:
    async with running_service(sqlite_url, **ADMINS) as h:
        await h.say("/start", "Welcome!", OPERATOR)
        await h.say("/start", "Welcome!")

        async def wrong(_: Database) -> None:
            await Account.filter(id=2).update(balance=1)
            await query("UPDATE schedule SET next_at = 0 WHERE name = 'audit'")

        await beside(sqlite_url, wrong)
        await h.said("🚨 The books are off: ", OPERATOR)
        await ask(h, "/admin", "Books: 🚨 off, see run.py audit")
        await ask(h, f"/admin {BUYER.id}", "🚨 The books of this person are off")


async def test_the_day_names_an_open_dispute_and_takings_less_what_went_back(database_url: str) -> None:
    async with running_service(database_url, **ADMINS) as h:
        await h.say("/start", "Welcome!")
        await h.say("/start", "Welcome!", OPERATOR)
        session = await buy(h)
        dispute = await h.stripe.dispute(session, 200)
        await new(h, "is disputed over $2.00", lambda: None)
        told = (await ask(h, "/admin", "Today, until"))["text"]
        assert "Taken: $3.00 by stripe ($5.00 less $2.00 returned)" in told
        assert "Needs a look" in told
        assert "Purchase 1: a dispute over $2.00 is open since" in told
        await h.stripe.move_dispute(dispute["id"], "won")
        await new(h, "is won", lambda: None)
        told = (await ask(h, "/admin", "Taken: $5.00 by stripe\n"))["text"]
        assert "Needs a look" not in told


async def test_everybody_can_read_what_is_kept_about_them(database_url: str) -> None:
    async with running_service(database_url, keep_texts_days=7) as h:
        told = await h.say("/privacy", "What is kept about you")
        assert "erased after 7 days" in told["text"]
        assert "/privacy" in (await h.say("/help", "/terms"))["text"]
