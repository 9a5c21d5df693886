"""The command that looks whether everything is set up right: `doctor`."""

import io
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot_platform.commands.running import FAILED, OK, run
from bot_platform.config.settings import Settings, SettingsError, load
from bot_platform.doctor.report import Line, as_json, as_text, error, failed, ok, skipped
from bot_platform.infra import logs


class DoctorSettings(Settings):
    """The same without a webhook secret, which `doctor --fix` is there to give."""

    @classmethod
    def together(cls, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Check what one variable demands of another, but for that one."""
        yield from (found for found in super().together(data) if found[0] != "STRIPE_WEBHOOK_SECRET")


def doctor(given: Namespace) -> int:
    """Look at every setting and everybody outside: exit code 1 when something must be mended."""
    try:
        settings = load(DoctorSettings)
    except SettingsError as fault:
        rest = ("everything else", skipped("not looked at before the settings are right"))
        return _told(given, [*map(_wrong, fault.problems), rest])
    quiet = "CRITICAL" if settings.log_level != "DEBUG" else "DEBUG"
    logs.set_up(quiet, settings.log_format, sys.stderr)

    async def work() -> int:
        from bot_platform.doctor.diagnose import visit  # noqa: PLC0415 -- aiogram takes seconds: --help does without

        settled = ("settings", ok("every variable can be read"))
        return _told(given, [settled, *await visit(settings, mend=given.fix)])

    return run(work())


def _told(given: Namespace, lines: Sequence[Line]) -> int:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without these signs is no reason to fail
    print(as_json(lines) if given.json else as_text(lines))
    return FAILED if failed(lines) else OK


def _wrong(problem: str) -> Line:
    """Make a line of a setting's problem, which names the variable first and an example last."""
    name, _, rest = problem.partition(": ")
    says, _, example = rest.rpartition(", for example ")
    fix = f"Write it in .env, for example {example}" if says else "Mend it, and run this again."
    return name, error(says or rest, fix)
