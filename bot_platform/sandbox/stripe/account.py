"""One Stripe account: its objects, its clock, its events and its scheduled actions."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

from bot_platform.sandbox.stripe import object_ids
from bot_platform.sandbox.stripe.account_defaults import AccountDefaults
from bot_platform.sandbox.stripe.errors import no_such
from bot_platform.sandbox.stripe.state import Row, State

API_VERSION = "2026-10-28.endive"

SCHEDULED_TABLE = "agenda"  # the name in saved state files

# The table of an object, by the value of its `object` field.
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
    """The API request that caused an event. Both are None if a person or a timer caused it."""

    request_id: str | None = None
    idempotency_key: str | None = None


class Account:
    """The state that actions and endpoints change. Nothing here awaits, so every change is atomic."""

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
        self.defaults = AccountDefaults()
        self.clock = clock
        self.public_url = public_url.rstrip("/")
        self.bank_transfer_delay = bank_transfer_delay
        self.refund_delay = refund_delay
        self.allow_local_webhooks = allow_local_webhooks
        self._on_event = on_event

    def now(self) -> int:
        """Return the time in whole Unix seconds, as in every Stripe object."""
        return int(self.clock())

    def add(self, table: str, row: Row) -> Row:
        """Store a new object under its id."""
        return self.state.put(table, row["id"], row)

    def mark_changed(self, row: Row) -> None:
        """Mark an object as changed, so that the next save writes it."""
        self.state.mark_changed(_TABLES[row["object"]], row["id"])

    def find(self, table: str, id_: str, param: str = "id", *, status: int = 404) -> Row:
        """Return the object; raises ApiError `resource_missing`."""
        row = self.state[table].get(id_)
        if row is None:
            raise no_such(_NOUNS.get(table, table), id_, param, status=status)
        return row

    def emit(self, type_: str, obj: Row, origin: Origin, previous: Row | None = None) -> None:
        """Create an event with a copy of the object and pass it to `on_event`.

        `previous` has the former values of the changed fields.
        """
        self.mark_changed(obj)
        data = {"object": copy.deepcopy(obj)}
        if previous:
            data["previous_attributes"] = copy.deepcopy(previous)
        event = {
            "id": object_ids.new("evt"),
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

    def schedule(self, at: float, action: str, id_: str) -> None:
        """Schedule an action on an object; `at` is Unix seconds. `ScheduledActions` runs it."""
        self.add(SCHEDULED_TABLE, {"id": object_ids.new("due"), "at": at, "verb": action, "object": id_})
