"""Whose request it is, when a web server in front of us passes it on."""

from ipaddress import ip_address

from quart import Request

LONGEST_ADDRESS = 45  # characters of one in IPv6


def client_address(request: Request) -> str | None:
    """Tell from which address a request comes; None for this machine's own."""
    return resolve(request.remote_addr, request.headers.get("X-Forwarded-For"))


def resolve(peer: str | None, forwarded: str | None) -> str | None:
    """Tell whose request it is by its address; None for this machine's own.

    Only a neighbour is believed when it says for whom it asks: a web server in front of us names
    last whom it heard itself. Anybody else may write into that header what they like.
    """
    try:
        nearby = ip_address(peer or "").is_private
    except ValueError:  # a socket that has no address is on this machine
        nearby = True
    if nearby and forwarded:
        return forwarded.rpartition(",")[2].strip()[:LONGEST_ADDRESS]
    return None if nearby else peer
