"""Sends signed webhooks and retries each until a 2xx, independently of the others."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Protocol

import aiohttp

from bot_platform.sandbox.stripe import object_ids
from bot_platform.sandbox.stripe.account import Account
from bot_platform.sandbox.stripe.state import Row

_TIMEOUT = aiohttp.ClientTimeout(total=20)
_RETRY_FOR_SECONDS = 3 * 24 * 60 * 60
_DEFAULT_RETRY_DELAY_SECONDS = 60.0
_UNLISTED = ""  # the id of `webhook_url`, which the API does not list


def signature(body: str, secret: str, at: int) -> str:
    """Return the `Stripe-Signature` header of a body sent `at` this time, in Unix seconds."""
    digest = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class DeliveryPlan(Protocol):
    """Decides how often and how late the webhook of an event is sent."""

    def __call__(self, event: Row) -> Sequence[float]:
        """Return the delay of each copy in seconds; an empty result means that the webhook is lost."""


def deliver_once(event: Row) -> Sequence[float]:  # noqa: ARG001 - the protocol has the event
    """Send one copy, now."""
    return (0.0,)


class Deliveries:
    """The log and queue of webhook deliveries. They are rows of the state, so they survive a restart."""

    def __init__(
        self,
        account: Account,
        *,
        url: str | None,
        secret: str,
        retry_delays: Sequence[float],
        delivery_plan: DeliveryPlan = deliver_once,
    ) -> None:
        self._account = account
        self._url = url
        self._secret = secret
        self._retry_delays = tuple(retry_delays) or (_DEFAULT_RETRY_DELAY_SECONDS,)
        self._delivery_plan = delivery_plan
        self._pending = {
            id_: row for id_, row in account.state["deliveries"].items() if row["state"] == "pending"
        }
        self._in_flight: set[str] = set()
        # For each event the endpoints that have not accepted it yet. One accepted copy is enough.
        self._undelivered: dict[str, set[str]] = {}
        for row in self._pending.values():
            self._undelivered.setdefault(row["event"], set()).add(row.get("endpoint", _UNLISTED))

    @property
    def pending_count(self) -> int:
        """How many deliveries wait or are being sent."""
        return len(self._pending)

    @property
    def are_in_flight(self) -> bool:
        """Whether a delivery was sent and is not answered yet."""
        return bool(self._in_flight)

    @property
    def due_at(self) -> Sequence[float]:
        """When the waiting deliveries will be sent, in unix seconds."""
        return [row["next_at"] for id_, row in self._pending.items() if id_ not in self._in_flight]

    def enqueue(self, event: Row) -> None:
        """Queue an event for every endpoint that listens to its type."""
        endpoints = self._endpoints_for(event["type"])
        if not endpoints:
            return
        # An endpoint counts as pending even if all its copies are lost.
        event["pending_webhooks"] = len(endpoints)
        self._undelivered[event["id"]] = set(endpoints)
        for endpoint in endpoints:
            for delay in self._delivery_plan(event):
                row = {
                    "id": object_ids.new("whd"),
                    "event": event["id"],
                    "endpoint": endpoint,
                    "type": event["type"],
                    "state": "pending",
                    "attempts": 0,
                    "last_status": None,
                    "last_error": None,
                    "next_at": self._account.clock() + delay,
                    "created": self._account.clock(),
                }
                self._pending[row["id"]] = self._account.add("deliveries", row)

    def _endpoints_for(self, type_: str) -> list[str]:
        endpoints = [
            row["id"]
            for row in self._account.state["webhook_endpoints"].values()
            if row["status"] == "enabled" and {type_, "*"} & set(row["enabled_events"])
        ]
        return endpoints if self._url is None else [_UNLISTED, *endpoints]

    def start(self) -> None:
        """Forget deliveries in flight: a stop interrupted them, so they are due again."""
        self._in_flight.clear()

    def take_due(self) -> list[Row]:
        """Return the due deliveries and mark them as in flight. The caller must `attempt` each."""
        now = self._account.clock()
        due = [
            row
            for row in self._pending.values()
            if row["next_at"] <= now and row["id"] not in self._in_flight
        ]
        self._in_flight.update(row["id"] for row in due)
        return due

    async def attempt(self, delivery: Row, session: aiohttp.ClientSession) -> None:
        """Send once with a new signature and record the result."""
        target = self._address(delivery.get("endpoint", _UNLISTED))
        if target is None:
            self._in_flight.discard(delivery["id"])
            self._finish(delivery, "given_up")
            self._account.state.mark_changed("deliveries", delivery["id"])
            return
        status, error = await self._post(self._account.state["events"][delivery["event"]], session, *target)
        self._in_flight.discard(delivery["id"])
        delivery["attempts"] += 1
        delivery["last_status"] = status
        delivery["last_error"] = error
        if status is not None and 200 <= status < 300:  # noqa: PLR2004 - what HTTP calls success
            self._finish(delivery, "delivered")
        elif self._account.clock() - delivery["created"] > _RETRY_FOR_SECONDS:
            self._finish(delivery, "given_up")
        else:
            step = min(delivery["attempts"], len(self._retry_delays)) - 1
            delivery["next_at"] = self._account.clock() + self._retry_delays[step]
        self._account.state.mark_changed("deliveries", delivery["id"])

    def _finish(self, delivery: Row, state: str) -> None:
        delivery["state"] = state
        self._pending.pop(delivery["id"], None)
        if state != "delivered":
            return
        undelivered = self._undelivered.get(delivery["event"], set())
        undelivered.discard(delivery.get("endpoint", _UNLISTED))
        if not undelivered:
            self._undelivered.pop(delivery["event"], None)
        event = self._account.state["events"][delivery["event"]]
        event["pending_webhooks"] = len(undelivered)
        self._account.mark_changed(event)

    def _address(self, endpoint: str) -> tuple[str, str] | None:
        """Return the URL and the secret of an endpoint; None if it is deleted or disabled."""
        if endpoint == _UNLISTED:
            return (self._url, self._secret) if self._url else None
        row = self._account.state["webhook_endpoints"].get(endpoint)
        if row is None or row["status"] != "enabled":
            return None
        return row["url"], self._account.state["webhook_secrets"][endpoint]["secret"]

    async def _post(
        self, event: Row, session: aiohttp.ClientSession, url: str, secret: str
    ) -> tuple[int | None, str | None]:
        body = json.dumps(event, indent=2)
        headers = {
            "Accept": "*/*; q=0.5, application/xml",
            "Cache-Control": "no-cache",
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(body, secret, self._account.now()),
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
        try:
            async with session.post(
                url, data=body.encode(), headers=headers, allow_redirects=False, timeout=_TIMEOUT
            ) as response:
                await response.read()
                return response.status, None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return None, type(error).__name__
