"""Reads the answers of a model: a plan from anywhere in the text, a file from its fence."""

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from bot_platform.work.engine.project_files import clashes, safe_path
from bot_platform.work.engine.reasoning_tags import CLOSING
from bot_platform.work.kinds.build.prompts import (
    MAX_FILES,
    NAME_BYTES,
    PURPOSE_BYTES,
    SUMMARY_BYTES,
    Planned,
    Project,
    clip,
)

MAX_PLAN_BYTES = 16 * 1024  # the rest of an answer with a plan is not read
# At all braces together: JSON may be nested thousands of times. A try that fails at once counts too.
MAX_DECODED_CHARS, TRY_CHARS = 10 * MAX_PLAN_BYTES, 200
# Possessive quantifiers: no backtracking on a line of 100,000 characters that is almost a fence.
FENCE = re.compile(r"(`{3,}+|~{3,}+)\s*+([\w+#.-]*+)[^`]*+")


def read_plan(answer: str) -> Project:
    """Find a plan in an answer and keep its usable files; raises ValueError with what is wrong."""
    found = _json_plan(clip(answer, MAX_PLAN_BYTES))
    plan: list[Planned] = []
    for path, purpose in map(_entry, found["files"]):
        if path and len(plan) < MAX_FILES and not clashes(path, [planned["path"] for planned in plan]):
            plan.append(Planned(path=path, purpose=clip(purpose, PURPOSE_BYTES)))
    if not plan:
        raise ValueError("no file of the plan has a relative path that can be used.")
    summary = clip(_line(found.get("summary")), SUMMARY_BYTES)
    return Project(name=_name(_line(found.get("name"))), summary=summary, plan=plan, files={}, problems={})


def _json_plan(answer: str) -> dict[str, Any]:
    decoder, left = json.JSONDecoder(), MAX_DECODED_CHARS
    for brace in re.finditer(r"\{", answer):
        if left <= 0:
            break
        start = brace.start()
        try:
            found, end = decoder.raw_decode(answer, start)
        except json.JSONDecodeError as error:
            left -= TRY_CHARS + error.pos - start
            continue
        except (ValueError, RecursionError):
            left -= len(answer)
            continue
        left -= end - start
        # What a closing tag follows was reasoning: a draft, which the model may have rejected.
        if isinstance(found.get("files"), list) and not CLOSING.search(answer, end):
            return dict(found)
    raise ValueError('there was no whole JSON object with a list "files" in the answer.')


def _entry(entry: object) -> tuple[str | None, str]:
    file = entry if isinstance(entry, dict) else {"path": entry}  # some models list bare paths
    return safe_path(_line(file.get("path")).removeprefix("./")), _line(file.get("purpose"))


def _name(words: str) -> str:
    slug = re.sub(r"[\W_]+", "-", unicodedata.normalize("NFC", words).lower())
    name = clip(slug, NAME_BYTES).strip("-")
    return name if safe_path(name) == name else "project"


def _line(value: object) -> str:
    words = " ".join(value.split()) if isinstance(value, str) else ""
    return "".join(char for char in words if char == " " or char.isprintable())


def contents(path: str, answer: str) -> tuple[str, bool]:
    """Return the file in an answer, and False if its fence is not closed.

    An answer without a fence is the file. NULs and lone surrogates are removed: no database stores them.
    """
    text = answer.replace("\r\n", "\n").replace("\0", "").encode(errors="replace").decode()
    lines = text.rstrip().split("\n")
    blocks = list(_outer(lines) if path.lower().endswith(".md") else _fenced(lines))
    inside, closed = max(blocks, key=lambda block: sum(map(len, block[0])), default=(lines, True))
    kept = "\n".join(inside).strip("\n").rstrip()  # keeps the indentation of the first line
    return kept + "\n" if kept else "", closed


def _fenced(lines: Sequence[str]) -> Iterator[tuple[Sequence[str], bool]]:
    end = -1
    for start, line in enumerate(lines):
        opened = FENCE.fullmatch(line.rstrip())
        if start > end and opened:
            end = next(_ends(lines, start, opened[1]), len(lines))
            yield lines[start + 1 : end], end < len(lines)


def _outer(lines: Sequence[str]) -> Iterator[tuple[Sequence[str], bool]]:
    """Yield the fence around a Markdown file, not those inside it; it ends at the last closing mark."""
    first = next((n for n, line in enumerate(lines) if line.strip()), 0)
    for start, line in enumerate(lines):
        opened = FENCE.fullmatch(line.rstrip())
        around = opened and (opened[1] not in {"```", "~~~"} or opened[2].lower() in {"md", "markdown"})
        bare_at_top = opened and start == first and not opened[2]
        if opened and (around or bare_at_top):
            *_, end = len(lines), *_ends(lines, start, opened[1])
            yield lines[start + 1 : end], end < len(lines)
            return


def _ends(lines: Sequence[str], start: int, opened: str) -> Iterator[int]:
    found = False
    for n in range(start + 1, len(lines)):
        if _closes(lines[n], opened):
            found = True
            yield n
    if not found and len(lines) - 1 > start and _closes(lines[-1], opened[:3]):
        yield len(lines) - 1  # opened with four marks, closed with three: models miscount


def _closes(line: str, opened: str) -> bool:
    mark = line.strip()
    return len(mark) >= len(opened) and set(mark) == {opened[0]}
