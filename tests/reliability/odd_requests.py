"""What a client may send by mistake or malice: any method, path, header and body, and genuine events bent."""

import copy
import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from bot_platform import web
from tests.makers import signed
from tests.reliability.odd_values import (
    BROKEN,
    METHODS,
    NAMES,
    ODD_VALUES,
    PAIRS,
    PLAIN,
    STRIPE,
    TAILS,
    TELEGRAM,
    UPDATES,
    VALUES,
)
from tests.reliability.stripe_shapes import MAKERS

ROUTES = sorted(
    {
        route
        for source in Path(web.__file__).parent.glob("*.py")
        for route in re.findall(r'^ +@pages\.\w+\(\s*"([^"]+)"', source.read_text(), re.MULTILINE)
    }
    | {"/static/page.css", "/static/icon.svg", "/static/", f"/static/{'a' * 300}", "/", "/nowhere"}
)
BUYERS = 40  # prepared purchases that bent events may name
NEW_ID = "7205759403"  # stands where a number of its own will
_ids = itertools.count(10**6)


@dataclass(frozen=True)
class Asked:
    """One request; `signs` it when sent, `ends` the connection when it leaves it in an unclear state."""

    method: str
    target: bytes
    headers: Sequence[tuple[bytes, bytes]] = ()
    body: bytes = b""
    signs: bool = False
    ends: bool = False
    raw: bytes | None = None

    def write(self) -> bytes:
        """Write it as it goes over the wire; an event and an update get an id that none had before."""
        if self.raw is not None:
            return self.raw
        body = self.body.replace(NEW_ID.encode(), b"9%d" % next(_ids))
        headers = [(b"Host", b"127.0.0.1"), *self.headers]
        if self.signs:
            headers.append((b"Stripe-Signature", signed(body).encode()))
        headers.append((b"Content-Length", b"%d" % len(body)))
        lines = b"".join(b"%s: %s\r\n" % header for header in headers)
        return b"%s %s HTTP/1.1\r\n%s\r\n%s" % (self.method.encode(), self.target, lines, body)

    def short(self) -> str:
        """Write it for people."""
        return repr(re.sub(rb"(.{1,6})\1{20,}", rb"\1...", self.write(), flags=re.DOTALL))[:1500]


odd: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(ODD_VALUES), st.text(max_size=12), st.integers(), st.floats(), st.just([[]] * 20)
)


def _places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the way to every field of a JSON value, however deep."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, part in inside for place in ((*here, key), *_places(part, (*here, key)))]


PLACES = {kind: _places(make(kind, 0)) for kind, make in MAKERS.items()}

UPDATE_PLACES = {kind: _places(update) for kind, update in UPDATES.items()}


def _bend(draw: st.DrawFn, value: Any, places: Sequence[tuple[Any, ...]]) -> None:
    """Replace, remove or add something somewhere."""
    for place in draw(st.lists(st.sampled_from(places), max_size=3)):
        holder = value
        for key in place[:-1]:
            try:
                holder = holder[key]
            except (KeyError, IndexError, TypeError):
                break  # bent away before
        else:
            if not isinstance(holder, (dict, list)):
                continue
            if isinstance(holder, dict) and draw(st.integers(0, 4)) == 0:
                holder.pop(place[-1], None)
            elif isinstance(holder, dict) or place[-1] in range(len(holder)):
                holder[place[-1]] = copy.deepcopy(draw(odd))  # the next bend may reach into it


@st.composite
def events(draw: st.DrawFn) -> Asked:
    """Bend a genuine event, sign it well, mostly."""
    kind = draw(st.sampled_from(sorted(MAKERS)))
    event = MAKERS[kind](kind, draw(st.integers(0, BUYERS - 1)))
    event["id"] = f"evt_{NEW_ID}"
    _bend(draw, event, PLACES[kind])
    body = json.dumps(event).encode()
    how = draw(st.integers(0, 19))
    if how == 0:
        body = body[: draw(st.integers(0, len(body)))]
    elif how == 1:
        body = draw(st.binary(max_size=40)) + body
    elif how == 2:
        body = body.replace(b'"usd"', b'"\xff"')
    return Asked("POST", STRIPE.encode(), ((b"Content-Type", b"application/json"),), body, signs=how != 3)


@st.composite
def updates(draw: st.DrawFn, secret: str) -> Asked:
    """Bend an update of Telegram, with the right secret, mostly."""
    kind = draw(st.sampled_from(sorted(UPDATES)))
    update = copy.deepcopy(UPDATES[kind])
    update["update_id"] = int(NEW_ID)
    _bend(draw, update, UPDATE_PLACES[kind])
    right = draw(st.integers(0, 9)) > 0
    header = (b"X-Telegram-Bot-Api-Secret-Token", secret.encode() if right else b"\xffwrong")
    return Asked("POST", TELEGRAM.encode(), (header,), json.dumps(update).encode())


@st.composite
def pages(draw: st.DrawFn) -> Asked:
    """Ask any route, known or not, in an odd way."""
    route = re.sub(
        r"<[^>]+>", lambda _: quote(draw(st.text(max_size=8)), safe=""), draw(st.sampled_from(ROUTES))
    )
    header = st.one_of(st.sampled_from(PAIRS), st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)))
    headers = draw(st.lists(header, max_size=3))
    body = draw(st.one_of(st.just(b""), st.binary(max_size=60)))
    target = route.encode() + draw(st.sampled_from(TAILS))
    return Asked(draw(st.sampled_from(METHODS)), target, headers, body)


def sweep() -> Sequence[Asked]:
    """Ask every route with every odd ending, and with every header that means something."""
    ends = [Asked("GET", route.encode() + tail) for route in ROUTES for tail in TAILS[PLAIN - 1 :]]
    return ends + [Asked("GET", route.encode(), [pair]) for route in ROUTES for pair in PAIRS]


@st.composite
def broken(draw: st.DrawFn) -> Asked:
    """Write what is hardly HTTP, whole or up to any byte."""
    raw = draw(st.sampled_from(BROKEN))
    if draw(st.booleans()):
        raw = raw[: draw(st.integers(1, len(raw)))]
    return Asked("", b"", ends=True, raw=raw)


def requests(secret: str) -> st.SearchStrategy[Asked]:
    """Draw any of these; `secret` is Telegram's."""
    kinds = [
        events(),
        events(),
        events(),
        events(),
        pages(),
        pages(),
        pages(),
        pages(),
        updates(secret),
        broken(),
    ]
    return st.sampled_from(kinds).flatmap(lambda kind: kind)
