"""Idempotency keys: the answer of a request is stored under its key and replayed for 24 hours."""

import copy
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bot_platform.sandbox.stripe.account import Account
from bot_platform.sandbox.stripe.errors import (
    ApiError,
    idempotency_key_in_use,
    idempotency_key_reused,
)
from bot_platform.sandbox.stripe.state import Row

_KEEP_SECONDS = 24 * 60 * 60
_MAX_KEY_CHARS = 255


@dataclass(frozen=True)
class Answer:
    """An HTTP answer. A dict is sent as JSON, a string as it is."""

    status: int
    body: Row | str
    request_id: str
    original_request: str | None = None


class IdempotencyKeys:
    """The stored answers, and the keys of requests in progress."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._in_use: set[str] = set()

    def find(self, key: str, fingerprint: str, request_id: str) -> Answer | None:
        """Return the stored answer of this key, if any. Raises ApiError if the fingerprint differs."""
        if len(key) > _MAX_KEY_CHARS:
            raise ApiError(
                f"Idempotency keys can have up to {_MAX_KEY_CHARS} characters.", type_="idempotency_error"
            )
        stored = self._account.state["answers"].get(key)
        if stored is None or stored["at"] < self._account.clock() - _KEEP_SECONDS:
            return None
        if stored["about"] != fingerprint:
            raise idempotency_key_reused(key)
        return Answer(stored["status"], stored["body"], request_id, original_request=stored["request_id"])

    @contextmanager
    def lock(self, key: str | None) -> Iterator[None]:
        """Hold the key for one request. Raises ApiError (409) while another request holds it."""
        if key is None:
            yield
            return
        if key in self._in_use:
            raise idempotency_key_in_use(key)
        self._in_use.add(key)
        try:
            yield
        finally:
            self._in_use.discard(key)

    def store(self, key: str, fingerprint: str, answer: Answer) -> None:
        """Store an answer and delete those older than 24 hours."""
        state, now = self._account.state, self._account.clock()
        for old in [k for k, stored in state["answers"].items() if stored["at"] < now - _KEEP_SECONDS]:
            state.remove("answers", old)
        stored = {
            "about": fingerprint,
            "at": now,
            "body": answer.body,
            "request_id": answer.request_id,
            "status": answer.status,
        }
        # A copy: later changes of the object must not change the replayed answer.
        state.put("answers", key, copy.deepcopy(stored))


def fingerprint(method: str, path: str, params: dict[str, Any]) -> str:
    """Return a hash of a request. The order of its parameters does not matter."""
    text = json.dumps([method, path, params], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
