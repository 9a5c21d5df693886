"""Stripe's own library behind one class: each call returns plain JSON, or raises Refused or Down."""

import hashlib
import json
import math
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, NamedTuple

import stripe
import structlog

from bot_platform.infra import clock
from bot_platform.infra.outbound_calls import (
    DOWN,
    MISCONFIGURED,
    OK,
    REFUSED,
    OnAnswer,
    OnResult,
    ignore,
    ignore_answer,
)
from bot_platform.providers.stripe.transport import Transport

TOLERANCE_SECONDS = 300  # how old a signature may be, and how far its clock may be ahead of ours
TIMEOUT_SECONDS = 12  # for an answer, all tries included: a buyer gets a reply within 15 seconds
TRY_TIMEOUT_SECONDS = 5
PARTY = "stripe"
PAGE_SIZE = 100  # objects in one answer; Stripe allows no more
API_VERSION = stripe.api_version  # of our requests, and of the events that we want

# The same request would be refused again.
REFUSALS = (
    stripe.InvalidRequestError,
    stripe.PermissionError,
    stripe.AuthenticationError,
    stripe.CardError,
    stripe.IdempotencyError,  # of a key that is in use at this moment Stripe's library makes another error
)

log = structlog.get_logger()

Json = dict[str, Any]


class Answer(NamedTuple):
    """An answer of Stripe. Its support finds the request by `request_id`; `at` is Stripe's own clock.

    `as_of` is the moment by Stripe's clock at which we asked: what is read is not older. Without Stripe's
    clock it is ours.
    """

    body: Json
    request_id: str | None
    at: float | None = None  # unix seconds, without a fraction
    as_of: int = 0


class Page(NamedTuple):
    """Objects of a list, as they were at `as_of` (unix seconds, by Stripe's clock)."""

    objects: Sequence[Json]
    as_of: int


class Down(Exception):
    """Stripe gave no usable answer; a later try may succeed. `reasons` are for the log."""

    def __init__(self, fault: BaseException) -> None:
        super().__init__(type(fault).__name__)
        self.reasons = _reasons(fault)
        status = fault.http_status if isinstance(fault, stripe.StripeError) else None
        self.answered = (status or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR


class Refused(Exception):
    """Stripe refused the request. The message is Stripe's; `reasons` are for the log."""

    def __init__(self, fault: stripe.StripeError) -> None:
        super().__init__(fault.user_message or str(fault))
        # What a request names beside its address is missing with 400: a payment of the other mode, for one.
        is_missing = fault.code == "resource_missing"
        self.not_found = is_missing or fault.http_status == HTTPStatus.NOT_FOUND
        self.forbidden = fault.http_status == HTTPStatus.FORBIDDEN
        self.bad_key = fault.http_status == HTTPStatus.UNAUTHORIZED
        self.is_key_reused = isinstance(fault, stripe.IdempotencyError)
        self.unknown_parameters = _unknown_parameters(fault)
        # A refusal of the kind of request, not of the one object that it names.
        self.is_general = not (self.bad_key or self.not_found)
        self.at = _moment(fault.headers)
        self.reasons = _reasons(fault)


class Client:
    """The calls that we make; each raises Refused or Down."""

    def __init__(
        self,
        *,
        secret_key: str,
        api_base: str,
        proxy_url: str | None,
        timeout: float,
        try_timeout: float,
        on_result: OnResult = ignore,
        on_answer: OnAnswer = ignore_answer,
    ) -> None:
        self._timeout, self._on_result, self._on_answer = timeout, on_result, on_answer
        stripe.enable_telemetry = False  # it would write into the home directory
        self._http = Transport(try_timeout, proxy_url)
        client = stripe.StripeClient(
            secret_key,
            base_addresses={"api": api_base},
            http_client=self._http,
            max_network_retries=2,
        )
        self._raw = client.raw_request_async
        self._sessions, self._refunds = client.v1.checkout.sessions, client.v1.refunds
        self._events = client.v1.events
        self._lists: Mapping[str, Callable[[Any], Awaitable[Any]]] = {
            "events": client.v1.events.list_async,
            "refunds": client.v1.refunds.list_async,
            "disputes": client.v1.disputes.list_async,
            "warnings": client.v1.radar.early_fraud_warnings.list_async,
        }

    async def close(self) -> None:
        """Close the connections to Stripe."""
        await self._http.close_async()

    async def create_session(self, params: "stripe.params.checkout.SessionCreateParams", key: str) -> Answer:
        """Create a checkout session, one for each idempotency key."""
        return await self._create(self._sessions.create_async, params, key)

    async def session(self, ref: str) -> Json:
        """Read a session, with its payment intent."""
        found = self._sessions.retrieve_async(ref, {"expand": ["payment_intent"]})
        return (await self._ask(found, "question:sessions")).body

    async def sessions_of(self, payment_intent: str) -> Sequence[Json]:
        """Read the sessions of a payment intent, with it."""
        wanted: stripe.params.checkout.SessionListParams = {
            "payment_intent": payment_intent,
            "expand": ["data.payment_intent"],
        }
        return objects(await self._ask(self._sessions.list_async(wanted), "question:sessions"))

    async def lines(self, ref: str) -> Sequence[Json]:
        """Read the line items of a session."""
        return objects(await self._ask(self._sessions.line_items.list_async(ref), "question:lines"))

    async def create_refund(
        self, payment_intent: str, amount: int, metadata: Mapping[str, str], key: str
    ) -> Answer:
        """Return money (in minor units), once for each idempotency key."""
        params: stripe.params.RefundCreateParams = {
            "payment_intent": payment_intent,
            "amount": amount,
            "metadata": dict(metadata),
        }
        return await self._create(self._refunds.create_async, params, key, "refund")

    async def event(self, id_: str) -> Json:
        """Read an event."""
        return (await self._ask(self._events.retrieve_async(id_), "question:events")).body

    async def refunds_of(self, payment_intent: str) -> Page:
        """Read the refunds of a payment intent."""
        wanted: stripe.params.RefundListParams = {"payment_intent": payment_intent, "limit": PAGE_SIZE}
        return _page(await self._ask(self._refunds.list_async(wanted), "question:refunds"))

    async def pages(self, what: str, since: int, **more: Any) -> AsyncIterator[Page]:
        """Read all objects of a kind created since `since` (unix seconds), the newest page first."""
        wanted: Json = {"created": {"gte": since}, "limit": PAGE_SIZE, **more}
        while True:
            found = await self._ask(self._lists[what](wanted), f"question:{what}")
            page = _page(found)
            yield page
            if not page.objects or not found.body.get("has_more"):
                return
            wanted["starting_after"] = page.objects[-1]["id"]

    async def call(self, method: str, path: str, **params: Any) -> Answer:
        """Make any other call, for the setup; `method` is `get` or `post`."""
        return await self._ask(self._raw(method, path, **params))

    async def _create(
        self, create: Callable[..., Awaitable[Any]], params: Any, key: str, about: str = ""
    ) -> Answer:
        """Create an object under a key, or under a fresh one when Stripe knows the key from another request.

        The fresh key follows from the parameters, so that the same request, when it is repeated, meets its
        own answer.
        """
        try:
            return await self._ask(create(params, {"idempotency_key": key}), about)
        except Refused as refused:
            if not refused.is_key_reused:
                raise
            log.warning("stripe.key_reused", key=key, **refused.reasons)
        return await self._ask(create(params, {"idempotency_key": f"{key}-{_digest(params)}"}), about)

    async def _ask(self, call: Awaitable[Any], about: str = "") -> Answer:
        """Make a call; what `about` names is reported when Stripe refuses it, and when it does not."""
        begun = clock.monotonic()
        try:
            async with clock.current().timeout(self._timeout):
                answer = await call
        except REFUSALS as fault:
            refused = Refused(fault)
            self._on_result(PARTY, MISCONFIGURED if refused.bad_key else REFUSED)
            if about and refused.is_general:
                self._on_answer(about, str(refused))
            raise refused from fault
        except (stripe.StripeError, TimeoutError) as fault:
            self._on_result(PARTY, DOWN)
            raise Down(fault) from fault
        self._on_result(PARTY, OK)
        if about:
            self._on_answer(about, None)
        response = getattr(answer, "last_response", answer)
        at, took = _moment(response.headers), clock.monotonic() - begun
        as_of = math.floor((clock.unix_time() if at is None else at) - took)
        return Answer(response.data, response.request_id, at, as_of)


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Whether Stripe signed this body with this secret, within TOLERANCE_SECONDS."""
    try:
        text = body.decode()
        stripe.WebhookSignature.verify_header(text, signature, secret, TOLERANCE_SECONDS)
        stamp = next(int(part[2:]) for part in signature.split(",") if part.startswith("t="))
    # A header that is not ASCII, or has no `=`, makes Stripe's own check raise other exceptions.
    except (stripe.SignatureVerificationError, ValueError, TypeError, StopIteration):
        return False
    return stamp <= time.time() + TOLERANCE_SECONDS  # the real time: Stripe's library compares with it too


def _digest(params: Any) -> str:
    return hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()[:16]


def _moment(headers: Mapping[str, str] | None) -> float | None:
    try:
        return parsedate_to_datetime((headers or {})["Date"]).timestamp()
    except (KeyError, ValueError):
        return None


def _page(found: Answer) -> Page:
    return Page(objects(found), found.as_of)


def objects(found: Answer) -> Sequence[Json]:
    """Return the objects of a list answer; what is not an object of Stripe is left out."""
    data = found.body.get("data")
    objects = data if isinstance(data, list) else []
    return [one for one in objects if isinstance(one, dict) and isinstance(one.get("id"), str)]


def _unknown_parameters(fault: stripe.StripeError) -> frozenset[str]:
    """Return the outermost names of the parameters that Stripe does not know, if it refused for them."""
    if fault.code != "parameter_unknown":
        return frozenset()
    message = fault.user_message or str(fault)
    named = [getattr(fault, "param", None) or "", *message.partition(":")[2].split(",")]
    return frozenset(found[0] for name in named if (found := re.match(r"\w+", name.strip())))


def _reasons(fault: BaseException) -> dict[str, object]:
    """Describe a fault for the log, with the request id by which Stripe's support finds it."""
    if not isinstance(fault, stripe.StripeError):
        return {"error": type(fault).__name__}
    return {
        "error": type(fault).__name__,
        "says": fault.user_message or str(fault),
        "code": fault.code,
        "status": fault.http_status,
        "request_id": fault.request_id,
    }
