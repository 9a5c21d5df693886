"""The id of the request that the running code serves, from the press of a button to the answer."""

from collections.abc import Iterator
from contextlib import contextmanager

from structlog.contextvars import bind_contextvars, bound_contextvars, get_contextvars

MAX_ID_CHARS = 100  # of a request's id, as long as the columns that store it


def current() -> str:
    """Return the id of the current request, such as the key of an update; empty when there is none."""
    return str(get_contextvars().get("request", ""))[:MAX_ID_CHARS]


def user() -> object:
    """Return the id of the user for whom the running code works; None when it is not known."""
    return get_contextvars().get("user")


def adopt(name: str) -> None:
    """Continue an earlier request in this task."""
    bind_contextvars(request=name[:MAX_ID_CHARS])


@contextmanager
def scope(name: str, **ids: object) -> Iterator[None]:
    """Add the request's id and `ids` to every log line within this context."""
    with bound_contextvars(request=name[:MAX_ID_CHARS], **ids):
        yield
