"""Whether the service runs here, and whether the world reaches it under its address."""

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

PATIENCE = aiohttp.ClientTimeout(total=5)
REDIRECTED = 3  # hundred and something
SHORTEST_TOKEN = 16  # characters; what the fix draws has 64
MOST = 10_000  # bytes of an answer that are read
FAULTS = (aiohttp.ClientError, OSError, ValueError, ProxyError, ProxyConnectionError, ProxyTimeoutError)
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- recognised, not bound


@dataclass(frozen=True, slots=True)
class Heard:
    """What an address answered; `fault` where nothing came."""

    status: int = 0
    said: object = None
    leads_to: str = ""
    fault: str = ""

    @property
    def is_ours(self) -> bool:
        """Whether it is the service that answers at `/healthz`."""
        return self.status == HTTPStatus.OK and self.said == {"status": "ok"}


class Web:
    """Asks over HTTP."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        host = EVERYWHERE.get(settings.host, settings.host)
        self._here = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"

    def parties(self) -> Sequence[CheckGroup]:
        """List the checks; each stands for itself."""
        return [
            [Check("service", self._service, within=12)],
            [Check("WEBAPP_URL", self._address, within=12)],
            [Check("/operator", self._pages)],
        ]

    async def _service(self) -> Finding:
        lives = await _get(f"{self._here}/healthz", None)
        if lives.fault:
            return warning(f"nothing answers at {self._here}", "Start it when you like: `python run.py`.")
        if not lives.is_ours:
            return warning(
                f"another program answers at {self._here}",
                "Choose another PORT in .env, or end that program.",
            )
        works = await _get(f"{self._here}/readyz", None)
        if works.status == HTTPStatus.OK:
            return ok(f"runs at {self._here}")
        failing = works.said.get("failing", []) if isinstance(works.said, dict) else []
        return warning(
            f"runs at {self._here}, but is not ready: {', '.join(map(str, failing)) or works.status}",
            "Look at what it logs, and start it again if that does not end.",
        )

    async def _address(self) -> Finding:
        url, mock = self._settings.webapp_url, self._settings.mock_stripe_payments
        parts = urlsplit(url)
        if is_local(parts.hostname):
            return warning(
                f"{url} leads nowhere but to this machine"
                + (": enough for the mock" if mock else ": Stripe and its buyers cannot come back"),
                "Before you sell, write this service's public https address in WEBAPP_URL; to try it here,"
                " ngrok gives you one (the README shows how).",
            )
        if parts.scheme != "https" and self._settings.stripe_live and not mock:
            return error(
                f"{url} is not https, which Stripe wants in live mode",
                "Put a web server with a certificate in front (Caddy makes its own), and write https:// in"
                " WEBAPP_URL.",
            )
        return await self._reached(url, secure=parts.scheme == "https")

    async def _pages(self) -> Finding:
        token, draw = self._settings.operator_token, "`openssl rand -hex 32` draws one"
        if token is None:
            return skipped(f"off: OPERATOR_TOKEN is not set; {draw}")
        if len(token.get_secret_value()) < SHORTEST_TOKEN:
            return warning(
                f"OPERATOR_TOKEN has fewer than {SHORTEST_TOKEN} characters, and can be guessed",
                f"Write a long random text there: {draw}.",
            )
        return ok("the token is long enough")

    async def _reached(self, url: str, *, secure: bool) -> Finding:
        heard = await _get(f"{url}/healthz", self._settings.proxy_url)
        if heard.is_ours and secure:
            return ok(f"{url} leads to the service")
        if heard.is_ours:
            return warning(f"{url} leads to the service, without https", "Before you sell, use https.")
        if heard.leads_to:
            return error(
                f"{url} sends everybody on to {heard.leads_to}, and webhooks do not follow",
                "Write in WEBAPP_URL the address where it ends.",
            )
        if not (await _get(f"{self._here}/healthz", None)).is_ours:
            return warning(
                f"{url} cannot be reached ({heard.fault or heard.status}); the service does not run here",
                "Start the service, and look again.",
            )
        return error(
            f"{url} does not lead to the service ({heard.fault or f'it answers {heard.status}'})",
            f"See that its name leads to this machine, that a web server there passes everything to"
            f" {self._here}, and that its certificate is valid.",
        )


async def _get(url: str, proxy_url: str | None) -> Heard:
    connector = ProxyConnector.from_url(proxy_url) if proxy_url else None
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=PATIENCE) as http,
            http.get(url, allow_redirects=False) as answer,
        ):
            body = await answer.content.read(MOST)
            leads_to = answer.headers.get("Location", "") if answer.status // 100 == REDIRECTED else ""
            return Heard(answer.status, _json(body), leads_to)
    except FAULTS as fault:
        return Heard(fault=str(fault) or type(fault).__name__)


def _json(body: bytes) -> object:
    try:
        said: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return said
