"""The commands about money at Stripe, as a person types them."""

import json
import time
from pathlib import Path

import pytest

from bot_platform.domain import packages, purchases
from bot_platform.domain.inbox import Event
from bot_platform.domain.inbox import EventState as Told
from bot_platform.domain.purchases import PurchaseState
from bot_platform.domain.refunds import Refund
from tests.commands.shell import context
from tests.makers import balance, session_event

YEN = packages.read('[[package]]\ncode = "buy_100"\ncredits = 100\namount = 750\ncurrency = "jpy"\n')


async def test_refund_returns_all_of_it(database_url: str, tmp_path: Path) -> None:
    async with context(database_url, tmp_path) as d:
        purchase = await d.sell()
        done = await d.type("refund", str(purchase.id), "--reason", "asked for")
        assert done.code == 0
        assert done.out == f"Refund 1: $5.00 of purchase {purchase.id} returned.\n"
        assert [row["amount"] for row in d.world.local.refunds.values()] == [500]
        assert await balance(d.user) == 0
        again = await d.type("refund", str(purchase.id), "--reason", "asked for")
        assert again.code == 1
        assert again.err == "$0.00 cannot be returned: of this purchase $0.00 is left to return.\n"
        assert (await d.type("audit")).code == 0


@pytest.mark.parametrize(("amount", "minor"), [("2.50", 250), ("2.5", 250), ("2", 200), ("0.01", 1)])
async def test_a_part_is_written_as_its_currency_is(
    sqlite_url: str, tmp_path: Path, amount: str, minor: int
) -> None:
    async with context(sqlite_url, tmp_path) as d:
        purchase = await d.sell()
        done = await d.type("refund", str(purchase.id), "--amount", amount, "--reason", "a part")
        assert done.code == 0
        assert [row["amount"] for row in d.world.local.refunds.values()] == [minor]


@pytest.mark.parametrize(
    "amount", ["2.505", "2,50", "$2", "-1", "0", "0.00", "5.01", "1e2", "", "nan", "9" * 13, "1 "]
)
async def test_a_part_that_is_none_is_a_line_and_asks_nobody(
    sqlite_url: str, tmp_path: Path, amount: str
) -> None:
    async with context(sqlite_url, tmp_path) as d:
        purchase = await d.sell()
        done = await d.type("refund", str(purchase.id), "--amount", amount, "--reason", "a part")
        assert done.code in {1, 2}
        assert done.out == ""
        assert done.err
        assert not d.world.local.refunds
        assert await balance(d.user) == 10_000
        assert not await Refund.exists()


async def test_yen_have_no_decimals(sqlite_url: str, tmp_path: Path) -> None:
    async with context(sqlite_url, tmp_path, YEN) as d:
        purchase = await d.sell()
        refused = await d.type("refund", str(purchase.id), "--amount", "7.50", "--reason", "a part")
        assert refused.code == 1
        assert refused.err == "--amount: write an amount in jpy with at most 0 decimals\n"
        done = await d.type("refund", str(purchase.id), "--amount", "750", "--reason", "all")
        assert done.all == (0, f"Refund 1: ¥750 of purchase {purchase.id} returned.\n", "")


async def test_spent_credits_need_force(database_url: str, tmp_path: Path) -> None:
    async with context(database_url, tmp_path) as d:
        purchase = await d.sell()
        await d.type("grant", str(d.user.telegram_id), "-99", "--reason", "as if spent")
        done = await d.type("refund", str(purchase.id), "--reason", "asked")
        assert done.code == 1
        assert done.err.startswith("The credits are spent: the refund takes back 100.00 and 1.00 are there.")
        done = await d.type("refund", str(purchase.id), "--force", "--reason", "asked")
        assert done.code == 0
        assert await balance(d.user) == -9_900
        assert (await d.type("audit")).code == 0


async def test_what_cannot_be_returned_is_a_line(sqlite_url: str, tmp_path: Path) -> None:
    async with context(sqlite_url, tmp_path) as d:
        purchase = await d.open()
        done = await d.type("refund", str(purchase.id), "--reason", "no")
        assert done.all == (
            1,
            "",
            f"Purchase {purchase.id} was never paid, so there is nothing to return.\n",
        )
        done = await d.type("refund", "404", "--amount", "2.50", "--reason", "no")
        assert done.all == (1, "", "There is no purchase 404.\n")


async def test_a_refund_that_stripe_refuses_or_does_not_answer_is_a_line(
    database_url: str, tmp_path: Path
) -> None:
    async with context(database_url, tmp_path) as d:
        purchase = await d.sell()
        d.world.local.mischief.down = True
        done = await d.type("refund", str(purchase.id), "--amount", "1", "--reason", "no")
        assert done.code == 1
        assert "Refund 1 of $1.00: no answer came." in done.err
        d.world.local.mischief.down = False
        await d.world.local.dispute(purchase.payment_ref or "")
        done = await d.type("refund", str(purchase.id), "--amount", "2", "--reason", "no")
        assert done.code == 1
        assert "Refund 2 of $2.00 was refused: Charge " in done.err


async def test_reconcile_applies_what_was_missed_and_says_what(database_url: str, tmp_path: Path) -> None:
    async with context(database_url, tmp_path) as d:
        paid, waits = await d.open(), await d.open("buy_500")
        assert waits.id != paid.id
        await d.world.local.pay(paid.provider_ref or "")
        done = await d.type("reconcile", "--since", "90m")
        assert done.code == 0
        lines = done.out.splitlines()
        begun = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(time.time() - 90 * 60))
        assert lines[0][:-9].startswith(f"Checked everything since {begun}"[:-9])
        assert lines[1:] == [
            "Missed events: 1 (1 handled)",
            "Open purchases checked: 1",
            f"Purchases changed: {paid.id}",
        ]
        assert await balance(d.user) == 10_000
        again = (await d.type("reconcile")).out.splitlines()
        assert again[1:] == [
            "Missed events: 0",
            "Open purchases checked: 1",
            "Purchases changed: none",
        ]


async def test_reconcile_without_an_answer_ends_with_1_and_loses_nothing(
    database_url: str, tmp_path: Path
) -> None:
    async with context(database_url, tmp_path) as d:
        purchase = await d.open()
        await d.world.local.pay(purchase.provider_ref or "")
        d.world.local.mischief.down = True
        done = await d.type("reconcile")
        assert done.code == 1
        assert "Stripe does not answer; the answers before that are applied.\n" in done.err
        d.world.local.mischief.down = False
        assert (await d.type("reconcile")).code == 0
        assert (await purchases.get(purchase.id)).state is PurchaseState.PAID


@pytest.mark.parametrize("since", ["0h", "-1h", "72", "h", "1w", "99999h", "1.5h", ""])
async def test_a_span_that_is_none_says_how_it_is_written(
    sqlite_url: str, tmp_path: Path, since: str
) -> None:
    async with context(sqlite_url, tmp_path) as d:
        done = await d.type("reconcile", f"--since={since}")
        assert done.code == 2
        assert "write 90m, 72h or 7d" in done.err


async def test_reconcile_reads_on_behind_an_event_that_cannot_be_read(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with context(sqlite_url, tmp_path) as d:
        purchase = await d.open()
        await d.world.local.pay(purchase.provider_ref or "")
        odd = {"id": "evt_odd", "object": "event", "type": "checkout.session.completed", "created": 1}
        page = {
            "object": "list",
            "url": "/v1/events",
            "has_more": False,
            "data": [odd, *d.world.local.events],
        }
        d.world.local.faults.answer("/v1/events", 200, page, times=9)
        assert (await d.type("reconcile")).code == 0
        assert (await purchases.get(purchase.id)).state is PurchaseState.PAID


async def test_events_are_listed_shown_and_replayed(database_url: str, tmp_path: Path) -> None:
    async with context(database_url, tmp_path) as d:
        empty = await d.type("events")
        assert empty.all == (0, "No event has arrived yet.\n", "")
        assert (await d.type("events", "list", "--failed")).out == "No event has failed.\n"
        purchase = await d.open()
        await d.world.local.pay(purchase.provider_ref or "")
        await d.type("reconcile")
        (event,) = await Event.all()
        name = event.key.removeprefix("stripe:")
        for listed in ((), ("list",), ("list", "--limit", "1")):
            done = await d.type("events", *listed)
            assert done.code == 0
            assert "handled   checkout.session.completed" in done.out
            assert name in done.out
        for id_ in (name, f"stripe:{name}", str(event.id)):
            shown = await d.type("events", "show", id_)
            assert shown.code == 0
            assert json.loads(shown.out.partition("\n\n")[2])["id"] == name
        missing = await d.type("events", "show", "evt_404")
        assert missing.all == (1, "", "There is no event evt_404; `python3 run.py events` lists them.\n")
        assert (await d.type("events", "replay", "evt_404")).code == 1
        again = await d.type("events", "replay", str(event.id))
        assert again.all == (0, f"stripe:{name}: handled\n", "")
        assert await balance(d.user) == 10_000
        assert (await d.type("audit")).code == 0


async def test_failed_events_are_replayed_together_and_the_rest_goes_on(
    database_url: str, tmp_path: Path
) -> None:
    async with context(database_url, tmp_path) as d:
        purchase = await d.open()
        good = session_event(
            id_="evt_good",
            id=purchase.provider_ref,
            client_reference_id=str(d.user.id),
            metadata={"purchase_id": str(purchase.id)},
        )
        wrong = session_event(id_="evt_wrong", id=purchase.provider_ref, amount_subtotal=1)
        unreadable = {"id": "evt_unreadable"}
        for key, payload in (("wrong", wrong), ("unreadable", unreadable), ("good", good)):
            await Event.create(
                key=f"stripe:evt_{key}",
                type="checkout.session.completed",
                payload=payload,
                state=Told.FAILED,
                error="once",
            )
        assert len((await d.type("events", "list", "--failed")).out.splitlines()) == 3
        done = await d.type("events", "replay", "--failed")
        assert done.code == 1
        assert done.out.splitlines() == [
            "stripe:evt_wrong: failed, asked for 500 usd, but 1 usd came",
            "stripe:evt_unreadable: failed, it can no longer be read",
            "stripe:evt_good: handled",
        ]
        assert await balance(d.user) == 10_000
        assert (await d.type("events", "replay")).code == 2
        assert (await d.type("events", "replay", "1", "--failed")).code == 2
        assert (await d.type("events", "list", "--limit", "0")).code == 2
