"""Every command works beside a service on the same database."""

import asyncio
from pathlib import Path

from tests.commands.shell import run_command
from tests.makers import BUYER, link_of, running_service
from tests.sandbox.stripe_world import KEY, world


async def test_each_command_works_beside_a_running_service(database_url: str, tmp_path: Path) -> None:
    async with (
        world() as w,
        running_service(database_url, stripe_api_base=w.url, stripe_secret_key=KEY) as h,
    ):
        w.local.fault_switches.lost = True
        environment = {
            "DATABASE_URL": database_url,
            "STRIPE_SECRET_KEY": KEY,
            "STRIPE_WEBHOOK_SECRET": "whsec_house",
            "STRIPE_API_BASE": w.url,
        }

        async def run(*arguments: str) -> str:
            done = await run_command(*arguments, folder=tmp_path, **environment)
            assert (done.code, done.err) == (0, ""), done
            return done.out

        packages = await h.say("/start", "Welcome!")
        await h.press(packages, "buy_100")
        session = link_of(await h.said("Please complete your purchase")).rpartition("/")[2]
        await w.local.pay(session)

        assert "Purchases changed: 1" in await run("reconcile")
        await h.said("Payment received: 100.00 credits added. Balance: 100.00 credits.")
        await h.said("✅ Paid: $5.00.")

        await run("grant", str(BUYER.id), "7.50", "--reason", "For the trouble.")
        text = "You were given 7.50 credits. Balance: 107.50 credits."
        await h.said(text)

        assert "$1.00 of purchase 1 returned" in await run("refund", "1", "--amount", "1", "--reason", "part")
        message = await h.said("20.00 credits were taken back. Balance: 87.50 credits.")
        assert message["text"].endswith("The money is on its way back to where it came from.")

        await w.local.warn(session)
        await run("reconcile")
        await h.said("Your bank has asked about one of your payments.")
        assert await run("unfreeze", str(BUYER.id)) == f"{BUYER.id} may spend again.\n"
        await h.said("you can use your credits again")

        assert "checkout.session.completed" in await run("events")
        assert await run("events", "replay", "--failed") == "No event has failed.\n"
        assert (await run("audit")).startswith("The books balance")
        await h.say("/balance", "Balance: 87.50 credits")


async def test_concurrent_commands_beside_a_running_service_wait_for_each_other(
    database_url: str, tmp_path: Path
) -> None:
    async with running_service(database_url, mock_stripe_payments=True) as h:
        await h.say("/start", "Welcome!")
        environment = {"DATABASE_URL": database_url}
        grants = [
            run_command("grant", str(BUYER.id), "1", "--reason", "Rain.", folder=tmp_path, **environment)
            for _ in range(6)
        ]
        results = await asyncio.gather(*grants, run_command("audit", folder=tmp_path, **environment))
        assert [done.code for done in results] == [0] * 7
        await h.say("/balance", "Balance: 6.00 credits")
