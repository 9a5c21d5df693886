"""How a job ends: what its kind returned or raised, checked before anything is written to the database."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from bot_platform.domain.job_usage import JobUsage
from bot_platform.domain.jobs import JobState
from bot_platform.infra.sql import json_safe
from bot_platform.work.engine.kind import CannotDo, Files

log = structlog.get_logger()

FAILED_TEXT = "work-failed"
TEXT_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")  # a notice keeps no longer one


@dataclass(frozen=True, slots=True)
class End:
    """How a job ends: state, cost in hundredths, answer, and the name of the text for the user.

    `used` is what the model took since the last checkpoint.
    """

    state: JobState
    text: str
    cost: int = 0
    answer: str = ""
    files: Files | None = None
    values: Mapping[str, object] = field(default_factory=dict)
    used: JobUsage | None = None

    @property
    def result(self) -> dict[str, object] | None:
        """What the job's row keeps."""
        if self.files:
            return {"name": self.files.name, "files": dict(self.files.files)}
        return {"text": self.answer} if self.answer else None


def of_result(result: object, cost: int) -> End:
    """End a job by what its kind returned; anything but `str` and `Files` of text fails, without a charge."""
    if isinstance(result, Files) and _is_whole(result):
        return End(JobState.DONE, "work-done", cost, result.caption, result)
    if not isinstance(result, str):
        log.error("work.wrong_result", type=type(result).__name__)
        return End(JobState.FAILED, FAILED_TEXT)
    if not result.strip():
        return End(JobState.FAILED, "work-empty")
    return End(JobState.DONE, "work-done", cost, result)


def of_refusal(refusal: CannotDo) -> End:
    """End a job by its kind's refusal, without a charge. What cannot be stored of it is left out."""
    text, files = refusal.text, refusal.files
    if not (isinstance(text, str) and TEXT_NAME.fullmatch(text)):
        log.error("work.no_such_text", text=str(text)[:64])
        text = FAILED_TEXT
    if files is not None and not (isinstance(files, Files) and _is_whole(files)):
        log.error("work.wrong_result", type=type(files).__name__)
        files = None
    return End(JobState.FAILED, text, files=files, values={n: _plain(v) for n, v in refusal.values.items()})


def _is_whole(files: Files) -> bool:
    """Whether it is made of text, as the database and the ZIP expect it."""
    if not (isinstance(files.name, str) and isinstance(files.caption, str)):
        return False
    texts = files.files.items() if isinstance(files.files, Mapping) else [(None, None)]
    return all(isinstance(path, str) and isinstance(text, str) for path, text in texts)


def _plain(value: object) -> object:
    """Return a value of a text as something that JSON has: a text or a whole number."""
    return value if type(value) is int else json_safe(str(value))
