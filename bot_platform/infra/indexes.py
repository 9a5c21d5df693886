"""Partial indexes: over the rows of a table that fulfil a condition, such as those that wait."""

from typing import Any

from tortoise.backends.base.schema_generator import BaseSchemaGenerator
from tortoise.expressions import RawSQL
from tortoise.indexes import Index
from tortoise.models import Model


class PartialIndex(Index):
    """An index on `columns`, SQL that may hold expressions, over the rows for which the SQL `where` is true.

    A query uses it when it contains the same condition word for word, with values as literals: a bound value
    proves nothing to the planner. It needs no statistics for that.
    """

    def __init__(self, name: str, columns: str, where: str) -> None:
        # Tortoise's own knows only conditions that compare a column with a value.
        super().__init__(RawSQL(columns), name=name)
        self._columns, self._where = columns, where
        self.extra = f" WHERE {where}"

    def get_sql(self, schema_generator: BaseSchemaGenerator, model: type[Model], safe: bool) -> str:  # noqa: ARG002 -- Tortoise's signature
        """Return the statement that creates it."""
        return create_index(self.name or "", str(model.describe()["table"]), self._columns, self._where)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """Return its class and arguments, as Tortoise and aerich store them."""
        return f"{type(self).__module__}.{type(self).__name__}", [self.name, self._columns, self._where], {}


def create_index(name: str, table: str, columns: str, where: str) -> str:
    """Return the statement that creates a partial index, unless it is there."""
    return f'CREATE INDEX IF NOT EXISTS "{name}" ON "{table}" ({columns}) WHERE {where};'
