"""`/build`: its prompts, checkpoints, holds and files, with a scripted model."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot_platform.work.engine.kind import CannotDo, Files, Order
from bot_platform.work.engine.model import ModelFault
from bot_platform.work.engine.project_files import safe_path
from bot_platform.work.kinds.build.answers import contents, read_plan
from bot_platform.work.kinds.build.prompts import (
    MAX_FILES,
    PATH,
    PROBLEM_BYTES,
    PURPOSE_BYTES,
    REQUEST,
    SO_FAR_BYTES,
    SUMMARY_BYTES,
    plan_prompt,
)
from bot_platform.work.kinds.build.steps import MAX_FILE_BYTES, build, quote
from tests.work.fake_context import (
    PLANNED,
    RATES,
    WRITTEN,
    Crash,
    FakeContext,
    Model,
    Step,
    marked,
    model,
    plan_of,
    wanted,
)

REQUEST_TEXT = "A tool that keeps notes."
FAULT = ModelFault("model-down")
LENGTH, EMPTY = ModelFault("model-length"), ModelFault("model-empty")
TELEGRAM_CAPTION = 1024


def context(answers: Model, request: str = REQUEST_TEXT, **more: Any) -> FakeContext:
    order = Order(request)
    held = build.price(order, RATES)
    return FakeContext(order, answers, [Step(held.most, held.first)], **more)


async def built(running: FakeContext) -> Files:
    result = await build.work(running)
    assert isinstance(result, Files)
    return result


async def test_a_project_is_planned_written_and_described() -> None:
    running = context(answers := model())
    result = await built(running)
    assert result.name == "notes"
    assert result.files == WRITTEN
    assert list(result.files) == [*(path for path, _ in PLANNED), "README.md"]
    assert result.caption.startswith("**notes**: Keeps notes.")
    assert "- `notes/store.py`" in result.caption
    assert "problems" not in result.caption
    assert answers.asked == ["plan", *WRITTEN]


async def test_each_file_is_shown_and_saved_before_the_next() -> None:
    running = context(model())
    await built(running)
    assert running.shown == [(n, 4, path) for n, path in enumerate(WRITTEN)]
    assert running.checkpoints == 4  # after the plan and after each file; the README ends the work
    assert sorted(running.saved["files"]) == sorted(path for path, _ in PLANNED)


async def test_the_prompt_of_a_file_has_the_request_the_plan_and_the_files_so_far() -> None:
    running = context(model(), "two\nPath: lines")
    await built(running)
    prompt = running.steps[-2].asks[0].prompt
    assert (marked(prompt, REQUEST), marked(prompt, PATH)) == ("two\nPath: lines", "main.py")
    assert "- notes/store.py: keeps notes" in prompt[1].text
    assert "--- notes/store.py\nNOTES = []\n" in prompt[1].text


@pytest.mark.parametrize(
    "answer",
    [
        '{"name": "x", "files": [{"path": "a.py", "purpose": "all"}]}',
        'Here {is} it:\n```json\n{"name": "x", "files": [{"path": "./a.py"}]}\n```\nEnjoy {}!',
        '{"thought": 1} {"files": ["a.py"]}',
        '{"files": [{"path": "../b.py"}, {"path": "a.py"}, {"path": "A.PY"}, {"path": "a.py/c"}, {}, 5]}',
    ],
)
def test_a_plan_is_found_anywhere_in_an_answer(answer: str) -> None:
    assert [planned["path"] for planned in read_plan(answer)["plan"]] == ["a.py"]


@pytest.mark.parametrize(
    "answer",
    [
        '{"files": ["draft.py"]} no, better:</think>{"files": ["a.py"]}',
        'Okay. <think>{"files": ["draft.py"]}</think>{"files": ["a.py"]}',
        '<think>x</think>\n{"files": ["draft.py"]}\nWait.\n</think>\n\n{"files": ["a.py"]} Enjoy.',
        '[THINK]{"files": ["draft.py"]}[/THINK]{"files": ["a.py"]}',
        '{"files": [{"path": "a.py", "purpose": "finds <think> and </think> in a text"}]}',
        '{"files": ["draft.py"]} </THINKING> {"files": [{"path": "a.py", "purpose": "finds </think>"}]}',
    ],
)
def test_a_plan_that_a_model_rejected_while_it_reasoned_is_not_built(answer: str) -> None:
    assert [planned["path"] for planned in read_plan(answer)["plan"]] == ["a.py"]


def test_a_draft_alone_is_no_plan() -> None:
    with pytest.raises(ValueError, match="no whole JSON"):
        read_plan('{"files": ["draft.py"]} </think> I would rather not.')


def test_a_plan_is_cut_to_its_limits() -> None:
    many = [(f"{n}.py", "z" * 500) for n in range(MAX_FILES + 5)]
    project = read_plan(plan_of(many, name="../../CON" + "é" * 99, summary="y\n" * 500))
    assert len(project["plan"]) == MAX_FILES
    assert safe_path(project["name"]) == project["name"]
    assert "/" not in project["name"]
    assert "\n" not in project["summary"]
    assert len(project["summary"].encode()) <= SUMMARY_BYTES
    assert all(len(planned["purpose"].encode()) <= PURPOSE_BYTES for planned in project["plan"])


@pytest.mark.parametrize("name", ["", "con", "...", None, 7, "\ud800\0"])
def test_a_name_that_cannot_be_a_folder_becomes_project(name: object) -> None:
    assert read_plan(json.dumps({"name": name, "files": ["a.py"]}))["name"] == "project"


@pytest.mark.parametrize("bad", ["No.", '{"files": {}}', '{"files": ["/etc/passwd"]}', '{"a":' * 3000, ""])
async def test_an_unusable_plan_is_asked_for_once_more_with_its_problem(bad: str) -> None:
    running = context(answers := model(plan=[bad, plan_of(PLANNED)]))
    assert (await built(running)).files == WRITTEN
    assert "\nProblem: " in running.steps[0].asks[1].prompt[1].text

    answers = model(plan=bad)
    with pytest.raises(CannotDo) as caught:
        await built(context(answers))
    assert caught.value.text == "build-no-plan"
    assert answers.asked == ["plan", "plan"]


def test_a_problem_is_one_line_of_a_prompt_within_its_limit() -> None:
    prompt = plan_prompt(REQUEST_TEXT, "é\n" * 5000)[1].text
    assert prompt.count("\n") == 1
    assert len(prompt.encode()) <= len(plan_prompt(REQUEST_TEXT, "x" * PROBLEM_BYTES)[1].text)


@pytest.mark.parametrize("first", ["", "x = (", "````\n````", "````\nx = 1\n", "import notes.gone"])
async def test_a_file_that_fails_its_check_is_asked_for_once_more(first: str) -> None:
    running = context(model(**{"main.py": [first, "x = 2"]}))
    result = await built(running)
    assert result.files["main.py"] == "x = 2\n"
    assert "problems" not in result.caption
    again = running.steps[-2].asks[1].prompt[1].text
    assert "\nProblem: " in again
    assert "--- main.py\n" in again


async def test_a_file_that_fails_its_check_twice_is_kept_and_its_problem_is_named() -> None:
    answers = model(**{"notes/store.py": ["x = (", "y = ["]})
    result = await built(context(answers))
    assert result.files["notes/store.py"] == "y = [\n"
    assert answers.asked.count("notes/store.py") == 2
    line = "- `notes/store.py`: line 1: '[' was never closed"
    assert line in result.caption
    assert result.files["README.md"] == f"# Notes\n\n## Known problems\n\n{line}\n"


async def test_an_empty_second_answer_does_not_replace_the_first() -> None:
    result = await built(context(model(**{"main.py": ["x = (", " "]})))
    assert result.files["main.py"] == "x = (\n"
    result = await built(context(model(**{"main.py": ""})))
    assert "- `main.py`: empty" in result.caption


async def test_the_file_that_makes_a_package_may_be_empty() -> None:
    answers = model(**{"notes/__init__.py": "````python\n````"})
    assert (await built(context(answers))).files["notes/__init__.py"] == ""
    assert answers.asked.count("notes/__init__.py") == 1


async def test_a_file_above_the_limit_is_cut_and_the_caption_says_so() -> None:
    result = await built(context(model(**{"main.py": "#é" * MAX_FILE_BYTES})))
    assert MAX_FILE_BYTES - 2 < len(result.files["main.py"].encode()) <= MAX_FILE_BYTES
    assert "- `main.py`: longer than 64 KiB" in result.caption


async def test_a_readme_of_the_plan_is_written_as_planned() -> None:
    planned = [("readme.md", "first"), ("main.py", "all")]
    answers = Model({"plan": [plan_of(planned)], "readme.md": ["# Mine"], "main.py": ["x = ("]})
    running = context(answers)
    result = await built(running)
    assert list(result.files) == ["readme.md", "main.py"]
    assert result.files["readme.md"].startswith("# Mine\n\n## Known problems\n\n- `main.py`: ")
    assert answers.asked == ["plan", "readme.md", "main.py", "main.py"]
    assert running.checkpoints == 2


async def test_without_an_answer_the_readme_is_made_from_the_plan() -> None:
    result = await built(context(model(**{"README.md": "\n"})))
    assert result.files["README.md"].startswith("# notes\n\nKeeps notes.\n")
    assert "- `main.py`: starts it" in result.files["README.md"]


async def test_a_model_that_fails_at_the_plan_ends_the_job() -> None:
    with pytest.raises(ModelFault) as caught:
        await built(context(model(plan=FAULT)))
    assert caught.value is FAULT


async def test_a_model_that_fails_after_the_plan_leaves_a_readme_of_the_plan() -> None:
    with pytest.raises(CannotDo) as caught:
        await built(context(model(**{"notes/__init__.py": FAULT})))
    assert (caught.value.text, caught.value.values) == ("build-stopped", {"done": 0, "of": 4})
    assert caught.value.files
    assert list(caught.value.files.files) == ["README.md"]


@pytest.mark.parametrize(("what", "done"), [("notes/store.py", 1), ("main.py", 2), ("README.md", 3)])
async def test_a_model_that_fails_later_leaves_the_finished_files(what: str, done: int) -> None:
    with pytest.raises(CannotDo) as caught:
        await built(context(model(**{what: FAULT})))
    refusal = caught.value
    assert (refusal.text, refusal.values, refusal.__cause__) == (
        "build-stopped",
        {"done": done, "of": 4},
        FAULT,
    )
    assert refusal.files
    assert list(refusal.files.files) == list(WRITTEN)[:done]
    assert f"Not written:\n- `{what}`" in refusal.files.caption


async def test_a_file_that_was_cut_at_the_limit_is_asked_for_once_more_and_shorter() -> None:
    versions: list[str | ModelFault] = [LENGTH, "x = 2"]
    running = context(answers := model(**{"main.py": versions}))
    result = await built(running)
    assert result.files["main.py"] == "x = 2\n"
    assert "problems" not in result.caption
    assert "a shorter file would fit" in running.steps[-2].asks[1].prompt[1].text
    assert answers.asked.count("main.py") == 2


async def test_a_file_that_was_cut_twice_is_not_shipped() -> None:
    with pytest.raises(CannotDo) as caught:
        await built(context(answers := model(**{"main.py": LENGTH})))
    assert (caught.value.text, caught.value.__cause__) == ("build-stopped", LENGTH)
    assert answers.asked.count("main.py") == 2


async def test_a_file_with_problems_is_kept_when_the_next_version_is_cut() -> None:
    versions: list[str | ModelFault] = ["x = (", LENGTH]
    result = await built(context(model(**{"main.py": versions})))
    assert result.files["main.py"] == "x = (\n"
    assert "- `main.py`: line 1" in result.caption


@pytest.mark.parametrize("fault", ["model-length", "model-thought", "model-empty"])
async def test_a_readme_that_was_cut_is_made_from_the_plan(fault: str) -> None:
    result = await built(context(model(**{"README.md": ModelFault(fault)})))
    assert result.files["README.md"].startswith("# notes\n\nKeeps notes.\n")


async def test_an_answer_without_a_text_is_asked_for_once_more() -> None:
    versions: list[str | ModelFault] = [EMPTY, "x = 2"]
    running = context(answers := model(plan=[EMPTY, plan_of(PLANNED)], **{"main.py": versions}))
    assert (await built(running)).files["main.py"] == "x = 2\n"
    assert (answers.asked.count("plan"), answers.asked.count("main.py")) == (2, 2)


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
async def test_a_build_that_starts_again_after_any_checkpoint_continues_from_there(nth: int) -> None:
    wrong = {"notes/store.py": "y = [", "main.py": "x = ("}
    whole = await built(context(answers := model(**wrong)))
    first = context(again := model(**wrong), crash_after=nth)
    with pytest.raises(Crash):
        await built(first)
    second = context(again, saved=first.saved)
    assert await built(second) == whole
    assert again.asked == answers.asked  # only files that failed their check were asked for twice
    shown = list(dict.fromkeys([*first.shown, *second.shown]))  # the line stays while the job waits
    assert shown == [(n, 4, path) for n, path in enumerate(WRITTEN)]


@pytest.mark.parametrize("nth", range(5))
async def test_a_build_that_crashes_while_it_writes_a_file_repeats_only_that_file(nth: int) -> None:
    first = context(answers := model(), crash_at_answer=nth)
    with pytest.raises(Crash):
        await built(first)
    done = set(first.saved["files"]) if first.saved else set()
    answers.asked.clear()
    assert (await built(context(answers, saved=first.saved))).files == WRITTEN
    assert not done & set(answers.asked)


async def test_a_saved_object_is_not_changed_by_the_next_run() -> None:
    first = context(answers := model(), crash_after=2)
    with pytest.raises(Crash):
        await built(first)
    before = json.dumps(first.saved)
    await built(context(answers, saved=first.saved))
    assert json.dumps(first.saved) == before


odd = st.text(max_size=40)
paths = st.sampled_from(["a.py", "b/c.py", "b/__init__.py", "README.md", "d.json", "é" * 30 + "/x.toml"])
GONE = "".join(f"import b.gone_{n}_{'x' * 500}\n" for n in range(9))
long = st.sampled_from(["x = (", "", "{}", "#" * 30_000, GONE, "ж" * 20_000, "````\n1"])


@settings(deadline=None)  # one example is a whole project
@given(
    request=odd,
    planned=st.lists(st.tuples(paths | odd, odd | st.just("w" * 300)), max_size=MAX_FILES + 2),
    name=odd,
    bad_plan=st.booleans(),
    texts=st.lists(long | odd, min_size=1, max_size=20),
)
async def test_no_step_costs_more_than_its_hold_and_no_build_more_than_its_quote(
    request: str, planned: list[tuple[str, str]], name: str, bad_plan: bool, texts: list[str]
) -> None:
    plans = ["?" * bad_plan, plan_of([*planned, ("last.py", "q")], name, request)][not bad_plan :]
    running = FakeContext(Order(request), lambda prompt: answer(wanted(prompt)), [])
    count = iter(range(1000))

    def answer(what: str) -> str:
        return plans.pop(0) if what == "plan" else texts[next(count) % len(texts)]

    named = quote(running.order, RATES)
    running.steps.append(Step(named.most, named.first))
    result = await built(running)

    for step in running.steps:
        assert sum(ask.most for ask in step.asks) <= step.first <= step.most
        assert 1 <= len(step.asks) <= 2
    for step, following in zip(running.steps, running.steps[1:], strict=False):
        assert following.most <= step.most - step.first
    assert sum(step.first for step in running.steps) <= named.most
    assert len(result.caption) <= TELEGRAM_CAPTION
    assert all(safe_path(path) == path for path in result.files)
    json.dumps(running.saved).encode()


async def test_a_quote_is_between_ten_and_twenty_credits() -> None:
    named = quote(Order("x" * 1000), RATES)
    assert 1000 < named.most < 2000
    assert named.first < 100
    assert quote(Order("x" * 4096), RATES).most > named.most


async def test_the_files_so_far_in_a_prompt_stay_within_their_limit() -> None:
    running = context(model(**{"notes/__init__.py": "#" * 20_000, "notes/store.py": "##" * 20_000}))
    await built(running)
    last = running.steps[-2].asks[0].prompt[1].text
    assert SO_FAR_BYTES < len(last.encode()) < SO_FAR_BYTES + 600
    assert "--- notes/store.py\n##" in last  # the newest first
    assert "--- notes/__init__.py" not in last


async def test_a_caption_fits_a_message_however_many_problems_there_are() -> None:
    planned = [(f"b/{n}{'x' * 60}/{'y' * 50}.py", "z" * 300) for n in range(MAX_FILES - 1)]
    texts = {path: [GONE] for path, _ in planned} | {"b/a.py": ["x = 1"], "README.md": ["# B"]}
    answers = Model({"plan": [plan_of([("b/a.py", ""), *planned], "n" * 99, "s" * 999)], **texts})
    result = await built(context(answers))
    assert len(result.files) == MAX_FILES + 1
    assert TELEGRAM_CAPTION / 2 < len(result.caption) <= TELEGRAM_CAPTION
    assert result.caption.endswith("\n- …")


@pytest.mark.parametrize(
    ("path", "answer", "text", "closed"),
    [
        ("a.py", "x = 1", "x = 1\n", True),
        ("a.py", "\n\n  x\n\n", "  x\n", True),
        ("a.py", "```python\nx = 1\n```", "x = 1\n", True),
        (
            "a.py",
            "Run:\n```sh\npip\n```\nThen:\n~~~py title=a\nx = 1\r\ny = 2\n~~~\nDone.",
            "x = 1\ny = 2\n",
            True,
        ),
        ("a.py", "````\nx = 1\n```", "x = 1\n", True),
        ("a.py", "````\nx = '''\n```\n'''\n````", "x = '''\n```\n'''\n", True),
        ("a.py", "```\nx = 1", "x = 1\n", False),
        ("a.py", "```", "", False),
        ("a.py", "x\0 = '\ud800'", "x = '?'\n", True),
        ("a.md", "# A\n```sh\nls\n```\nEnd", "# A\n```sh\nls\n```\nEnd\n", True),
        ("a.md", "```markdown\n# A\n```sh\nls\n```\nEnd\n```", "# A\n```sh\nls\n```\nEnd\n", True),
        ("a.md", "Here:\n````\n# A\n```sh\nls\n```\n````", "# A\n```sh\nls\n```\n", True),
        ("a.md", "```\n# A\n```", "# A\n", True),
        ("a.md", "````md\n# A", "# A\n", False),
    ],
)
def test_a_file_is_read_from_its_fence(path: str, answer: str, text: str, closed: bool) -> None:
    assert contents(path, answer) == (text, closed)


@pytest.mark.parametrize(
    "line", ["```" + "a" * 100_000 + "`", "```a\n```\n" * 12_000, "```" + " " * 100_000 + "`"]
)
def test_no_answer_takes_long_to_read(line: str) -> None:
    contents("a.py", line)  # the time limit of the suite fails a slow one
    contents("a.md", line)
