"""The database is lost, a backup taken under load is restored, and Stripe tells the rest."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tortoise.exceptions import BaseORMException

from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.sandbox.telegram_state import Person
from tests.commands.shell import PG_PROGRAMS, Result, path_variable, run_command
from tests.makers import eventually, link_of
from tests.reliability.platforms import Surroundings, in_database, surroundings

BUYERS = [Person(id=5_000_000_100 + number, first_name=f"Buyer {number}") for number in range(16)]
NEWCOMER = Person(id=5_000_000_200, first_name="Newcomer")
BEFORE, AFTER = 16, 16  # sales at least, to each side of the backup

Books = tuple[list[tuple[Any, ...]], ...]


async def books(url: str) -> Books:
    """Read balances, paid purchases and entries, each by what Stripe and Telegram call them."""

    async def read(_: Database) -> Books:
        balances = await query(
            "SELECT u.telegram_id, a.balance FROM users u JOIN account a ON a.user_id = u.id ORDER BY 1"
        )
        paid = await query(
            """SELECT p.payment_ref, u.telegram_id, p.package, p.credits, p.charged, p.reversed, p.state
            FROM purchase p JOIN users u ON u.id = p.user_id WHERE p.paid_at IS NOT NULL ORDER BY 1"""
        )
        entries = await query(
            """SELECT p.payment_ref, e.kind, COUNT(*) AS n, SUM(e.amount) AS amount
            FROM entry e LEFT JOIN purchase p ON p.id = e.purchase_id GROUP BY 1, 2 ORDER BY 1, 2"""
        )
        return tuple([tuple(row.values()) for row in rows] for rows in (balances, paid, entries))

    return await in_database(url, read)


class Shop:
    """Buyers who buy again and again, as fast as they are answered."""

    def __init__(self, w: Surroundings) -> None:
        self._w = w
        self.sold: list[str] = []
        self.closing = asyncio.Event()

    async def serve(self, who: Person) -> None:
        """Let one person buy until the shop closes."""
        self._w.telegram.say(who, "/start")
        shop = await self._w.said("Welcome", who)
        while not self.closing.is_set():
            await self.sell(who, shop)

    async def sell(self, who: Person, shop: dict[str, Any]) -> None:
        """Let a person press, pay, and hear that the credits have come."""
        told = self._receipts(who)
        self._w.telegram.press(who, shop["message_id"], "buy_100")
        session = await eventually(lambda: self._link(who))
        self.sold.append(session)
        await self._w.stripe.pay(session)
        await eventually(lambda: self._receipts(who) > told)

    def _receipts(self, who: Person) -> int:
        return sum(m["text"].startswith("Payment received") for m in self._w.telegram.messages(who.id))

    def _link(self, who: Person) -> str | None:
        linked = [m for m in self._w.telegram.messages(who.id) if "using the link" in m["text"]]
        sessions = [link_of(m).rpartition("/")[2] for m in linked]
        return next((session for session in sessions if session not in self.sold), None)


async def lose(url: str) -> None:
    """Lose the database as a dead disk does."""
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite://"))
        for lost in file.parent.glob(f"{file.name}*"):
            lost.unlink()
        return
    connection = await asyncpg.connect(url)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await connection.close()


async def stop(w: Surroundings) -> None:
    """End the service in peace."""
    process = w.processes[-1]
    process.terminate()
    await asyncio.to_thread(process.join)
    assert process.exitcode == 0


async def test_a_backup_taken_under_load_and_reconciled_gives_the_books_of_the_undisturbed_run(
    database_url: str, tmp_path: Path
) -> None:
    async with surroundings(database_url) as w:
        environment = {name.upper(): str(value) for name, value in w.settings.items()}
        file = tmp_path / "saved"

        async def run(*arguments: str) -> Result:
            done = await run_command(
                *arguments, folder=tmp_path, PATH=path_variable(PG_PROGRAMS), **environment
            )
            assert (done.code, done.err) == (0, ""), done
            return done

        w.start()
        await w.ready()
        shop = Shop(w)
        async with asyncio.TaskGroup() as load:
            for who in BUYERS:
                load.create_task(shop.serve(who))
            await eventually(lambda: len(shop.sold) >= BEFORE)
            saved = began = len(shop.sold)
            while saved == began:  # until somebody buys while it is taken
                began = len(shop.sold)
                assert (await run("backup", str(file), "--force")).out.startswith(f"Backed up to {file} (")
                saved = len(shop.sold)
            await eventually(lambda: len(shop.sold) >= saved + AFTER)
            shop.closing.set()
        early, late = shop.sold[0], shop.sold[-1]
        await w.stripe.refund(early, 200)
        await w.stripe.refund(late)
        await w.stripe.dispute(shop.sold[saved])
        await w.stripe.settled()
        await stop(w)
        undisturbed = await books(database_url)
        assert len(undisturbed[1]) == len(shop.sold)

        await lose(database_url)
        restored = (await run("restore", str(file))).out
        assert "The books balance" in restored
        assert "run.py reconcile" in restored
        assert len((await books(database_url))[1]) < len(shop.sold)
        told = await run("reconcile")
        assert "Purchases changed: none" not in told.out
        assert await books(database_url) == undisturbed
        assert "Purchases changed: none" in (await run("reconcile")).out
        with pytest.raises((BaseORMException, asyncpg.RaiseError), match="append"):
            await in_database(database_url, lambda _: query("UPDATE entry SET amount = 1"))

        w.start()
        await w.ready()
        for who in (BUYERS[0], NEWCOMER):
            w.telegram.say(who, "/start")
            await shop.sell(who, await w.said("Welcome", who))
        await stop(w)
        balances, paid, _ = await books(database_url)
        assert (NEWCOMER.id, 10_000) in balances
        assert len(paid) == len(shop.sold)
        await run("audit")
