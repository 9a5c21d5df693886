"""The updates a bot has not confirmed yet, and the two ways out: long polls or a webhook."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from bot_platform.infra.clock import current
from bot_platform.sandbox.telegram_rules import ApiError

Update = dict[str, Any]

MOST_AT_ONCE = 100
_TWO_POLLS = "terminated by other getUpdates request; make sure that only one bot instance is running"
_HAS_WEBHOOK = (
    "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
# Telegram sends these only to bots that ask for them by name.
_ONLY_BY_NAME = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


@dataclass(frozen=True)
class Webhook:
    """Where updates are posted, and how the last try went."""

    url: str
    secret: str = ""
    max_connections: int = 40
    last_error: str = ""
    last_error_at: int = 0


@dataclass
class Updates:
    """A queue that forgets an update only when it is confirmed."""

    next_id: int
    pending: dict[int, Update] = field(default_factory=dict)
    allowed: frozenset[str] = frozenset()
    webhook: Webhook | None = None
    _poll: "asyncio.Future[Exception | None] | None" = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, kind: str, content: dict[str, Any]) -> int | None:
        """Queue an update of this kind and give its id; `None` when the bot did not ask for the kind."""
        if kind not in self.allowed if self.allowed else kind in _ONLY_BY_NAME:
            return None
        update_id, self.next_id = self.next_id, self.next_id + 1
        self.pending[update_id] = {"update_id": update_id, kind: content}
        self._wake(None)
        return update_id

    def allow(self, kinds: Any) -> None:
        """Send only these kinds from now on; `None` changes nothing, an empty list means the usual ones."""
        if isinstance(kinds, list):
            self.allowed = frozenset(str(kind) for kind in kinds)

    async def poll(self, offset: int = 0, limit: int = MOST_AT_ONCE, timeout: float = 0) -> list[Update]:  # noqa: ASYNC109
        """Confirm what lies before `offset`, then wait up to `timeout` seconds for something to give."""
        if self.webhook:
            raise ApiError(409, f"Conflict: {_HAS_WEBHOOK}")
        self._wake(ApiError(409, f"Conflict: {_TWO_POLLS}"))
        self._confirm_before(offset)
        if not self.pending and timeout > 0:
            await self._wait(timeout)
        return list(self.pending.values())[: max(1, min(limit, MOST_AT_ONCE))]

    async def _wait(self, timeout: float) -> None:  # noqa: ASYNC109
        waiting = self._poll = asyncio.get_running_loop().create_future()
        try:
            async with current().timeout(timeout):
                refused = await waiting
        except TimeoutError:
            return
        finally:
            if self._poll is waiting:
                self._poll = None
        if refused:
            raise refused

    def _confirm_before(self, offset: int) -> None:
        if offset < 0:
            offset = sorted(self.pending)[offset:][0] if self.pending else 0
        for update_id in [each for each in self.pending if each < offset]:
            del self.pending[update_id]

    def set_webhook(self, webhook: Webhook | None, *, drop_pending: bool) -> None:
        """Post updates there from now on (`None`: stop), perhaps forgetting what waits."""
        self.webhook = webhook
        if drop_pending:
            self.pending.clear()
        self._wake(ApiError(409, "Conflict: terminated by setWebhook request") if webhook else None)

    def confirm(self, update_id: int) -> None:
        """Forget an update: the webhook took it."""
        self.pending.pop(update_id, None)

    def nudge(self) -> None:
        """Let whoever waits for a change look again."""
        self._changed.set()

    async def changed(self) -> None:
        """Wait for a new update or another webhook."""
        await self._changed.wait()
        self._changed.clear()

    def _wake(self, refused: Exception | None) -> None:
        self._changed.set()
        if self._poll and not self._poll.done():
            self._poll.set_result(refused)
