"""Trouble on order: a test says what the next matching API requests meet instead of a good answer."""

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """What happens to one request. With neither status nor hang-up it is only delayed."""

    path: str
    method: str | None
    delay: float = 0.0
    executes: bool = False
    status: int | None = None
    body: Mapping[str, Any] | str | None = None
    hangs_up: bool = False

    @property
    def spoils(self) -> bool:
        """Whether the caller gets something else than the endpoint's answer."""
        return self.hangs_up or self.status is not None

    def fits(self, method: str, path: str) -> bool:
        """Whether it is meant for this request."""
        return self.method in {None, method} and fnmatch.fnmatchcase(path, self.path)


class Faults:
    """A queue: each fault serves as many requests as ordered, the oldest first.

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
        """Answer so, without doing anything; a text as body stands for a gateway's page."""
        self._order(Fault(path, method, status=status, body=body), times)

    def hang_up(
        self, path: str, *, after_execution: bool = False, method: str | None = None, times: int = 1
    ) -> None:
        """Close the connection without an answer, before or after doing what was asked."""
        self._order(Fault(path, method, executes=after_execution, hangs_up=True), times)

    def delay(
        self,
        path: str,
        seconds: float,
        *,
        after_execution: bool = False,
        method: str | None = None,
        times: int = 1,
    ) -> None:
        """Take this long, before or after doing what was asked."""
        self._order(Fault(path, method, delay=seconds, executes=after_execution), times)

    def execute_then_answer(
        self,
        path: str,
        status: int = 500,
        body: Mapping[str, Any] | str | None = None,
        *,
        method: str | None = None,
        times: int = 1,
    ) -> None:
        """Do what was asked, then answer so; as at Stripe this is what the idempotency key replays."""
        self._order(Fault(path, method, executes=True, status=status, body=body), times)

    def clear(self) -> None:
        """Forget what nobody has met yet."""
        self._queue.clear()

    def take(self, method: str, path: str) -> Fault:
        """Take the fault for this request, used up by it; a harmless one where none is ordered."""
        for fault in self._queue:
            if fault.fits(method, path):
                self._queue.remove(fault)
                return fault
        return Fault(path, method)

    def _order(self, fault: Fault, times: int) -> None:
        self._queue.extend([fault] * times)
