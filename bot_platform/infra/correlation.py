"""Which request the running code serves: one name from the press of a button to the answer."""

from collections.abc import Iterator
from contextlib import contextmanager

from structlog.contextvars import bind_contextvars, bound_contextvars, get_contextvars

MAX_ID_CHARS = 100  # of a request's name, as it is kept beside what it caused


def current() -> str:
    """Name the request that is served here, such as `tg:4711`; empty when none is."""
    return str(get_contextvars().get("request", ""))[:MAX_ID_CHARS]


def adopt(name: str) -> None:
    """Go on for an earlier request: what this task does from here on is for it."""
    bind_contextvars(request=name[:MAX_ID_CHARS])


@contextmanager
def scope(name: str, **ids: object) -> Iterator[None]:
    """Let every line that is logged meanwhile carry the request's name, and `ids` besides."""
    with bound_contextvars(request=name[:MAX_ID_CHARS], **ids):
        yield
