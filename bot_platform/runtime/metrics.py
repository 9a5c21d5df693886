"""The figures of this process, as Prometheus reads them."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from bot_platform.domain.backlog import Backlog
from bot_platform.infra.commit_events import CommitEvent

MOMENTS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300)  # seconds


class Metrics:
    """What this process has to show; each of them its own, so that two may live side by side.

    Counters are this process's own: add those of all replicas. Gauges are read from the database or
    from the last audit, and are the same in every replica.
    """

    def __init__(self) -> None:
        self._registry = here = CollectorRegistry()
        self._events = Counter(
            "bot_events", "Providers' events by what became of them", ("type", "outcome"), registry=here
        )
        self._handling = Histogram(
            "bot_handling_seconds", "How long one took", ("what",), buckets=MOMENTS, registry=here
        )
        self._sales = Counter("bot_sales", "Purchases that were paid", ("provider",), registry=here)
        self._credits = Counter(
            "bot_credits", "Credits that came to people or went from them", ("kind", "way"), registry=here
        )
        self._ended = Counter(
            "bot_jobs_ended", "Jobs by what became of them", ("kind", "state"), registry=here
        )
        self._started = Histogram(
            "bot_pay_to_start_seconds",
            "From the credits being there to the start of the work",
            buckets=MOMENTS,
            registry=here,
        )
        self._jobs = Gauge("bot_jobs", "Jobs that run or wait", ("state",), registry=here)
        self._outbox = Gauge("bot_outbox_messages", "Messages to be sent", registry=here)
        self._oldest = Gauge(
            "bot_outbox_oldest_seconds", "How long the oldest new message has waited", registry=here
        )
        self._failed = Gauge("bot_events_failed", "Events that wait for an operator", registry=here)
        self._calls = Counter(
            "bot_calls", "Calls to others by their result", ("party", "result"), registry=here
        )
        self._rows_off = Gauge(
            "bot_audit_broken_rows", "Rows that break an invariant of the books", registry=here
        )
        self._audited_at = Gauge(
            "bot_audit_last_run_timestamp_seconds", "When the books were last proved", registry=here
        )
        self._heard: dict[str, Callable[[CommitEvent], None]] = {
            "event": lambda fact: self._events.labels(**fact.labels).inc(),
            "sale": lambda fact: self._sales.labels(**fact.labels).inc(),
            "credits": self._moved,
            "job ended": lambda fact: self._ended.labels(**fact.labels).inc(),
            "job started": lambda fact: self._started.observe(fact.amount),
        }

    def count(self, fact: CommitEvent) -> None:
        """Count what a transaction did; one that is not counted is left alone."""
        if count := self._heard.get(fact.name):
            count(fact)

    def observe_duration(self, what: str, seconds: float) -> None:
        """Note how long the handling of a `what` took."""
        self._handling.labels(what).observe(seconds)

    def count_call(self, party: str, result: str) -> None:
        """Note how a call to another party ended, in a word such as `ok` or `down`."""
        self._calls.labels(party, result).inc()

    def set_audit(self, rows_off: int) -> None:
        """Note what an audit found."""
        self._rows_off.set(rows_off)
        self._audited_at.set_to_current_time()

    def set_backlog(self, backlog: Backlog) -> None:
        """Note what waits now."""
        for state, n in backlog.jobs.items():
            self._jobs.labels(state).set(n)
        self._outbox.set(backlog.messages)
        self._oldest.set(backlog.oldest_message)
        self._failed.set(backlog.failed_events)

    def text(self) -> tuple[bytes, str]:
        """Write them all; gives the content type too."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST

    def _moved(self, fact: CommitEvent) -> None:
        way = "to" if fact.amount > 0 else "from"
        self._credits.labels(fact.labels["kind"], way).inc(abs(fact.amount) / 100)
