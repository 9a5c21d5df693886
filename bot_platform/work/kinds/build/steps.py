"""`/build <what to build>`: plans a small project, writes it file by file, checks it, and sends it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from bot_platform.work.engine.kind import CannotDo, Files, JobContext, Order, Quote, kind
from bot_platform.work.engine.model import EMPTY, LENGTH, THOUGHT, Message, ModelFault, Rates
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

MAX_ATTEMPTS = 2  # to get a plan or a file: the second prompt says what was wrong
PLAN_TOKENS, FILE_TOKENS, README_TOKENS = 800, 1500, 600
MAX_FILE_BYTES = 64 * 1024  # UTF-8
MAX_PROBLEMS = 3  # of one file
README_FILE = "README.md"
CUT = "cut off at its end; a shorter file would fit"
MAY_BE_EMPTY = {"__init__.py", "py.typed"}
FULL, LONGEST_PROBLEM = "x" * SO_FAR_BYTES, "x" * PROBLEM_BYTES


@dataclass(frozen=True, slots=True)
class Draft:
    """A version of a file, and its problems; the fault is that of an answer whose text is lost."""

    text: str
    problems: list[str]
    fault: ModelFault | None = None


def quote(order: Order, rates: Rates) -> Quote:
    """Quote the largest possible project for a request; the plan is the first step."""
    largest = fullest()
    plan = MAX_ATTEMPTS * _most(rates, plan_prompt(order.prompt, LONGEST_PROBLEM), PLAN_TOKENS)
    steps = sum(_price(order.prompt, largest, path, rates) for path in _paths(largest))
    return Quote(plan + steps, plan)


@kind("build", "plan and write a small project, delivered as a ZIP", price=quote, reads_quotes=True)
async def build(context: JobContext) -> Files:
    """Plan a project, then write it file by file, with a checkpoint after the plan and after each file."""
    project: Project = context.saved or await _plan(context)
    while todo := _todo(project):
        await _show_progress(context, project)
        try:
            draft = await _draft(context, project, todo[0])
        except ModelFault as fault:
            done, of = len(project["files"]), len(_paths(project))
            if not done:  # the plan was paid for: the user gets it
                project = _with(project, README_FILE, Draft(plain_readme(project), []))
            raise CannotDo("build-stopped", files=_files(project), done=done, of=of) from fault
        project = _with(project, todo[0], draft)
        if todo[1:]:
            await _save(context, project)
    return _files(project)


async def _plan(context: JobContext) -> Project:
    problem = ""
    for _ in range(MAX_ATTEMPTS):
        answer = await _asked(context, plan_prompt(context.order.prompt, problem), PLAN_TOKENS)
        try:
            project = read_plan(answer)
        except ValueError as wrong:
            problem = str(wrong)
        else:
            await _save(context, project)
            return project
    raise CannotDo("build-no-plan")


async def _save(context: JobContext, project: Project) -> None:
    await _show_progress(context, project)  # before the checkpoint: the message stays if the job waits here
    prices = [_price(context.order.prompt, project, path, context.rates) for path in _todo(project)]
    await context.checkpoint(project, most=sum(prices), first=prices[0])


async def _show_progress(context: JobContext, project: Project) -> None:
    await context.progress(len(project["files"]), len(_paths(project)), _todo(project)[0])


async def _draft(context: JobContext, project: Project, path: str) -> Draft:
    if path not in _planned(project):
        return await _readme(context, project)
    first = await _version(context, project, path)
    if not first.problems:
        return first
    second = await _version(context, project, path, first)
    best = second if second.text or not second.problems else first
    if best.fault:  # a part of a file is no file
        raise best.fault
    return best


async def _version(context: JobContext, project: Project, path: str, before: Draft | None = None) -> Draft:
    files, order, problem = project["files"], _newest_first(project), ""
    if before:
        files, order, problem = files | {path: before.text}, [path, *order], "; ".join(before.problems)
    prompt = file_prompt(context.order.prompt, project, so_far(files, order), path, problem)
    try:
        answer = await _asked(context, prompt, FILE_TOKENS)
    except ModelFault as fault:
        if fault.text != LENGTH:
            raise
        return Draft("", [CUT], fault)
    return await asyncio.to_thread(_checked, path, answer, _paths(project))


async def _readme(context: JobContext, project: Project) -> Draft:
    written = so_far(project["files"], _newest_first(project))
    prompt = readme_prompt(context.order.prompt, project, written)
    try:
        answer = await _asked(context, prompt, README_TOKENS)
    except ModelFault as fault:
        if fault.text not in {LENGTH, THOUGHT}:
            raise
        answer = ""
    draft = await asyncio.to_thread(_checked, README_FILE, answer, [])
    return draft if draft.text else Draft(plain_readme(project), [])


async def _asked(context: JobContext, prompt: Sequence[Message], most_tokens: int) -> str:
    """Ask the model; an answer without a text is an empty one."""
    try:
        return await context.answer(*prompt, most_tokens=most_tokens)
    except ModelFault as fault:
        if fault.text != EMPTY:
            raise
        return ""


def _checked(path: str, answer: str, paths: Sequence[str]) -> Draft:
    text, closed = contents(path, clip(answer, 2 * MAX_FILE_BYTES))
    if not text and not (path.rpartition("/")[2] in MAY_BE_EMPTY and answer.strip()):
        return Draft("", ["empty"])
    cut = [] if closed else [CUT]
    if len(text.encode()) > MAX_FILE_BYTES:
        text, cut = clip(text, MAX_FILE_BYTES), [f"longer than {MAX_FILE_BYTES // 1024} KiB and cut there"]
    return Draft(text, [*cut, *problems(path, text, paths)][:MAX_PROBLEMS])


def _price(request: str, project: Project, path: str, rates: Rates) -> int:
    """Return the highest price of the step that writes a file: every attempt, with all limits full."""
    if path not in _planned(project):
        return _most(rates, readme_prompt(request, project, FULL), README_TOKENS)
    prompt = file_prompt(request, project, FULL, path, LONGEST_PROBLEM)
    return MAX_ATTEMPTS * _most(rates, prompt, FILE_TOKENS)


def _most(rates: Rates, prompt: Sequence[Message], most_tokens: int) -> int:
    return rates.most("".join(message.text for message in prompt), most_tokens)


def _planned(project: Project) -> list[str]:
    return [planned["path"] for planned in project["plan"]]


def _paths(project: Project) -> list[str]:
    """Return all paths in the order of writing; a README comes last unless it is planned."""
    planned = _planned(project)
    return planned if clashes(README_FILE, planned) else [*planned, README_FILE]


def _todo(project: Project) -> list[str]:
    return [path for path in _paths(project) if path not in project["files"]]


def _newest_first(project: Project) -> list[str]:
    # Not in the order of `files`: a database may change the order of an object's keys.
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
