"""Reads and changes the setup at Stripe: the key, its permissions, our webhook endpoint, and prices."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from bot_platform.providers.stripe.client import API_VERSION, PAGE_SIZE, Client, Json, Refused, objects
from bot_platform.providers.stripe.events import TYPES
from bot_platform.providers.stripe.kept_fields import marked

WEBHOOK_PATH = "/api/v1/stripe-webhook"
ENDPOINTS = "/v1/webhook_endpoints"
TIMEOUT_SECONDS = 6.0  # for an answer, all tries included
TRY_TIMEOUT_SECONDS = 3
DESCRIPTION = "Credits of the Telegram bot: payments, refunds and disputes"


@dataclass(frozen=True, slots=True)
class Key:
    """What Stripe tells about a key that it accepts; None for what it does not tell."""

    live: bool | None
    ahead: float | None  # by how many seconds our clock is ahead of Stripe's


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission of a restricted key, and what does not work without it."""

    name: str
    method: str
    path: str
    without: str
    needed: bool = True


# A read permission is tried by listing one object. A write permission is tried by a request without
# parameters, which creates nothing: Stripe answers 400 if the key has the permission, 403 if not.
PERMISSIONS = (
    Permission("write Checkout Sessions", "post", "/v1/checkout/sessions", "no payment link can be made"),
    Permission("write Refunds", "post", "/v1/refunds", "`run.py refund` returns no money", needed=False),
    Permission("read PaymentIntents", "get", "/v1/payment_intents", "payments cannot be looked up"),
    Permission("read Charges", "get", "/v1/charges", "payments cannot be looked up"),
    Permission("read Refunds", "get", "/v1/refunds", "refunds that were missed stay unknown"),
    Permission("read Disputes", "get", "/v1/disputes", "disputes that were missed stay unknown"),
    Permission(
        "read Early Fraud Warnings",
        "get",
        "/v1/radar/early_fraud_warnings",
        "fraud warnings that were missed stay unknown",
    ),
    Permission("read Events", "get", "/v1/events", "what no webhook told stays unknown"),
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A webhook endpoint with our URL; `missing` and `extra` are event types."""

    id: str
    live: bool
    enabled: bool
    version: str | None
    missing: Sequence[str]
    extra: Sequence[str]

    @property
    def is_mended_by_us(self) -> bool:
        """Whether something is wrong that we can change; the API version cannot be changed."""
        return bool(self.missing or self.extra or not self.enabled)


@dataclass(frozen=True, slots=True)
class Price:
    """A price stored at Stripe; `amount` is in minor units, None if it is not fixed."""

    amount: int | None
    currency: str
    active: bool
    once: bool


class Setup:
    """The setup at Stripe; every method raises Refused or Down."""

    def __init__(self, client: Client, mark: str = "") -> None:
        self._client, self._mark = client, mark

    async def key(self) -> Key:
        """Check the key; a 403 proves too that it is valid."""
        before = time.time()
        try:
            answer = await self._client.call("get", "/v1/balance")
        except Refused as refusal:
            if not refusal.forbidden:
                raise
            return Key(None, _ahead(before, refusal.at))
        live = answer.body.get("livemode")
        return Key(live if isinstance(live, bool) else None, _ahead(before, answer.at))

    async def lacks(self, permission: Permission) -> str:
        """Try a permission without changing anything; return Stripe's reason, empty if it is granted."""
        params = {"limit": 1} if permission.method == "get" else {}
        try:
            await self._client.call(permission.method, permission.path, **params)
        except Refused as refusal:
            return str(refusal) if refusal.forbidden else ""
        return ""

    async def endpoints(self, url: str) -> Sequence[Endpoint]:
        """Find the webhook endpoints with this URL, the enabled ones first."""
        found: list[Json] = []
        more: Json = {}
        while True:
            answer = await self._client.call("get", ENDPOINTS, limit=PAGE_SIZE, **more)
            page = objects(answer)
            found += page
            if not page or not answer.body.get("has_more"):
                break
            more = {"starting_after": page[-1]["id"]}
        ours = [_endpoint(one) for one in found if _is_same(one.get("url"), url)]
        return sorted(ours, key=lambda endpoint: not endpoint.enabled)

    async def make_endpoint(self, url: str) -> str:
        """Create an endpoint for exactly our event types; return its secret, which Stripe shows only now."""
        answer = await self._client.call(
            "post",
            ENDPOINTS,
            url=url,
            enabled_events=list(TYPES),
            api_version=API_VERSION,
            description=DESCRIPTION,
            metadata=marked(self._mark),
        )
        return str(answer.body["secret"])

    async def mend_endpoint(self, endpoint: Endpoint) -> None:
        """Set an endpoint to exactly our event types, and enable it."""
        await self._client.call(
            "post", f"{ENDPOINTS}/{endpoint.id}", enabled_events=list(TYPES), disabled=False
        )

    async def price(self, id_: str) -> Price | None:
        """Read a price; None if Stripe does not know it."""
        try:
            body = (await self._client.call("get", f"/v1/prices/{id_}")).body
        except Refused as refusal:
            if refusal.not_found:
                return None
            raise
        return Price(
            body.get("unit_amount"),
            str(body.get("currency")),
            active=bool(body.get("active")),
            once=body.get("type") == "one_time",
        )

    async def expire_session(self, id_: str) -> None:
        """Expire an open checkout session."""
        await self._client.call("post", f"/v1/checkout/sessions/{id_}/expire")

    async def undelivered(self, since: int, until: int) -> int:
        """Count the events between two moments (unix seconds) that were not delivered; a hundred at most."""
        return len(
            objects(
                await self._client.call(
                    "get",
                    "/v1/events",
                    types=list(TYPES),
                    delivery_success=False,
                    created={"gte": since, "lte": until},
                    limit=PAGE_SIZE,
                )
            )
        )


def _is_same(theirs: object, ours: str) -> bool:
    """Whether both are one address; a slash at the end makes no difference to us."""
    return isinstance(theirs, str) and theirs.rstrip("/") == ours


def _endpoint(one: Json) -> Endpoint:
    enabled, ours = set(one.get("enabled_events") or ()), set(TYPES)
    return Endpoint(
        one["id"],
        live=bool(one.get("livemode")),
        enabled=one.get("status") == "enabled",
        version=one.get("api_version"),
        missing=[] if "*" in enabled else sorted(ours - enabled),
        extra=sorted(enabled - ours),
    )


def _ahead(before: float, there: float | None) -> float | None:
    """Compare Stripe's clock (whole seconds) with the middle of the call by ours."""
    return None if there is None else (before + time.time()) / 2 - there - 0.5
