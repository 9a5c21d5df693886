"""One purchase with its buyer, and short methods for what a provider reports of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot_platform.domain import ledger, purchases
from bot_platform.domain.audit import Broken, audit
from bot_platform.domain.checkout import PaymentConfirmed, Stage
from bot_platform.domain.outbox import Notice
from bot_platform.domain.purchases import Purchase, PurchaseState
from bot_platform.domain.users import User
from bot_platform.flows import provider_events
from bot_platform.flows.buy import buy
from bot_platform.flows.context import Outcome, PaymentContext
from bot_platform.infra.database import Database
from tests.makers import PRICES, payments, person
from tests.reliability.stateful.fake_provider import Desk, paid, reversal

ADMINS = (801, 802)
BEGAN = 1_700_000_000  # unix seconds

# Who is spoken of, how far it has come, minor units, seconds after BEGAN.
Said = tuple[str, Stage, int, int]


@dataclass
class Sale:
    """A purchase of 100 credits for $5.00, with its buyer and the fake provider."""

    money: PaymentContext
    context: Desk
    user: User
    id: int

    async def pay(self, payment: PaymentConfirmed | None = None) -> Outcome:
        """Apply the payment."""
        return await provider_events.apply(self.money, payment or paid(self.id, self.user.id))

    async def hears(self, name: str, stage: Stage, amount: int = 0, at: int = 0) -> Outcome:
        """Apply a refund, a dispute or a warning about the payment."""
        return await provider_events.apply(self.money, reversal(self.id, name, stage, amount, BEGAN + at))

    async def purchase(self) -> Purchase:
        """Read the purchase from the database."""
        return await purchases.get(self.id)

    async def stands(self) -> tuple[int, PurchaseState, bool]:
        """Return the available credits, the state of the purchase, and whether the account is frozen."""
        account = await ledger.find_account(self.user.id)
        return account.available, (await self.purchase()).state, account.frozen

    async def spend(self, amount: int) -> None:
        """Charge this amount for paid work."""

        async def story() -> None:
            account = await ledger.lock(self.user.id)
            await ledger.capture(
                account, await ledger.hold(account, amount, f"work:{self.id}:{account.seq}"), amount
            )

        await self.money.database.transact(story)

    async def told(self, chat: int | None = None) -> list[Notice]:
        """Read the notices for the buyer, or for another chat, in order."""
        return await Notice.filter(chat_id=self.user.telegram_id if chat is None else chat).order_by("id")

    async def texts(self, chat: int | None = None) -> list[str]:
        """Read the text names of these notices."""
        return [notice.text for notice in await self.told(chat)]


async def pressed(database: Database, telegram_id: int = 77, number: int = 1) -> Sale:
    """Press a package and get a link; `number` makes each press of a user different."""
    user, context = await person(database, telegram_id), Desk(clock=BEGAN)
    money = payments(database, context, operators=ADMINS)
    key = f"press:{telegram_id}:{number}"
    await buy(money, user, PRICES.get("buy_100"), key)
    purchase = await purchases.find_by_request_key(key)
    assert purchase
    return Sale(money, context, user, purchase.id)


async def sold(
    database: Database, telegram_id: int = 77, number: int = 1, charged: int | None = None
) -> Sale:
    """Press a package and pay for it."""
    sale = await pressed(database, telegram_id, number)
    await sale.pay(paid(sale.id, sale.user.id, charged=charged))
    return sale


async def broken(database: Database) -> Sequence[Broken]:
    """Audit the books; an empty result means that they balance."""
    async with database.reader() as ask:
        return [row async for step in audit(ask) for row in step.broken]
