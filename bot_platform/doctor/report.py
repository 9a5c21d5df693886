"""The findings of the checks, and their two formats: lines for people, JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """The result of a check, as the JSON names it; only an error makes the exit code 1."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    SKIPPED = "skipped"  # not needed with these settings, or impossible after an earlier line
    FIXED = "mended"


SIGNS = {
    Status.OK: "✓",
    Status.WARNING: "!",
    Status.ERROR: "✗",
    Status.SKIPPED: "-",
    Status.FIXED: "+",
}
COUNTED = ((Status.FIXED, "fixed"), (Status.ERROR, "errors"), (Status.WARNING, "warnings"))


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, and what the operator has to do about it; `fix` is empty for nothing."""

    status: Status
    message: str
    fix: str = ""


def ok(message: str) -> Finding:
    """Report that nothing is wrong."""
    return Finding(Status.OK, message)


def warning(message: str, fix: str) -> Finding:
    """Report something that is not as it should be, but does not stop the service."""
    return Finding(Status.WARNING, message, fix)


def error(message: str, fix: str) -> Finding:
    """Report something that is wrong and must be fixed."""
    return Finding(Status.ERROR, message, fix)


def skipped(message: str) -> Finding:
    """Report that a check was not made; the message says why."""
    return Finding(Status.SKIPPED, message)


def fixed(message: str, fix: str = "") -> Finding:
    """Report something that was wrong and is fixed now; `fix` is what the operator must still do."""
    return Finding(Status.FIXED, message, fix)


Line = tuple[str, Finding]  # the name of the check, and its finding


def failed(lines: Sequence[Line]) -> bool:
    """Whether any finding is an error."""
    return any(finding.status is Status.ERROR for _, finding in lines)


def as_text(lines: Sequence[Line]) -> str:
    """Format one line for each check, its fix below it, and the counts at the end."""
    width = max((len(name) for name, _ in lines), default=0)
    rows = []
    for name, finding in lines:
        rows.append(f"{SIGNS[finding.status]} {name:<{width}}  {_printable(finding.message)}")
        if finding.fix:
            rows.append(f"  {'':<{width}}  → {_printable(finding.fix)}")
    statuses = [finding.status for _, finding in lines]
    counts = [f"{word}: {n}" for status, word in COUNTED if (n := statuses.count(status))]
    return "\n".join([*rows, "", ", ".join(counts) or "No problem found."])


def as_json(lines: Sequence[Line]) -> str:
    """Format the same as JSON: `ok`, the counts, and each check with `status`, `says` and `fix`."""
    statuses = [finding.status for _, finding in lines]
    return json.dumps(
        {
            "ok": not failed(lines),
            "errors": statuses.count(Status.ERROR),
            "warnings": statuses.count(Status.WARNING),
            "checks": [
                {"name": name, "status": finding.status, "says": finding.message, "fix": finding.fix or None}
                for name, finding in lines
            ],
        }
    )


def _printable(text: str) -> str:
    """Put a text on one line, without control characters: other programs wrote parts of it."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
