"""Checks that the service runs here, and that the internet reaches it at WEBAPP_URL."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp
from aiohttp_socks import ProxyConnectionError, ProxyConnector, ProxyError, ProxyTimeoutError

from bot_platform.config.settings import Settings
from bot_platform.config.values import is_local
from bot_platform.doctor.checks import Check, CheckGroup
from bot_platform.doctor.report import Finding, error, ok, skipped, warning

REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=5)  # seconds
TWO_REQUESTS_SECONDS = 12
MIN_TOKEN_CHARS = 16  # the suggested command prints 64
MAX_BODY_BYTES = 10_000  # of an answer; the rest is not read
FAULTS = (aiohttp.ClientError, OSError, ValueError, ProxyError, ProxyConnectionError, ProxyTimeoutError)
TIMEOUT = "TimeoutError"
RESTART = "Read the log of the service. If it does not become ready, restart it."
FIXES = {
    "database": "See the line `database`. The service goes on by itself once the database answers.",
    "telegram": "See the lines about Telegram. Stop every other program that uses this token. The service"
    " goes on by itself once Telegram answers.",
}
WILDCARD_HOSTS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- recognised, not bound


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a GET request; `fault` is set if none came."""

    status: int = 0
    body: object = None
    redirects_to: str = ""
    fault: str = ""

    @property
    def is_ours(self) -> bool:
        """Whether this is how the service answers at `/healthz`."""
        return self.status == HTTPStatus.OK and self.body == {"status": "ok"}


class WebChecks:
    """Checks by HTTP requests to the service."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        host = WILDCARD_HOSTS.get(settings.host, settings.host)
        self._here = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"

    def groups(self) -> Sequence[CheckGroup]:
        """List the checks; none depends on another."""
        return [
            [Check("service", self._service, TWO_REQUESTS_SECONDS)],
            [Check("WEBAPP_URL", self._address, TWO_REQUESTS_SECONDS)],
            [Check("/operator", self._operator_token)],
        ]

    async def _service(self) -> Finding:
        health = await _get(f"{self._here}/healthz", None)
        if health.fault == TIMEOUT:
            return error(
                f"the service at {self._here} has not answered for {REQUEST_TIMEOUT.total:g} seconds", RESTART
            )
        if health.fault:
            return warning(f"nothing answers at {self._here}", "Start the service: `python3 run.py`.")
        if not health.is_ours:
            return warning(
                f"another program answers at {self._here}",
                "Choose another PORT in .env, or stop that program.",
            )
        ready = await _get(f"{self._here}/readyz", None)
        if ready.status == HTTPStatus.OK:
            return ok(f"runs at {self._here}")
        body = ready.body if isinstance(ready.body, dict) else {}
        failing, why = body.get("failing", []), body.get("why", {})
        named = [f"{name} ({why[name]})" if name in why else str(name) for name in failing]
        return warning(
            f"runs at {self._here}, but is not ready: {', '.join(named) or ready.status}",
            next((fix for name, fix in FIXES.items() if name in failing), RESTART),
        )

    async def _address(self) -> Finding:
        url, mock = self._settings.webapp_url, self._settings.mock_stripe_payments
        parts = urlsplit(url)
        if is_local(parts.hostname):
            return warning(
                f"{url} can be reached only from this machine"
                + (": enough for the mock" if mock else ", not by Stripe and not by buyers"),
                "Before you sell, set WEBAPP_URL to the public https address of this service. For a trial,"
                " ngrok gives you an address (see the README).",
            )
        if parts.scheme != "https" and self._settings.stripe_live and not mock:
            return error(
                f"{url} is not https, which Stripe requires in live mode",
                "Put a web server with a certificate in front of the service (Caddy gets a certificate by"
                " itself), and write https:// in WEBAPP_URL.",
            )
        return await self._reached(url, secure=parts.scheme == "https")

    async def _operator_token(self) -> Finding:
        token, command = self._settings.operator_token, "`openssl rand -hex 32` prints one"
        if token is None:
            return skipped(f"off: OPERATOR_TOKEN is not set; {command}")
        if len(token.get_secret_value()) < MIN_TOKEN_CHARS:
            return warning(
                f"OPERATOR_TOKEN has fewer than {MIN_TOKEN_CHARS} characters, and can be guessed",
                f"Set it to a long random text: {command}.",
            )
        return ok("the token is long enough")

    async def _reached(self, url: str, *, secure: bool) -> Finding:
        answer = await _get(f"{url}/healthz", self._settings.proxy_url)
        if answer.is_ours and secure:
            return ok(f"{url} leads to the service")
        if answer.is_ours:
            return warning(f"{url} leads to the service, but without https", "Before you sell, use https.")
        if answer.redirects_to:
            return error(
                f"{url} redirects to {answer.redirects_to}, and webhooks do not follow redirects",
                "Set WEBAPP_URL to the address at the end of the redirect.",
            )
        if not (await _get(f"{self._here}/healthz", None)).is_ours:
            return warning(
                f"{url} cannot be reached ({answer.fault or answer.status}); the service does not run here",
                "Start the service, and run this again.",
            )
        return error(
            f"{url} does not lead to the service ({answer.fault or f'it answers {answer.status}'})",
            "Check that the host name points to this machine, that the web server there passes every request"
            f" to {self._here}, and that its certificate is valid.",
        )


async def _get(url: str, proxy_url: str | None) -> Answer:
    connector = ProxyConnector.from_url(proxy_url) if proxy_url else None
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=REQUEST_TIMEOUT) as http,
            http.get(url, allow_redirects=False) as response,
        ):
            body = await response.content.read(MAX_BODY_BYTES)
            is_redirect = response.status // 100 == HTTPStatus.MULTIPLE_CHOICES // 100
            redirects_to = response.headers.get("Location", "") if is_redirect else ""
            return Answer(response.status, _json(body), redirects_to)
    except FAULTS as fault:
        return Answer(fault=str(fault) or type(fault).__name__)


def _json(body: bytes) -> object:
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value
