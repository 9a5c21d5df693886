"""The commands about money at Stripe, as an operator runs them."""

import json
import time
from pathlib import Path

import pytest

from bot_platform.domain import packages, purchases
from bot_platform.domain.inbox import Event, EventState
from bot_platform.domain.purchases import PurchaseState
from bot_platform.domain.refunds import Refund
from tests.commands.shell import operator
from tests.makers import balance, session_event

YEN = packages.read('[[package]]\ncode = "buy_100"\ncredits = 100\namount = 750\ncurrency = "jpy"\n')


async def test_refund_returns_the_whole_amount(database_url: str, tmp_path: Path) -> None:
    async with operator(database_url, tmp_path) as op:
        purchase = await op.sell()
        done = await op.run("refund", str(purchase.id), "--reason", "asked for")
        assert done.code == 0
        assert done.out == f"Refund 1: $5.00 of purchase {purchase.id} returned.\n"
        assert [row["amount"] for row in op.world.local.refunds.values()] == [500]
        assert await balance(op.user) == 0
        again = await op.run("refund", str(purchase.id), "--reason", "asked for")
        assert again.code == 1
        assert again.err == "$0.00 cannot be returned: of this purchase $0.00 is left to return.\n"
        assert (await op.run("audit")).code == 0


@pytest.mark.parametrize(("amount", "minor"), [("2.50", 250), ("2.5", 250), ("2", 200), ("0.01", 1)])
async def test_a_partial_amount_is_written_in_the_currency_s_main_unit(
    sqlite_url: str, tmp_path: Path, amount: str, minor: int
) -> None:
    async with operator(sqlite_url, tmp_path) as op:
        purchase = await op.sell()
        done = await op.run("refund", str(purchase.id), "--amount", amount, "--reason", "a part")
        assert done.code == 0
        assert [row["amount"] for row in op.world.local.refunds.values()] == [minor]


@pytest.mark.parametrize(
    "amount", ["2.505", "2,50", "$2", "-1", "0", "0.00", "5.01", "1e2", "", "nan", "9" * 13, "1 "]
)
async def test_an_invalid_amount_is_an_error_line_and_no_request(
    sqlite_url: str, tmp_path: Path, amount: str
) -> None:
    async with operator(sqlite_url, tmp_path) as op:
        purchase = await op.sell()
        done = await op.run("refund", str(purchase.id), "--amount", amount, "--reason", "a part")
        assert done.code in {1, 2}
        assert done.out == ""
        assert done.err
        assert not op.world.local.refunds
        assert await balance(op.user) == 10_000
        assert not await Refund.exists()


async def test_yen_have_no_decimals(sqlite_url: str, tmp_path: Path) -> None:
    async with operator(sqlite_url, tmp_path, YEN) as op:
        purchase = await op.sell()
        refused = await op.run("refund", str(purchase.id), "--amount", "7.50", "--reason", "a part")
        assert refused.code == 1
        assert refused.err == "--amount: write an amount in jpy with at most 0 decimals\n"
        done = await op.run("refund", str(purchase.id), "--amount", "750", "--reason", "all")
        assert done.all == (0, f"Refund 1: ¥750 of purchase {purchase.id} returned.\n", "")


async def test_a_refund_of_spent_credits_needs_force(database_url: str, tmp_path: Path) -> None:
    async with operator(database_url, tmp_path) as op:
        purchase = await op.sell()
        await op.run("grant", str(op.user.telegram_id), "-99", "--reason", "as if spent")
        done = await op.run("refund", str(purchase.id), "--reason", "asked")
        assert done.code == 1
        assert done.err.startswith("The credits are spent: the refund takes back 100.00 and 1.00 are there.")
        done = await op.run("refund", str(purchase.id), "--force", "--reason", "asked")
        assert done.code == 0
        assert await balance(op.user) == -9_900
        assert (await op.run("audit")).code == 0


async def test_a_refund_that_is_not_possible_is_an_error_line(sqlite_url: str, tmp_path: Path) -> None:
    async with operator(sqlite_url, tmp_path) as op:
        purchase = await op.open()
        done = await op.run("refund", str(purchase.id), "--reason", "no")
        assert done.all == (
            1,
            "",
            f"Purchase {purchase.id} was never paid, so there is nothing to return.\n",
        )
        done = await op.run("refund", "404", "--amount", "2.50", "--reason", "no")
        assert done.all == (1, "", "There is no purchase 404.\n")


async def test_a_refund_that_stripe_refuses_or_does_not_answer_is_an_error_line(
    database_url: str, tmp_path: Path
) -> None:
    async with operator(database_url, tmp_path) as op:
        purchase = await op.sell()
        op.world.local.fault_switches.down = True
        done = await op.run("refund", str(purchase.id), "--amount", "1", "--reason", "no")
        assert done.code == 1
        assert "Refund 1 of $1.00: no answer came." in done.err
        op.world.local.fault_switches.down = False
        await op.world.local.dispute(purchase.payment_ref or "")
        done = await op.run("refund", str(purchase.id), "--amount", "2", "--reason", "no")
        assert done.code == 1
        assert "Refund 2 of $2.00 was refused: Charge " in done.err


async def test_reconcile_applies_missed_events_and_prints_the_changes(
    database_url: str, tmp_path: Path
) -> None:
    async with operator(database_url, tmp_path) as op:
        paid, unpaid = await op.open(), await op.open("buy_500")
        assert unpaid.id != paid.id
        await op.world.local.pay(paid.provider_ref or "")
        done = await op.run("reconcile", "--since", "90m")
        assert done.code == 0
        lines = done.out.splitlines()
        since = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(time.time() - 90 * 60))
        assert lines[0][:-9].startswith(f"Checked everything since {since}"[:-9])
        assert lines[1:] == [
            "Missed events: 1 (1 handled)",
            "Open purchases checked: 1",
            f"Purchases changed: {paid.id}",
        ]
        assert await balance(op.user) == 10_000
        again = (await op.run("reconcile")).out.splitlines()
        assert again[1:] == [
            "Missed events: 0",
            "Open purchases checked: 1",
            "Purchases changed: none",
        ]


async def test_reconcile_without_an_answer_exits_with_1_and_can_be_repeated(
    database_url: str, tmp_path: Path
) -> None:
    async with operator(database_url, tmp_path) as op:
        purchase = await op.open()
        await op.world.local.pay(purchase.provider_ref or "")
        op.world.local.fault_switches.down = True
        done = await op.run("reconcile")
        assert done.code == 1
        assert "Stripe does not answer; the answers before that are applied.\n" in done.err
        op.world.local.fault_switches.down = False
        assert (await op.run("reconcile")).code == 0
        assert (await purchases.get(purchase.id)).state is PurchaseState.PAID


@pytest.mark.parametrize("since", ["0h", "-1h", "72", "h", "1w", "99999h", "1.5h", ""])
async def test_an_invalid_span_is_an_error_that_shows_the_format(
    sqlite_url: str, tmp_path: Path, since: str
) -> None:
    async with operator(sqlite_url, tmp_path) as op:
        done = await op.run("reconcile", f"--since={since}")
        assert done.code == 2
        assert "write 90m, 72h or 7d" in done.err


async def test_reconcile_continues_after_an_event_that_cannot_be_read(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with operator(sqlite_url, tmp_path) as op:
        purchase = await op.open()
        await op.world.local.pay(purchase.provider_ref or "")
        odd = {"id": "evt_odd", "object": "event", "type": "checkout.session.completed", "created": 1}
        page = {
            "object": "list",
            "url": "/v1/events",
            "has_more": False,
            "data": [odd, *op.world.local.events],
        }
        op.world.local.faults.answer("/v1/events", 200, page, times=9)
        assert (await op.run("reconcile")).code == 0
        assert (await purchases.get(purchase.id)).state is PurchaseState.PAID


async def test_events_are_listed_shown_and_replayed(database_url: str, tmp_path: Path) -> None:
    async with operator(database_url, tmp_path) as op:
        empty = await op.run("events")
        assert empty.all == (0, "No event has arrived yet.\n", "")
        assert (await op.run("events", "list", "--failed")).out == "No event has failed.\n"
        purchase = await op.open()
        await op.world.local.pay(purchase.provider_ref or "")
        await op.run("reconcile")
        (event,) = await Event.all()
        name = event.key.removeprefix("stripe:")
        for listed in ((), ("list",), ("list", "--limit", "1")):
            done = await op.run("events", *listed)
            assert done.code == 0
            assert "handled   checkout.session.completed" in done.out
            assert name in done.out
        for id_ in (name, f"stripe:{name}", str(event.id)):
            shown = await op.run("events", "show", id_)
            assert shown.code == 0
            assert json.loads(shown.out.partition("\n\n")[2])["id"] == name
        missing = await op.run("events", "show", "evt_404")
        assert missing.all == (1, "", "There is no event evt_404; `python3 run.py events` lists them.\n")
        assert (await op.run("events", "replay", "evt_404")).code == 1
        again = await op.run("events", "replay", str(event.id))
        assert again.all == (0, f"stripe:{name}: handled\n", "")
        assert await balance(op.user) == 10_000
        assert (await op.run("audit")).code == 0


async def test_replay_failed_handles_every_failed_event(database_url: str, tmp_path: Path) -> None:
    async with operator(database_url, tmp_path) as op:
        purchase = await op.open()
        good = session_event(
            id_="evt_good",
            id=purchase.provider_ref,
            client_reference_id=str(op.user.id),
            metadata={"purchase_id": str(purchase.id)},
        )
        wrong = session_event(id_="evt_wrong", id=purchase.provider_ref, amount_subtotal=1)
        unreadable = {"id": "evt_unreadable"}
        for key, payload in (("wrong", wrong), ("unreadable", unreadable), ("good", good)):
            await Event.create(
                key=f"stripe:evt_{key}",
                type="checkout.session.completed",
                payload=payload,
                state=EventState.FAILED,
                error="once",
            )
        assert len((await op.run("events", "list", "--failed")).out.splitlines()) == 3
        done = await op.run("events", "replay", "--failed")
        assert done.code == 1
        assert done.out.splitlines() == [
            "stripe:evt_wrong: failed, asked for 500 usd, but 1 usd came",
            "stripe:evt_unreadable: failed, it can no longer be read",
            "stripe:evt_good: handled",
        ]
        assert await balance(op.user) == 10_000
        assert (await op.run("events", "replay")).code == 2
        assert (await op.run("events", "replay", "1", "--failed")).code == 2
        assert (await op.run("events", "list", "--limit", "0")).code == 2
