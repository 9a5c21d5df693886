"""What a test of the doctor needs: settings that are right, and one line by the name of its check."""

from collections.abc import Sequence
from typing import Any

from bot_platform.config.settings import Settings
from bot_platform.demo import DemoSettings
from bot_platform.doctor.checks import CheckGroup, examine
from bot_platform.doctor.report import Finding, Verdict
from tests.makers import WEBHOOK_SECRET
from tests.sandbox.stripe_world import KEY

TOKEN = "7000000042:sandbox-bot-with-nobody-behind-it-1"
OK, WARNING, ERROR, SKIPPED = Verdict.OK, Verdict.WARNING, Verdict.ERROR, Verdict.SKIPPED


def settings(**changed: Any) -> Settings:
    """Make settings of a shop that sells by Stripe in test mode at a public address; None leaves one out."""
    given: dict[str, Any] = {
        "telegram_bot_token": TOKEN,
        "stripe_secret_key": KEY,
        "stripe_webhook_secret": WEBHOOK_SECRET,
        "webapp_url": "https://bot.example.com",
    }
    return DemoSettings(**{name: value for name, value in (given | changed).items() if value is not None})


async def found(parties: Sequence[CheckGroup]) -> dict[str, Finding]:
    """Make every check; gives what each found by its name."""
    lines = await examine(parties)
    assert len(dict(lines)) == len(lines), "two checks of one name"
    for name, finding in lines:
        assert bool(finding.fix) == (finding.verdict in {WARNING, ERROR}), (name, finding)
    return dict(lines)


def verdicts(lines: dict[str, Finding]) -> dict[str, Verdict]:
    """Give how each check ended."""
    return {name: finding.verdict for name, finding in lines.items()}
