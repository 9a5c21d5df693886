"""The check of Telegram's rule about Stars."""

from typing import Any

from bot_platform.doctor.report import Finding
from bot_platform.doctor.work import WorkChecks
from tests.doctor.makers import OK, SKIPPED, WARNING, findings, settings

AI = {"ai_api_key": "sk-0123456789abcdef", "ai_model": "mine"}


async def check(**changed: Any) -> dict[str, Finding]:
    return await findings(WorkChecks(settings(**changed)).groups())


async def test_paid_work_sold_by_card_for_real_money_is_a_warning() -> None:
    line = (await check(stripe_secret_key="sk_live_1", **AI))["Telegram Stars"]
    assert line.status is WARNING
    assert "/ask" in line.message
    assert "hides bots" in line.message
    assert "Stripe or Telegram Stars" in line.fix


async def test_in_test_mode_the_rule_about_stars_is_only_named() -> None:
    line = (await check(**AI))["Telegram Stars"]
    assert line.status is OK
    assert "Telegram Stars" in line.message


async def test_with_a_live_key_and_no_paid_work_the_rule_is_only_named() -> None:
    assert (await check(stripe_secret_key="sk_live_1"))["Telegram Stars"].status is OK


async def test_with_the_mock_the_rule_is_skipped() -> None:
    assert (await check(mock_stripe_payments=True))["Telegram Stars"].status is SKIPPED
