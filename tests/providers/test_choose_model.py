"""The AI is the one of the settings, and an operator is warned of its costs."""

import asyncio
from typing import Any

import pytest

from bot_platform.demo import DemoSettings
from bot_platform.providers.choose import model
from bot_platform.work.engine.model import Message, ModelFault, Piece
from tests.makers import eventually
from tests.waiting import moving_clock
from tests.work.model_server import Silence, model_server

KEY = {"ai_base_url": "http://127.0.0.1:9/v1", "ai_api_key": "sk-made-up", "ai_model": "made-up"}


def settings(**changed: Any) -> DemoSettings:
    """Make settings that sell by Stripe."""
    given = {
        "telegram_bot_token": "1:abc",
        "stripe_secret_key": "sk_test_x",
        "stripe_webhook_secret": "whsec_x",
    }
    return DemoSettings(**(given | changed))


async def test_without_a_key_there_is_no_ai(capsys: pytest.CaptureFixture[str]) -> None:
    assert model(settings(ai_model="made-up")) is None
    assert capsys.readouterr().out == ""


async def test_a_key_without_a_model_is_logged_and_there_is_no_ai(capsys: pytest.CaptureFixture[str]) -> None:
    assert model(settings(ai_api_key="sk-made-up")) is None
    assert "AI_MODEL" in capsys.readouterr().out


async def test_the_ai_is_the_one_of_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    ai = model(settings(**KEY))
    assert ai
    assert ai.name == "made-up"
    await ai.close()
    assert capsys.readouterr().out == "", "it is paid for"


async def test_the_wait_for_the_first_words_is_the_one_of_the_settings() -> None:
    async with model_server() as server:
        server.always(Silence())
        ai = model(settings(**(KEY | {"ai_base_url": server.url}), ai_timeout=900))
        assert ai

        async def ask() -> list[Piece]:
            return [piece async for piece in ai.answer([Message("user", "Hi?")], 10)]

        asked = asyncio.create_task(ask())
        await eventually(lambda: server.requests, advance=False)
        moving_clock().move(890)
        await asyncio.sleep(0)
        assert not asked.done()
        moving_clock().move(20)
        with pytest.raises(ModelFault, match="TimeoutError"):
            await asked
        await ai.close()


async def test_mock_payments_with_a_real_ai_are_logged_as_a_warning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ai = model(settings(mock_stripe_payments=True, **KEY))
    assert ai
    await ai.close()
    said = capsys.readouterr().out
    assert "payments are mock" in said
    assert "sk-made-up" not in said
