"""How long Telegram has given this process no updates, and why."""

from dataclasses import dataclass

from bot_platform.infra import clock, redaction
from bot_platform.infra.database_errors import UNREACHABLE

FAILING_SECONDS = 60.0
MAX_REASON_CHARS = 200


@dataclass(frozen=True, slots=True)
class Silence:
    """Updates do not come: for how many seconds, why in one word for a text, and in the server's words."""

    seconds: float
    why: str
    says: str


class PollHealth:
    """Watches the questions for updates, or whether posts arrive, and the call that says how updates come.

    `longest` is how many seconds one question may take.
    """

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._asked_at: float | None = None
        self._fails_since: float | None = None
        self._why, self._says = "", ""
        self.works = False  # whether the last question was answered

    def ask(self) -> None:
        """Note that a question is on its way."""
        self._asked_at = clock.monotonic()

    def succeed(self) -> None:
        """Note that Telegram answered."""
        self._asked_at = self._fails_since = None
        self.works = True

    def stand_by(self) -> None:
        """Note that another process asks."""
        self._asked_at = self._fails_since = None
        self.works = False

    def fail(self, error: Exception) -> None:
        """Note that a question failed; an error of the database is not Telegram's."""
        if isinstance(error, UNREACHABLE):
            self._asked_at = None
            return
        if self._fails_since is None:
            self._fails_since = self._asked_at if self._asked_at is not None else clock.monotonic()
        self._asked_at, self.works = None, False
        self._why = WHY.get(type(error).__name__, "other")
        says = redaction.redact(f"{type(error).__name__}: {getattr(error, 'message', '')}")
        self._says = says[:MAX_REASON_CHARS]

    def silence(self) -> Silence | None:
        """Return what is wrong once it has lasted for FAILING_SECONDS; None while all is well."""
        now = clock.monotonic()
        if self._fails_since is not None and now - self._fails_since >= FAILING_SECONDS:
            return Silence(now - self._fails_since, self._why, self._says)
        if self._asked_at is not None and now - self._asked_at >= self._longest + FAILING_SECONDS:
            return Silence(now - self._asked_at, "other", "no answer came")
        return None

    def problem(self) -> str | None:
        """Say what is wrong; None while all is well."""
        silent = self.silence()
        return f"no updates for {silent.seconds:.0f} s ({silent.says})" if silent else None


# What an operator must do depends on the class of the error alone.
WHY = {
    "TelegramUnauthorizedError": "token",
    "TelegramNotFound": "token",
    "TelegramConflictError": "conflict",
    "WebhookActive": "conflict",
    "DeliveryFails": "delivery",
}
