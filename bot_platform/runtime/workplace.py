"""Builds where paid work is ordered and done: the AI, the limits, and the kinds of work there are."""

from datetime import timedelta

import structlog

from bot_platform.config.settings import Settings
from bot_platform.flows.work_context import WorkContext
from bot_platform.infra.database import Database
from bot_platform.telegram.markdown import pages
from bot_platform.work.catalog import found_kinds
from bot_platform.work.engine.model import Model, Rates
from bot_platform.work.engine.orders import Orders
from bot_platform.work.engine.runner import Runner

log = structlog.get_logger()


def model(settings: Settings) -> Model | None:
    """Build the AI that the settings name; None when they name none."""
    if settings.ai_api_key is None:
        return None
    if settings.ai_model is None:
        log.warning("ai.not_set_up", why="AI_API_KEY is set, and AI_MODEL is not")
        return None
    if settings.mock_stripe_payments:
        log.warning("ai.paid_by_nobody", why="payments are mock: whoever asks, you pay the AI for it")
    from bot_platform.providers.openai import OpenAIModel  # noqa: PLC0415 -- a second, for who needs it

    key = settings.ai_api_key.get_secret_value()
    return OpenAIModel(base_url=settings.ai_base_url, api_key=key, model=settings.ai_model)


def workplace(settings: Settings, database: Database, ai: Model | None) -> tuple[Orders, Runner]:
    """Build the counter where work is ordered, and the worker who does it."""
    context = WorkContext(
        database=database,
        pages=pages,
        for_one=settings.jobs_per_user,
        at_once=settings.jobs_at_once,
        low_balance=settings.low_balance,
        keep_texts=timedelta(days=settings.keep_texts_days),
    )
    kinds = found_kinds()
    rates = Rates(settings.ai_credits_per_1k_input, settings.ai_credits_per_1k_output)
    return Orders(context, kinds, ai, rates), Runner(context, kinds, ai, rates)
