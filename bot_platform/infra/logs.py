"""Logs: one line per event, for people or as JSON."""

import logging
import sys
from typing import Any, TextIO

import structlog

from bot_platform.infra import redaction

QUIET = ("aiogram", "hypercorn.access", "tortoise", "aiosqlite", "asyncio", "stripe")  # they log each step


def set_up(level: str, form: str, stream: TextIO | None = None) -> None:
    """Write every log line to standard output, or to `stream`, without secrets.

    `form` is `console` or `json`.
    """
    stream = redaction.redacted(stream or sys.stdout)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Any] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if form == "json"
        # The plain traceback: the other one prints local variables, which may be secrets.
        else [
            structlog.dev.ConsoleRenderer(
                colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(level if level == "DEBUG" else "WARNING")
