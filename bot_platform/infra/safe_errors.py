"""What is logged and stored of an error: nothing that may quote a user, or only words without secrets."""

import traceback

from bot_platform.infra import redaction

MAX_WORDS_CHARS = 300


def describe(error: BaseException) -> dict[str, str]:
    """Return the class of an error and the line that raised it; the message may quote a user."""
    *_, last = traceback.extract_tb(error.__traceback__) or [None]
    where = f"{last.filename}:{last.lineno}" if last else ""
    return {"error": type(error).__name__, "where": where}


def words(error: BaseException, most: int = MAX_WORDS_CHARS) -> str:
    """Return the message of an error without secrets, and then cut: a cut secret would not be recognised."""
    return redaction.redact(str(error))[:most]


def text(error: BaseException, most: int = MAX_WORDS_CHARS) -> str:
    """Return the class of an error and its message, as `words` does."""
    return f"{type(error).__name__}: {words(error, most)}"[:most]
