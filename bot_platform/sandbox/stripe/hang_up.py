"""Closes the connection a request came over, without an answer."""

import os
import socket
from pathlib import Path


def hang_up(peer: tuple[str, int]) -> None:
    """Shut down our end of the connection to this peer. Raises LookupError where we hold none.

    No ASGI server offers to leave a request unanswered (hypercorn sends a 500 of its own), so the
    socket is found among our open files by whom it talks to.
    """
    for descriptor in Path("/dev/fd").iterdir():
        found = _socket(int(descriptor.name))
        if found is None:
            continue
        with found:
            if _peer(found) == peer:
                found.shutdown(socket.SHUT_RDWR)
                return
    raise LookupError(f"no connection to {peer}")


def _socket(descriptor: int) -> socket.socket | None:
    # A copy of the descriptor, so that closing ours leaves the server's own open.
    try:
        copy = os.dup(descriptor)
    except OSError:
        return None
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        return None


def _peer(found: socket.socket) -> tuple[str, int] | None:
    try:
        name = found.getpeername()
    except OSError:
        return None
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) and len(name) > 1 else None
