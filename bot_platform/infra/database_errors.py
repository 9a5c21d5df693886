"""The errors of both databases, grouped by what to do about them."""

import sqlite3

import asyncpg
from tortoise.exceptions import DBConnectionError, OperationalError

# The connection is lost or refused: a repeat of the transaction may succeed.
LOST_CONNECTION = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the connection ended in the middle of an answer
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
    """Whether the transaction may succeed when it runs again; of SQLite's errors only locks are transient."""
    if isinstance(error, OperationalError):
        return "locked" in str(error) or "busy" in str(error)
    return isinstance(error, (*LOST_CONNECTION, *CONTENTION))
