"""A client over bare sockets that sends whatever it is given and reads what comes back."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from tests.reliability.odd_requests import Asked

NOTHING_COMES = 0.05  # seconds after which a broken request is taken for unanswered


@dataclass
class Client:
    """Keeps connections open, as many as are asked at once."""

    port: int
    _idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def ask(self, asked: Asked) -> tuple[int, bytes]:
        """Send a request and read its answer; status 0 where a broken one got none."""
        if asked.ends:
            return await self._once(asked)
        while True:
            reused = bool(self._idle)
            reader, writer = self._idle.pop() if reused else await self._open()
            try:
                writer.write(asked.write())
                status, body, stays = await _read(reader, asked.method)
            except BaseException as fault:
                writer.transport.abort()
                if reused and isinstance(fault, (ConnectionError, asyncio.IncompleteReadError)):
                    continue  # it had been closed while it was idle
                raise
            if stays:
                self._idle.append((reader, writer))
            else:
                writer.transport.abort()
            return status, body

    async def close(self) -> None:
        """Close what is open."""
        for _, writer in self._idle:
            writer.transport.abort()
        self._idle.clear()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)

    async def _once(self, asked: Asked) -> tuple[int, bytes]:
        reader, writer = await self._open()
        status, body = 0, b""
        try:
            writer.write(asked.write())
            with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                async with asyncio.timeout(NOTHING_COMES):
                    status, body, _ = await _read(reader, asked.method)
        finally:
            writer.transport.abort()
        return status, body


async def _read(reader: asyncio.StreamReader, method: str) -> tuple[int, bytes, bool]:
    """Read one answer: its status, its body, and whether the connection stays open."""
    status = 100
    while status == 100:
        head = await reader.readuntil(b"\r\n\r\n")
        line, *lines = head.split(b"\r\n")
        status = int(line.split(b" ")[1])
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (one.partition(b":") for one in lines)
    }
    stays = headers.get(b"connection") != b"close"
    if method == "HEAD" or status in {204, 304}:
        return status, b"", stays
    if b"content-length" in headers:
        return status, await reader.readexactly(int(headers[b"content-length"])), stays
    if headers.get(b"transfer-encoding") == b"chunked":
        return status, await _chunks(reader), stays
    return status, await reader.read(), False


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body
