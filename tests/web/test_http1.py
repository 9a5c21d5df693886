"""No connection leaves HTTP/1.1: a tunnel would pass the rules of the web server in front."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection

from tests.makers import RunningService, running_service

# nginx forwards these two of a request when it is set up for WebSockets, as its manual shows:
# proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade".
BEHIND_NGINX = b"GET %s HTTP/1.1\r\nHost: bot\r\nUpgrade: %s\r\nConnection: upgrade\r\n%s\r\n"
# What curl --http2 sends.
BY_CURL = b"GET %s HTTP/1.1\r\nHost: bot\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: %s\r\n%s\r\n"
SETTINGS = b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
SECRET_PAGE = b"/metrics"
METRICS = b"# HELP"


@asynccontextmanager
async def connected(h: RunningService) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", h.settings.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def answer_to(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read one whole answer in HTTP/1.1: its status and its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    (length,) = [
        int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
    ]
    return int(head.split(b" ", 2)[1]), await reader.readexactly(length)


def wish_in_http2(preface: bytes = b"") -> bytes:
    """Write the beginning of HTTP/2 and a request for the page that the web server in front keeps closed."""
    client = H2Connection(H2Configuration(client_side=True))
    if preface:
        client.initiate_connection()
    else:
        client.initiate_upgrade_connection()
    client.send_headers(
        client.get_next_available_stream_id(),
        [(":method", "GET"), (":path", "/metrics"), (":authority", "bot"), (":scheme", "http")],
        end_stream=True,
    )
    return client.data_to_send()


@pytest.mark.parametrize("template", [BEHIND_NGINX, BY_CURL], ids=["nginx", "curl"])
@pytest.mark.parametrize("protocol", [b"h2c", b"H2C", b"h2", b"h2c, websocket", b"websocket", b"TLS/1.0"])
async def test_a_request_to_upgrade_is_answered_in_http1(
    sqlite_url: str, template: bytes, protocol: bytes
) -> None:
    async with running_service(sqlite_url) as h, connected(h) as (reader, writer):
        writer.write(template % (b"/healthz", protocol, SETTINGS))
        status, body = await answer_to(reader)
        assert status == 200 if protocol != b"websocket" else 400 <= status < 500
        if status == 200:
            assert b"ok" in body
            writer.write(wish_in_http2())
            rest = await reader.read()
            assert METRICS not in rest
            assert not rest or rest.startswith(b"HTTP/1.1 4")


async def test_the_connection_goes_on_in_http1_after_a_request_to_upgrade(sqlite_url: str) -> None:
    async with running_service(sqlite_url) as h, connected(h) as (reader, writer):
        for _ in range(2):
            writer.write(BY_CURL % (b"/healthz", b"h2c", SETTINGS))
            assert (await answer_to(reader))[0] == 200


async def test_http2_without_asking_is_refused(sqlite_url: str) -> None:
    async with running_service(sqlite_url) as h, connected(h) as (reader, writer):
        writer.write(wish_in_http2(b"PRI"))
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 4")
        assert METRICS not in answer


async def test_a_websocket_opens_no_tunnel(sqlite_url: str) -> None:
    handshake = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    async with running_service(sqlite_url) as h:
        for path in (b"/healthz", SECRET_PAGE, b"/operator/", b"/api/v1/stripe-webhook"):
            async with connected(h) as (reader, writer):
                writer.write(BEHIND_NGINX % (path, b"websocket", handshake))
                answer = await reader.readuntil(b"\r\n\r\n")
                assert answer.startswith(b"HTTP/1.1 4"), answer
