"""The errors of both databases, grouped by what to do about them."""

import socket
import sqlite3
import ssl

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
# The server answers, and a repeat ends in the same way until its settings or ours change.
FINAL = (
    asyncpg.InvalidAuthorizationSpecificationError,  # also: this address may not connect
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidSchemaNameError,
    asyncpg.ClientConfigurationError,
    DBConnectionError,  # Tortoise's name for a missing database
    ssl.SSLCertVerificationError,
)
MEANINGS: tuple[tuple[type[BaseException], str], ...] = (
    (asyncpg.InvalidAuthorizationSpecificationError, "the server refuses the user or the password"),
    (asyncpg.InvalidCatalogNameError, "the server has no such database: create it"),
    (DBConnectionError, "the server has no such database: create it"),
    (asyncpg.InvalidSchemaNameError, "the schema that the search_path names does not exist: create it"),
    (asyncpg.InsufficientPrivilegeError, "the user may not do that: let it own the database"),
    (asyncpg.TooManyConnectionsError, "the server has no connection left"),
    (ssl.SSLCertVerificationError, "the server's certificate is not trusted: see sslrootcert"),
    (ssl.SSLError, "the server and this program do not agree on TLS"),
    (socket.gaierror, "the host name is not known"),
    (ConnectionRefusedError, "nothing listens there"),
    (TimeoutError, "no answer came in time"),
)
CONTENTION = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.LockNotAvailableError)
RETRIED = (*LOST_CONNECTION, *CONTENTION, OperationalError)


def is_transient(error: BaseException) -> bool:
    """Whether the transaction may succeed when it runs again; of SQLite's errors only locks are transient."""
    if isinstance(error, OperationalError):
        return "locked" in str(error) or "busy" in str(error)
    return isinstance(error, (*LOST_CONNECTION, *CONTENTION))


def reason_of(error: BaseException) -> str:
    """Say in one line what keeps the database from being used; the server's own words are in brackets."""
    causes = [error, *(cause for cause in (error.__cause__, *error.args) if isinstance(cause, BaseException))]
    said = " ".join(str(error).split()) or type(error).__name__
    for kind, meaning in MEANINGS:
        if any(isinstance(cause, kind) for cause in causes):
            return meaning if said == type(error).__name__ else f"{meaning} ({said})"
    return said
