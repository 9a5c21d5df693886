"""Signed webhooks, sent until somebody says 200, each on its own so that a slow receiver blocks nobody."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Protocol

import aiohttp

from bot_platform.sandbox.stripe import identifiers
from bot_platform.sandbox.stripe.account import Account
from bot_platform.sandbox.stripe.state import Row

_PATIENCE = aiohttp.ClientTimeout(total=20)
_GIVES_UP_AFTER = 3 * 24 * 60 * 60
_WHEN_NONE_GIVEN = 60.0
_UNLISTED = ""  # the endpoint that stands in no list


def signature(body: str, secret: str, at: int) -> str:
    """Return the `Stripe-Signature` header of a body sent at a moment in unix seconds."""
    digest = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Plan(Protocol):
    """Decides how an event travels: the delay in seconds of every copy that is sent."""

    def __call__(self, event: Row) -> Sequence[float]:
        """One number per copy; none at all means that the event is lost."""


def at_once(event: Row) -> Sequence[float]:  # noqa: ARG001 - every plan is asked about an event
    """Plan honestly: one copy, now."""
    return (0.0,)


class Deliveries:
    """The log of what was sent, and what must still be sent; rows in the state, so a restart goes on."""

    def __init__(
        self,
        account: Account,
        *,
        url: str | None,
        secret: str,
        retry_delays: Sequence[float],
        plan: Plan = at_once,
    ) -> None:
        self._account = account
        self._url = url
        self._secret = secret
        self._retry_delays = tuple(retry_delays) or (_WHEN_NONE_GIVEN,)
        self._plan = plan
        self._waiting = {
            id_: row for id_, row in account.state["deliveries"].items() if row["state"] == "pending"
        }
        self._on_their_way: set[str] = set()
        # Which endpoints have not taken an event; one takes it once, however many copies travel.
        self._awaited: dict[str, set[str]] = {}
        for row in self._waiting.values():
            self._awaited.setdefault(row["event"], set()).add(row.get("endpoint", _UNLISTED))

    @property
    def unfinished(self) -> int:
        """How many wait, or are on their way."""
        return len(self._waiting)

    @property
    def are_on_their_way(self) -> bool:
        """Whether one was sent and is not answered."""
        return bool(self._on_their_way)

    @property
    def due_at(self) -> Sequence[float]:
        """When those that wait will be sent, in unix seconds."""
        return [row["next_at"] for id_, row in self._waiting.items() if id_ not in self._on_their_way]

    def announce(self, event: Row) -> None:
        """Note that an event must be sent."""
        endpoints = self._listening(event["type"])
        if not endpoints:
            return
        # Each endpoint is waited for, also if all copies for it are lost.
        event["pending_webhooks"] = len(endpoints)
        self._awaited[event["id"]] = set(endpoints)
        for endpoint in endpoints:
            for delay in self._plan(event):
                row = {
                    "id": identifiers.new("whd"),
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
                self._waiting[row["id"]] = self._account.add("deliveries", row)

    def _listening(self, type_: str) -> list[str]:
        listed = [
            row["id"]
            for row in self._account.state["webhook_endpoints"].values()
            if row["status"] == "enabled" and {type_, "*"} & set(row["enabled_events"])
        ]
        return listed if self._url is None else [_UNLISTED, *listed]

    def start(self) -> None:
        """Begin anew: whatever was on its way before was cut off."""
        self._on_their_way.clear()

    def take_due(self) -> list[Row]:
        """Take the deliveries whose moment has come; whoever takes them attempts them."""
        now = self._account.clock()
        due = [
            row
            for row in self._waiting.values()
            if row["next_at"] <= now and row["id"] not in self._on_their_way
        ]
        self._on_their_way.update(row["id"] for row in due)
        return due

    async def attempt(self, delivery: Row, session: aiohttp.ClientSession) -> None:
        """Send once, under a fresh signature, and note what came of it."""
        where = self._address(delivery.get("endpoint", _UNLISTED))
        if where is None:
            self._on_their_way.discard(delivery["id"])
            self._finish(delivery, "given_up")
            self._account.state.touch("deliveries", delivery["id"])
            return
        status, error = await self._post(self._account.state["events"][delivery["event"]], session, *where)
        self._on_their_way.discard(delivery["id"])
        delivery["attempts"] += 1
        delivery["last_status"] = status
        delivery["last_error"] = error
        if status is not None and 200 <= status < 300:  # noqa: PLR2004 - what HTTP calls success
            self._finish(delivery, "delivered")
        elif self._account.clock() - delivery["created"] > _GIVES_UP_AFTER:
            self._finish(delivery, "given_up")
        else:
            step = min(delivery["attempts"], len(self._retry_delays)) - 1
            delivery["next_at"] = self._account.clock() + self._retry_delays[step]
        self._account.state.touch("deliveries", delivery["id"])

    def _finish(self, delivery: Row, state: str) -> None:
        delivery["state"] = state
        self._waiting.pop(delivery["id"], None)
        if state != "delivered":
            return
        awaited = self._awaited.get(delivery["event"], set())
        awaited.discard(delivery.get("endpoint", _UNLISTED))
        if not awaited:
            self._awaited.pop(delivery["event"], None)
        event = self._account.state["events"][delivery["event"]]
        event["pending_webhooks"] = len(awaited)
        self._account.changed(event)

    def _address(self, endpoint: str) -> tuple[str, str] | None:
        """Give the URL and the secret of an endpoint; None for one that takes nothing any more."""
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
                url, data=body.encode(), headers=headers, allow_redirects=False, timeout=_PATIENCE
            ) as answer:
                await answer.read()
                return answer.status, None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return None, type(error).__name__
