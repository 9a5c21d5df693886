"""What an endpoint is: a method and a path, what it accepts, and what it does."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from bot_platform.sandbox.stripe import listing
from bot_platform.sandbox.stripe.account import Account, Origin
from bot_platform.sandbox.stripe.parameters import Hash, Kind
from bot_platform.sandbox.stripe.state import Row


@dataclass(frozen=True)
class Call:
    """One request to an endpoint, its parameters read and checked; `id` is the one in its path, if any."""

    account: Account
    id: str
    params: Row
    origin: Origin


@dataclass(frozen=True)
class Endpoint:
    """`{id}` in the path stands for an id; `older` are parameters that older API versions take besides."""

    method: str
    path: str
    accepts: Hash
    run: Callable[[Call], Row]
    older: Mapping[str, Kind] = field(default_factory=dict)

    def match(self, method: str, path: str) -> str | None:
        """Return the id in the path (empty where there is none), or None where this is another endpoint."""
        found = re.fullmatch(self.path.replace("{id}", "([^/]+)"), path) if method == self.method else None
        return None if found is None else "".join(found.groups())


def retrieve(table: str, param: str = "id") -> Callable[[Call], Row]:
    """Return the endpoint's action that answers with one object."""
    return lambda call: call.account.find(table, call.id, param)


def page(call: Call, rows: Iterable[Row], url: str, among: Iterable[Row] | None = None) -> Row:
    """Return the part of the rows (oldest first) that the call asks for; its cursors are in `among`."""
    return listing.page(rows, call.params, url, among)


def page_of(table: str, url: str, same: Iterable[str]) -> Callable[[Call], Row]:
    """Return the endpoint's action that lists a table; `same` are parameters that a row must equal."""

    def run(call: Call) -> Row:
        wanted = {key: call.params[key] for key in same if key in call.params}
        table_rows = call.account.state[table].values()
        rows = (row for row in table_rows if all(row[key] == value for key, value in wanted.items()))
        return page(call, rows, url, table_rows)

    return run
