"""One run of the doctor: first the fixes that it may make, then every check."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

from aiogram import Bot

from bot_platform.config.settings import Settings
from bot_platform.doctor.ai import AIChecks
from bot_platform.doctor.checks import Check, run_check, run_checks
from bot_platform.doctor.database import DatabaseChecks
from bot_platform.doctor.report import Finding, Line, Status, skipped
from bot_platform.doctor.stripe import StripeChecks
from bot_platform.doctor.telegram import TelegramChecks
from bot_platform.doctor.web import WebChecks
from bot_platform.doctor.work import WorkChecks
from bot_platform.infra.database import Database
from bot_platform.infra.redaction import redact
from bot_platform.providers.stripe.client import Client
from bot_platform.providers.stripe.setup import TIMEOUT_SECONDS, TRY_TIMEOUT_SECONDS
from bot_platform.telegram.session import HttpSession

TELEGRAM_TIMEOUT_SECONDS = 5.0


async def diagnose(settings: Settings, *, fix: bool, spend: bool = True) -> Sequence[Line]:
    """Return one line for each check, without secrets; with `fix`, before them one for each fix made.

    `spend` allows a check to cost a fraction of a cent.
    """
    async with AsyncExitStack() as stack:
        session = HttpSession(settings.telegram_api_base, settings.proxy_url)
        session.timeout = TELEGRAM_TIMEOUT_SECONDS
        bot = Bot(settings.telegram_bot_token.get_secret_value(), session=session)
        stack.push_async_callback(session.close)
        telegram, stripe = TelegramChecks(settings, bot), _stripe(settings, stack)
        lines: list[Line] = []
        if fix:
            lines += await _run_fixes([*telegram.fixes(), *(stripe.fixes() if stripe else ())])
        lines += await run_checks(
            [
                *telegram.groups(),
                *(stripe.groups() if stripe else [[Check("Stripe", _mock)]]),
                *WebChecks(settings).groups(),
                *DatabaseChecks(Database(settings.database_url), bot_id=settings.bot_id).groups(),
                *AIChecks(settings, spend=spend).groups(),
                *WorkChecks(settings).groups(),
            ]
        )
    return [(name, Finding(f.status, redact(f.message), redact(f.fix))) for name, f in lines]


def _stripe(settings: Settings, stack: AsyncExitStack) -> StripeChecks | None:
    if settings.mock_stripe_payments or settings.stripe_secret_key is None:
        return None
    client = Client(
        secret_key=settings.stripe_secret_key.get_secret_value(),
        api_base=settings.stripe_api_base,
        proxy_url=settings.proxy_url,
        timeout=TIMEOUT_SECONDS,
        try_timeout=TRY_TIMEOUT_SECONDS,
    )
    stack.push_async_callback(client.close)
    return StripeChecks(settings, client)


async def _mock() -> Finding:
    return skipped("not needed: MOCK_STRIPE_PAYMENTS is true, so no card is charged")


async def _run_fixes(fixes: Sequence[Check]) -> Sequence[Line]:
    """Run one fix after the other, and leave out those that had nothing to do."""
    lines = [await run_check(fix) for fix in fixes]
    return [line for line in lines if line[1].status is not Status.OK]
