"""The sign-in to the operator's pages: a token, a signed cookie, and a CSRF token in each form."""

import hashlib
import hmac
import re
import secrets
from collections import deque
from dataclasses import dataclass
from ipaddress import ip_network
from math import ceil

from itsdangerous import BadData, URLSafeTimedSerializer
from quart import Request, Response

from bot_platform.infra import clock

COOKIE = "operator_session"
PATH = "/operator"
SESSION_SECONDS = 12 * 3600
WINDOW_SECONDS = 60.0  # in which failed attempts count
MAX_FROM_ADDRESS = 5  # failed attempts in a window
MAX_REMEMBERED = 10_000  # of all addresses together
IPV6_PREFIX = 64  # a client can choose the rest of its IPv6 address
OUR_PAGE = re.compile(r"/operator(/[A-Za-z0-9_/-]{0,100})?(\?[A-Za-z0-9_=&.%+-]{0,300})?")


class FailedAttempts:
    """Counts wrong tokens in this process, for each client: an IPv4 address, or an IPv6 network of 64 bits.

    There is no limit for all clients together: an attacker could use it to lock the operator out. The
    token is too long to be guessed by many clients either.
    """

    def __init__(self) -> None:
        self._failed: deque[tuple[float, str]] = deque(maxlen=MAX_REMEMBERED)

    def delay_for(self, address: str) -> int:
        """Return the seconds until this address may try again; 0 if it may now."""
        now = clock.current().monotonic()
        while self._failed and self._failed[0][0] <= now - WINDOW_SECONDS:
            self._failed.popleft()
        client = _client(address)
        mine = [at for at, other in self._failed if other == client]
        if len(mine) < MAX_FROM_ADDRESS:
            return 0
        return ceil(mine[-MAX_FROM_ADDRESS] + WINDOW_SECONDS - now)

    def add(self, address: str) -> None:
        """Count a failed attempt."""
        self._failed.append((clock.current().monotonic(), _client(address)))


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in operator; each of their forms contains `csrf`."""

    name: str
    csrf: str


class SignIn:
    """Checks tokens and sessions; `address` is our public URL, such as `https://pay.example.com`."""

    def __init__(self, token: str, address: str) -> None:
        self.failed_attempts = FailedAttempts()
        self._token = token.encode()
        self._secure = address.startswith("https://")
        self._host = address.partition("://")[2]
        # Signed with the token, so that a new token ends every session.
        self._cookies = URLSafeTimedSerializer(
            token, salt="operator's session", signer_kwargs={"digest_method": hashlib.sha256}
        )

    def is_token(self, given: str) -> bool:
        """Compare with the token, in constant time."""
        given_bytes = given.encode(errors="surrogatepass")
        return hmac.compare_digest(_digest(given_bytes), _digest(self._token))

    def begin(self) -> Session:
        """Make a new session."""
        return self._session(secrets.token_urlsafe(16))

    def read(self, request: Request) -> Session | None:
        """Return the session of a request; None without one, or if it has expired."""
        try:
            name = self._cookies.loads(request.cookies.get(COOKIE, ""), max_age=SESSION_SECONDS)
        except BadData:
            return None
        return self._session(name) if isinstance(name, str) else None

    def set_cookie(self, response: Response, session: Session) -> None:
        """Store the session in the browser."""
        response.set_cookie(
            COOKIE,
            self._cookies.dumps(session.name),
            max_age=SESSION_SECONDS,
            path=PATH,
            secure=self._secure,
            httponly=True,
            samesite="Strict",
        )

    def delete_cookie(self, response: Response) -> None:
        """Remove the session from the browser."""
        response.delete_cookie(COOKIE, path=PATH, secure=self._secure, httponly=True, samesite="Strict")

    def is_foreign(self, request: Request) -> bool:
        """Whether the browser's headers name another site as the sender."""
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        origin = request.headers.get("Origin")
        ours = origin is None or origin.partition("://")[2] in {request.host, self._host}
        return site != "same-origin" or not ours

    def _session(self, name: str) -> Session:
        return Session(name, hmac.new(self._token, f"csrf:{name}".encode(), hashlib.sha256).hexdigest())


def _client(address: str) -> str:
    try:
        return str(ip_network((address, IPV6_PREFIX), strict=False)) if ":" in address else address
    except ValueError:
        return address


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


def is_own_form(session: Session, given: str) -> bool:
    """Whether a form contains the CSRF token of the session."""
    return hmac.compare_digest(given.encode(errors="surrogatepass"), session.csrf.encode())


def next_page(given: str) -> str:
    """Return the page to open after the sign-in: the requested one, if it is one of ours."""
    return given if OUR_PAGE.fullmatch(given) else PATH
