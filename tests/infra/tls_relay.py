"""A relay before a PostgreSQL without TLS, which speaks TLS as a server does: on request, or at once."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.providers.raw_server import Reader, Writer, joined, listening

CERTIFICATES = Path(__file__).parent / "certificates"
AUTHORITY = CERTIFICATES / "authority.pem"
SSL_REQUEST = (80877103).to_bytes(4, "big")


@dataclass
class Relay:
    """A running relay: its port, and how each connection came: `tls` or `plain`."""

    port: int = 0
    speaks_tls: bool = True
    came: list[str] = field(default_factory=list)

    def url(self, database_url: str, query: str, host: str = "localhost") -> str:
        """Name the database behind the relay."""
        return f"postgresql://postgres@{host}:{self.port}{urlsplit(database_url).path}?{query}"


@asynccontextmanager
async def tls_relay(database_url: str, *, speaks_tls: bool = True) -> AsyncIterator[Relay]:
    """Run a relay before the server that `database_url` reaches by its socket."""
    relay, folder = Relay(speaks_tls=speaks_tls), parse_qs(urlsplit(database_url).query)["host"][0]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "server.pem", CERTIFICATES / "server.key")

    async def serve(reader: Reader, writer: Writer) -> None:
        first = await reader.readexactly(8)
        asked = first[4:] == SSL_REQUEST
        if asked:
            writer.write(b"S" if relay.speaks_tls else b"N")
            await writer.drain()
            if relay.speaks_tls:
                with suppress(ssl.SSLError, ConnectionError):  # the client does not trust us
                    await writer.start_tls(context)
        relay.came.append("tls" if asked and relay.speaks_tls else "plain")
        there, to = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")
        if not asked:
            to.write(first)
        await joined(reader, writer, there, to)

    async with listening(serve) as address:
        relay.port = int(address.rpartition(":")[2])
        yield relay
