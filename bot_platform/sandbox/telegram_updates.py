"""The queue of unconfirmed updates, delivered by long polling or by a webhook."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from bot_platform.infra.clock import current
from bot_platform.sandbox.telegram_rules import ApiError

Update = dict[str, Any]

MAX_UPDATES_PER_POLL = 100
_OTHER_POLL = "terminated by other getUpdates request; make sure that only one bot instance is running"
_WEBHOOK_ACTIVE = (
    "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
# Telegram sends these kinds only to bots that list them in `allowed_updates`.
_OPT_IN_KINDS = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


@dataclass(frozen=True)
class Webhook:
    """The webhook's settings and its last error."""

    url: str
    secret: str = ""
    max_connections: int = 40
    last_error: str = ""
    last_error_at: int = 0


@dataclass
class Updates:
    """A queue that keeps each update until it is confirmed."""

    next_id: int
    pending: dict[int, Update] = field(default_factory=dict)
    allowed: frozenset[str] = frozenset()
    webhook: Webhook | None = None
    _poll: "asyncio.Future[Exception | None] | None" = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, kind: str, content: dict[str, Any]) -> int | None:
        """Queue an update and return its id; None if the bot does not receive this kind."""
        if kind not in self.allowed if self.allowed else kind in _OPT_IN_KINDS:
            return None
        update_id, self.next_id = self.next_id, self.next_id + 1
        self.pending[update_id] = {"update_id": update_id, kind: content}
        self._end_poll(None)
        return update_id

    def allow(self, kinds: Any) -> None:
        """Set `allowed_updates`. None changes nothing, an empty list means the default kinds."""
        if isinstance(kinds, list):
            self.allowed = frozenset(str(kind) for kind in kinds)

    async def poll(self, offset: int, limit: int, timeout: float) -> list[Update]:  # noqa: ASYNC109 (Telegram's name)
        """Confirm updates before `offset`, then wait up to `timeout` seconds for updates."""
        if self.webhook:
            raise ApiError(409, f"Conflict: {_WEBHOOK_ACTIVE}")
        self._end_poll(ApiError(409, f"Conflict: {_OTHER_POLL}"))
        self._confirm_before(offset)
        if not self.pending and timeout > 0:
            await self._wait(timeout)
        return list(self.pending.values())[: max(1, min(limit, MAX_UPDATES_PER_POLL))]

    async def _wait(self, timeout: float) -> None:  # noqa: ASYNC109
        poll = self._poll = asyncio.get_running_loop().create_future()
        try:
            async with current().timeout(timeout):
                error = await poll
        except TimeoutError:
            return
        finally:
            if self._poll is poll:
                self._poll = None
        if error:
            raise error

    def _confirm_before(self, offset: int) -> None:
        if offset < 0:
            offset = sorted(self.pending)[offset:][0] if self.pending else 0
        for update_id in [each for each in self.pending if each < offset]:
            del self.pending[update_id]

    def set_webhook(self, webhook: Webhook | None, *, drop_pending: bool) -> None:
        """Set or delete (None) the webhook; `drop_pending` deletes pending updates."""
        self.webhook = webhook
        if drop_pending:
            self.pending.clear()
        self._end_poll(ApiError(409, "Conflict: terminated by setWebhook request") if webhook else None)

    def confirm(self, update_id: int) -> None:
        """Remove an update that the webhook has accepted."""
        self.pending.pop(update_id, None)

    def notify_change(self) -> None:
        """Wake `changed()`."""
        self._changed.set()

    async def changed(self) -> None:
        """Wait until an update is added, the webhook changes or `notify_change` is called."""
        await self._changed.wait()
        self._changed.clear()

    def _end_poll(self, error: Exception | None) -> None:
        self._changed.set()
        if self._poll and not self._poll.done():
            self._poll.set_result(error)
