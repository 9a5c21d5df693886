"""One Stripe account: its objects, its clock, the events it announces and what it must still do."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

from bot_platform.sandbox.stripe import identifiers
from bot_platform.sandbox.stripe.errors import no_such
from bot_platform.sandbox.stripe.state import Row, State

API_VERSION = "2026-10-28.endive"

# Where an object is kept, by what Stripe calls it.
_TABLES = {
    "product": "products",
    "price": "prices",
    "checkout.session": "sessions",
    "payment_intent": "payment_intents",
    "payment_method": "payment_methods",
    "charge": "charges",
    "refund": "refunds",
    "dispute": "disputes",
    "radar.early_fraud_warning": "warnings",
    "event": "events",
    "webhook_endpoint": "webhook_endpoints",
}
_NOUNS = {table: noun for noun, table in _TABLES.items()}


@dataclass(frozen=True)
class Origin:
    """The API request an event comes from; both are None where time or a person caused it."""

    request_id: str | None = None
    idempotency_key: str | None = None


class Account:
    """What the verbs act on. Nothing here waits, so every change is whole before the next begins."""

    def __init__(
        self,
        state: State,
        *,
        clock: Callable[[], float],
        public_url: str,
        bank_transfer_delay: float,
        refund_delay: float,
        allow_local_webhooks: bool,
        on_event: Callable[[Row], None],
    ) -> None:
        self.state = state
        self.clock = clock
        self.public_url = public_url.rstrip("/")
        self.bank_transfer_delay = bank_transfer_delay
        self.refund_delay = refund_delay
        self.allow_local_webhooks = allow_local_webhooks
        self._on_event = on_event

    def now(self) -> int:
        """Unix seconds, whole as in every Stripe object."""
        return int(self.clock())

    def add(self, table: str, row: Row) -> Row:
        """Keep a new object under its id."""
        return self.state.put(table, row["id"], row)

    def changed(self, row: Row) -> None:
        """Say that an object is another than it was, so that it is kept so."""
        self.state.touch(_TABLES[row["object"]], row["id"])

    def find(self, table: str, id_: str, param: str = "id", *, status: int = 404) -> Row:
        """Return the object, or ApiError `resource_missing`."""
        row = self.state[table].get(id_)
        if row is None:
            raise no_such(_NOUNS.get(table, table), id_, param, status=status)
        return row

    def announce(self, type_: str, about: Row, origin: Origin, previous: Row | None = None) -> None:
        """Make an event with the object as it is now; whoever listens delivers it.

        `previous` are the fields that were otherwise, with their values of before.
        """
        self.changed(about)
        data = {"object": copy.deepcopy(about)}
        if previous:
            data["previous_attributes"] = copy.deepcopy(previous)
        event = {
            "id": identifiers.new("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now(),
            "data": data,
            "livemode": False,
            "pending_webhooks": 0,
            "request": {"id": origin.request_id, "idempotency_key": origin.idempotency_key},
            "type": type_,
        }
        self.add("events", event)
        self._on_event(event)

    def later(self, at: float, verb: str, id_: str) -> None:
        """Note that a verb must be done to an object at a moment of our clock; `agenda` does it."""
        self.add("agenda", {"id": identifiers.new("due"), "at": at, "verb": verb, "object": id_})
