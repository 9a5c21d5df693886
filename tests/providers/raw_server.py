"""Servers on loopback that answer with exact bytes, and proxies that remember their connections."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Conversation = Callable[[Reader, Writer], Awaitable[None]]


@dataclass
class Raw:
    """A running server: its address, and the requests that it got."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)

    @property
    def keys(self) -> list[bytes]:
        """List the idempotency keys of the requests."""
        lines = [line for request in self.requests for line in request.split(b"\r\n")]
        return [line for line in lines if line.lower().startswith(b"idempotency-key:")]


@asynccontextmanager
async def listening(converse: Conversation) -> AsyncIterator[str]:
    """Serve each connection by `converse`; yields `127.0.0.1:port`."""
    talks: set[asyncio.Task[None]] = set()

    async def serve(reader: Reader, writer: Writer) -> None:
        task = asyncio.current_task()
        if task:
            talks.add(task)
            task.add_done_callback(talks.discard)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await converse(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for talk in list(talks):
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


@asynccontextmanager
async def answering(*answers: bytes | None) -> AsyncIterator[Raw]:
    """Answer each request with the next of these, then with the last one; None never answers."""
    raw, left = Raw(), list(answers)

    async def converse(reader: Reader, writer: Writer) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        raw.requests.append(head + await reader.readexactly(length))
        answer = left.pop(0) if len(left) > 1 else left[0]
        if answer is None:
            await asyncio.Event().wait()
        else:
            writer.write(answer)
            await writer.drain()

    async with listening(converse) as address:
        raw.url = f"http://{address}"
        yield raw


def http(status: int, body: bytes, *, missing: int = 0, **headers: str) -> bytes:
    """Write an answer; `missing` bytes of its body are announced but not sent."""
    given = {"Content-Type": "application/json", "Content-Length": str(len(body) + missing)}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in given.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Proxy:
    """A running proxy."""

    url: str = ""
    asked_for: list[str] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    refuses: bool = False


@asynccontextmanager
async def http_proxy() -> AsyncIterator[Proxy]:
    """Run an HTTP proxy with CONNECT."""
    proxy = Proxy()

    async def converse(reader: Reader, writer: Writer) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, target, _ = head.split(" ", 2)
        if method != "CONNECT" or proxy.refuses:
            writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            await writer.drain()
            return
        proxy.asked_for.append(target)
        parts = urlsplit(f"//{target}")
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _join(reader, writer, parts.hostname or "", parts.port or 0)

    async with listening(converse) as address:
        proxy.url = f"http://{address}"
        yield proxy


@asynccontextmanager
async def socks5_proxy() -> AsyncIterator[Proxy]:
    """Run a SOCKS5 proxy (RFC 1928), with user name and password (RFC 1929) if the client offers them."""
    proxy = Proxy()

    async def converse(reader: Reader, writer: Writer) -> None:
        _, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        wants_login = 2 in methods
        writer.write(bytes([5, 2 if wants_login else 0]))
        if wants_login:
            await reader.readexactly(1)
            name = await reader.readexactly((await reader.readexactly(1))[0])
            password = await reader.readexactly((await reader.readexactly(1))[0])
            proxy.logins.append((name.decode(), password.decode()))
            writer.write(b"\x01\x00")
        *_, kind = await reader.readexactly(4)
        if kind == 1:
            host = ".".join(str(part) for part in await reader.readexactly(4))
        else:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        port = int.from_bytes(await reader.readexactly(2), "big")
        proxy.asked_for.append(f"{host}:{port}")
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        await _join(reader, writer, host, port)

    async with listening(converse) as address:
        proxy.url = f"socks5://{address}"
        yield proxy


async def joined(reader: Reader, writer: Writer, there: Reader, to: Writer) -> None:
    """Forward bytes in both directions until one side ends."""

    async def worker(source: Reader, sink: Writer) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()

    pumps = [asyncio.create_task(worker(reader, to)), asyncio.create_task(worker(there, writer))]
    try:
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
    finally:
        to.close()
        for task in pumps:
            task.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)


async def _join(reader: Reader, writer: Writer, host: str, port: int) -> None:
    await joined(
        reader, writer, *await asyncio.open_connection("127.0.0.1" if host == "localhost" else host, port)
    )


async def repeat_the_password(reader: Reader, writer: Writer) -> None:
    """Ask for the password as PostgreSQL does, and refuse it in words that quote it."""
    await reader.readexactly(int.from_bytes(await reader.readexactly(4)) - 4)
    writer.write(b"R" + (8).to_bytes(4) + (3).to_bytes(4))
    await reader.readexactly(1)
    given = await reader.readexactly(int.from_bytes(await reader.readexactly(4)) - 4)
    fields = b"SFATAL\0VFATAL\0C28P01\0M" + b"the password " + given.rstrip(b"\0") + b" is wrong\0\0"
    writer.write(b"E" + (len(fields) + 4).to_bytes(4) + fields)
    await writer.drain()
