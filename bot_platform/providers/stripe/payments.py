"""Live Stripe: opens checkouts, returns money, and reports what happened."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog

from bot_platform.domain.checkout import (
    BadPayload,
    CheckoutPage,
    CheckoutRef,
    Line,
    News,
    NotForUs,
    PaymentReversed,
    ProviderDown,
    ProviderEvent,
)
from bot_platform.domain.checkout_orders import CheckoutOrder, RefundOrder
from bot_platform.domain.errors import CheckoutUnavailable
from bot_platform.domain.ids import is_outside_id
from bot_platform.infra.outbound_calls import DOWN, OK, SALES, OnAnswer, OnResult, ignore, ignore_answer
from bot_platform.providers.stripe import checkout_requests, events, refunds
from bot_platform.providers.stripe.accounts import account_of
from bot_platform.providers.stripe.checkout_requests import CheckoutRequests
from bot_platform.providers.stripe.client import (
    TIMEOUT_SECONDS,
    TRY_TIMEOUT_SECONDS,
    Answer,
    Client,
    Down,
    Json,
    Page,
    Refused,
)
from bot_platform.providers.stripe.faults import provider_down
from bot_platform.providers.stripe.kept_fields import marked, metadata_of

if TYPE_CHECKING:
    import stripe

log = structlog.get_logger()

LINK_LIFETIME = timedelta(hours=23)  # Stripe allows 30 minutes to 24 hours
REVERSALS = ("refunds", "disputes", "warnings")


class StripePayments:
    """The PaymentProvider of live Stripe; `live` is the mode of the key, `mark` what our objects carry.

    `account` is the key's account and mode, see `account_of`.
    """

    name = "stripe"
    refusal = "no-payment-link"
    same_press_seconds = 0.0  # a second press gets the open checkout's link, or, once paid, a new purchase

    def __init__(
        self,
        *,
        secret_key: str,
        api_base: str,
        webapp_url: str,
        proxy_url: str | None,
        live: bool,
        mark: str = "",
        on_result: OnResult = ignore,
        on_answer: OnAnswer = ignore_answer,
        timeout: float = TIMEOUT_SECONDS,
        try_timeout: float = TRY_TIMEOUT_SECONDS,
    ) -> None:
        self._webapp_url, self._live, self._mark = webapp_url, live, mark
        self._on_answer, self._on_result = on_answer, on_result
        self.account = account_of(secret_key)
        self._stripe = Client(
            secret_key=secret_key,
            api_base=api_base,
            proxy_url=proxy_url,
            timeout=timeout,
            try_timeout=try_timeout,
            on_result=on_result,
            on_answer=on_answer,
        )
        self._checkouts = CheckoutRequests(self._stripe)

    async def close(self) -> None:
        """Close the connections to Stripe."""
        await self._stripe.close()

    async def open(self, order: CheckoutOrder) -> CheckoutPage:
        """Create the checkout session of an attempt, once; raises CheckoutUnavailable."""
        until = order.attempt_at + LINK_LIFETIME
        key = f"purchase-{order.uid or order.user_id}-{order.purchase_id}-{order.attempt}"
        try:
            answer = await self._checkouts.create(self._request(order, int(until.timestamp())), key)
        except (Down, Refused) as fault:
            log.warning("stripe.checkout_failed", purchase=order.purchase_id, **fault.reasons)
            if isinstance(fault, Down):
                self._on_result(SALES, DOWN)
            elif not fault.bad_key:  # a bad key is an outage of its own
                self._on_answer(f"sale:{order.package.code}", str(fault))
            raise CheckoutUnavailable(self.refusal) from fault
        self._on_result(SALES, OK)
        return self._page(order, until, answer)

    def _page(self, order: CheckoutOrder, until: datetime, answer: Answer) -> CheckoutPage:
        """Return the page of a session, if it asks for our price; raises CheckoutUnavailable."""
        session, package = answer.body, order.package
        ref, url = session.get("id"), session.get("url")
        price = session.get("amount_subtotal"), session.get("currency")
        known = {"purchase": order.purchase_id, "session": ref, "request_id": answer.request_id}
        if not (is_outside_id(ref) and isinstance(url, str) and url):
            log.warning("stripe.checkout_without_page", **known)
            self._on_answer(f"sale:{package.code}", "its answer to a new checkout has no payment page")
            raise CheckoutUnavailable(self.refusal)
        if metadata_of(session).get("purchase_uid", order.uid) != order.uid:
            log.error("stripe.checkout_of_another", **known)
            self._on_answer(f"sale:{package.code}", "its answer to a new checkout is that of another sale")
            raise CheckoutUnavailable(self.refusal)
        if None not in price and price != (package.amount, package.currency):
            # A buyer who paid this would get nothing: settling compares the same two prices.
            log.error("stripe.price_differs", package=package.code, price=price, **known)
            self._on_answer(f"sale:{package.code}", f"its price at Stripe is {price[0]} {price[1]}")
            raise CheckoutUnavailable(self.refusal)
        self._on_answer(f"sale:{package.code}", None)
        log.info("stripe.checkout_opened", **known)
        return CheckoutPage(ref, url, until)

    def _request(self, order: CheckoutOrder, expires_at: int) -> "stripe.params.checkout.SessionCreateParams":
        package = order.package
        metadata = {
            "purchase_id": str(order.purchase_id),
            "user_id": str(order.user_id),
            "package": package.code,
            **({"purchase_uid": order.uid} if order.uid else {}),
            **marked(self._mark),
        }
        return {
            **checkout_requests.request(package, self._webapp_url, expires_at),
            "client_reference_id": str(order.user_id),
            "metadata": metadata,
            "payment_intent_data": {"metadata": metadata},
        }

    async def lines(self, checkout: CheckoutRef) -> Sequence[Line]:
        """Read the line items of a session; none for an unknown session. Raises ProviderDown."""
        try:
            return [_line(item) for item in await self._stripe.lines(checkout.provider_ref)]
        except Refused as refusal:
            log.warning("stripe.lines_refused", session=checkout.provider_ref, **refusal.reasons)
            if refusal.not_found:
                return ()
            raise ProviderDown from refusal
        except Down as fault:
            raise provider_down("lines", fault) from fault

    async def look(self, provider_ref: str) -> News:
        """Read the state of a session; raises ProviderDown."""
        try:
            return events.session(await self._stripe.session(provider_ref), self._mark)
        except Refused as refusal:
            if refusal.not_found:
                return NotForUs("Stripe does not know this session", keep=False)
            raise provider_down("session", refusal) from refusal
        except Down as fault:
            raise provider_down("session", fault) from fault

    async def behind(self, payment_ref: str) -> News:
        """Read the state of the session that a payment intent belongs to; raises ProviderDown."""
        try:
            found = await self._stripe.sessions_of(payment_ref)
        except (Refused, Down) as fault:
            if isinstance(fault, Refused) and fault.not_found:
                return NotForUs("Stripe does not know this payment", keep=False)
            raise provider_down("sessions", fault) from fault
        return (
            events.session(found[0], self._mark)
            if found
            else NotForUs("it comes from no checkout", keep=False)
        )

    async def refund(self, order: RefundOrder) -> PaymentReversed:
        """Return money, once for each order; raises RefundRefused or ProviderDown."""
        return await refunds.refund(self._stripe, order, self._mark)

    async def event(self, id_: str) -> ProviderEvent | None:
        """Read an event again; None after 30 days, when Stripe no longer has it. Raises ProviderDown."""
        try:
            return self._readable(await self._stripe.event(id_))
        except Refused as refusal:
            if refusal.not_found:
                return None
            raise provider_down("event", refusal) from refusal
        except Down as fault:
            raise provider_down("event", fault) from fault

    async def events(self, since: int) -> AsyncIterator[Sequence[ProviderEvent]]:
        """Read the events since `since` (unix seconds), the newest page first; raises ProviderDown."""
        async for page in self._pages("events", since, types=list(events.TYPES)):
            yield [event for event in map(self._readable, page.objects) if event]

    def _readable(self, event: Json) -> ProviderEvent | None:
        try:
            return events.translated(event, live=self._live, mark=self._mark)
        except BadPayload:
            log.error("stripe.event_unreadable", stripe=event["id"])
            return None

    async def reversals(self, since: int) -> AsyncIterator[Sequence[News]]:
        """Read refunds, disputes and warnings created since `since`, as they are now; raises ProviderDown."""
        for what in REVERSALS:
            async for page in self._pages(what, since):
                yield [events.reversal(one, page.as_of) for one in page.objects]

    async def _pages(self, what: str, since: int, **more: Any) -> AsyncIterator[Page]:
        try:
            async for page in self._stripe.pages(what, since, **more):
                yield page
        except (Refused, Down) as fault:
            raise provider_down(what, fault) from fault


def _line(item: Json) -> Line:
    """Read a line item; one without all fields matches no package."""
    price = item.get("price")
    return Line(
        price=price.get("id") if isinstance(price, dict) else None,
        amount=item.get("amount_subtotal", 0),
        currency=item.get("currency", ""),
        quantity=item.get("quantity", 0),
    )
