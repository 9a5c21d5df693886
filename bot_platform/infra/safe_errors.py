"""Log fields of an error without its message, which may quote a user."""

import traceback


def describe(error: BaseException) -> dict[str, str]:
    """Return the class of an error and the line that raised it."""
    *_, last = traceback.extract_tb(error.__traceback__) or [None]
    where = f"{last.filename}:{last.lineno}" if last else ""
    return {"error": type(error).__name__, "where": where}
