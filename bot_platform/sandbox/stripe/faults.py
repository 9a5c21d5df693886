"""A queue of faults for API requests: tests decide what happens to the next matching ones."""

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """What happens to one request. Without a status and without a dropped connection it is only delayed."""

    path: str
    method: str | None
    delay: float = 0.0
    executes_request: bool = False
    status: int | None = None
    body: Mapping[str, Any] | str | None = None
    drops_connection: bool = False

    @property
    def replaces_answer(self) -> bool:
        """Whether the client gets something other than the endpoint's answer."""
        return self.drops_connection or self.status is not None

    def matches(self, method: str, path: str) -> bool:
        """Whether the fault applies to this request."""
        return self.method in {None, method} and fnmatch.fnmatchcase(path, self.path)


class Faults:
    """A queue of faults, oldest first. Each applies to `times` requests.

    Paths are patterns such as `/v1/checkout/sessions` or `/v1/*`; `method` None means any.
    """

    def __init__(self) -> None:
        self._queue: list[Fault] = []

    def answer(
        self,
        path: str,
        status: int,
        body: Mapping[str, Any] | str | None = None,
        *,
        method: str | None = None,
        times: int = 1,
    ) -> None:
        """Answer with this status and do not execute the request. A string body is sent as HTML."""
        self._add(Fault(path, method, status=status, body=body), times)

    def drop_connection(
        self, path: str, *, after_execution: bool = False, method: str | None = None, times: int = 1
    ) -> None:
        """Close the connection without an answer, before or after the request is executed."""
        self._add(Fault(path, method, executes_request=after_execution, drops_connection=True), times)

    def delay(
        self,
        path: str,
        seconds: float,
        *,
        after_execution: bool = False,
        method: str | None = None,
        times: int = 1,
    ) -> None:
        """Wait for `seconds`, before or after the request is executed."""
        self._add(Fault(path, method, delay=seconds, executes_request=after_execution), times)

    def execute_then_answer(
        self,
        path: str,
        status: int = 500,
        body: Mapping[str, Any] | str | None = None,
        *,
        method: str | None = None,
        times: int = 1,
    ) -> None:
        """Execute the request, then answer with this status. The idempotency key replays it, as at Stripe."""
        self._add(Fault(path, method, executes_request=True, status=status, body=body), times)

    def clear(self) -> None:
        """Remove all faults that are still queued."""
        self._queue.clear()

    def take(self, method: str, path: str) -> Fault:
        """Remove and return the first fault for this request; without one, a `Fault` that does nothing."""
        for fault in self._queue:
            if fault.matches(method, path):
                self._queue.remove(fault)
                return fault
        return Fault(path, method)

    def _add(self, fault: Fault, times: int) -> None:
        self._queue.extend([fault] * times)
