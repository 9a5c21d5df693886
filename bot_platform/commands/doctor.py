"""The command that checks the installation: `doctor`."""

import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot_platform.commands.running import FAILED, OK, run
from bot_platform.config.settings import Settings, SettingsError, load
from bot_platform.doctor.report import Line, as_json, as_text, error, failed, ok, skipped
from bot_platform.infra import logs


class DoctorSettings(Settings):
    """Settings that may lack the webhook secret, because `doctor --fix` creates it."""

    @classmethod
    def cross_field_problems(cls, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Leave out the problem of a missing webhook secret."""
        yield from (
            problem for problem in super().cross_field_problems(data) if problem[0] != "STRIPE_WEBHOOK_SECRET"
        )


def doctor(arguments: Namespace) -> int:
    """Check settings, Telegram, Stripe, database and service: exit code 1 if there is an error."""
    try:
        settings = load(DoctorSettings)
    except SettingsError as fault:
        rest = ("everything else", skipped("not checked before the settings are right"))
        return _print(arguments, [*map(_settings_line, fault.problems), rest])
    level = "CRITICAL" if settings.log_level != "DEBUG" else "DEBUG"
    logs.set_up(level, settings.log_format, sys.stderr)

    async def work() -> int:
        from bot_platform.doctor.diagnose import diagnose  # noqa: PLC0415 -- aiogram: seconds, not for --help

        valid = ("settings", ok("every setting is valid"))
        return _print(
            arguments, [valid, *await diagnose(settings, fix=arguments.fix, spend=not arguments.no_spend)]
        )

    return run(work())


def _print(arguments: Namespace, lines: Sequence[Line]) -> int:
    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        reconfigure(errors="replace")  # a terminal without the signs ✓ and ✗ must not end in an error
    print(as_json(lines) if arguments.json else as_text(lines))
    return FAILED if failed(lines) else OK


def _settings_line(problem: str) -> Line:
    """Turn `NAME: problem, for example NAME=value` into a line whose fix is the example."""
    name, _, rest = problem.partition(": ")
    message, _, example = rest.rpartition(", for example ")
    fix = f"Write it in .env, for example {example}" if message else "Correct it, and run this again."
    return name, error(message or rest, fix)
