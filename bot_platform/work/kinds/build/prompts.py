"""The prompts of a build, within limits of bytes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TypedDict

from bot_platform.work.engine.model import Message
from bot_platform.work.engine.project_files import MAX_PATH_BYTES

# The first line of each system prompt.
PLAN = "Plan a small software project."
FILE = "Write one file of a small software project."
README = "Write the README of a small software project."
# Prefixes of lines: the request and the path follow theirs as JSON strings, so that each is one line.
REQUEST, PATH, PROBLEM = "Request: ", "Path: ", "Problem: "

MAX_FILES = 8
# Limits in UTF-8 bytes for the parts of a prompt; a quote assumes that all are full.
NAME_BYTES, SUMMARY_BYTES, PURPOSE_BYTES, PROBLEM_BYTES, SO_FAR_BYTES = 40, 240, 160, 300, 6000

PLAN_RULES = f"""{PLAN}
Answer with one JSON object and nothing else:
{{"name": "short-name", "summary": "one line", "files": [{{"path": "app/main.py", "purpose": "one line"}}]}}
At most {MAX_FILES} text files, each under 120 lines, ordered so that a file comes after what it needs.
Paths are relative, with "/" between folders; no name begins with a dot. Leave the README out: it comes last.
Write the summary and the purposes in the language of the request."""

FENCE_RULE = "Answer with its whole contents inside one fence of four backticks (````) and nothing else."

FILE_RULES = f"""{FILE}
{FENCE_RULE}
Keep it complete and under 120 lines. Python must run on 3.11, and import only from the standard library,
from well-known packages, and from files of the plan."""

README_RULES = f"""{README}
{FENCE_RULE}
Say what it is, how to install what it needs, how to start it, and what each file is for, in under 50 lines
and in the language of the request."""


class Planned(TypedDict):
    """A file to be written."""

    path: str
    purpose: str


class Project(TypedDict):
    """A plan and the files written so far, as JSON; `problems` are those of the written files."""

    name: str
    summary: str
    plan: list[Planned]
    files: dict[str, str]
    problems: dict[str, list[str]]


def fullest() -> Project:
    """Return a plan that fills every limit: no prompt is longer than one made from it."""
    planned = Planned(path="x" * MAX_PATH_BYTES, purpose="x" * PURPOSE_BYTES)
    name, summary = "x" * NAME_BYTES, "x" * SUMMARY_BYTES
    return Project(name=name, summary=summary, plan=[planned] * MAX_FILES, files={}, problems={})


def plan_prompt(request: str, problem: str = "") -> tuple[Message, Message]:
    """Ask for a plan; `problem` is what was wrong with the last answer."""
    return _prompt(PLAN_RULES, _marked(REQUEST, request), *_again(problem))


def file_prompt(
    request: str, project: Project, so_far: str, path: str, problem: str = ""
) -> tuple[Message, Message]:
    """Ask for one file; `problem` is what is wrong with the version in `so_far`."""
    marked = [_marked(REQUEST, request), _marked(PATH, path), *_again(problem)]
    return _prompt(FILE_RULES, *marked, *_known(project, so_far), f"Write {path} now.")


def readme_prompt(request: str, project: Project, so_far: str) -> tuple[Message, Message]:
    """Ask for the README of a project whose other files are written."""
    return _prompt(README_RULES, _marked(REQUEST, request), *_known(project, so_far), "Write README.md now.")


def so_far(files: Mapping[str, str], order: Sequence[str]) -> str:
    """Return the text of the files in this order, cut at its limit."""
    return clip("".join(f"--- {path}\n{files[path]}\n" for path in order), SO_FAR_BYTES)


def clip(text: str, most_bytes: int) -> str:
    """Cut a text to at most `most_bytes` UTF-8 bytes, between characters."""
    return text.encode(errors="replace")[:most_bytes].decode(errors="ignore")


def _prompt(rules: str, *lines: str) -> tuple[Message, Message]:
    return Message("system", rules), Message("user", "\n".join(lines))


def _marked(mark: str, value: str) -> str:
    return mark + json.dumps(value, ensure_ascii=False)  # JSON: one line, even if the value has several


def _again(problem: str) -> list[str]:
    return [PROBLEM + clip(" ".join(problem.split()), PROBLEM_BYTES) + " Correct this."] if problem else []


def _known(project: Project, so_far: str) -> Iterator[str]:
    yield f"Project: {project['name']}: {project['summary']}"
    yield from (f"- {planned['path']}: {planned['purpose']}" for planned in project["plan"])
    yield f"Written so far, the last file may be cut:\n{so_far}" if so_far else "Nothing is written yet."
