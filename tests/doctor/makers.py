"""Builds valid settings for tests of the doctor, and runs checks by name."""

from collections.abc import Sequence
from typing import Any

from bot_platform.config.settings import Settings
from bot_platform.demo import DemoSettings
from bot_platform.doctor.checks import CheckGroup, run_checks
from bot_platform.doctor.report import Finding, Status
from tests.makers import WEBHOOK_SECRET
from tests.sandbox.stripe_world import KEY

TOKEN = "7000000042:sandbox-bot-of-these-tests-1"
OK, WARNING, ERROR, SKIPPED = Status.OK, Status.WARNING, Status.ERROR, Status.SKIPPED


def settings(**changed: Any) -> Settings:
    """Make settings that sell by Stripe in test mode at a public address; None leaves a setting out."""
    given: dict[str, Any] = {
        "telegram_bot_token": TOKEN,
        "stripe_secret_key": KEY,
        "stripe_webhook_secret": WEBHOOK_SECRET,
        "webapp_url": "https://bot.example.com",
    }
    return DemoSettings(**{name: value for name, value in (given | changed).items() if value is not None})


async def findings(groups: Sequence[CheckGroup]) -> dict[str, Finding]:
    """Run the checks; returns their findings by name."""
    lines = await run_checks(groups)
    assert len(dict(lines)) == len(lines), "two checks have the same name"
    for name, finding in lines:
        assert bool(finding.fix) == (finding.status in {WARNING, ERROR}), (name, finding)
    return dict(lines)


def statuses(lines: dict[str, Finding]) -> dict[str, Status]:
    """Give how each check ended."""
    return {name: finding.status for name, finding in lines.items()}
