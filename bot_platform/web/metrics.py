"""`/metrics`: the metrics of this process in the format of Prometheus."""

from collections.abc import Awaitable, Callable

from quart import Blueprint
from quart.typing import ResponseReturnValue


def metrics(text: Callable[[], Awaitable[tuple[bytes, str]]]) -> Blueprint:
    """Build the page; `text` returns its body and content type."""
    pages = Blueprint("metrics", __name__)

    @pages.get("/metrics")
    async def show_metrics() -> ResponseReturnValue:
        body, content_type = await text()
        return body, 200, {"Content-Type": content_type}

    return pages
