"""Closes the TCP connection of a request without an answer."""

import os
import socket
from pathlib import Path


def drop_connection(peer: tuple[str, int]) -> None:
    """Shut down our end of the connection to this peer. Raises LookupError if there is none.

    ASGI has no way to leave a request unanswered (hypercorn sends its own 500). So this searches the
    open file descriptors of the process for the socket with this peer address.
    """
    for descriptor in Path("/dev/fd").iterdir():
        connection = _open_socket(int(descriptor.name))
        if connection is None:
            continue
        with connection:
            if _peer(connection) == peer:
                connection.shutdown(socket.SHUT_RDWR)
                return
    raise LookupError(f"no connection to {peer}")


def _open_socket(descriptor: int) -> socket.socket | None:
    # Duplicate the descriptor: closing the copy leaves the server's own open.
    try:
        copy = os.dup(descriptor)
    except OSError:
        return None
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        return None


def _peer(connection: socket.socket) -> tuple[str, int] | None:
    try:
        name = connection.getpeername()
    except OSError:
        return None
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) and len(name) > 1 else None
