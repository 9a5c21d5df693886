"""Stripe through its own client: opens checkout sessions and checks who signed an event."""

import asyncio
import json
import ssl
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus

import aiohttp
import stripe
import structlog
from aiohttp_socks import ProxyConnectionError, ProxyConnector, ProxyError, ProxyTimeoutError

from bot_platform.domain.checkout import (
    BadSignature,
    CheckoutOrder,
    CheckoutPage,
    CheckoutRef,
    Line,
    ProviderDown,
    ProviderEvent,
)
from bot_platform.domain.errors import CheckoutUnavailable
from bot_platform.payments import stripe_events

log = structlog.get_logger()

TOLERANCE = 300  # seconds a signature may be old, and its clock ahead of ours
LINK_LIVES = timedelta(hours=23)  # Stripe allows 30 minutes to 24 hours
PATIENCE = 12  # seconds for a checkout, tries included: the person hears within 15
ONE_TRY = 5
FAULTS = (stripe.StripeError, TimeoutError)


# TimeoutError is an OSError; the proxy's errors have no base of their own.
NETWORK_FAULTS = (aiohttp.ClientError, OSError, ProxyError, ProxyConnectionError, ProxyTimeoutError)


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


class StripePayments:
    """Live Stripe through its own client."""

    name = "stripe"
    refusal = "no-payment-link"
    same_press_seconds = 0.0  # an open checkout is found by its link, a paid one is another purchase

    def __init__(
        self,
        *,
        secret_key: str,
        api_base: str,
        webapp_url: str,
        proxy_url: str | None,
        patience: float = PATIENCE,
        one_try: float = ONE_TRY,
    ) -> None:
        self._webapp_url, self._patience = webapp_url, patience
        stripe.enable_telemetry = False  # it would write into the home folder
        trust = ssl.create_default_context(cafile=stripe.ca_bundle_path)
        connector = ProxyConnector.from_url(proxy_url, ssl=trust) if proxy_url else None
        self._http = _Http(timeout=one_try, connector=connector)
        self._client = stripe.StripeClient(
            secret_key,
            base_addresses={"api": api_base},
            http_client=self._http,
            max_network_retries=2,
        )

    async def close(self) -> None:
        """Close the connections to Stripe."""
        await self._http.close_async()  # type: ignore[no-untyped-call]  # Stripe left it untyped

    async def open(self, order: CheckoutOrder) -> CheckoutPage:
        """Make a checkout session, one for each attempt however often asked; raises CheckoutUnavailable."""
        until = order.attempt_at + LINK_LIVES
        key = f"purchase-{order.user_id}-{order.purchase_id}-{order.attempt}"
        try:
            async with asyncio.timeout(self._patience):
                session = await self._client.v1.checkout.sessions.create_async(
                    self._request(order, int(until.timestamp())), {"idempotency_key": key}
                )
        except FAULTS as fault:
            log.warning("stripe.checkout_failed", purchase=order.purchase_id, **_reasons(fault))
            raise CheckoutUnavailable(self.refusal) from fault
        ref, url = getattr(session, "id", None), getattr(session, "url", None)
        price = getattr(session, "amount_subtotal", None), getattr(session, "currency", None)
        answered = session.last_response
        known = {
            "purchase": order.purchase_id,
            "session": ref,
            "request_id": answered.request_id if answered else None,
        }
        if not (isinstance(ref, str) and isinstance(url, str) and ref and url):
            log.warning("stripe.checkout_without_page", **known)
            raise CheckoutUnavailable(self.refusal)
        if None not in price and price != (order.package.amount, order.package.currency):
            # Whoever paid this would get nothing: settling compares the same two.
            log.error("stripe.price_differs", package=order.package.code, price=price, **known)
            raise CheckoutUnavailable(self.refusal)
        log.info("stripe.checkout_opened", **known)
        return CheckoutPage(ref, url, until)

    def _request(self, order: CheckoutOrder, expires_at: int) -> "stripe.params.checkout.SessionCreateParams":
        package = order.package
        metadata = {
            "purchase_id": str(order.purchase_id),
            "user_id": str(order.user_id),
            "package": package.code,
        }
        line: stripe.params.checkout.SessionCreateParamsLineItem = {"quantity": 1}
        if package.stripe_price:
            line["price"] = package.stripe_price
        else:
            line["price_data"] = {
                "currency": package.currency,
                "unit_amount": package.amount,
                "product_data": {"name": package.title},
            }
        return {
            "mode": "payment",
            "line_items": [line],
            "client_reference_id": str(order.user_id),
            "metadata": metadata,
            "payment_intent_data": {"metadata": metadata},
            "success_url": f"{self._webapp_url}/payment-success?session_id={{CHECKOUT_SESSION_ID}}",
            "cancel_url": f"{self._webapp_url}/payment-cancelled",
            "expires_at": expires_at,
            # The price we compare is the price we asked: no conversion to the buyer's currency.
            "adaptive_pricing": {"enabled": False},
        }

    async def lines(self, checkout: CheckoutRef) -> Sequence[Line]:
        """Read what a session sold; raises ProviderDown when Stripe cannot be asked now."""
        try:
            async with asyncio.timeout(self._patience):
                items = await self._client.v1.checkout.sessions.line_items.list_async(checkout.provider_ref)
        except stripe.InvalidRequestError as fault:
            log.warning("stripe.lines_refused", session=checkout.provider_ref, **_reasons(fault))
            return ()
        except FAULTS as fault:
            log.warning("stripe.lines_failed", session=checkout.provider_ref, **_reasons(fault))
            raise ProviderDown from fault
        return [_line(item) for item in getattr(items, "data", ())]


def _line(item: object) -> Line:
    """Read a line item; one that lacks a field matches no package."""
    return Line(
        price=getattr(getattr(item, "price", None), "id", None),
        amount=getattr(item, "amount_subtotal", 0),
        currency=getattr(item, "currency", ""),
        quantity=getattr(item, "quantity", 0),
    )


class SignedEvents:
    """Reads what Stripe posts to us, under the mock too: a late payment outlives the switch."""

    def __init__(self, secrets: Sequence[str], *, live: bool) -> None:
        self._secrets, self._live = secrets, live

    def read(self, body: bytes, signature: str | None) -> ProviderEvent:
        """Check the signature and translate the event; raises BadSignature or BadPayload."""
        if not any(_signed(body, signature or "", secret) for secret in self._secrets):
            raise BadSignature
        return stripe_events.read(body, live=self._live)


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


def _signed(body: bytes, signature: str, secret: str) -> bool:
    try:
        text = body.decode()
        stripe.WebhookSignature.verify_header(text, signature, secret, TOLERANCE)
        stamp = next(int(part[2:]) for part in signature.split(",") if part.startswith("t="))
    # A header that is not ASCII or has no `=` breaks Stripe's own check in ways of its own.
    except (stripe.SignatureVerificationError, ValueError, TypeError, StopIteration):
        return False
    return stamp <= time.time() + TOLERANCE
