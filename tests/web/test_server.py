"""Any request to any route gets a short answer: no 5xx, no traceback, no data of others."""

import asyncio
import json

import pytest

from bot_platform.web.client_address import resolve
from bot_platform.web.server import BURST
from tests.makers import RunningService, running_service
from tests.web.selling import HOOK, arrive, balance

ROUTES = ["/payment-success", "/payment-cancelled", "/healthz", "/readyz"]
Sent = tuple[str, bytes]


async def raw(h: RunningService, sent: bytes) -> bytes:
    """Send bytes over a connection of their own, say that no more follow, and give what comes back."""
    host, port = h.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(sent)
        await writer.drain()
        writer.write_eof()
        return await reader.read(65536)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def get(target: bytes, *headers: bytes, method: bytes = b"GET") -> bytes:
    lines = [method + b" " + target + b" HTTP/1.1", b"Host: bot", b"Connection: close", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


STRANGE_TARGETS = [
    b"/nowhere",
    b"/%00",
    b"/%ff%fe",
    b"/\xff\xfe",
    b"/..%2f..%2fetc/passwd",
    b"/../../etc/passwd",
    b"//evil.example.com/payment-success",
    b"/static/../server.py",
    b"/static/%2e%2e/server.py",
    b"/static/..%5cserver.py",
    b"/static/%00",
    b"/static/page.css%00",
    b"/static/" + b"a" * 300,
    b"/static/" + b"a/" * 3000,
    b"/static/%ff",
    b"/static/",
    b"/static",
    b"/payment-success/",
    b"/payment-success/x",
    b"/payment-success%00",
    b"/PAYMENT-SUCCESS",
    b"/api/v1/stripe-webhook/",
    b"/api/v1/",
    b"/operator/",
    b"http://bot/nowhere",
    b"http://bot",
    b"http://[::1",
    b"//[",
    b"?session_id=x",
    b"*",
    b"nowhere",
    b"?",
    b"/" + b"a" * 30_000,
    b"/nowhere?" + b"a=b&" * 5000,
    b"/{{7*7}}",
    b"/%7B%7B7*7%7D%7D",
]


async def test_a_strange_path_is_a_4xx_and_never_a_file_of_ours(sqlite_url: str) -> None:
    async with running_service(sqlite_url) as h:
        for target in STRANGE_TARGETS:
            answer = await raw(h, get(target))
            assert (target[:60], 400 <= status_of(answer) < 500 or status_of(answer) == 308) == (
                target[:60],
                True,
            )
            for secret in (b"Traceback", b"import ", b"root:", b"49"):
                assert (target[:60], secret in answer.partition(b"\r\n\r\n")[2]) == (target[:60], False)


STRANGE_HEADERS = [
    b"Host: a b",
    b"Host: bot:port",
    b"Host: " + b"a" * 8000,
    b"Host: \xff",
    b"Range: bytes=9-1",
    b"Range: bytes=-1,5-x",
    b"Range: lines=\xff",
    b"If-Modified-Since: yesterday",
    b"If-None-Match: \xff",
    b"If-Range: x",
    b"Cookie: =;=;\xff=\xff;a",
    b"Accept-Encoding: \xff",
    b"Accept: */*;q=x",
    b"Accept-Language: \xff",
    b"Authorization: Basic x",
    b"Authorization: \xff",
    b"Content-Type: multipart/form-data",
    b"Content-Type: \xff",
    b"Content-Length: 0",
    b"Expect: 100-continue",
    b"X-Forwarded-For: \xff",
    b"X-Forwarded-Proto: javascript",
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13",
]


async def test_strange_headers_break_no_page(sqlite_url: str) -> None:
    async with running_service(sqlite_url) as h:
        for route in (b"/payment-success?session_id=x", b"/static/page.css", b"/healthz", b"/readyz"):
            for header in STRANGE_HEADERS:
                answer = await raw(h, get(route, header))
                assert (route, header[:40], status_of(answer) < 500) == (route, header[:40], True)
                assert b"Traceback" not in answer


@pytest.mark.parametrize("route", [*ROUTES, HOOK, "/static/page.css", "/nowhere"])
async def test_every_method_on_every_route_has_a_short_answer(sqlite_url: str, route: str) -> None:
    async with running_service(sqlite_url) as h:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW", "get"):
            async with h.http.request(
                method, h.url + route, data=b"x" if method == "POST" else None
            ) as answer:
                assert (method, answer.status) < (method, 500)
                assert len(await answer.read()) < 8000


BROKEN_BODIES: list[Sent] = [
    ("length that is no number", b"Content-Length: x\r\n\r\n"),
    ("negative length", b"Content-Length: -1\r\n\r\n"),
    ("two lengths", b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
    ("endless length", b"Content-Length: " + b"9" * 30 + b"\r\n\r\n"),
    ("large length", b"Content-Length: 600000\r\n\r\nx"),
    ("chunk that is none", b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
    ("endless chunk", b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"),
    ("unknown coding", b"Transfer-Encoding: gzip\r\n\r\n"),
    ("NUL in a header", b"Stripe-Signature: t=1,\0v1=x\r\nContent-Length: 0\r\n\r\n"),
    ("line break in a header", b"Stripe-Signature: t=1\n,v1=x\r\nContent-Length: 0\r\n\r\n"),
    ("two signatures", b"Stripe-Signature: x\r\nStripe-Signature: y\r\nContent-Length: 0\r\n\r\n"),
    ("very long signature", b"Stripe-Signature: " + b"v1=x," * 40_000 + b"\r\nContent-Length: 0\r\n\r\n"),
]


async def test_broken_http_is_a_4xx_or_an_end_of_the_line_and_the_next_request_works(
    database_url: str,
) -> None:
    async with running_service(database_url) as h:
        await arrive(h)
        for name, rest in BROKEN_BODIES:
            head = f"POST {HOOK} HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n"
            answer = await raw(h, head.encode() + rest)
            assert (name, status_of(answer) in {0, 400, 413, 431, 501}) == (name, True)
        for nonsense in (
            b"\x16\x03\x01\x02\x00",
            b"\0" * 100,
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"\r\n\r\n",
        ):
            await raw(h, nonsense)
        await balance(h, "0.00")


async def test_an_answer_hides_the_server_and_forbids_what_a_page_does_not_need(
    sqlite_url: str,
) -> None:
    async with running_service(sqlite_url) as h:
        for route in [*ROUTES, "/nowhere"]:
            async with h.http.get(h.url + route) as answer:
                assert "server" not in answer.headers
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "no-referrer"
                assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


async def test_an_unknown_route_is_a_short_json(sqlite_url: str) -> None:
    async with running_service(sqlite_url) as h, h.http.get(f"{h.url}/nowhere") as answer:
        assert (answer.status, json.loads(await answer.text())) == (404, {"status": "not found"})


@pytest.mark.parametrize(
    ("peer", "forwarded", "who"),
    [
        ("93.184.216.34", None, "93.184.216.34"),
        ("93.184.216.34", "198.51.100.1", "93.184.216.34"),
        ("127.0.0.1", None, None),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("172.18.0.1", "made up, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "x" * 500, "x" * 45),
        ("::1", None, None),
        ("2606:4700::1", None, "2606:4700::1"),
        ("<local>", None, None),
        (None, None, None),
    ],
)
def test_a_forwarded_address_counts_only_from_a_private_address(
    peer: str | None, forwarded: str | None, who: str | None
) -> None:
    assert resolve(peer, forwarded) == who


async def test_an_address_with_too_many_requests_waits_and_no_other_does(sqlite_url: str) -> None:
    hasty, other = {"X-Forwarded-For": "198.51.100.1"}, {"X-Forwarded-For": "198.51.100.2"}

    async def ask(h: RunningService, path: str, headers: dict[str, str]) -> int:
        async with h.http.get(h.url + path, headers=headers) as answer:
            if answer.status == 429:
                assert int(answer.headers["Retry-After"]) >= 1
                assert await answer.json() == {"status": "too many requests"}
            return answer.status

    async with running_service(sqlite_url) as h:
        asked = [await ask(h, "/payment-cancelled", hasty) for _ in range(3 * BURST)]
        assert asked[:BURST] == [200] * BURST
        assert 429 in asked
        assert await ask(h, "/payment-cancelled", other) == 200
        assert await ask(h, "/healthz", hasty) == 200
        assert await ask(h, "/api/v1/stripe-webhook", hasty) == 405
