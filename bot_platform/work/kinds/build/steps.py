"""`/build <what to build>`: a small project, planned, written file by file, checked, and delivered."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot_platform.work.engine.kind import CannotDo, Files, JobContext, Order, Quote, kind
from bot_platform.work.engine.model import Message, ModelFault, Rates
from bot_platform.work.engine.project_files import clashes, problems
from bot_platform.work.kinds.build.answers import contents, read_plan
from bot_platform.work.kinds.build.prompts import (
    PROBLEM_BYTES,
    SO_FAR_BYTES,
    Project,
    clip,
    file_prompt,
    fullest,
    plan_prompt,
    readme_prompt,
    so_far,
)
from bot_platform.work.kinds.build.report import caption, known_problems, plain_readme

ASKS = 2  # for a plan or a file: once, and once more with what was wrong
PLAN_TOKENS, FILE_TOKENS, README_TOKENS = 800, 1500, 600
LARGEST_FILE = 64 * 1024  # UTF-8 bytes
MOST_PROBLEMS = 3  # named of one file
README_FILE = "README.md"
MAY_BE_EMPTY = {"__init__.py", "py.typed"}
FULL, WORST = "x" * SO_FAR_BYTES, "x" * PROBLEM_BYTES


@dataclass(frozen=True, slots=True)
class Draft:
    """A version of a file, and what is wrong with it."""

    text: str
    problems: list[str]


def quote(order: Order, rates: Rates) -> Quote:
    """Price the largest project that a request can come to; the plan is held to begin."""
    largest = fullest()
    plan = ASKS * _most(rates, plan_prompt(order.request, WORST), PLAN_TOKENS)
    steps = sum(_price(order.request, largest, path, rates) for path in _paths(largest))
    return Quote(plan + steps, plan)


@kind("build", "plan and write a small project, delivered as a ZIP", price=quote)
async def build(task: JobContext) -> Files:
    """Plan a project unless that is done, then write file after file, each kept before the next begins."""
    project: Project = task.kept or await _begun(task)
    while todo := _todo(project):
        await _say_how_far(task, project)
        try:
            draft = await _draft(task, project, todo[0])
        except ModelFault as fault:
            done, of = len(project["files"]), len(_paths(project))
            if not done:  # the plan was paid for: its person gets it
                project = _with(project, README_FILE, Draft(plain_readme(project), []))
            raise CannotDo("build-stopped", files=_files(project), done=done, of=of) from fault
        project = _with(project, todo[0], draft)
        if todo[1:]:
            await _keep(task, project)
    return _files(project)


async def _begun(task: JobContext) -> Project:
    problem = ""
    for _ in range(ASKS):
        answer = await task.answer(*plan_prompt(task.order.request, problem), most_tokens=PLAN_TOKENS)
        try:
            project = read_plan(answer)
        except ValueError as wrong:
            problem = str(wrong)
        else:
            await _keep(task, project)
            return project
    raise CannotDo("build-no-plan")


async def _keep(task: JobContext, project: Project) -> None:
    await _say_how_far(task, project)  # before the checkpoint: should the work wait here, it says so
    prices = [_price(task.order.request, project, path, task.rates) for path in _todo(project)]
    await task.checkpoint(project, most=sum(prices), first=prices[0])


async def _say_how_far(task: JobContext, project: Project) -> None:
    await task.progress(len(project["files"]), len(_paths(project)), _todo(project)[0])


async def _draft(task: JobContext, project: Project, path: str) -> Draft:
    if path not in _planned(project):
        return await _readme(task, project)
    first = await _version(task, project, path)
    if not first.problems:
        return first
    second = await _version(task, project, path, first)
    return second if second.text or not second.problems else first


async def _version(task: JobContext, project: Project, path: str, before: Draft | None = None) -> Draft:
    files, order, problem = project["files"], _newest_first(project), ""
    if before:
        files, order, problem = files | {path: before.text}, [path, *order], "; ".join(before.problems)
    prompt = file_prompt(task.order.request, project, so_far(files, order), path, problem)
    answer = await task.answer(*prompt, most_tokens=FILE_TOKENS)
    return _checked(path, answer, _paths(project))


async def _readme(task: JobContext, project: Project) -> Draft:
    written = so_far(project["files"], _newest_first(project))
    prompt = readme_prompt(task.order.request, project, written)
    draft = _checked(README_FILE, await task.answer(*prompt, most_tokens=README_TOKENS), [])
    return draft if draft.text else Draft(plain_readme(project), [])


def _checked(path: str, answer: str, paths: Sequence[str]) -> Draft:
    text, closed = contents(path, clip(answer, 2 * LARGEST_FILE))
    if not text and not (path.rpartition("/")[2] in MAY_BE_EMPTY and answer.strip()):
        return Draft("", ["empty"])
    cut = [] if closed else ["cut off at its end; a shorter file would fit"]
    if len(text.encode()) > LARGEST_FILE:
        text, cut = clip(text, LARGEST_FILE), [f"longer than {LARGEST_FILE // 1024} KiB and cut there"]
    return Draft(text, [*cut, *problems(path, text, paths)][:MOST_PROBLEMS])


def _price(request: str, project: Project, path: str, rates: Rates) -> int:
    """Price the step that writes a file at the most it can come to: asked for twice, all budgets full."""
    if path not in _planned(project):
        return _most(rates, readme_prompt(request, project, FULL), README_TOKENS)
    return ASKS * _most(rates, file_prompt(request, project, FULL, path, WORST), FILE_TOKENS)


def _most(rates: Rates, prompt: Sequence[Message], most_tokens: int) -> int:
    return rates.most("".join(message.text for message in prompt), most_tokens)


def _planned(project: Project) -> list[str]:
    return [planned["path"] for planned in project["plan"]]


def _paths(project: Project) -> list[str]:
    """List all that is to be written, in its order; a README comes last unless it is planned."""
    planned = _planned(project)
    return planned if clashes(README_FILE, planned) else [*planned, README_FILE]


def _todo(project: Project) -> list[str]:
    return [path for path in _paths(project) if path not in project["files"]]


def _newest_first(project: Project) -> list[str]:
    # Not in the order of `files`: a database need not keep the order of an object's keys.
    return [path for path in reversed(_paths(project)) if path in project["files"]]


def _with(project: Project, path: str, draft: Draft) -> Project:
    found = {path: draft.problems} if draft.problems else {}
    files, all_problems = project["files"] | {path: draft.text}, project["problems"] | found
    return {**project, "files": files, "problems": all_problems}


def _files(project: Project) -> Files:
    files = {path: project["files"][path] for path in _paths(project) if path in project["files"]}
    for path in files:
        if path.casefold() == README_FILE.casefold() and project["problems"]:
            files[path] += "\n".join(["", "## Known problems", "", *known_problems(project), ""])
    return Files(project["name"], files, caption(project, list(files), _todo(project)))
