"""One key, one execution: answers are kept under the key of the request that got them."""

import copy
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bot_platform.sandbox.stripe.account import Account
from bot_platform.sandbox.stripe.errors import ApiError, key_in_use, key_of_another_request
from bot_platform.sandbox.stripe.state import Row

_KEPT_FOR = 24 * 60 * 60
_LONGEST = 255


@dataclass(frozen=True)
class Answer:
    """What goes back over HTTP: a dict as JSON, a text as it is."""

    status: int
    body: Row | str
    request_id: str
    original_request: str | None = None


class Keys:
    """The answers kept for 24 hours, and the keys being worked on now."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._busy: set[str] = set()

    def replay(self, key: str, about: str, request_id: str) -> Answer | None:
        """Return the kept answer of this key, if any. Raises ApiError for a key of another request."""
        if len(key) > _LONGEST:
            raise ApiError(
                f"Idempotency keys can have up to {_LONGEST} characters.", type_="idempotency_error"
            )
        kept = self._account.state["answers"].get(key)
        if kept is None or kept["at"] < self._account.clock() - _KEPT_FOR:
            return None
        if kept["about"] != about:
            raise key_of_another_request(key)
        return Answer(kept["status"], kept["body"], request_id, original_request=kept["request_id"])

    @contextmanager
    def working(self, key: str | None) -> Iterator[None]:
        """Keep the key to oneself. Raises ApiError (409) while another request has it."""
        if key is None:
            yield
            return
        if key in self._busy:
            raise key_in_use(key)
        self._busy.add(key)
        try:
            yield
        finally:
            self._busy.discard(key)

    def keep(self, key: str, about: str, answer: Answer) -> None:
        """Remember the answer, and forget those older than a day."""
        state, now = self._account.state, self._account.clock()
        for old in [k for k, kept in state["answers"].items() if kept["at"] < now - _KEPT_FOR]:
            state.remove("answers", old)
        kept = {
            "about": about,
            "at": now,
            "body": answer.body,
            "request_id": answer.request_id,
            "status": answer.status,
        }
        # Copied, so that a later change of the object does not change what is replayed.
        state.put("answers", key, copy.deepcopy(kept))


def about(method: str, path: str, params: dict[str, Any]) -> str:
    """Return a fingerprint of a request, equal for equal requests whatever the order of their parameters."""
    text = json.dumps([method, path, params], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
