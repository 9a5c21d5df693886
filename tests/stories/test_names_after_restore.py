"""A restored database counts again: what Stripe keeps under a counted number alone meets another row."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bot_platform.domain import purchases
from bot_platform.domain.purchases import Purchase, PurchaseState
from bot_platform.domain.refunds import Refund, RefundState
from bot_platform.flows import reconcile
from bot_platform.infra.sql import query
from tests.commands.shell import PG_PROGRAMS, Operator, operator, path_variable
from tests.makers import balance


class Disk(Operator):
    """An operator with a backup."""

    async def back_up(self) -> None:
        self.environment["PATH"] = path_variable(PG_PROGRAMS)
        assert (await self.run("backup", "saved", "--force")).code == 0

    async def restore(self) -> None:
        """Put the backup back; nobody has asked Stripe yet what happened since."""
        await self.payments.database.close()
        done = await self.run("restore", "saved", "--force")
        assert done.code == 0, done
        await self.payments.database.open()

    def returned(self) -> Sequence[int]:
        """List the amounts of all refunds that Stripe has made, in minor units."""
        return [row["amount"] for row in self.world.local.refunds.values()]


def disk(op: Operator) -> Disk:
    return Disk(op.folder, op.environment, op.payments, op.world, op.user)


async def test_a_refund_after_a_restore_moves_money_though_its_number_was_used_before(
    database_url: str, tmp_path: Path
) -> None:
    async with operator(database_url, tmp_path) as operated:
        op = disk(operated)
        purchase = await op.sell("buy_500")
        await op.back_up()
        first = await op.run("refund", str(purchase.id), "--amount", "5", "--reason", "asked for")
        assert first.all == (0, f"Refund 1: $5.00 of purchase {purchase.id} returned.\n", "")
        await op.restore()
        assert (await op.run("reconcile")).code == 0
        assert await Refund.all().count() == 0
        assert (await purchases.get(purchase.id)).state is PurchaseState.PARTLY_REVERSED
        second = await op.run("refund", str(purchase.id), "--amount", "5", "--reason", "asked for")
        assert second.all == (0, f"Refund 1: $5.00 of purchase {purchase.id} returned.\n", "")
        assert op.returned() == [500, 500]
        (ended,) = await Refund.all()
        assert ended.state is RefundState.DONE
        assert (await op.run("reconcile")).code == 0
        assert (await op.run("audit")).code == 0
        assert (
            len(await query("SELECT key FROM reversal WHERE amount = 500 AND purchase_id IS NOT NULL")) >= 2
        )


async def test_a_refund_after_a_restore_is_refused_when_nothing_is_left_to_return(
    database_url: str, tmp_path: Path
) -> None:
    async with operator(database_url, tmp_path) as operated:
        op = disk(operated)
        purchase = await op.sell()
        await op.back_up()
        assert (await op.run("refund", str(purchase.id), "--reason", "asked for")).code == 0
        await op.restore()  # only Stripe knows now that all is returned
        again = await op.run("refund", str(purchase.id), "--reason", "asked for")
        assert again.code == 1
        assert "was refused: Charge " in again.err
        assert "already been refunded" in again.err
        assert op.returned() == [500]
        assert (await op.run("reconcile")).code == 0
        assert await balance(op.user) == 0
        assert (await op.run("audit")).code == 0


async def test_the_event_of_an_old_refund_does_not_end_a_new_one_of_the_same_number(
    database_url: str, tmp_path: Path
) -> None:
    async with operator(database_url, tmp_path) as operated:
        op = disk(operated)
        purchase = await op.sell("buy_500")
        await op.back_up()
        assert (await op.run("refund", str(purchase.id), "--amount", "5", "--reason", "asked for")).code == 0
        await op.restore()
        op.world.local.fault_switches.down = True
        asked = await op.run("refund", str(purchase.id), "--amount", "5", "--reason", "asked for")
        assert "no answer came" in asked.err
        op.world.local.fault_switches.down = False
        assert (await op.run("reconcile")).code == 0  # hears of the old refund 1
        (open_,) = await Refund.all()
        assert (open_.id, open_.state) == (1, RefundState.ASKED)
        assert (await op.run("audit")).code == 0


async def test_a_lost_sale_is_not_taken_for_the_sale_that_has_its_number_now(
    database_url: str, tmp_path: Path
) -> None:
    async with operator(database_url, tmp_path) as operated:
        op = disk(operated)
        await op.back_up()
        lost = await op.open()
        await op.restore()
        now = await op.open()
        assert (now.id, now.user_id, now.amount) == (lost.id, lost.user_id, lost.amount)
        assert now.provider_ref != lost.provider_ref
        await op.world.local.pay(lost.provider_ref or "")
        assert (await op.run("reconcile")).code == 0
        assert await balance(op.user) == 10_000
        kept = await purchases.get(now.id)
        assert (kept.state, kept.provider_ref) == (PurchaseState.OPEN, now.provider_ref)
        assert kept.can_be_paid
        await op.world.local.pay(now.provider_ref or "")
        assert (await op.run("reconcile")).code == 0
        assert await balance(op.user) == 20_000
        assert (await op.run("audit")).code == 0


@pytest.mark.parametrize("times", [1, 2])
async def test_a_counted_attempt_is_new_to_stripe_after_a_restore(
    database_url: str, tmp_path: Path, times: int
) -> None:
    """The row and its attempt are in the backup, and Stripe keeps what it answered to that attempt since."""
    async with operator(database_url, tmp_path) as operated:
        op = disk(operated)
        package = op.payments.prices.get("buy_100")
        await op.back_up()
        for _ in range(times):
            await op.open()
            await op.restore()
        opened = await op.open()
        sessions = {purchase.provider_ref for purchase in await Purchase.all()}
        assert sessions == {opened.provider_ref}
        keys = [r.idempotency_key for r in op.world.local.requests if r.path == "/v1/checkout/sessions"]
        assert len(set(keys)) == len(keys) == times + 1
        await op.world.local.pay(opened.provider_ref or "")
        await reconcile.check_purchase(op.payments, opened)
        assert await balance(op.user) == package.credits
