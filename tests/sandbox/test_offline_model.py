"""The demo's offline model: deterministic answers, usage, and a built project that runs."""

import io
import math
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot_platform.config.settings import Settings
from bot_platform.demo import build_demo
from bot_platform.sandbox import offline_model
from bot_platform.sandbox.offline_model import PIECES_PER_ANSWER, OfflineModel
from bot_platform.sandbox.offline_project import project
from bot_platform.telegram.markdown import pages
from bot_platform.work.engine.kind import Files, Order
from bot_platform.work.engine.model import Message, Usage
from bot_platform.work.engine.project_files import problems, safe_path, zipped
from bot_platform.work.kinds import ask
from bot_platform.work.kinds.build.prompts import plan_prompt
from bot_platform.work.kinds.build.steps import FILE_TOKENS, README_TOKENS, build
from tests.work.fake_context import RATES, FakeContext, Step

PAGE = Path(offline_model.__file__).parent / "templates" / "chat.html"
REQUEST = "a tool that renames photos by date"
ODD = [
    "?",
    "",
    "```",
    "**bold** `code` [x](y) <b>",
    "почему небо голубое",
    "é" * 500,
    "/new\n\n# 1",
    "\ud800 \0",
]


async def heard(messages: list[Message], most_tokens: int = ask.MAX_ANSWER_TOKENS) -> tuple[list[str], Usage]:
    """Return the pieces of an answer and its usage."""
    *pieces, usage = [piece async for piece in OfflineModel(pause=0).answer(messages, most_tokens)]
    assert isinstance(usage, Usage)
    return [piece for piece in pieces if isinstance(piece, str)], usage


async def answered(*turns: str) -> str:
    """Ask as /ask does: the last turn is the question, the others are the conversation."""
    prompt = [Message(("user", "assistant")[n % 2], turn) for n, turn in enumerate(turns)]
    pieces, _ = await heard([ask.SYSTEM_PROMPT, *prompt])
    return "".join(pieces)


@dataclass
class OfflineContext(FakeContext):
    """A job context with the offline model."""

    async def answer(self, *messages: Message | str, most_tokens: int, show: bool = False) -> str:
        assert not show
        pieces, usage = await heard([m for m in messages if isinstance(m, Message)], most_tokens)
        assert usage.written <= most_tokens
        return "".join(pieces)


async def built(request: str) -> Files:
    """Build as /build does."""
    order = Order(request)
    held = build.price(order, RATES)
    result = await build.work(OfflineContext(order, lambda _: "", [Step(held.most, held.first)]))
    assert isinstance(result, Files)
    return result


async def test_an_answer_says_that_it_is_offline_and_names_words_of_the_question() -> None:
    prompt = await answered("Why is the sky blue?")
    assert "I am the demo's offline model" in prompt
    assert "do not think" in prompt
    assert "**sky** and **blue**" in prompt
    assert "- explain **blue**" in prompt
    assert "```python\n" in prompt


@pytest.mark.parametrize("question", ODD)
async def test_every_question_gets_an_answer_with_balanced_markdown(question: str) -> None:
    prompt = await answered(question)
    assert "offline model" in prompt
    (page,) = pages(prompt)
    kinds = {entity["type"] for entity in page["entities"]}
    assert {"bold", "pre"} <= kinds
    assert "**" not in page["text"]
    assert "`" not in page["text"]


async def test_the_code_in_an_answer_prints_what_its_comment_says(capsys: pytest.CaptureFixture[str]) -> None:
    code = (await answered("Which is longest, one or three?")).split("```")[1].removeprefix("python\n")
    exec(code)  # noqa: S102 -- the code is the demo's own
    printed = capsys.readouterr().out.strip()
    assert code.strip().endswith(f"# {printed}")


async def test_the_same_question_gets_the_same_pieces_and_another_gets_others() -> None:
    messages = [ask.SYSTEM_PROMPT, Message("user", "Why?")]
    pieces, usage = await heard(messages)
    assert (pieces, usage) == await heard(messages)
    assert 10 < len(pieces) <= PIECES_PER_ANSWER
    assert "".join(pieces) != await answered("How?")


async def test_an_answer_names_the_number_of_earlier_turns() -> None:
    first = await answered("Why is the sky blue?")
    assert "first turn" in first
    later = await answered("Why is the sky blue?", first, "And at night?")
    assert "**2 earlier turns**" in later
    assert "about **blue**" in later


async def test_a_long_answer_takes_more_than_one_message() -> None:
    assert len(pages(await answered("Give me a long answer"))) == 2


async def test_usage_is_four_bytes_a_token_and_within_the_limit() -> None:
    messages = [ask.SYSTEM_PROMPT, Message("user", "a long answer, " + "é" * 100)]
    for most in (10, 100, ask.MAX_ANSWER_TOKENS):
        pieces, usage = await heard(messages, most)
        read = sum(len(message.text.encode()) for message in messages)
        written = len("".join(pieces).encode())
        assert usage == Usage(math.ceil(read / 4), math.ceil(written / 4))
        assert usage.written <= most


@pytest.mark.parametrize("prompt", ["Write a haiku about\nRequest: not JSON", "", *ODD])
async def test_an_unknown_prompt_gets_a_generic_answer(prompt: str) -> None:
    pieces, _ = await heard([Message("user", prompt)])
    assert "offline model" in "".join(pieces)


@given(request=st.text(max_size=300))
def test_the_project_of_any_request_passes_the_checks_and_fits(request: str) -> None:
    made = project(request)
    paths = [*made.files, "README.md"]
    assert len(made.files) == 5
    assert all(safe_path(path) == path for path in paths)
    assert [problems(path, file.text, paths) for path, file in made.files.items()] == [[]] * 5
    assert all(len(file.text.encode()) < FILE_TOKENS * 4 - 20 for file in made.files.values())
    assert len(made.readme.encode()) < README_TOKENS * 4 - 20


@pytest.mark.parametrize("request_", [REQUEST, *ODD[:-1], "calendar", "x" * 4000])
async def test_a_build_of_any_request_is_complete(request_: str) -> None:
    result = await built(request_)
    assert len(result.files) == 6
    assert "problems" not in result.caption
    assert result.files["README.md"].startswith("# ")
    assert result.files == (await built(request_)).files


async def test_the_program_and_tests_in_a_built_zip_run(tmp_path: Path) -> None:
    result = await built(REQUEST)
    assert result.name == "renames-photos-date"
    assert "a tool that renames photos by date" in result.caption
    zipfile.ZipFile(io.BytesIO(zipped(result.files, result.name))).extractall(tmp_path)

    def run(*arguments: str) -> Any:
        command = [sys.executable, "-W", "error", "-m", *arguments]
        return subprocess.run(
            command, cwd=tmp_path / result.name, capture_output=True, text=True, check=False
        )

    tests = run("unittest")
    assert (tests.returncode, tests.stderr.splitlines()[-1]) == (0, "OK")
    assert "[x]" in run("renames_photos_date", "done", "1").stdout
    assert run("renames_photos_date").stdout.count("[x]") == 1
    beyond = run("renames_photos_date", "done", "99")
    assert (beyond.returncode, beyond.stderr.startswith("there is no step 99")) == (1, True)


async def test_the_demo_charges_forty_times_the_usual_price_as_its_page_says(tmp_path: Path) -> None:
    settings, outside = build_demo(tmp_path, 8000, mock=True)
    usual = Settings.model_fields
    assert settings.ai_credits_per_1k_input == 40 * usual["ai_credits_per_1k_input"].default
    assert settings.ai_credits_per_1k_output == 40 * usual["ai_credits_per_1k_output"].default
    assert outside.model is not None
    assert outside.model.name == OfflineModel.name
    assert "Prices are forty times the usual here" in PAGE.read_text(encoding="utf-8")


async def test_a_repeated_plan_request_gets_the_same_plan() -> None:
    first, _ = await heard(list(plan_prompt(REQUEST)))
    second, _ = await heard(list(plan_prompt(REQUEST, "there was no whole JSON object")))
    assert first == second
