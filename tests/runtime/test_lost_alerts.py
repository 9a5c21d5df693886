"""An alert that does not reach an operator is at least in the log and in the metrics."""

from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from bot_platform.domain import outbox
from bot_platform.domain.outbox import Notice
from bot_platform.flows import deliver, outage
from bot_platform.infra.database import Database
from bot_platform.runtime.metrics import Metrics
from bot_platform.runtime.services import warn_of_lost_alert

OPERATOR = 900


@pytest.fixture
def lost(database: Database) -> Callable[[], list[str]]:
    """Return what /metrics says about lost alerts."""
    metrics = Metrics()
    database.on_commit_event += [metrics.count, warn_of_lost_alert]

    def look() -> list[str]:
        lines = metrics.text()[0].decode().splitlines()
        return [line for line in lines if line.startswith("bot_alerts_lost_total{")]

    return look


async def test_without_operators_an_alert_is_a_warning_and_a_metric(
    database: Database, lost: Callable[[], list[str]]
) -> None:
    with capture_logs() as logs:
        for _ in range(2):
            await outage.report(database, (), outage.outage_of("model"), party="model", why="down")
    (line,) = [line for line in logs if line["event"] == "alert.lost"]
    assert (line["log_level"], line["text"], line["why"]) == ("warning", "operator-outage", "nobody")
    assert "ADMIN_TELEGRAM_IDS" in line["do"]
    assert lost() == ['bot_alerts_lost_total{text="operator-outage",why="nobody"} 1.0']


async def posted(database: Database, text: str) -> Notice:
    await database.transact(outbox.post, "key", OPERATOR, "about", text)
    return await Notice.get(key="key")


@pytest.mark.parametrize(
    ("text", "is_alert"),
    [
        ("operator-finding", True),
        ("paysupport-question", True),
        ("operator-notice-lost", True),
        ("credited", False),
    ],
)
async def test_an_alert_that_an_operator_cannot_get_is_counted_and_another_message_is_not(
    database: Database, lost: Callable[[], list[str]], text: str, is_alert: bool
) -> None:
    notice = await posted(database, text)
    await deliver.blocked(database, notice)
    await deliver.dead(database, (OPERATOR,), notice, "Bad Request: chat not found")
    found = [f'bot_alerts_lost_total{{text="{text}",why="{why}"}} 1.0' for why in ("blocked", "refused")]
    assert lost() == (found if is_alert else [])
