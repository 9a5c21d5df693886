"""Logs and figures: one line per event, for people or as JSON, and what Prometheus reads."""

import logging
import sys
from typing import Any, TextIO

import structlog
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

QUIET = ("aiogram", "hypercorn.access", "tortoise", "aiosqlite", "asyncio", "stripe")  # they tell each step


def set_up(level: str, form: str, stream: TextIO | None = None) -> None:
    """Send every log line to standard output, or to `stream`, as `console` or `json`."""
    stream = stream or sys.stdout
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Any] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if form == "json"
        # The plain traceback: the fancy one prints local variables, and some are secrets.
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


class Figures:
    """What this process has to show; each of them its own, so that two may live side by side."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._rows_off = Gauge(
            "audit_broken_rows", "Rows that break an invariant of the books", registry=self._registry
        )
        self._audited_at = Gauge(
            "audit_last_run_timestamp_seconds", "When the books were last proved", registry=self._registry
        )

    def audited(self, rows_off: int) -> None:
        """Note what an audit found."""
        self._rows_off.set(rows_off)
        self._audited_at.set_to_current_time()

    def text(self) -> tuple[bytes, str]:
        """Write them all; gives the content type too."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST
