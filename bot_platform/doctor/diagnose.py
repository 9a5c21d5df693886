"""One visit: what can be mended is mended first, then everything is looked at."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

from aiogram import Bot

from bot_platform.config.settings import Settings
from bot_platform.doctor.checks import Check, examine, made
from bot_platform.doctor.database import House
from bot_platform.doctor.redactor import Redactor
from bot_platform.doctor.report import Finding, Line, Verdict, skipped
from bot_platform.doctor.stripe import Stripe
from bot_platform.doctor.telegram import Telegram
from bot_platform.doctor.web import Web
from bot_platform.doctor.work import Work
from bot_platform.infra.database import Database
from bot_platform.providers.stripe.setup import Setup
from bot_platform.telegram.session import HttpSession

TELEGRAM_ANSWERS_WITHIN = 5.0  # seconds


async def visit(settings: Settings, *, mend: bool) -> Sequence[Line]:
    """Give a line for each thing mended, where it is to be mended, and one for each check."""
    async with AsyncExitStack() as stack:
        session = HttpSession(settings.telegram_api_base, settings.proxy_url)
        session.timeout = TELEGRAM_ANSWERS_WITHIN
        bot = Bot(settings.telegram_bot_token.get_secret_value(), session=session)
        stack.push_async_callback(session.close)
        telegram, stripe = Telegram(settings, bot), _stripe(settings, stack)
        lines: list[Line] = []
        if mend:
            lines += await _mended([*telegram.mends(), *(stripe.mends() if stripe else ())])
        lines += await examine(
            [
                telegram.checks(),
                *(stripe.parties() if stripe else [[Check("Stripe", _mock)]]),
                *Web(settings).parties(),
                *House(Database(settings.database_url)).parties(),
                *Work(settings).parties(),
            ]
        )
    curtain = Redactor(settings)
    return [(name, Finding(f.verdict, curtain.over(f.says), curtain.over(f.fix))) for name, f in lines]


def _stripe(settings: Settings, stack: AsyncExitStack) -> Stripe | None:
    if settings.mock_stripe_payments or settings.stripe_secret_key is None:
        return None
    setup = Setup(
        secret_key=settings.stripe_secret_key.get_secret_value(),
        api_base=settings.stripe_api_base,
        proxy_url=settings.proxy_url,
    )
    stack.push_async_callback(setup.close)
    return Stripe(settings, setup)


async def _mock() -> Finding:
    return skipped("not needed: MOCK_STRIPE_PAYMENTS is true, so nobody is charged")


async def _mended(mends: Sequence[Check]) -> Sequence[Line]:
    """Mend one thing after the other; what is as it should be needs no line."""
    lines = [await made(check) for check in mends]
    return [line for line in lines if line[1].verdict is not Verdict.OK]
