"""`/readyz` says what does not work, and `/livez` only what a restart would cure."""

import asyncio
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
from tortoise.exceptions import OperationalError

from bot_platform.sandbox.telegram_state import Person
from bot_platform.sandbox.telegram_world import Fault, TelegramWorld
from tests.makers import RunningService, eventually, running_service
from tests.providers.raw_server import Reader, Writer, joined, listening

OPERATOR = Person(id=900, first_name="Operator")


async def get(h: RunningService, path: str, *, moves: float = 0.0) -> tuple[int, dict[str, Any]]:
    """Ask the service; the clock moves by so many seconds at each look at the answer."""

    async def ask() -> tuple[int, dict[str, Any]]:
        async with h.http.get(f"{h.url}{path}") as answer:
            return answer.status, await answer.json()

    asking = asyncio.create_task(ask())
    while not asking.done():
        await asyncio.sleep(0.02)
        h.clock.move(moves)
    return await asking


async def pass_seconds(h: RunningService, seconds: int) -> None:
    """Move the clock although something is in hand, and let each loop come around."""
    for _ in range(seconds):
        h.clock.move(1)
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(code=401, description="Unauthorized", times=None),
        Fault(code=409, description="Conflict: terminated by other getUpdates request", times=None),
        Fault(code=502, description="Bad Gateway", times=None),
        Fault(network_error=True, times=None),
    ],
    ids=["a revoked token", "another poller", "a bad gateway", "no network"],
)
async def test_a_minute_without_updates_is_not_ready_alerts_once_and_recovers(
    database_url: str, fault: Fault
) -> None:
    async with running_service(database_url, admin_telegram_ids=str(OPERATOR.id)) as h:
        await h.say("/start", "Welcome!", OPERATOR)
        h.telegram.fail("getUpdates", fault)
        await h.clock.pass_time(40)
        assert (await get(h, "/readyz"))[0] == 200
        await h.clock.pass_time(60)
        status, said = await get(h, "/readyz")
        assert (status, said["failing"]) == (503, ["telegram"])
        assert said["why"]["telegram"].startswith("no updates for ")
        assert (await get(h, "/livez"))[0] == (await get(h, "/healthz"))[0] == 200
        h.telegram.clear_faults()
        await h.said("✅ Telegram works again", OPERATOR)
        assert (await get(h, "/readyz"))[0] == 200
        assert len([text for text in h.texts(OPERATOR) if text.startswith("🚨")]) == 1


async def test_a_webhook_that_is_not_ours_keeps_the_service_from_being_ready(database_url: str) -> None:
    async with running_service(database_url) as h:
        h.platform.services.update_source.health.stand_by()
        h.telegram.fail("getUpdates", Fault(code=404, description="Not Found", times=None))
        await h.clock.pass_time(90)
        assert (await get(h, "/readyz"))[1]["failing"] == ["telegram"]


WEBHOOK: dict[str, Any] = {"telegram_mode": "webhook", "webapp_url": "https://bot.example.com"}


async def post(h: RunningService, who: Person, text: str) -> None:
    """Post a person's message as Telegram does, and confirm it."""
    h.telegram.say(who, text)
    number, update = list(h.telegram.updates.pending.items())[-1]
    headers = {"X-Telegram-Bot-Api-Secret-Token": h.settings.telegram_secret}
    async with h.http.post(f"{h.url}/api/v1/telegram-webhook", json=update, headers=headers) as answer:
        assert answer.status == 200
    h.telegram.updates.confirm(number)


def not_posted(h: RunningService, who: Person, says: str) -> None:
    """Let a message wait at Telegram, which has tried in vain to post it."""
    h.telegram.say(who, "/balance")
    webhook = h.telegram.updates.webhook
    assert webhook
    h.telegram.updates.webhook = replace(webhook, last_error=says, last_error_at=int(h.telegram.clock()) + 1)


@pytest.mark.parametrize(
    "says",
    [
        "Wrong response from the webhook: 403 Forbidden",
        "Wrong response from the webhook: 500 Internal Server Error",
        "SSL error {error:0A000086:SSL routines::certificate verify failed}",
        "Connection refused",
    ],
)
async def test_posts_that_do_not_arrive_alarm_once_and_the_service_stays_ready_for_them(
    database_url: str, says: str
) -> None:
    async with running_service(database_url, admin_telegram_ids=str(OPERATOR.id), **WEBHOOK) as h:
        await eventually(lambda: h.telegram.updates.webhook)
        await post(h, OPERATOR, "/start")
        await h.said("Welcome!", OPERATOR)
        not_posted(h, OPERATOR, says)
        await h.said("could not post this bot's updates to WEBAPP_URL", OPERATOR)
        await h.clock.pass_time(200)
        assert (await get(h, "/readyz"))[0] == 200, "or nothing would ever be posted here again"
        await post(h, OPERATOR, "/balance")  # what waited comes, and the error stands as it was
        await h.said("✅ Telegram works again", OPERATOR)
        assert len([text for text in h.texts(OPERATOR) if text.startswith("🚨")]) == 1


async def test_after_a_restart_posts_that_do_not_arrive_are_no_recovery(sqlite_url: str) -> None:
    settings = WEBHOOK | {"admin_telegram_ids": str(OPERATOR.id)}
    world = TelegramWorld(allow_local_urls=True)
    async with running_service(sqlite_url, telegram=world, **settings) as h:
        await eventually(lambda: h.telegram.updates.webhook)
        await post(h, OPERATOR, "/start")
        not_posted(h, OPERATOR, "Connection refused")
        await h.said("could not post this bot's updates", OPERATOR)
    async with running_service(sqlite_url, telegram=world, **settings) as h:  # setWebhook clears the error
        await h.clock.pass_time(200)
        assert not any("✅" in text for text in h.texts(OPERATOR))
        await post(h, OPERATOR, "/balance")
        await h.said("✅ Telegram works again", OPERATOR)


async def test_a_webhook_that_another_program_has_set_alarms(sqlite_url: str) -> None:
    async with running_service(sqlite_url, admin_telegram_ids=str(OPERATOR.id), **WEBHOOK) as h:
        webhook = await eventually(lambda: h.telegram.updates.webhook)
        await post(h, OPERATOR, "/start")
        h.telegram.updates.webhook = replace(webhook, url="https://elsewhere.example.com/x")
        await h.said("something else has taken this bot's updates", OPERATOR)
        assert (await get(h, "/readyz"))[0] == 200, "payments go on"


async def test_an_old_error_and_a_message_on_its_way_are_no_fault(sqlite_url: str) -> None:
    async with running_service(sqlite_url, admin_telegram_ids=str(OPERATOR.id), **WEBHOOK) as h:
        webhook = await eventually(lambda: h.telegram.updates.webhook)
        old: dict[str, Any] = {
            "last_error": "Connection refused",
            "last_error_at": int(h.telegram.clock()) - 5,
        }
        h.telegram.updates.webhook = replace(webhook, **old)
        await post(h, OPERATOR, "/start")
        h.telegram.say(OPERATOR, "/balance")  # on its way
        await h.clock.pass_time(300)
        assert not any(text.startswith("🚨") for text in h.texts(OPERATOR))
        assert (await get(h, "/readyz"))[0] == 200


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault(code=404, description="Not Found: method not found", times=None), ""),
        (Fault(code=401, description="Unauthorized", times=None), "Telegram has refused our token"),
        (Fault(network_error=True, times=None), "Telegram has given us no updates"),
    ],
    ids=["an unknown method", "a revoked token", "no network"],
)
async def test_a_question_about_the_webhook_that_fails(sqlite_url: str, fault: Fault, says: str) -> None:
    async with running_service(sqlite_url, admin_telegram_ids=str(OPERATOR.id), **WEBHOOK) as h:
        await eventually(lambda: h.telegram.updates.webhook)
        await post(h, OPERATOR, "/start")
        h.telegram.fail("getWebhookInfo", fault)
        await h.clock.pass_time(250)
        alerts = [text for text in h.texts(OPERATOR) if text.startswith("🚨")]
        assert [says in text for text in alerts] == ([True] if says else [])
        assert (await get(h, "/readyz"))[0] == 200


async def test_a_database_that_hangs_is_told_quickly_on_one_connection_and_no_restart_is_asked_for(
    postgres_url: str,
) -> None:
    parts = urlsplit(postgres_url)
    folder = parse_qs(parts.query)["host"][0]
    state: dict[str, Any] = {"hangs": False, "waiting": 0}

    async def relay(reader: Reader, writer: Writer) -> None:
        if state["hangs"]:
            state["waiting"] += 1
            await reader.read()
            return
        await joined(reader, writer, *await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432"))

    async with listening(relay) as address:
        url = f"postgres://postgres@{address}{parts.path}?sslmode=disable"
        async with running_service(url) as h:
            assert (await get(h, "/readyz"))[0] == 200
            state["hangs"] = True
            for _ in range(4):
                answers = await asyncio.gather(*(get(h, "/readyz", moves=0.2) for _ in range(3)))
                assert {status for status, _ in answers} == {503}
                assert answers[0][1]["failing"] == ["database"]
            assert state["waiting"] <= 4
            assert (await get(h, "/livez", moves=0.2))[0] == (await get(h, "/healthz"))[0] == 200
            state["hangs"] = False
            while (await get(h, "/readyz"))[0] != 200:
                pass


async def test_a_worker_that_stands_still_is_named_and_a_restart_is_asked_for(sqlite_url: str) -> None:
    async with running_service(sqlite_url) as h:
        worker, never = h.platform.background.workers[1], asyncio.Event()

        async def stuck(_: int) -> list[Any]:
            await never.wait()
            return []

        worker._claim = stuck  # noqa: SLF001 -- what hangs is a query, which no test can make hang alone
        worker.notify()
        await asyncio.sleep(0)
        while not worker.health[0].problem():
            await pass_seconds(h, 5)
        for path in ("/readyz", "/livez"):
            status, said = await get(h, path)
            assert status == 503
            assert "inbox has not come around for" in str(said["why"])
        never.set()
        await eventually(lambda: not worker.health[0].problem())
        assert (await get(h, "/livez"))[0] == (await get(h, "/readyz"))[0] == 200


async def test_a_worker_that_only_fails_is_named_and_one_failure_is_not(sqlite_url: str) -> None:
    async with running_service(sqlite_url) as h:
        worker = h.platform.background.workers[1]
        claim = worker._claim  # noqa: SLF001 -- as above

        async def broken(_: int) -> list[Any]:
            raise ValueError("odd")

        worker._claim = broken  # noqa: SLF001 -- as above
        await pass_seconds(h, 20)
        assert (await get(h, "/livez"))[0] == 200
        await pass_seconds(h, 70)
        status, said = await get(h, "/livez")
        assert status == 503
        assert "inbox has failed for" in said["why"]
        worker._claim = claim  # noqa: SLF001 -- as above
        await eventually(lambda: not worker.health[0].problem())
        assert (await get(h, "/readyz"))[0] == 200


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("attempt to write a readonly database"),
        OperationalError("database or disk is full"),
        asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction"),
        asyncpg.DiskFullError("could not extend file"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_database_that_answers_but_cannot_be_written_asks_for_no_restart(
    sqlite_url: str, error: Exception
) -> None:
    async with running_service(sqlite_url) as h:

        async def refused(_: int) -> list[Any]:
            raise error

        h.platform.background.workers[1]._claim = refused  # noqa: SLF001 -- as above
        await pass_seconds(h, 90)
        assert (await get(h, "/readyz"))[1]["failing"] == ["workers"]
        assert (await get(h, "/livez"))[0] == 200


async def test_a_task_that_ended_is_named(sqlite_url: str) -> None:
    async with running_service(sqlite_url) as h:
        task = h.platform.background._tasks[-1]  # noqa: SLF001 -- nothing from outside ends a task
        task.cancel()
        await asyncio.wait([task])
        assert (await get(h, "/readyz"))[1]["failing"] == ["dispatcher"]
        assert await get(h, "/livez") == (503, {"status": "stands still", "why": "a task has ended"})
