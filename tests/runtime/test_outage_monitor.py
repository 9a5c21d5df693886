"""Operators get one alert when Stripe or the model fails for minutes, and one when it works again."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest
from aiogram.exceptions import TelegramConflictError, TelegramNetworkError, TelegramUnauthorizedError
from aiogram.methods import GetMe

from bot_platform.domain.outbox import Notice
from bot_platform.infra import correlation
from bot_platform.infra.clock import use
from bot_platform.infra.database import Database
from bot_platform.infra.outbound_calls import BUSY, DOWN, MISCONFIGURED, OK, REFUSED, CallObserver
from bot_platform.providers.mock import MockPayments
from bot_platform.providers.observed_model import ObservedModel
from bot_platform.runtime.outage_monitor import OutageMonitor
from bot_platform.sandbox.movable_clock import MovableClock
from bot_platform.telegram.plain_answers import UnreadableResult
from bot_platform.telegram.poll_health import PollHealth
from bot_platform.telegram.texts import Texts
from bot_platform.work.engine.model import Message, ModelFault, Usage
from tests.makers import BUYER, eventually, payments, running_service
from tests.stories.test_money_back import OPERATOR

ADMINS = (900, 901)


@dataclass
class Replica:
    """One replica, and the clock of its process."""

    clock: MovableClock
    outages: OutageMonitor

    async def observe(self, *results: str, party: str = "stripe", apart: float = 60) -> None:
        """Observe these results, `apart` seconds apart, and check after each."""
        for result in results:
            self.clock.move(apart)
            self.outages.observe(party, result)
            await self.outages.check()


def start(database: Database, clock: MovableClock | None = None) -> Replica:
    clock = clock or MovableClock()
    use(clock)
    return Replica(clock, OutageMonitor(payments(database, operators=ADMINS)))


async def alerts() -> list[str]:
    """Return the alerts in order; every operator has the same ones."""
    by_admin = [
        [
            Texts().say(row.text, **row.text_values)
            for row in await Notice.filter(chat_id=admin).order_by("id")
        ]
        for admin in ADMINS
    ]
    assert by_admin[0] == by_admin[1]
    return by_admin[0]


async def thirty_minutes_later(replica: Replica) -> None:
    replica.clock.move(1800)


async def test_three_minutes_of_failures_alert_once_and_their_end_once(database: Database) -> None:
    replica = start(database)
    await replica.observe(DOWN, DOWN, DOWN)
    assert await alerts() == []
    await replica.observe(*[DOWN] * 5)
    (first,) = await alerts()
    assert first.startswith("🚨 Stripe has not answered for 3 minutes, so nobody can buy.")
    await replica.observe(OK, OK, OK)
    assert (await alerts())[1:] == [
        "✅ Stripe works again, after 8 minutes. Payments that were missed are being credited now."
    ]


@pytest.mark.parametrize(
    ("party", "result", "says"),
    [
        ("stripe", MISCONFIGURED, "Stripe has refused our key for 3 minutes"),
        ("model", DOWN, "The AI has not answered for 3 minutes"),
        ("model", BUSY, "The AI has turned us away for 3 minutes"),
        ("model", "cut", "The AI has not answered for 3 minutes"),
        ("model", MISCONFIGURED, "The AI refuses each request as set up wrong"),
    ],
)
async def test_the_alert_names_the_party_and_the_reason(
    database: Database, party: str, result: str, says: str
) -> None:
    await start(database).observe(*[result] * 4, party=party)
    (text,) = await alerts()
    assert says in text


async def test_a_stripe_that_opens_no_page_is_heard_of_although_it_answers_questions(
    database: Database,
) -> None:
    replica = start(database)
    for _ in range(3):
        assert await alerts() == []
        await replica.observe(DOWN, party="sales", apart=3600)
        await replica.observe(OK, OK)
    (text,) = await alerts()
    assert text.startswith("🚨 Stripe has opened no payment page for 124 minutes")
    await replica.observe(OK, party="sales")
    assert "✅ Stripe's payment page works again" in (await alerts())[1]


async def test_a_stripe_that_is_down_for_everything_is_told_once(database: Database) -> None:
    replica = start(database)
    for _ in range(9):
        await replica.observe(DOWN)
        await replica.observe(DOWN, party="sales")
    (text,) = await alerts()
    assert text.startswith("🚨 Stripe has not answered")


ROWS = {
    # what comes, from how many different people, and after how many of them the operators hear what
    "misconfigured": (1, 3, "The AI refuses each request as set up wrong"),
    "out-of-credit": (1, 1, "The AI's account has no credit left"),
    "unclear": (1, 3, "The AI refuses one request after the other, for a reason that is new to me"),
    "empty": (1, 3, "The AI ends each answer without a text"),
    "refused": (1, 10, "The AI refuses one question after the other"),
    "too-long": (1, 10, "The AI refuses one question after the other"),
    "length": (9, None, ""),
    "thought": (9, None, ""),
    "busy": (1, 19, "The AI has turned us away for 3 minutes"),
    "down": (1, 19, "The AI has not answered for 3 minutes"),
    "cut": (1, 19, "The AI has not answered for 3 minutes"),
}


@pytest.mark.parametrize("result", ROWS)
async def test_each_kind_of_answer_alerts_as_soon_as_waiting_cures_nothing(
    database: Database, result: str
) -> None:
    people, after, says = ROWS[result]
    replica = start(database)
    for n in range(30):
        with correlation.scope("tg:1", user=n % people):
            await replica.observe(result, party="model", apart=10)
        heard = await alerts()
        assert bool(heard) == (after is not None and n + 1 >= after), n
    assert len(heard) <= 1
    assert says in "".join(heard)
    await replica.observe(OK, party="model")
    assert len(await alerts()) == 2 * len(heard)


async def test_refusals_of_several_people_and_nothing_else_are_an_outage(database: Database) -> None:
    replica = start(database)

    async def refused(*people: int) -> None:
        for who in people:
            with correlation.scope("tg:1", user=who):
                await replica.observe("refused", party="model")

    await refused(1, 2, 1, 2, 1, 2)
    assert await alerts() == []
    await replica.observe(OK, party="model")
    await refused(1, 2, 3, 1)
    assert await alerts() == []
    await refused(2)
    assert "refuses one question after the other" in (await alerts())[-1]
    await refused(1, 2, 3)
    await replica.observe(OK, party="model")
    assert [text[0] for text in await alerts()] == ["🚨", "✅"]


@pytest.mark.parametrize("users", [1, 2, 20])
async def test_refusals_hours_apart_are_an_outage_when_nothing_else_comes(
    database: Database, users: int
) -> None:
    replica = start(database)
    for n in range(20):
        with correlation.scope("tg:1", user=n % users):
            await replica.observe("refused", party="model", apart=3600)
        assert len(await alerts()) == (n >= 9)
    await replica.observe(OK, party="model")
    for _ in range(9):
        await replica.observe("refused", party="model", apart=3600)
    assert [text[0] for text in await alerts()] == ["🚨", "✅"]


@pytest.mark.parametrize("result", ["misconfigured", "unclear", "empty"])
async def test_what_waiting_does_not_cure_is_counted_however_rare_the_questions_are(
    database: Database, result: str
) -> None:
    replica = start(database)
    await replica.observe(result, OK, result, "down", result, "length", party="model", apart=3600)
    await replica.observe(result, result, party="model", apart=3600)
    assert await alerts() == []
    await replica.observe(result, party="model", apart=24 * 3600)
    assert len(await alerts()) == 1


async def test_an_account_without_credit_alerts_even_while_another_outage_is_known(
    database: Database,
) -> None:
    replica = start(database)
    await replica.observe(*[BUSY] * 5, party="model")
    await replica.observe("out-of-credit", "out-of-credit", party="model")
    assert len(await alerts()) == 2


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (TelegramNetworkError(GetMe(), "Bad Gateway"), "Telegram has given us no updates for one minute"),
        (TelegramUnauthorizedError(GetMe(), "Unauthorized"), "Telegram has refused our token"),
        (
            TelegramConflictError(GetMe(), "terminated by other"),
            "something else has taken this bot's updates",
        ),
        (UnreadableResult(GetMe(), {}), "Telegram has given us no updates"),
        (RuntimeError("odd"), "Telegram has given us no updates"),
    ],
)
async def test_a_minute_without_updates_alerts_once_and_their_return_once(
    database: Database, error: Exception, says: str
) -> None:
    clock = MovableClock()
    use(clock)
    polling = PollHealth(25)
    outages = OutageMonitor(payments(database, operators=ADMINS), polling)

    async def pass_minute(works: bool) -> None:
        for _ in range(7):
            polling.ask()
            polling.succeed() if works else polling.fail(error)
            await outages.check()
            clock.move(10)
        await outages.check()

    await pass_minute(works=True)
    assert await alerts() == []
    await pass_minute(works=False)
    await pass_minute(works=False)
    (first,) = await alerts()
    assert says in first
    await pass_minute(works=True)
    assert [text[0] for text in await alerts()] == ["🚨", "✅"]


def test_a_question_that_never_comes_back_is_silence_and_a_fault_of_the_database_is_none() -> None:
    clock = MovableClock()
    use(clock)
    polling = PollHealth(25)
    polling.ask()
    clock.move(80)
    assert polling.silence() is None
    clock.move(10)
    assert polling.problem() == "no updates for 90 s (no answer came)"
    for _ in range(9):
        polling.fail(ConnectionRefusedError())
        clock.move(60)
    assert polling.silence() is None


async def test_failures_with_an_answer_in_between_are_no_outage(database: Database) -> None:
    replica = start(database)
    await replica.observe(DOWN, DOWN, DOWN, OK, DOWN, DOWN, DOWN, REFUSED, DOWN, DOWN, DOWN)
    assert await alerts() == []


async def test_two_failures_in_minutes_are_too_few_and_a_hundred_in_a_second_too_soon(
    database: Database,
) -> None:
    replica = start(database)
    await replica.observe(DOWN, DOWN, apart=300)
    await replica.observe(OK)
    await replica.observe(*[DOWN] * 100, apart=0.01)
    assert await alerts() == []


async def test_failures_hours_apart_are_no_outage(database: Database) -> None:
    await start(database).observe(*[DOWN] * 5, apart=3600)
    assert await alerts() == []


async def test_replicas_together_alert_once_and_the_first_that_sees_a_success_reports_the_end(
    database: Database,
) -> None:
    clock = MovableClock()
    replicas = [start(database, clock) for _ in range(3)]
    for _ in range(5):
        for replica in replicas:
            await replica.observe(DOWN, apart=25)
    assert len(await alerts()) == 1
    for replica in replicas:
        await replica.observe(OK)
    assert len(await alerts()) == 2


async def test_a_restart_forgets_neither_the_outage_nor_its_end(database: Database) -> None:
    clock = MovableClock()
    await start(database, clock).observe(*[DOWN] * 4)
    await start(database, clock).observe(*[DOWN] * 4)
    assert len(await alerts()) == 1
    await start(database, clock).observe(OK)
    assert len(await alerts()) == 2


async def test_a_party_that_fails_again_and_again_alerts_once_in_half_an_hour(database: Database) -> None:
    replica = start(database)
    for _ in range(4):
        await replica.observe(*[DOWN] * 5, OK)
    assert len(await alerts()) == 2
    await thirty_minutes_later(replica)
    await replica.observe(*[DOWN] * 5)
    assert [text[0] for text in await alerts()] == ["🚨", "✅", "🚨"]


async def test_an_outage_of_hours_alerts_once(database: Database) -> None:
    replica = start(database)
    for _ in range(3):
        await replica.observe(*[DOWN] * 5)
        await thirty_minutes_later(replica)
        await replica.observe(*[DOWN] * 5, apart=1)
    assert len(await alerts()) == 1


async def test_telegram_and_the_mock_raise_no_alert(database: Database) -> None:
    replica = start(database)
    for party in ("telegram", MockPayments.name):
        await replica.observe(*[DOWN] * 9, party=party)
    assert await alerts() == []


class Scripted:
    """A model that yields one piece and then raises the given fault."""

    name = "scripted"
    endpoint = "here"

    def __init__(self, fault: str | None) -> None:
        self._fault = fault

    async def answer(self, messages: Sequence[Message], most_tokens: int) -> AsyncIterator[str | Usage]:
        yield f"{len(messages)} of {most_tokens}"
        if self._fault:
            raise ModelFault(self._fault)

    async def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    ("fault", "result"),
    [
        (None, OK),
        ("model-down", DOWN),
        ("model-busy", BUSY),
        ("model-cut", "cut"),
        ("model-refused", REFUSED),
    ],
)
async def test_each_result_of_a_model_is_observed_and_passed_on_unchanged(
    fault: str | None, result: str
) -> None:
    observed: list[tuple[str, str]] = []
    calls = CallObserver()
    calls.listeners.append(lambda party, ended: observed.append((party, ended)))
    model = ObservedModel(Scripted(fault), calls)
    expected = pytest.raises(ModelFault, match=fault) if fault else contextlib.nullcontext()
    with expected:
        assert [piece async for piece in model.answer([Message("user", "?")], 7)] == ["1 of 7"]
    assert observed == [("model", result)]


async def test_a_stripe_that_is_down_for_minutes_is_told_in_the_running_house(sqlite_url: str) -> None:
    async with running_service(sqlite_url, admin_telegram_ids=str(OPERATOR.id)) as h:
        await h.say("/start", "Welcome!", OPERATOR)
        shop = await h.say("/start", "Welcome!")
        h.stripe.faults.answer("/v1/*", 503, "<html>Bad gateway</html>", times=500)
        for n in range(1, 4):
            await h.press(shop, "buy_100")
            await eventually(lambda n=n: sum(t.startswith("Sorry, we could") for t in h.texts()) == n)  # type: ignore[misc]
            await h.rest()
            h.clock.move(100)
        await h.said("🚨 Stripe has not answered for", OPERATOR)
        h.stripe.faults.clear()
        await h.press(shop, "buy_100")
        await h.said("✅ Stripe works again, after", OPERATOR)
        await h.said("Please complete your purchase", BUYER)
