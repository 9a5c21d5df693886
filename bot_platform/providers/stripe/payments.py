"""Live Stripe in our words: sells, returns money, says what happened, and knows who signed an event."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog

from bot_platform.domain.checkout import (
    BadPayload,
    BadSignature,
    CheckoutOrder,
    CheckoutPage,
    CheckoutRef,
    Line,
    News,
    NotForUs,
    PaymentReversed,
    ProviderDown,
    ProviderEvent,
    RefundOrder,
    RefundRefused,
)
from bot_platform.domain.errors import CheckoutUnavailable
from bot_platform.infra.clock import current
from bot_platform.infra.outbound_calls import OnResult, ignore
from bot_platform.providers.stripe import events
from bot_platform.providers.stripe.client import (
    ONE_TRY,
    PATIENCE,
    Client,
    Down,
    Json,
    Refused,
    is_signed,
)

if TYPE_CHECKING:
    import stripe

log = structlog.get_logger()

LINK_LIVES = timedelta(hours=23)  # Stripe allows 30 minutes to 24 hours
REVERSALS = ("refunds", "disputes", "warnings")


class StripePayments:
    """Live Stripe; `live` is the mode of its key."""

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
        live: bool,
        heard: OnResult = ignore,
        patience: float = PATIENCE,
        one_try: float = ONE_TRY,
    ) -> None:
        self._webapp_url, self._live = webapp_url, live
        self._stripe = Client(
            secret_key=secret_key,
            api_base=api_base,
            proxy_url=proxy_url,
            patience=patience,
            one_try=one_try,
            heard=heard,
        )

    async def close(self) -> None:
        """Close the connections to Stripe."""
        await self._stripe.close()

    async def open(self, order: CheckoutOrder) -> CheckoutPage:
        """Make a checkout session, one for each attempt however often asked; raises CheckoutUnavailable."""
        until = order.attempt_at + LINK_LIVES
        key = f"purchase-{order.user_id}-{order.purchase_id}-{order.attempt}"
        try:
            answer = await self._stripe.create_session(self._request(order, int(until.timestamp())), key)
        except (Down, Refused) as fault:
            log.warning("stripe.checkout_failed", purchase=order.purchase_id, **fault.reasons)
            raise CheckoutUnavailable(self.refusal) from fault
        session = answer.said
        ref, url = session.get("id"), session.get("url")
        price = session.get("amount_subtotal"), session.get("currency")
        known = {"purchase": order.purchase_id, "session": ref, "request_id": answer.request_id}
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
        """Read what a session sold; raises ProviderDown."""
        try:
            return [_line(item) for item in await self._stripe.lines(checkout.provider_ref)]
        except Refused as no:
            log.warning("stripe.lines_refused", session=checkout.provider_ref, **no.reasons)
            if no.not_found:
                return ()
            raise ProviderDown from no
        except Down as fault:
            raise _down("lines", fault) from fault

    async def look(self, provider_ref: str) -> News:
        """Ask how a session stands; raises ProviderDown."""
        try:
            return events.session(await self._stripe.session(provider_ref))
        except Refused as no:
            if no.not_found:
                return NotForUs("Stripe does not know this session", keep=False)
            raise _down("session", no) from no
        except Down as fault:
            raise _down("session", fault) from fault

    async def behind(self, payment_ref: str) -> News:
        """Ask which session a payment intent belongs to, and how it stands; raises ProviderDown."""
        try:
            found = await self._stripe.sessions_of(payment_ref)
        except (Refused, Down) as fault:
            raise _down("sessions", fault) from fault
        return events.session(found[0]) if found else NotForUs("it comes from no checkout", keep=False)

    async def refund(self, order: RefundOrder) -> PaymentReversed:
        """Return money; raises RefundRefused or ProviderDown."""
        ours = str(order.refund_id)
        params: stripe.params.RefundCreateParams = {
            "payment_intent": order.payment_ref,
            "amount": order.amount,
            "metadata": {"refund_id": ours},
        }
        asked_at, key = int(current().time()), f"refund-{order.user_id}-{ours}"
        try:
            # Stripe forgets an idempotency key after a day; the refund itself it never forgets.
            made = await self._made(order) if order.again else None
            if made is None:
                made = await self._asked_under_two_keys(order, params, key)
                asked_at = min(asked_at, int(made.get("created", asked_at)))  # Stripe's clock may be behind
        except Refused as no:
            log.warning("stripe.refund_refused", refund=order.refund_id, **no.reasons)
            raise RefundRefused(str(no)) from no
        except Down as fault:
            raise _down("refund", fault) from fault
        news = events.reversal(made, asked_at)
        if not isinstance(news, PaymentReversed):
            log.error("stripe.refund_unreadable", refund=order.refund_id, stripe=made.get("id"))
            raise ProviderDown
        log.info("stripe.refunded", refund=order.refund_id, stripe=made.get("id"), status=made.get("status"))
        return news

    async def _asked_under_two_keys(
        self, order: RefundOrder, params: "stripe.params.RefundCreateParams", key: str
    ) -> Json:
        """Ask; where an old order's answer is a 5xx, which Stripe repeats for a day, ask under another key.

        Only an old one: whatever its first asking did has ended since, and would have been found.
        """
        try:
            return (await self._stripe.create_refund(params, key)).said
        except Down as fault:
            if not (fault.answered and order.old):
                raise
        this_hour = int(current().time()) // 3600
        return (await self._stripe.create_refund(params, f"{key}-{this_hour}")).said

    async def _made(self, order: RefundOrder) -> Json | None:
        """Find the refund that this order made before."""
        known = await self._stripe.refunds_of(order.payment_ref)
        ours = str(order.refund_id)
        return next((one for one in known if (one.get("metadata") or {}).get("refund_id") == ours), None)

    async def events(self, since: int) -> AsyncIterator[Sequence[ProviderEvent]]:
        """Read events since a moment, the newest page first; raises ProviderDown."""
        async for page in self._pages("events", since, types=list(events.TYPES)):
            yield [event for event in map(self._readable, page) if event]

    def _readable(self, event: Json) -> ProviderEvent | None:
        try:
            return events.translated(event, live=self._live)
        except BadPayload:
            log.error("stripe.event_unreadable", stripe=event["id"])
            return None

    async def reversals(self, since: int) -> AsyncIterator[Sequence[News]]:
        """Read refunds, disputes and warnings made since a moment, as they stand now; raises ProviderDown."""
        for what in REVERSALS:
            asked_at = int(current().time())
            async for page in self._pages(what, since):
                yield [events.reversal(one, asked_at) for one in page]

    async def _pages(self, what: str, since: int, **more: Any) -> AsyncIterator[Sequence[Json]]:
        try:
            async for page in self._stripe.pages(what, since, **more):
                yield page
        except (Refused, Down) as fault:
            raise _down(what, fault) from fault


def _down(asked_for: str, fault: Down | Refused) -> ProviderDown:
    """Log why Stripe could not be asked; a key that may not read is to be mended, and then asked again."""
    log.warning("stripe.not_asked", asked_for=asked_for, **fault.reasons)
    return ProviderDown(asked_for)


def _line(item: Json) -> Line:
    """Read a line item; one that lacks a field matches no package."""
    price = item.get("price")
    return Line(
        price=price.get("id") if isinstance(price, dict) else None,
        amount=item.get("amount_subtotal", 0),
        currency=item.get("currency", ""),
        quantity=item.get("quantity", 0),
    )


class SignedEvents:
    """Reads what Stripe posts to us, under the mock too: a late payment outlives the switch."""

    def __init__(self, secrets: Sequence[str], *, live: bool) -> None:
        self._secrets, self._live = secrets, live

    def read(self, body: bytes, signature: str | None) -> ProviderEvent:
        """Check the signature and translate the event; raises BadSignature or BadPayload."""
        if not any(is_signed(body, signature or "", secret) for secret in self._secrets):
            raise BadSignature
        return events.read(body, live=self._live)

    def again(self, payload: dict[str, Any]) -> ProviderEvent:
        """Translate an event that was read and stored before; raises BadPayload."""
        return events.translated(payload, live=self._live)
