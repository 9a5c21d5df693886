"""Whether a loop of this process still comes around, and whether its step still succeeds."""

from bot_platform.infra import clock
from bot_platform.infra.database_errors import UNREACHABLE

STANDSTILL_SECONDS = 60.0  # without a finished step, or with failed ones only


class LoopHealth:
    """Watches one loop; before it begins there is nothing to say.

    `limit` is how long one step may take, in seconds. With `judges_errors` a loop whose steps have only
    failed for STANDSTILL_SECONDS is not well either; leave it out where a step asks an outside service.
    """

    def __init__(self, name: str, *, limit: float = STANDSTILL_SECONDS, judges_errors: bool = True) -> None:
        self.name = name
        self._limit, self._judges_errors = limit, judges_errors
        self._came_around: float | None = None
        self._fails_since: float | None = None
        self._error = ""
        self._is_databases = False  # the database's own error: it answers, and may be full or read-only

    def succeed(self) -> None:
        """Note that the loop begins, or that a step succeeded."""
        self._came_around, self._fails_since = clock.monotonic(), None

    def fail(self, error: Exception) -> None:
        """Note that a step failed."""
        self._came_around, self._error = clock.monotonic(), type(error).__name__
        self._is_databases = isinstance(error, UNREACHABLE)
        if self._fails_since is None:
            self._fails_since = self._came_around

    def problem(self, *, for_restart: bool = False) -> str:
        """Say what is wrong with the loop; empty when it is well.

        `for_restart` leaves out the errors of the database, which a restart of this process does not cure.
        """
        now = clock.monotonic()
        if self._came_around is not None and (idle := now - self._came_around) > self._limit:
            return f"{self.name} has not come around for {idle:.0f} s"
        if for_restart and self._is_databases:
            return ""
        if self._judges_errors and self._fails_since is not None:
            failing = now - self._fails_since
            if failing >= STANDSTILL_SECONDS:
                return f"{self.name} has failed for {failing:.0f} s ({self._error})"
        return ""
