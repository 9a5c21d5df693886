"""The HTTP transport under Stripe's library: a broken answer counts as a lost connection."""

import json
import ssl
from collections.abc import Awaitable, Mapping
from http import HTTPStatus

import aiohttp
import stripe
from aiohttp_socks import ProxyConnectionError, ProxyConnector, ProxyError, ProxyTimeoutError

from bot_platform.infra import clock

# TimeoutError is an OSError; the proxy's errors have no base of their own.
NETWORK_FAULTS = (aiohttp.ClientError, OSError, ProxyError, ProxyConnectionError, ProxyTimeoutError)


class Transport(stripe.HTTPClient):
    """Stripe's transport over aiohttp, with one session for all calls.

    An answer that breaks off, or is not from Stripe, counts as a lost connection: Stripe's library then tries
    again under the same idempotency key. Its own transport lets aiohttp's exceptions through.
    """

    name = "aiohttp"

    def __init__(self, timeout_seconds: float, proxy_url: str | None) -> None:
        super().__init__()
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._proxy_url = proxy_url
        self._opened: aiohttp.ClientSession | None = None

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: object = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Make one request; raises APIConnectionError."""
        try:
            async with self._session().request(
                method, url, headers=headers, data=post_data, timeout=self._timeout
            ) as answer:
                body, status, received = await answer.read(), answer.status, answer.headers
        except NETWORK_FAULTS as fault:
            message = f"no whole answer came: {type(fault).__name__}"
            raise stripe.APIConnectionError(message, should_retry=True) from fault  # type: ignore[no-untyped-call]
        if not _is_answer(body, status):
            message = "the answer is none of Stripe's"
            raise stripe.APIConnectionError(message, None, status, None, received, should_retry=True)  # type: ignore[no-untyped-call]
        return body, status, received

    def sleep_async(self, secs: float) -> Awaitable[None]:
        """Wait between two tries."""
        return clock.current().sleep(secs)

    async def close_async(self) -> None:
        """Close the connections."""
        if self._opened:
            await self._opened.close()

    def _session(self) -> aiohttp.ClientSession:
        """Return the session; it is opened by the first call, because aiohttp needs the running loop."""
        if self._opened is None:
            trusted = ssl.create_default_context(cafile=stripe.ca_bundle_path)
            connector = (
                ProxyConnector.from_url(self._proxy_url, ssl=trusted)
                if self._proxy_url
                else aiohttp.TCPConnector(ssl=trusted)
            )
            self._opened = aiohttp.ClientSession(connector=connector)
        return self._opened


def _is_answer(body: bytes, status: int) -> bool:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(answer, dict) and (
        status < HTTPStatus.BAD_REQUEST or isinstance(answer.get("error"), dict)
    )
