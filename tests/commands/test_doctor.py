"""`run.py doctor` as an operator types it: beside a service, on a bad day, and to mend what can be mended."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot_platform.providers.stripe.client import API_VERSION
from bot_platform.providers.stripe.events import TYPES
from bot_platform.sandbox.telegram_world import SANDBOX_TOKEN
from tests.commands.shell import Done, ended, start, typed
from tests.makers import free_port, running_service
from tests.sandbox.stripe_world import KEY, World, world
from tests.stories.test_real_protocols import process

SECRETS = {
    "TELEGRAM_BOT_TOKEN": SANDBOX_TOKEN,
    "TELEGRAM_WEBHOOK_SECRET": "word-that-telegram-sends-back",
    "STRIPE_SECRET_KEY": KEY,
    "STRIPE_WEBHOOK_SECRET": "whsec_0123456789abcdefghij",
    "OPERATOR_TOKEN": "word-of-the-operator",
    "AI_API_KEY": "sk-proj-0123456789abcdefghij",
}


@dataclass(frozen=True)
class Outside:
    """A Bot API server and a Stripe for a shop that is not started."""

    environment: dict[str, str]
    stripe: World
    folder: Path

    async def type(self, *arguments: str, **changed: str) -> Done:
        return await typed("doctor", *arguments, folder=self.folder, **(self.environment | changed))

    async def read(self, *arguments: str, **changed: str) -> dict[str, Any]:
        """Give the checks by their names."""
        done = await self.type("--json", *arguments, **changed)
        said = json.loads(done.out)
        assert len({check["name"] for check in said["checks"]}) == len(said["checks"])
        assert (said["errors"] > 0) == (done.code == 1) == (not said["ok"])
        return {check["name"]: check for check in said["checks"]}


@asynccontextmanager
async def outside(database_url: str, folder: Path, **stripe: Any) -> AsyncIterator[Outside]:
    telegram = ("-m", "tests.bot_api_server", "--port", "0", "--token", SANDBOX_TOKEN)
    async with world(**stripe) as w, process(*telegram, ready="port") as (_, line):
        environment = {
            "TELEGRAM_BOT_TOKEN": SANDBOX_TOKEN,
            "TELEGRAM_API_BASE": f"http://127.0.0.1:{line.split()[1]}",
            "STRIPE_SECRET_KEY": KEY,
            "STRIPE_WEBHOOK_SECRET": SECRETS["STRIPE_WEBHOOK_SECRET"],
            "STRIPE_API_BASE": w.url,
            "DATABASE_URL": database_url,
            "PORT": str(free_port()),
        }
        yield Outside(environment, w, folder)


async def test_a_shop_that_is_not_started_has_warnings_and_no_error(
    database_url: str, tmp_path: Path
) -> None:
    async with outside(database_url, tmp_path) as o:
        done = await o.type()
        assert (done.code, done.err) == (0, ""), done
        *lines, blank, counts = done.out.splitlines()
        assert blank == ""
        assert re.fullmatch(r"\d+ to think about", counts)
        assert "✓ Telegram token            @sandbox_bot" in lines
        assert "✓ Stripe key                sk_test_...7890, test mode" in lines
        assert [line for line in lines if line.startswith("✗")] == []
        warned = [line[2:].split("  ")[0] for line in lines if line.startswith("!")]
        assert {"service", "WEBAPP_URL", "AI", "Stripe webhook"} <= set(warned)
        assert len([line for line in lines if line.lstrip().startswith("→")]) == len(warned)


async def test_an_error_makes_the_exit_code_1_and_no_secret_is_printed(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with outside(sqlite_url, tmp_path) as o:
        given = SECRETS | {"STRIPE_PUBLISHABLE_KEY": "pk_live_1", "LOG_LEVEL": "DEBUG"}
        done = await o.type("--json", **given)
        said = json.loads(done.out)
        assert (done.code, said["ok"], said["errors"]) == (1, False, 1)
        (error,) = [check for check in said["checks"] if check["status"] == "error"]
        assert error["name"] == "Stripe modes"
        assert error["fix"]
        assert [secret for secret in SECRETS.values() if secret in done.out + done.err] == []


async def test_wrong_settings_are_the_lines_then_and_machines_read_them_too(tmp_path: Path) -> None:
    wrong = {
        "TELEGRAM_BOT_TOKEN": "nonsense",
        "PORT": "x",
        "WEBAPP_URL": "http://\udcff",
        "LOG_LEVEL": "LOUD",
    }
    done = await typed("doctor", folder=tmp_path, **wrong)
    assert (done.code, done.err) == (1, "")
    lines = done.out.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("✗")] == [
        "LOG_LEVEL",
        "PORT",
        "STRIPE_SECRET_KEY",
        "TELEGRAM_BOT_TOKEN",
    ]
    assert any("→ Write it in .env, for example PORT=8000" in line for line in lines)
    done = await typed("doctor", "--json", folder=tmp_path, **wrong)
    said = json.loads(done.out)
    assert (done.code, done.err, said["ok"], said["errors"]) == (1, "", False, 4)
    assert said["checks"][1]["fix"] == "Write it in .env, for example PORT=8000"
    assert said["checks"][-1]["status"] == "skipped"
    assert not (tmp_path / "data").exists()


async def test_an_env_that_cannot_be_read_is_a_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe")
    done = await typed("doctor", "--json", folder=tmp_path)
    assert done.code == 1
    assert json.loads(done.out)["checks"][0]["name"] == ".env"


async def test_a_terminal_without_our_signs_is_no_reason_to_fail(tmp_path: Path) -> None:
    done = await typed("doctor", folder=tmp_path, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.code == 1
    assert "TELEGRAM_BOT_TOKEN" in done.out


async def test_a_database_without_a_schema_is_told_and_left_alone(tmp_path: Path) -> None:
    async with outside(f"sqlite://{tmp_path}/data/bot.db", tmp_path) as o:
        checks = await o.read()
        assert (checks["database"]["status"], checks["migrations"]["status"]) == ("warning", "skipped")
        assert "run.py migrate" in checks["database"]["fix"]
        assert not (tmp_path / "data").exists()


async def test_what_can_be_mended_is_mended_once(sqlite_url: str, tmp_path: Path) -> None:
    public = {"WEBAPP_URL": "https://bot.example.com", "STRIPE_WEBHOOK_SECRET": ""}
    async with outside(sqlite_url, tmp_path) as o:
        done = await o.type("--fix", **public)
        assert done.code == 1  # the secret is not in .env yet
        assert [line[2:].split("  ")[0] for line in done.out.splitlines() if line.startswith("+")] == [
            "set Telegram menu",
            "write Telegram description",
            "make Stripe webhook",
        ]
        (endpoint,) = o.stripe.local.webhook_endpoints
        assert endpoint["url"] == "https://bot.example.com/api/v1/stripe-webhook"
        assert (endpoint["enabled_events"], endpoint["api_version"]) == (list(TYPES), API_VERSION)
        (secret,) = re.findall(r"STRIPE_WEBHOOK_SECRET=(whsec_\w+)", done.out)
        assert done.out.count(secret) == 1
        assert "still missing\n" in done.out
        assert "→ Put what is printed above into .env." in done.out
        known = public | {"STRIPE_WEBHOOK_SECRET": secret}
        checks = await o.read("--fix", **known)
        assert [name for name, check in checks.items() if check["status"] in {"mended", "error"}] == []
        assert secret not in str(checks)
        assert o.stripe.local.webhook_endpoints == [endpoint]
        for name in ("Stripe webhook", "Telegram menu", "Telegram description"):
            assert checks[name]["status"] == "ok", checks[name]


async def test_a_sale_comes_by_the_webhook_that_the_doctor_made(sqlite_url: str, tmp_path: Path) -> None:
    port = free_port()
    here = {"WEBAPP_URL": f"http://127.0.0.1:{port}", "PORT": str(port)}
    async with outside(sqlite_url, tmp_path, allow_local_webhooks=True) as o:
        checks = await o.read("--fix", **(here | {"STRIPE_WEBHOOK_SECRET": ""}))
        assert checks["Stripe webhook"]["status"] == "ok"
        (secret,) = re.findall(r"whsec_\w+", checks["make Stripe webhook"]["fix"])
        async with running_service(
            sqlite_url,
            stripe_api_base=o.stripe.url,
            stripe_secret_key=KEY,
            stripe_webhook_secret=secret,
            webapp_url=here["WEBAPP_URL"],
            port=port,
        ) as h:
            packages = await h.say("/start", "Welcome!")
            await h.press(packages, "buy_100")
            message = await h.said("Please complete your purchase")
            url = message["reply_markup"]["inline_keyboard"][0][0]["url"]
            await o.stripe.local.pay(url.rpartition("/")[2])
            await h.said("Payment received: 100.00 credits added.")


async def test_beside_a_running_service_nothing_is_disturbed(database_url: str, tmp_path: Path) -> None:
    async with (
        outside(database_url, tmp_path) as o,
        running_service(database_url, stripe_api_base=o.stripe.url, stripe_secret_key=KEY) as h,
    ):
        await h.say("/start", "Welcome!")
        environment = {"PORT": str(h.settings.port)}
        looks = [o.read(**environment) for _ in range(2)]
        for checks in await asyncio.gather(*looks):
            assert checks["service"]["status"] == "ok"
            assert checks["books"]["status"] == "ok"
            assert checks["migrations"]["status"] == "ok"
        await h.say("/balance", "Balance: 0.00 credits")


async def test_ctrl_c_ends_a_visit_without_a_traceback(sqlite_url: str, tmp_path: Path) -> None:
    async with outside(sqlite_url, tmp_path) as o:
        o.stripe.local.mischief.slow = 30
        doctor = await start("doctor", folder=tmp_path, **o.environment)
        async with asyncio.timeout(60):
            while not o.stripe.local.requests:  # noqa: ASYNC110 -- another process asks
                await asyncio.sleep(0.05)
        doctor.send_signal(2)
        assert (await ended(doctor)).code in {1, 130}


async def test_parties_that_say_nothing_are_given_up_within_seconds(tmp_path: Path) -> None:
    held: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment = {
        "TELEGRAM_BOT_TOKEN": SANDBOX_TOKEN,
        "TELEGRAM_API_BASE": url,
        "STRIPE_SECRET_KEY": KEY,
        "STRIPE_WEBHOOK_SECRET": "whsec_1",
        "STRIPE_API_BASE": url,
        "DATABASE_URL": f"postgres://u:p@127.0.0.1:{port}/name",
        "AI_API_KEY": "k",
        "AI_MODEL": "m",
        "AI_BASE_URL": url,
        "PORT": str(port),
    }
    async with asyncio.timeout(60):
        done = await typed("doctor", folder=tmp_path, **environment)
    assert done.code == 1
    assert [line for line in done.out.splitlines() if "fault of this program" in line] == []
    for writer in held:
        writer.close()
    silent.close()
