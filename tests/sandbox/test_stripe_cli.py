"""The official Stripe CLI triggers its events against the local Stripe."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.sandbox.stripe_world import KEY, world

_INSTALLED = Path(__file__).parents[1] / "e2e" / "node_modules" / ".bin" / "stripe"


def _cli() -> Path:
    found = Path(os.environ.get("STRIPE_CLI", _INSTALLED))
    if not found.exists():
        pytest.fail(f"The Stripe CLI is not at {found}. Run `make e2e`, which installs it.")
    return found


async def _trigger(event: str, url: str, home: Path) -> tuple[int | None, str]:
    # Nothing listens on port 9, so the CLI's check for a newer version fails at once.
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "STRIPE_CLI_TELEMETRY_OPTOUT": "1",
        "HTTPS_PROXY": "http://127.0.0.1:9",
    }
    cli = await asyncio.create_subprocess_exec(
        str(_cli()),
        *("trigger", event, "--api-base", url, "--api-key", KEY),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await cli.communicate()
    return cli.returncode, output.decode()


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("event", "payment_status"),
    [
        ("checkout.session.completed", "paid"),
        ("checkout.session.expired", "unpaid"),
        ("checkout.session.async_payment_succeeded", "paid"),
        ("checkout.session.async_payment_failed", "unpaid"),
    ],
)
async def test_the_cli_triggers(event: str, payment_status: str, tmp_path: Path) -> None:
    async with world() as w:
        code, output = await _trigger(event, w.url, tmp_path)
        assert code == 0, output
        assert "Trigger succeeded" in output
        await w.local.settled()
        made = [e["id"] for e in w.local.events if e["type"] == event]
        # The receiver has verified every signature.
        delivered = [e for e in w.receiver.got if e["type"] == event]
        assert [e["id"] for e in delivered] == made
        assert [e["data"]["object"]["payment_status"] for e in delivered] == [payment_status]
        assert delivered[0]["data"]["object"]["amount_total"] == 3000


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("event", "field", "value"),
    [
        ("charge.refunded", "amount_refunded", 100),
        ("charge.refund.updated", "status", "succeeded"),
        ("charge.dispute.created", "status", "warning_needs_response"),
        ("charge.dispute.updated", "status", "warning_needs_response"),
        ("charge.dispute.closed", "status", "warning_closed"),
    ],
)
async def test_the_cli_triggers_refunds_and_disputes(
    event: str, field: str, value: object, tmp_path: Path
) -> None:
    async with world() as w:
        code, output = await _trigger(event, w.url, tmp_path)
        assert code == 0, output
        assert "Trigger succeeded" in output
        await w.local.settled()
        assert [e["data"]["object"][field] for e in w.receiver.got if e["type"] == event] == [value]
