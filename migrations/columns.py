"""Whether a column is there already: SQLite has no ADD COLUMN IF NOT EXISTS, and a migration may run again."""

from tortoise import BaseDBAsyncClient


async def is_there(db: BaseDBAsyncClient, table: str, column: str) -> bool:
    """Ask the database for the column of a table."""
    if db.capabilities.dialect == "sqlite":
        return bool(
            await db.execute_query_dict("SELECT 1 FROM pragma_table_info(?) WHERE name = ?", [table, column])
        )
    return bool(
        await db.execute_query_dict(
            "SELECT 1 FROM information_schema.columns WHERE table_schema = current_schema()"
            " AND table_name = $1 AND column_name = $2",
            [table, column],
        )
    )
