"""The errors of both databases, by what to do about them."""

import sqlite3

import asyncpg
from tortoise.exceptions import DBConnectionError, OperationalError

# The connection is lost or refused: the same transaction may well succeed a moment later.
LOST_CONNECTION = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection cut in the middle of an answer
    asyncpg.OperatorInterventionError,  # the server is shutting down or starting
    asyncpg.TooManyConnectionsError,
    DBConnectionError,
    OSError,
)
# The database cannot be used now; a wrong name or password counts too.
UNREACHABLE = (*LOST_CONNECTION, asyncpg.PostgresError, OperationalError, sqlite3.Error)
CONTENTION = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.LockNotAvailableError)
RETRIED = (*LOST_CONNECTION, *CONTENTION, OperationalError)


def is_transient(error: BaseException) -> bool:
    """Whether the same transaction may succeed when it runs again; of SQLite's errors only a lock is."""
    if isinstance(error, OperationalError):
        return "locked" in str(error) or "busy" in str(error)
    return isinstance(error, (*LOST_CONNECTION, *CONTENTION))
