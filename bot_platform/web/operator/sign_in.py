"""Who may see the operator's pages: a token, a signed cookie, and forms that only our own pages send."""

import hashlib
import hmac
import re
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from itsdangerous import BadData, URLSafeTimedSerializer
from quart import Request, Response

from bot_platform.infra.clock import monotonic

COOKIE = "operator_session"
PATH = "/operator"
LASTS = 12 * 3600  # seconds
WINDOW = 60.0  # seconds in which refused tries count
FROM_ONE, FROM_ALL = 5, 30  # refused tries in a window, from one address and in all
OUR_PAGE = re.compile(r"/operator(/[A-Za-z0-9_/-]{0,100})?(\?[A-Za-z0-9_=&.%+-]{0,300})?")


class FailedAttempts:
    """Counts tokens that were refused, in this process; whoever guessed too often waits.

    However many addresses somebody has or makes up, all of them together wait as well.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._refused: deque[tuple[float, str]] = deque()

    def wait(self, address: str) -> int:
        """How many seconds this address has to wait before it may try (0: it may now)."""
        now = self._clock()
        while self._refused and self._refused[0][0] <= now - WINDOW:
            self._refused.popleft()
        mine = [at for at, who in self._refused if who == address]
        if len(mine) >= FROM_ONE:
            return ceil(mine[-FROM_ONE] + WINDOW - now)
        if len(self._refused) >= FROM_ALL:
            return ceil(self._refused[-FROM_ALL][0] + WINDOW - now)
        return 0

    def refused(self, address: str) -> None:
        """Count one."""
        self._refused.append((self._clock(), address))


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in; `csrf` stands in each form of theirs."""

    name: str
    csrf: str


class SignIn:
    """Knows the token. `address` is ours for people, such as `https://pay.example.com`."""

    def __init__(self, token: str, address: str, clock: Callable[[], float] = monotonic) -> None:
        self.tries = FailedAttempts(clock)
        self._token = token.encode()
        self._secure = address.startswith("https://")
        self._host = address.partition("://")[2]
        # Keyed by the token, so that a new one signs everybody out.
        self._cookies = URLSafeTimedSerializer(
            token, salt="operator's session", signer_kwargs={"digest_method": hashlib.sha256}
        )

    def opens(self, given: str) -> bool:
        """Whether this is the token; takes as long for any other."""
        given_bytes = given.encode(errors="surrogatepass")
        return hmac.compare_digest(_digest(given_bytes), _digest(self._token))

    def begin(self) -> Session:
        """Draw a session."""
        return self._session(secrets.token_urlsafe(16))

    def read(self, request: Request) -> Session | None:
        """Find whose request this is; None when nobody is signed in, or was for too long."""
        try:
            name = self._cookies.loads(request.cookies.get(COOKIE, ""), max_age=LASTS)
        except BadData:
            return None
        return self._session(name) if isinstance(name, str) else None

    def give(self, response: Response, session: Session) -> None:
        """Let the browser keep the session."""
        response.set_cookie(
            COOKIE,
            self._cookies.dumps(session.name),
            max_age=LASTS,
            path=PATH,
            secure=self._secure,
            httponly=True,
            samesite="Strict",
        )

    def take(self, response: Response) -> None:
        """Let the browser forget it."""
        response.delete_cookie(COOKIE, path=PATH, secure=self._secure, httponly=True, samesite="Strict")

    def is_foreign(self, request: Request) -> bool:
        """Whether a browser says that another site's page sent this."""
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        origin = request.headers.get("Origin")
        ours = origin is None or origin.partition("://")[2] in {request.host, self._host}
        return site != "same-origin" or not ours

    def _session(self, name: str) -> Session:
        return Session(name, hmac.new(self._token, f"csrf:{name}".encode(), hashlib.sha256).hexdigest())


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


def is_own_form(session: Session, given: str) -> bool:
    """Whether a form carries what only our pages for this session know."""
    return hmac.compare_digest(given.encode(errors="surrogatepass"), session.csrf.encode())


def next_page(given: str) -> str:
    """Where to go after signing in: what was asked for, if it is a page of ours."""
    return given if OUR_PAGE.fullmatch(given) else PATH
