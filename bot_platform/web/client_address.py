"""Finds the client's address, also behind a reverse proxy."""

from ipaddress import ip_address

from quart import Request

MAX_ADDRESS_CHARS = 45  # of an IPv6 address


def client_address(request: Request) -> str | None:
    """Return the address of a request's client; None for this machine."""
    return resolve(request.remote_addr, request.headers.get("X-Forwarded-For"))


def resolve(peer: str | None, forwarded: str | None) -> str | None:
    """Return the client's address; None for this machine.

    `X-Forwarded-For` counts only if it comes from a private address, which is our reverse proxy's: the last
    entry is the address that the proxy saw itself. Any other client can write what it likes into it.
    """
    try:
        nearby = ip_address(peer or "").is_private
    except ValueError:  # a socket without an address is on this machine
        nearby = True
    if nearby and forwarded:
        return forwarded.rpartition(",")[2].strip()[:MAX_ADDRESS_CHARS]
    return None if nearby else peer
