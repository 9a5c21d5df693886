"""What needs an operator is named, and goes away when it is done."""

from datetime import timedelta
from typing import Any

import pytest

from bot_platform.domain import attention, outbox
from bot_platform.domain.inbox import Event, EventState, GivenUp
from bot_platform.domain.outbox import Notice, NoticeState
from bot_platform.domain.purchases import PurchaseState
from bot_platform.domain.refunds import Refund, RefundState
from bot_platform.domain.reversals import Reversal
from bot_platform.domain.stages import Stage
from bot_platform.infra.clock import now
from bot_platform.infra.database import Database
from tests.makers import person
from tests.web.test_operator_pages import event, sale

OPEN = {
    Stage.DISPUTED: "dispute",
    Stage.APPEALED: "appeal",
    Stage.INQUIRY: "inquiry",
    Stage.WARNED: "warning",
}


async def kinds() -> list[tuple[str, int]]:
    return [(finding.kind, finding.number) for finding in await attention.findings()]


async def test_nothing_needs_a_look_at_first(database: Database) -> None:
    assert database
    assert await attention.findings() == []


@pytest.mark.parametrize("stage", Stage)
async def test_what_is_open_at_a_bank_needs_a_look_until_it_is_closed(
    database: Database, stage: Stage
) -> None:
    sold = await sale(await person(database))
    about: dict[str, Any] = {
        "provider": "stripe",
        "currency": "usd",
        "stage": stage,
        "as_of": 7,
        "since": 7,
        "made_at": 5,
    }
    await Reversal.create(key="stripe:du_1", payment_ref="pi_1", purchase_id=sold.id, amount=300, **about)
    await Reversal.create(key="stripe:du_2", payment_ref="pi_of_another_shop", amount=900, **about)
    assert await kinds() == ([(OPEN[stage], sold.id)] if stage in OPEN else [])


async def test_a_refused_refund_needs_a_look_until_another_is_made(database: Database) -> None:
    sold, other = [await sale(await person(database, 77), n) for n in (1, 2)]
    refund: dict[str, Any] = {"amount": 100, "reason": "asked", "error": "charge_disputed"}
    for n, one in enumerate((sold, other)):
        await Refund.create(request_key=f"r{n}", purchase_id=one.id, state=RefundState.FAILED, **refund)
    old = await Refund.create(request_key="old", purchase_id=other.id, state=RefundState.FAILED, **refund)
    await Refund.filter(id=old.id).update(created_at=now() - timedelta(days=99))
    assert sorted(await kinds()) == [("refund", sold.id), ("refund", other.id)]
    assert {finding.why for finding in await attention.findings()} == {"charge_disputed"}
    await Refund.create(request_key="again", purchase_id=sold.id, state=RefundState.DONE, **refund)
    assert await kinds() == [("refund", other.id)]


@pytest.mark.parametrize("state", PurchaseState)
async def test_money_that_is_kept_aside_needs_a_look_with_or_without_an_event(
    database: Database, state: PurchaseState
) -> None:
    kept = await sale(await person(database), 1, state, charged=None, paid_at=None)
    assert await kinds() == ([("kept_aside", kept.id)] if state is PurchaseState.KEPT_ASIDE else [])


async def test_what_a_person_wrote_and_was_given_up_needs_a_look(database: Database) -> None:
    assert database
    for number, why in enumerate([GivenUp.TELEGRAM, GivenUp.UNREADABLE, "gave up"], start=1):
        await event(number, EventState.FAILED, key=f"tg:{number}", lane=70 + number, error=why)
    assert sorted(await kinds()) == [("update", 71), ("update", 73)]


async def test_an_event_that_failed_needs_a_look_until_it_is_handled(database: Database) -> None:
    assert database
    failed = await event(1, EventState.FAILED, error="RuntimeError: made up")
    await event(2, EventState.IGNORED)
    assert await kinds() == [("event", failed.id)]
    await Event.filter(id=failed.id).update(state=EventState.HANDLED)
    assert await kinds() == []


async def test_a_message_that_was_given_up_needs_a_look_for_a_week(database: Database) -> None:
    assert database
    for n, (error, rank) in enumerate(
        [("400 Bad Request", 0), (outbox.BLOCKED, 0), (outbox.WITHDRAWN, 0), ("400", outbox.BROADCAST)]
    ):
        await Notice.create(
            key=f"n{n}",
            subject="s",
            chat_id=70 + n,
            text="welcome",
            state=NoticeState.DEAD,
            error=error,
            rank=rank,
        )
    assert await kinds() == [("message", 70)]
    await Notice.all().update(created_at=now() - timedelta(days=8))
    assert await kinds() == []


async def test_of_each_kind_some_are_named_and_the_latest_first(database: Database) -> None:
    assert database
    rows = [await event(n, EventState.FAILED) for n in range(attention.MAX_EACH + 5)]
    assert await kinds() == [("event", row.id) for row in reversed(rows[5:])]
