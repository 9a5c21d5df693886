"""What may be said of a fault in a log: its kind and its place, for its words may quote a person."""

import traceback


def describe(fault: BaseException) -> dict[str, str]:
    """Name the kind of a fault and the line that raised it, as fields of a log line."""
    *_, last = traceback.extract_tb(fault.__traceback__) or [None]
    where = f"{last.filename}:{last.lineno}" if last else ""
    return {"error": type(fault).__name__, "where": where}
