"""Reads the events that Stripe posts: checks the signature, then translates."""

from collections.abc import Sequence
from typing import Any

from bot_platform.domain.checkout import BadSignature, ProviderEvent
from bot_platform.providers.stripe import events
from bot_platform.providers.stripe.client import is_signed


class SignedEvents:
    """An EventReader for Stripe, under the mock too: a late payment may arrive after the switch to the mock.

    There are several `secrets` while one is being replaced; `live` is the mode of our key, `mark` what our
    own objects carry.
    """

    def __init__(self, secrets: Sequence[str], *, live: bool, mark: str = "") -> None:
        self._secrets, self._live, self._mark = secrets, live, mark

    def read(self, body: bytes, signature: str | None) -> ProviderEvent:
        """Check the signature and translate the event; raises BadSignature or BadPayload."""
        if not any(is_signed(body, signature or "", secret) for secret in self._secrets):
            raise BadSignature
        return events.read(body, live=self._live, mark=self._mark)

    def again(self, payload: dict[str, Any]) -> ProviderEvent:
        """Translate an event that was checked and stored before; raises BadPayload."""
        return events.translated(payload, live=self._live, mark=self._mark)
