"""An API endpoint: a method, a path, a parameter schema and a function."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from bot_platform.sandbox.stripe import listing
from bot_platform.sandbox.stripe.account import Account, Origin
from bot_platform.sandbox.stripe.parameter_types import Hash, ParameterType
from bot_platform.sandbox.stripe.state import Row


@dataclass(frozen=True)
class Call:
    """One request to an endpoint with validated parameters; `id` is the id in its path, or empty."""

    account: Account
    id: str
    params: Row
    origin: Origin


@dataclass(frozen=True)
class Endpoint:
    """`{id}` in the path stands for an id; `legacy` has extra parameters of older API versions."""

    method: str
    path: str
    schema: Hash
    run: Callable[[Call], Row]
    legacy: Mapping[str, ParameterType] = field(default_factory=dict)

    def match(self, method: str, path: str) -> str | None:
        """Return the id in the path (empty if it has none), or None for another endpoint."""
        found = re.fullmatch(self.path.replace("{id}", "([^/]+)"), path) if method == self.method else None
        return None if found is None else "".join(found.groups())


def retrieve(table: str, param: str = "id") -> Callable[[Call], Row]:
    """Build a function that returns one object."""
    return lambda call: call.account.find(table, call.id, param)


def page(call: Call, rows: Iterable[Row], url: str, cursor_rows: Iterable[Row] | None = None) -> Row:
    """Return one page of rows (oldest first). Cursors are looked up in `cursor_rows`."""
    return listing.page(rows, call.params, url, cursor_rows)


def page_of(table: str, url: str, filters: Iterable[str]) -> Callable[[Call], Row]:
    """Build a function that lists a table; `filters` are parameters that a row must match."""

    def run(call: Call) -> Row:
        values = {key: call.params[key] for key in filters if key in call.params}
        table_rows = call.account.state[table].values()
        rows = (row for row in table_rows if all(row[key] == value for key, value in values.items()))
        return page(call, rows, url, table_rows)

    return run
