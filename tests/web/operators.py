"""An operator's browser, signed in, with an application that has only the operator's pages."""

import re
from collections.abc import Mapping
from functools import partial
from html import unescape
from types import TracebackType
from typing import Any, Self

from quart import Quart

from bot_platform.flows.context import PaymentContext
from bot_platform.infra.clock import Clock, use
from bot_platform.infra.database import Database
from bot_platform.telegram.refusals import Channel, explain
from bot_platform.telegram.texts import Texts
from bot_platform.web.operator.blueprint import operator_pages
from bot_platform.web.server import server
from tests.makers import payments

TOKEN = "a token that nobody guesses"
HOME = "/operator"


class StoppedClock(Clock):
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        use(self)

    def monotonic(self) -> float:
        return self.seconds


def app(selling: PaymentContext, token: str = TOKEN, **changed: Any) -> Quart:
    """Serve only the operator's pages."""
    words = partial(explain, channel=Channel.PAGE, say=Texts().say)
    given: dict[str, Any] = {"address": "http://localhost:8000", "explain": words} | changed
    return server([operator_pages(selling, token, **given)])


class OperatorBrowser:
    """A browser; `page` is the last page that was read."""

    def __init__(self, database: Database, selling: PaymentContext | None = None, **changed: Any) -> None:
        self.app = app(selling or payments(database), **changed)
        self.browser = self.app.test_client()
        self.status = 0
        self.page = ""
        self.headers: Mapping[str, str] = {}

    async def __aenter__(self) -> Self:
        """Sign in."""
        await self.sign_in(TOKEN)
        assert self.status == 303, self.page
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close nothing: the browser has no resources."""

    async def sign_in(self, token: str | None, **headers: str) -> int:
        """Send the first form."""
        form = {} if token is None else {"token": token}
        return await self._sent("/sign-in", form, headers)

    async def read(self, path: str = "", **args: str) -> str:
        """Open a page that must be there."""
        assert await self.look(path, **args) == 200, (path, args, self.status, self.page)
        return self.page

    async def look(self, path: str = "", **args: str) -> int:
        """Open a page, whatever comes of it."""
        return await self._took(await self.browser.get(HOME + path, query_string=args))

    async def send(self, path: str, **form: str) -> int:
        """Send a form as our page would, with the token that stands in the last one read."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.page)
        return await self._sent(path, ({"csrf": found[1]} if found else {}) | form, {})

    async def send_raw(self, path: str, form: Mapping[str, str], **headers: str) -> int:
        """Send a form as it is."""
        return await self._sent(path, form, headers)

    async def confirm(self, path: str, **form: str) -> dict[str, str]:
        """Fill in a form and return the fields of its confirmation page."""
        assert await self.send(path, **form) == 200, self.page
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', unescape(self.page)))

    async def _sent(self, path: str, form: Mapping[str, str], headers: Mapping[str, str]) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._took(await self.browser.post(HOME + path, form=dict(form), headers=named))

    async def _took(self, answer: Any) -> int:
        self.status, self.headers = answer.status_code, answer.headers
        page = await answer.get_data(as_text=True)
        # A redirect's own text has no form.
        self.page = page if "<form" in page or self.status < 300 or self.status >= 400 else self.page
        return self.status

    @property
    def seen(self) -> str:
        """What the page says, without its tags."""
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.page)).split())
