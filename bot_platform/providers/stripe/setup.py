"""What is set up at Stripe, in our words: the key, what it may do, our webhook endpoint, and prices."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from bot_platform.providers.stripe.client import API_VERSION, PAGE, Client, Json, Refused, objects
from bot_platform.providers.stripe.events import TYPES

WEBHOOK_PATH = "/api/v1/stripe-webhook"
ENDPOINTS = "/v1/webhook_endpoints"
PATIENCE = 6.0  # seconds for an answer, tries included
ONE_TRY = 3
WHAT_FOR = "Credits of the Telegram bot: payments, refunds and disputes"


@dataclass(frozen=True, slots=True)
class Key:
    """What Stripe says of a key it accepts; None where it says nothing."""

    live: bool | None
    ahead: float | None  # seconds that our clock is ahead of Stripe's


@dataclass(frozen=True, slots=True)
class Permission:
    """What a restricted key must be given, and what fails without."""

    name: str
    method: str
    path: str
    without: str
    needed: bool = True


# Listing one object reads; asking for nothing at all is refused before anything is made: with
# 400 where the key may make it, with 403 where it may not.
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
    """A webhook endpoint at our address."""

    id: str
    live: bool
    enabled: bool
    version: str | None
    missing: Sequence[str]
    extra: Sequence[str]

    @property
    def is_mended_by_us(self) -> bool:
        """Whether something is off that can be changed: the version never can."""
        return bool(self.missing or self.extra or not self.enabled)


@dataclass(frozen=True, slots=True)
class Price:
    """A price kept in Stripe, its amount in minor units; None for one that is not fixed."""

    amount: int | None
    currency: str
    active: bool
    once: bool


class Setup:
    """Asks how Stripe is set up, and sets up; every method raises Refused or Down."""

    def __init__(
        self, *, secret_key: str, api_base: str, proxy_url: str | None, patience: float = PATIENCE
    ) -> None:
        self._client = Client(
            secret_key=secret_key,
            api_base=api_base,
            proxy_url=proxy_url,
            patience=patience,
            one_try=ONE_TRY,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def key(self) -> Key:
        """Ask whether the key is one; what it may not read says that too."""
        before = time.time()
        try:
            answer = await self._client.call("get", "/v1/balance")
        except Refused as no:
            if not no.forbidden:
                raise
            return Key(None, _ahead(before, no.at))
        live = answer.said.get("livemode")
        return Key(live if isinstance(live, bool) else None, _ahead(before, answer.at))

    async def lacks(self, permission: Permission) -> str:
        """Try what a permission allows, without doing anything; gives Stripe's reason, empty if allowed."""
        params = {"limit": 1} if permission.method == "get" else {}
        try:
            await self._client.call(permission.method, permission.path, **params)
        except Refused as no:
            return str(no) if no.forbidden else ""
        return ""

    async def endpoints(self, url: str) -> Sequence[Endpoint]:
        """Find the webhook endpoints at this address, the enabled ones first."""
        found: list[Json] = []
        more: Json = {}
        while True:
            answer = await self._client.call("get", ENDPOINTS, limit=PAGE, **more)
            page = objects(answer)
            found += page
            if not page or not answer.said.get("has_more"):
                break
            more = {"starting_after": page[-1]["id"]}
        ours = [_endpoint(one) for one in found if one.get("url") == url]
        return sorted(ours, key=lambda endpoint: not endpoint.enabled)

    async def make_endpoint(self, url: str) -> str:
        """Make an endpoint that hears exactly our events, and give its secret: nobody sees it again."""
        answer = await self._client.call(
            "post",
            ENDPOINTS,
            url=url,
            enabled_events=list(TYPES),
            api_version=API_VERSION,
            description=WHAT_FOR,
        )
        return str(answer.said["secret"])

    async def mend_endpoint(self, endpoint: Endpoint) -> None:
        """Let an endpoint hear exactly our events, and hear again if it was switched off."""
        await self._client.call(
            "post", f"{ENDPOINTS}/{endpoint.id}", enabled_events=list(TYPES), disabled=False
        )

    async def price(self, id_: str) -> Price | None:
        """Read a price; None for one that Stripe does not know."""
        try:
            said = (await self._client.call("get", f"/v1/prices/{id_}")).said
        except Refused as no:
            if no.not_found:
                return None
            raise
        return Price(
            said.get("unit_amount"),
            str(said.get("currency")),
            active=bool(said.get("active")),
            once=said.get("type") == "one_time",
        )

    async def undelivered(self, since: int, until: int) -> int:
        """Count our events of a span (unix seconds) that no endpoint took; a hundred at most."""
        return len(
            objects(
                await self._client.call(
                    "get",
                    "/v1/events",
                    types=list(TYPES),
                    delivery_success=False,
                    created={"gte": since, "lte": until},
                    limit=PAGE,
                )
            )
        )


def _endpoint(one: Json) -> Endpoint:
    hears, ours = set(one.get("enabled_events") or ()), set(TYPES)
    return Endpoint(
        one["id"],
        live=bool(one.get("livemode")),
        enabled=one.get("status") == "enabled",
        version=one.get("api_version"),
        missing=[] if "*" in hears else sorted(ours - hears),
        extra=sorted(hears - ours),
    )


def _ahead(before: float, there: float | None) -> float | None:
    """Compare Stripe's clock, which says whole seconds, with the middle of ours."""
    return None if there is None else (before + time.time()) / 2 - there - 0.5
