"""The metrics of this process for Prometheus."""

from collections.abc import Callable
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from bot_platform.domain.backlog import Backlog
from bot_platform.infra.commit_events import CommitEvent

BUCKETS_SECONDS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300)


class Metrics:
    """The metrics of one process, in a registry of its own: tests run several processes in one.

    Counters are this process's own: add up those of all replicas. Gauges are read from the database or
    from the last audit, and are the same in every replica.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        counter = partial(Counter, registry=self._registry)
        gauge = partial(Gauge, registry=self._registry)
        histogram = partial(Histogram, registry=self._registry, buckets=BUCKETS_SECONDS)

        self._events = counter("bot_events", "Provider events by outcome", ("type", "outcome"))
        self._sales = counter("bot_sales", "Paid purchases", ("provider",))
        self._credits = counter(
            "bot_credits", "Credits added to accounts or taken from them", ("kind", "way")
        )
        self._ended = counter("bot_jobs_ended", "Ended jobs by kind and state", ("kind", "state"))
        self._calls = counter("bot_calls", "Outbound calls by result", ("party", "result"))
        self._handling = histogram("bot_handling_seconds", "Time to handle a row or a request", ("what",))
        self._started = histogram("bot_pay_to_start_seconds", "Time from credits to the start of a job")
        self._jobs = gauge("bot_jobs", "Jobs that run or wait", ("state",))
        self._outbox = gauge("bot_outbox_messages", "Messages to be sent")
        self._oldest = gauge("bot_outbox_oldest_seconds", "Age of the oldest new message to be sent")
        self._failed = gauge("bot_events_failed", "Events that wait for an operator")
        self._broken_rows = gauge("bot_audit_broken_rows", "Rows that break an invariant of the books")
        self._lost_alerts = counter(
            "bot_alerts_lost", "Alerts that did not reach an operator", ("text", "why")
        )
        self._audited_at = gauge("bot_audit_last_run_timestamp_seconds", "Time of the last audit")

        self._counters: dict[str, Callable[[CommitEvent], None]] = {
            "event": lambda event: self._events.labels(**event.labels).inc(),
            "sale": lambda event: self._sales.labels(**event.labels).inc(),
            "credits": self._count_credits,
            "job ended": lambda event: self._ended.labels(**event.labels).inc(),
            "alert lost": lambda event: self._lost_alerts.labels(**event.labels).inc(),
            "job started": lambda event: self._started.observe(event.amount),
        }

    def count(self, event: CommitEvent) -> None:
        """Count what a transaction did; events without a metric are ignored."""
        if count := self._counters.get(event.name):
            count(event)

    def observe_duration(self, what: str, seconds: float) -> None:
        """Record how long the handling of a `what` took."""
        self._handling.labels(what).observe(seconds)

    def count_call(self, party: str, result: str) -> None:
        """Count an outbound call by its result, such as `ok` or `down`."""
        self._calls.labels(party, result).inc()

    def set_audit(self, broken_rows: int) -> None:
        """Record the result of an audit that ended now."""
        self._broken_rows.set(broken_rows)
        self._audited_at.set_to_current_time()

    def set_backlog(self, backlog: Backlog) -> None:
        """Record what waits now."""
        for state, n in backlog.jobs.items():
            self._jobs.labels(state).set(n)
        self._outbox.set(backlog.messages)
        self._oldest.set(backlog.oldest_message)
        self._failed.set(backlog.failed_events)

    def text(self) -> tuple[bytes, str]:
        """Return all metrics as text, and its content type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST

    def _count_credits(self, event: CommitEvent) -> None:
        way = "to" if event.amount > 0 else "from"
        self._credits.labels(event.labels["kind"], way).inc(abs(event.amount) / 100)
