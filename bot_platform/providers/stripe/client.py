"""Stripe's own client, made to answer in plain JSON or to say in a word why it cannot."""

import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, NamedTuple

import aiohttp
import stripe
from aiohttp_socks import ProxyConnectionError, ProxyConnector, ProxyError, ProxyTimeoutError

from bot_platform.infra.clock import current
from bot_platform.infra.outbound_calls import DOWN, MISCONFIGURED, OK, REFUSED, OnResult, ignore

TOLERANCE = 300  # seconds a signature may be old, and its clock ahead of ours
PATIENCE = 12  # seconds for an answer, tries included: a buyer hears within 15
ONE_TRY = 5
PARTY = "stripe"
PAGE = 100  # objects of a list in one answer: the most there is
API_VERSION = stripe.api_version  # in whose words we ask, and want events told

# TimeoutError is an OSError; the proxy's errors have no base of their own.
NETWORK_FAULTS = (aiohttp.ClientError, OSError, ProxyError, ProxyConnectionError, ProxyTimeoutError)
# Asking again would be answered the same.
REFUSALS = (stripe.InvalidRequestError, stripe.PermissionError, stripe.AuthenticationError, stripe.CardError)

Json = dict[str, Any]


class Answer(NamedTuple):
    """What Stripe said, the id under which its support finds the request, and when it was by its clock."""

    said: Json
    request_id: str | None
    at: float | None = None  # unix seconds, whole


class Down(Exception):
    """No answer could be had; one may be had later. `reasons` are for the log."""

    def __init__(self, fault: BaseException) -> None:
        super().__init__(type(fault).__name__)
        self.reasons = _reasons(fault)
        status = fault.http_status if isinstance(fault, stripe.StripeError) else None
        self.answered = (status or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR


class Refused(Exception):
    """Stripe answered no; the message is its reason, `reasons` are for the log."""

    def __init__(self, fault: stripe.StripeError) -> None:
        super().__init__(fault.user_message or str(fault))
        self.not_found = fault.http_status == HTTPStatus.NOT_FOUND
        self.forbidden = fault.http_status == HTTPStatus.FORBIDDEN
        self.bad_key = fault.http_status == HTTPStatus.UNAUTHORIZED
        self.at = _moment(fault.headers)
        self.reasons = _reasons(fault)


class Client:
    """The calls we make; each gives JSON, or raises Refused or Down."""

    def __init__(
        self,
        *,
        secret_key: str,
        api_base: str,
        proxy_url: str | None,
        patience: float,
        one_try: float,
        heard: OnResult = ignore,
    ) -> None:
        self._patience, self._heard = patience, heard
        stripe.enable_telemetry = False  # it would write into the home folder
        trust = ssl.create_default_context(cafile=stripe.ca_bundle_path)
        connector = ProxyConnector.from_url(proxy_url, ssl=trust) if proxy_url else None
        self._http = _Http(timeout=one_try, connector=connector)
        client = stripe.StripeClient(
            secret_key,
            base_addresses={"api": api_base},
            http_client=self._http,
            max_network_retries=2,
        )
        self._raw = client.raw_request_async
        self._sessions, self._refunds = client.v1.checkout.sessions, client.v1.refunds
        self._lists: Mapping[str, Callable[[Any], Awaitable[Any]]] = {
            "events": client.v1.events.list_async,
            "refunds": client.v1.refunds.list_async,
            "disputes": client.v1.disputes.list_async,
            "warnings": client.v1.radar.early_fraud_warnings.list_async,
        }

    async def close(self) -> None:
        """Close the connections to Stripe."""
        await self._http.close_async()  # type: ignore[no-untyped-call]  # Stripe left it untyped

    async def create_session(self, params: "stripe.params.checkout.SessionCreateParams", key: str) -> Answer:
        """Make a checkout session, one for each key."""
        return await self._ask(self._sessions.create_async(params, {"idempotency_key": key}))

    async def session(self, ref: str) -> Json:
        """Read a session, with its payment intent."""
        return (await self._ask(self._sessions.retrieve_async(ref, {"expand": ["payment_intent"]}))).said

    async def sessions_of(self, payment_intent: str) -> Sequence[Json]:
        """Read the sessions of a payment intent, with it."""
        wanted: stripe.params.checkout.SessionListParams = {
            "payment_intent": payment_intent,
            "expand": ["data.payment_intent"],
        }
        return objects(await self._ask(self._sessions.list_async(wanted)))

    async def lines(self, ref: str) -> Sequence[Json]:
        """Read what a session sold."""
        return objects(await self._ask(self._sessions.line_items.list_async(ref)))

    async def create_refund(self, params: "stripe.params.RefundCreateParams", key: str) -> Answer:
        """Return money, once for each key."""
        return await self._ask(self._refunds.create_async(params, {"idempotency_key": key}))

    async def refunds_of(self, payment_intent: str) -> Sequence[Json]:
        """Read the refunds of a payment intent."""
        wanted: stripe.params.RefundListParams = {"payment_intent": payment_intent, "limit": PAGE}
        return objects(await self._ask(self._refunds.list_async(wanted)))

    async def pages(self, what: str, since: int, **more: Any) -> AsyncIterator[Sequence[Json]]:
        """Read all of one kind made since a moment (unix seconds), the newest page first."""
        wanted: Json = {"created": {"gte": since}, "limit": PAGE, **more}
        while True:
            found = await self._ask(self._lists[what](wanted))
            page = objects(found)
            yield page
            if not page or not found.said.get("has_more"):
                return
            wanted["starting_after"] = page[-1]["id"]

    async def call(self, method: str, path: str, **params: Any) -> Answer:
        """Call what setting up needs; `method` is `get` or `post`."""
        return await self._ask(self._raw(method, path, **params))

    async def _ask(self, asking: Awaitable[Any]) -> Answer:
        try:
            async with current().timeout(self._patience):
                answer = await asking
        except REFUSALS as fault:
            no = Refused(fault)
            self._heard(PARTY, MISCONFIGURED if no.bad_key else REFUSED)
            raise no from fault
        except (stripe.StripeError, TimeoutError) as fault:
            self._heard(PARTY, DOWN)
            raise Down(fault) from fault
        self._heard(PARTY, OK)
        response = getattr(answer, "last_response", answer)
        return Answer(response.data, response.request_id, _moment(response.headers))


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Whether Stripe signed these bytes lately, with this secret."""
    try:
        text = body.decode()
        stripe.WebhookSignature.verify_header(text, signature, secret, TOLERANCE)
        stamp = next(int(part[2:]) for part in signature.split(",") if part.startswith("t="))
    # A header that is not ASCII or has no `=` breaks Stripe's own check in ways of its own.
    except (stripe.SignatureVerificationError, ValueError, TypeError, StopIteration):
        return False
    return stamp <= current().time() + TOLERANCE


class _Http(stripe.AIOHTTPClient):
    """Stripe's transport; it takes answers that break off or make no sense for a lost connection.

    Stripe's client would let aiohttp's and its own stumbling over them escape. As lost connections
    they are tried again under the same idempotency key.
    """

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: object = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Ask once; raises APIConnectionError."""
        args, kwargs = self._get_request_args_kwargs(method, url, headers, post_data)
        try:
            # Not the base class's own: it leaves an answer open whose reading was cut short.
            async with self._session.request(*args, **kwargs) as answer:
                body, status, said = await answer.read(), answer.status, answer.headers
        except NETWORK_FAULTS as fault:
            says = f"no whole answer came: {type(fault).__name__}"
            raise stripe.APIConnectionError(says, should_retry=True) from fault  # type: ignore[no-untyped-call]
        if not _is_answer(body, status):
            says = "the answer is none of Stripe's"
            raise stripe.APIConnectionError(says, None, status, None, said, should_retry=True)  # type: ignore[no-untyped-call]
        return body, status, said


def _is_answer(body: bytes, status: int) -> bool:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and (status < HTTPStatus.BAD_REQUEST or isinstance(said.get("error"), dict))


def _moment(headers: Mapping[str, str] | None) -> float | None:
    try:
        return parsedate_to_datetime((headers or {})["Date"]).timestamp()
    except (KeyError, ValueError):
        return None


def objects(found: Answer) -> Sequence[Json]:
    """Give the objects of a list; what is none of Stripe's is left out."""
    data = found.said.get("data")
    objects = data if isinstance(data, list) else []
    return [one for one in objects if isinstance(one, dict) and isinstance(one.get("id"), str)]


def _reasons(fault: BaseException) -> dict[str, object]:
    """Say for the log what Stripe said, with the id under which Stripe's support finds the request."""
    if not isinstance(fault, stripe.StripeError):
        return {"error": type(fault).__name__}
    return {
        "error": type(fault).__name__,
        "says": fault.user_message or str(fault),
        "code": fault.code,
        "status": fault.http_status,
        "request_id": fault.request_id,
    }
