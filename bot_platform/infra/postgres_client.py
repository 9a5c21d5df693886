"""Tortoise's client for PostgreSQL, which may be given several servers with a port each."""

from collections.abc import Sequence
from typing import Any

from tortoise.backends.asyncpg.client import AsyncpgDBClient


class PostgresClient(AsyncpgDBClient):
    """Passes `ports` on: Tortoise knows one port."""

    async def create_pool(self, *, ports: Sequence[int] = (), **arguments: Any) -> Any:
        """Open the pool."""
        return await super().create_pool(**arguments | ({"port": list(ports)} if ports else {}))


client_class = PostgresClient  # the name by which Tortoise finds it
