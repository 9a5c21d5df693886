"""The check of the AI: one real answer, and a fix for each way in which there is none."""

from typing import Any

import pytest

from bot_platform.doctor.ai import AIChecks
from bot_platform.doctor.report import Finding
from tests.doctor.makers import ERROR, OK, SKIPPED, WARNING, findings, settings
from tests.makers import free_port
from tests.work.model_server import (
    Answer,
    Behaviour,
    Ending,
    Events,
    Rubbish,
    Status,
    error,
    finish,
    model_server,
    piece,
)

AI: dict[str, Any] = {"ai_api_key": "sk-0123456789abcdef", "ai_model": "mine"}


async def check(*, spend: bool = True, **changed: Any) -> Finding:
    return (await findings(AIChecks(settings(**changed), spend=spend).groups()))["AI"]


async def check_against(*behaviours: Behaviour, path: str = "", **changed: Any) -> tuple[Finding, int]:
    """Check an endpoint that behaves so; return the finding and how often it was asked."""
    async with model_server() as server:
        server.will(*behaviours)
        found = await check(ai_base_url=server.url + path, **AI, **changed)
        return found, len(server.requests)


@pytest.mark.parametrize(
    ("given", "names"),
    [({}, "AI_API_KEY and AI_MODEL"), ({"ai_model": "m"}, "AI_API_KEY"), ({"ai_api_key": "k"}, "AI_MODEL")],
)
async def test_an_ai_that_is_not_set_up_is_a_warning(given: dict[str, Any], names: str) -> None:
    line = await check(**given)
    assert line.status is WARNING
    assert line.message.startswith(f"{names} not set")
    assert "AI_BASE_URL" in line.fix


@pytest.mark.parametrize(
    "answer",
    [
        Answer("OK", usage=(5, 1)),
        Answer("O", reason="length"),
        Events(piece("<think>hm"), finish("length")),
    ],
    ids=["whole", "cut at our limit", "reasoning only"],
)
async def test_a_model_that_writes_is_ok(answer: Behaviour) -> None:
    line, asked = await check_against(answer)
    assert (line.status, asked) == (OK, 1)
    assert line.message.startswith("mine at ")


async def test_without_spending_nothing_is_asked() -> None:
    line, asked = await check_against(spend=False)
    assert (line.status, asked) == (SKIPPED, 0)


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (Status(401, error("Incorrect API key provided", code="invalid_api_key")), ERROR, "AI_API_KEY"),
        (Status(400, error("Model Not Exist")), ERROR, "AI_MODEL"),
        (Status(404, error("model not found", code="model_not_found")), ERROR, "AI_MODEL"),
        (Status(402, error("Insufficient Balance")), ERROR, "Add credit"),
        (Status(400, error("no idea")), ERROR, "AI_MODEL=mine"),
        (Status(400, error(code="content_filter")), ERROR, "AI_MODEL=mine"),
        (Rubbish(), ERROR, "AI_BASE_URL"),
        (Events({"choices": [{"text": "OK"}]}, finish()), ERROR, "AI_MODEL=mine"),
        (Events(piece("O"), ending=Ending.CLOSED), WARNING, "proxies"),
        (Events(piece("O"), finish("a new word")), WARNING, "proxies"),
    ],
    ids=[
        "key",
        "model",
        "no such model",
        "purse",
        "unknown",
        "filter",
        "page",
        "empty",
        "cut",
        "end",
    ],
)
async def test_each_fault_has_its_fix(answer: Behaviour, status: object, words: str) -> None:
    line, _ = await check_against(answer)
    assert (line.status, words in line.fix) == (status, True), line


async def test_a_base_url_without_its_version_is_named_with_it() -> None:
    async with model_server() as server:
        bare = server.url.removesuffix("/v1")
        line = await check(ai_base_url=bare, **AI)
    assert line.status is ERROR
    assert f"AI_BASE_URL={bare}/v1" in line.fix


@pytest.mark.parametrize("pasted", ["/chat/completions", "/completions", "/models", "/chat/completions/"])
async def test_a_base_url_with_a_pasted_path_is_named_without_it(pasted: str) -> None:
    async with model_server() as server:
        line = await check(ai_base_url=server.url + pasted, **AI)
        assert line.status is ERROR
        assert f"AI_BASE_URL={server.url}," in line.fix


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/api", "/api/v1"),
        ("/openai", "/openai/v1"),
        ("/openai/", "/openai/v1"),
        ("/api/chat/completions", "/api/v1"),
        ("/v1beta/openai", None),
        ("/api/paas/v4/", None),
        ("/compatible-mode/v1", None),
        ("/serve-v1-here", "/serve-v1-here/v1"),
    ],
)
async def test_a_base_url_whose_path_has_no_version_is_named_with_one(path: str, meant: str | None) -> None:
    async with model_server() as server:
        bare = server.url.removesuffix("/v1")
        line = await check(ai_base_url=bare + path, **AI)
    assert line.status is ERROR
    assert ("Write AI_BASE_URL=" in line.fix) == bool(meant)
    assert f"AI_BASE_URL={bare}{meant}," in line.fix or not meant


async def test_an_endpoint_that_cannot_be_reached_is_a_warning() -> None:
    line = await check(ai_base_url=f"http://127.0.0.1:{free_port()}/v1", **AI)
    assert line.status is WARNING
    assert "does not answer" in line.message
