"""Keeps every connection in HTTP/1.1: a tunnel to HTTP/2 would pass the rules of the web server in front."""

import h11
import hypercorn.protocol
from hypercorn.protocol.h11 import H11Protocol


class Http1Protocol(H11Protocol):
    """Hypercorn's HTTP/1.1, which changes into no other protocol.

    Hypercorn answers `Upgrade: h2c` with 101, and takes HTTP/2 without TLS from clients that begin with its
    preface. It has no setting against it (docs/decisions/0029). A request to upgrade is served here as if it
    had not asked, which HTTP allows, and the preface as a request with an unknown method.
    """

    async def _check_protocol(self, event: h11.Request) -> None:
        """Change nothing; hypercorn looks for the wish for HTTP/2 here."""


def stay_in_http1() -> None:
    """Let hypercorn serve every connection of this process by Http1Protocol."""
    hypercorn.protocol.H11Protocol = Http1Protocol  # type: ignore[attr-defined]
