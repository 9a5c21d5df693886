"""`/metrics`: the figures of this process, as Prometheus reads them."""

from collections.abc import Awaitable, Callable

from quart import Blueprint
from quart.typing import ResponseReturnValue


def metrics(text: Callable[[], Awaitable[tuple[bytes, str]]]) -> Blueprint:
    """Build the page; `text` gives its body and its content type."""
    pages = Blueprint("metrics", __name__)

    @pages.get("/metrics")
    async def figures() -> ResponseReturnValue:
        body, content_type = await text()
        return body, 200, {"Content-Type": content_type}

    return pages
