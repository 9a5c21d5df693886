"""What a check found, and how it is told: a line for people, an object for machines."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check ended; only an error makes the whole a failure."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    SKIPPED = "skipped"  # not needed here, or impossible because of an earlier line
    MENDED = "mended"


SIGNS = {
    Verdict.OK: "✓",
    Verdict.WARNING: "!",
    Verdict.ERROR: "✗",
    Verdict.SKIPPED: "-",
    Verdict.MENDED: "+",
}
COUNTED = ((Verdict.MENDED, "mended"), (Verdict.ERROR, "to mend"), (Verdict.WARNING, "to think about"))


@dataclass(frozen=True, slots=True)
class Finding:
    """What is so, and what to do about it where something is to be done."""

    verdict: Verdict
    says: str
    fix: str = ""


def ok(says: str) -> Finding:
    """All is well."""
    return Finding(Verdict.OK, says)


def warning(says: str, fix: str) -> Finding:
    """Something to know, with which the service can run."""
    return Finding(Verdict.WARNING, says, fix)


def error(says: str, fix: str) -> Finding:
    """Something that must be mended."""
    return Finding(Verdict.ERROR, says, fix)


def skipped(says: str) -> Finding:
    """Not looked at, and why."""
    return Finding(Verdict.SKIPPED, says)


def mended(says: str, fix: str = "") -> Finding:
    """Something was off and is not any more; `fix` is what a person must still do."""
    return Finding(Verdict.MENDED, says, fix)


Line = tuple[str, Finding]  # the check's name, and what it found


def failed(lines: Sequence[Line]) -> bool:
    """Whether any of them is an error."""
    return any(finding.verdict is Verdict.ERROR for _, finding in lines)


def as_text(lines: Sequence[Line]) -> str:
    """Write one line for each check, below it the fix, and the counts last."""
    width = max((len(name) for name, _ in lines), default=0)
    rows = []
    for name, finding in lines:
        rows.append(f"{SIGNS[finding.verdict]} {name:<{width}}  {_on_one_line(finding.says)}")
        if finding.fix:
            rows.append(f"  {'':<{width}}  → {_on_one_line(finding.fix)}")
    verdicts = [finding.verdict for _, finding in lines]
    counts = [f"{n} {word}" for verdict, word in COUNTED if (n := verdicts.count(verdict))]
    return "\n".join([*rows, "", ", ".join(counts) or "All is well."])


def as_json(lines: Sequence[Line]) -> str:
    """Write the same for a machine: `ok`, the counts, and each check with `status`, `says` and `fix`."""
    verdicts = [finding.verdict for _, finding in lines]
    return json.dumps(
        {
            "ok": not failed(lines),
            "errors": verdicts.count(Verdict.ERROR),
            "warnings": verdicts.count(Verdict.WARNING),
            "checks": [
                {"name": name, "status": finding.verdict, "says": finding.says, "fix": finding.fix or None}
                for name, finding in lines
            ],
        }
    )


def _on_one_line(text: str) -> str:
    """Keep what others said from moving the cursor."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
