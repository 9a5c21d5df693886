"""Each flow about money: how a test prepares it, runs it, and runs it again after a crash."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot_platform.domain import inbox, ledger, refunds
from bot_platform.domain.checkout import Stage
from bot_platform.domain.outbox import Notice
from bot_platform.flows import audit, deliver, freeze, periodic, provider_events, refund
from bot_platform.flows.arrive import arrive
from bot_platform.flows.buy import buy
from bot_platform.flows.grant import grant
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.providers.mock import MockPayments
from tests.makers import PRICES
from tests.reliability.stateful.crash_injection import Calamity
from tests.reliability.stateful.fake_provider import Mood, Reader, paid, reversal
from tests.reliability.stateful.one_sale import ADMINS, BEGAN, Sale, pressed, sold

Act = Callable[[Sale], Awaitable[object]]


@dataclass(frozen=True)
class Story:
    """How to prepare a sale, the act that is interrupted, and the failures that may interrupt it."""

    prepare: Callable[[Database, int], Awaitable[Sale]]
    act: Act
    calamities: Sequence[Calamity] = tuple(Calamity)


def reopened(sale: Sale, database: Database) -> Sale:
    """Return the sale on the database of the restarted process."""
    return replace(sale, money=replace(sale.money, database=database))


async def _dispute(sale: Sale) -> None:
    """Receive the event of a dispute about half of the money."""
    said = reversal(sale.id, "dp", Stage.DISPUTED, 250, BEGAN)
    await provider_events.receive(
        sale.money, replace(Reader().event(said, str(sale.id)), key=f"stripe:evt_dp_{sale.id}")
    )


async def settle(sale: Sale) -> None:
    said = Reader().event(paid(sale.id, sale.user.id), str(sale.id))
    await provider_events.receive(sale.money, replace(said, key=f"stripe:evt_paid_{sale.id}"))


async def _settle_and_meet(sale: Sale) -> None:
    await sale.hears("re_1", Stage.REFUNDED, 200)
    await sale.hears("dp", Stage.INQUIRY, 200)
    await settle(sale)


async def _keep_and_handle(sale: Sale) -> None:
    """Store an event and handle it as the worker does, after the lease of a crashed one has expired."""
    reader = Reader()
    event = reader.event(reversal(sale.id, "re_1", Stage.REFUNDED, 200, BEGAN), str(sale.id))
    money = replace(sale.money, events=reader)
    await provider_events.store(money, [event])
    await query("UPDATE event SET lease_until = 0")
    for row in await provider_events.claim(money, 8):
        await provider_events.handle(money, row)


async def _disputed(database: Database, number: int) -> Sale:
    sale = await sold(database, number)
    await _dispute(sale)
    return sale


async def _replay(sale: Sale) -> None:
    reader = Reader()
    again = reader.event(reversal(sale.id, "dp", Stage.DISPUTED, 250, BEGAN), "")
    (row,) = await query("SELECT id FROM event WHERE key = ?", f"stripe:evt_dp_{sale.id}")
    event = await inbox.Event.get(id=row["id"])
    event.payload = again.payload
    money = replace(sale.money, events=reader)
    await provider_events.replay(money, event)
    await provider_events.handle(money, event)


async def ask(sale: Sale) -> None:
    """Ask for a refund unless there is one already, as an operator does."""
    if not await refunds.amount_requested(sale.id):
        await refund.request(sale.money, sale.id, amount=200, reason="asked", force=False)


async def _asked(database: Database, number: int) -> Sale:
    sale = await sold(database, number)
    await ask(sale)
    return sale


async def _to_be_refused(database: Database, number: int) -> Sale:
    sale = await _asked(database, number)
    sale.context.mood = Mood.REFUSES
    return sale


async def _carry_out(sale: Sale) -> None:
    for row in await refunds.Refund.filter(purchase_id=sale.id, state=refunds.RefundState.ASKED):
        await refund.carry_out(sale.money, row)


async def _frozen(database: Database, number: int) -> Sale:
    sale = await sold(database, number)
    await sale.hears("issfr", Stage.WARNED)
    return sale


async def _with_one_notice(database: Database, number: int) -> Sale:
    sale = await sold(database, number)
    await query("UPDATE notice SET state = 'sent' WHERE chat_id <> ?", sale.user.telegram_id)
    return sale


async def _send(sale: Sale, end: Callable[[Database, Notice], Awaitable[None]]) -> None:
    """Send pending notices as the worker does, after the leases of a crashed one have expired."""
    await query("UPDATE notice SET lease_until = 0")
    for _ in range(2):
        await query("UPDATE notice SET tried_at = 0")
        for notice in await deliver.claim(sale.money.database, 8):
            await end(sale.money.database, notice)


async def _sent(database: Database, notice: Notice) -> None:
    await deliver.sent(database, notice, 1)


async def _blocked(database: Database, notice: Notice) -> None:
    await deliver.blocked(database, notice)


async def _round(sale: Sale) -> None:
    name = f"round of {sale.user.telegram_id}"
    await query("UPDATE schedule SET lease_until = 0 WHERE name = ?", name)

    async def look(mark: int) -> int:
        return max(mark, 7)

    await periodic.run_if_due(sale.money.database, name, look, every=3600, early=True)


async def _off(database: Database, number: int) -> Sale:
    sale = await sold(database, number)
    await query("UPDATE account SET balance = balance + 7 WHERE user_id = ?", sale.user.id)
    return sale


async def _prove(sale: Sale) -> None:
    await audit.audit_books(sale.money.database, ADMINS, lambda _: None)


async def mend(sale: Sale) -> None:
    """Repair the books that a story had damaged."""
    account = await ledger.find_account(sale.user.id)
    if account.broken:
        await query("UPDATE account SET balance = balance - 7 WHERE user_id = ?", sale.user.id)
        await _prove(sale)
        assert not (await ledger.find_account(sale.user.id)).broken


async def _buy(sale: Sale) -> None:
    await buy(sale.money, sale.user, PRICES.get("buy_500"), f"large:{sale.user.telegram_id}")


async def _buy_of_the_mock(sale: Sale) -> None:
    money = replace(sale.money, provider=MockPayments())
    await buy(money, sale.user, PRICES.get("buy_500"), f"mock:{sale.user.telegram_id}")


def _told(act: Callable[..., Awaitable[Any]], *args: Any) -> Act:
    """Make a story of a flow that takes the database and the user."""
    return lambda sale: act(sale.money.database, sale.user, *(a(sale) if callable(a) else a for a in args))


STORIES: dict[str, Story] = {
    "arrive": Story(
        pressed,
        lambda sale: arrive(
            sale.money.database,
            telegram_id=-sale.user.telegram_id,
            language="en",
            welcome_credits=500,
        ),
    ),
    "buy": Story(pressed, _buy),
    "buy of the mock": Story(pressed, _buy_of_the_mock),
    "settle": Story(pressed, settle),
    "settle and meet what waited": Story(pressed, _settle_and_meet),
    "reverse": Story(sold, _dispute),
    "keep and handle": Story(sold, _keep_and_handle),
    "replay": Story(_disputed, _replay),
    "ask for a refund": Story(sold, ask, [Calamity.DEATH]),
    "carry out a refund": Story(_asked, _carry_out),
    "carry out a refund that is refused": Story(_to_be_refused, _carry_out),
    "grant": Story(sold, _told(grant, 300, "so", lambda sale: f"g{sale.id}")),
    "lift a freeze": Story(_frozen, _told(freeze.unfreeze)),
    "send notices": Story(_with_one_notice, lambda sale: _send(sale, _sent)),
    "give notices up": Story(_with_one_notice, lambda sale: _send(sale, _blocked)),
    "make a round": Story(pressed, _round),
    "prove the books": Story(_off, _prove),
}
