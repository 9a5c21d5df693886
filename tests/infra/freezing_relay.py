"""A relay before a PostgreSQL that stops passing bytes and closes nothing, as a lost NAT entry does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from tests.providers.raw_server import Reader, Writer, listening


@dataclass
class Link:
    """A connection that came: whether bytes pass to the server, and its answers back."""

    asks: asyncio.Event = field(default_factory=asyncio.Event)
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    def thaw(self) -> None:
        """Pass on what was kept back, and what comes."""
        self.asks.set()
        self.answers.set()


@dataclass
class FreezingRelay:
    """A running relay with the database behind it, and the connections that came."""

    url: str = ""
    links: list[Link] = field(default_factory=list)
    takes_new: bool = True

    def freeze(self) -> None:
        """Keep back all bytes of the connections that there are."""
        for link in self.links:
            link.asks.clear()
        self.freeze_answers()

    def freeze_answers(self) -> None:
        """Keep back what the server says."""
        for link in self.links:
            link.answers.clear()

    def thaw(self) -> None:
        """Pass on what was kept back."""
        for link in self.links:
            link.thaw()


@asynccontextmanager
async def freezing_relay(database_url: str, query: str = "sslmode=disable") -> AsyncIterator[FreezingRelay]:
    """Run a relay before the server that `database_url` reaches by its socket."""
    parts, relay = urlsplit(database_url), FreezingRelay()
    folder = parse_qs(parts.query)["host"][0]

    async def serve(reader: Reader, writer: Writer) -> None:
        link = Link()
        if relay.takes_new:
            link.thaw()
        relay.links.append(link)
        await link.asks.wait()
        there, to = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pass_on(reader, to, link.asks))
                both.create_task(_pass_on(there, writer, link.answers))
        finally:
            to.close()

    async with listening(serve) as address:
        relay.url = f"postgres://postgres@{address}{parts.path}?{query}"
        yield relay


async def _pass_on(source: Reader, sink: Writer, passes: asyncio.Event) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65536):
            await passes.wait()
            sink.write(data)
            await sink.drain()
    await passes.wait()
    sink.close()
