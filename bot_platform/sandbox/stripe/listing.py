"""Stripe's lists with cursors, newest first, and `expand`, which replaces ids by their objects."""

from collections.abc import Iterable
from typing import Any

from bot_platform.sandbox.stripe.account import Account
from bot_platform.sandbox.stripe.errors import ApiError, no_such
from bot_platform.sandbox.stripe.state import Row

_DEFAULT_LIMIT = 10

# The table that an expandable field refers to.
_EXPANDABLE = {
    "charge": "charges",
    "default_price": "prices",
    "latest_charge": "charges",
    "payment_intent": "payment_intents",
    "payment_method": "payment_methods",
    "product": "products",
}


def page(rows: Iterable[Row], params: Row, url: str, cursor_rows: Iterable[Row] | None = None) -> Row:
    """Return the page of `rows` (oldest first) selected by `created`, `limit` and the two cursors.

    A cursor may be any row of `cursor_rows` (oldest first, by default `rows`), even one that the filters
    exclude: it only marks a position.
    """
    rows = list(rows)
    order = [row["id"] for row in (rows if cursor_rows is None else cursor_rows)]
    matching = [row for row in rows if _is_created_within(row.get("created", 0), params.get("created", {}))]
    matching.reverse()
    limit = params.get("limit", _DEFAULT_LIMIT)
    if "ending_before" in params:
        after = set(order[_cursor_position(order, params["ending_before"], "ending_before") + 1 :])
        newer = [row for row in matching if row["id"] in after]
        return _list(newer[-limit:], has_more=len(newer) > limit, url=url)
    if "starting_after" in params:
        before = set(order[: _cursor_position(order, params["starting_after"], "starting_after")])
        matching = [row for row in matching if row["id"] in before]
    return _list(matching[:limit], has_more=len(matching) > limit, url=url)


def expand(account: Account, answer: Row, paths: list[str]) -> Row:
    """Return a copy of the answer in which the paths of `expand[]` are replaced by objects."""
    for path in paths:
        answer = _expand(account, answer, path.split("."), path)
    return answer


def line_items_of(account: Account, session_id: str) -> list[Row]:
    """Return the line items of a session in their order."""
    return list(account.state["line_items"][session_id]["lines"])


def line_items_list(account: Account, session_id: str) -> Row:
    """Return the list object for `expand[]=line_items`."""
    lines = line_items_of(account, session_id)
    return _list(lines, has_more=False, url=f"/v1/checkout/sessions/{session_id}/line_items")


def _list(rows: list[Row], *, has_more: bool, url: str) -> Row:
    return {"object": "list", "data": rows, "has_more": has_more, "url": url}


def _is_created_within(created: int, bounds: dict[str, int]) -> bool:
    return (
        created > bounds.get("gt", -1)
        and created >= bounds.get("gte", 0)
        and created < bounds.get("lt", created + 1)
        and created <= bounds.get("lte", created)
    )


def _cursor_position(order: list[str], id_: str, param: str) -> int:
    if id_ not in order:
        raise no_such("object", id_, param, status=400)
    return order.index(id_)


def _expand(account: Account, answer: Row, steps: list[str], path: str) -> Row:
    step, rest = steps[0], steps[1:]
    if step == "data" and answer.get("object") == "list" and rest:
        return {**answer, "data": [_expand(account, row, rest, path) for row in answer["data"]]}
    value = _expanded_field(account, answer, step, path)
    if rest and isinstance(value, dict):
        value = _expand(account, value, rest, path)
    return {**answer, step: value}


def _expanded_field(account: Account, answer: Row, step: str, path: str) -> Any:
    if step == "line_items" and answer.get("object") == "checkout.session":
        return line_items_list(account, answer["id"])
    if step == "refunds" and answer.get("object") == "charge":
        rows = [row for row in account.state["refunds"].values() if row["charge"] == answer["id"]]
        return page(rows, {}, f"/v1/charges/{answer['id']}/refunds")
    value = answer.get(step)
    if isinstance(value, dict):
        return value
    if step not in _EXPANDABLE or step not in answer:
        raise ApiError(f"This property cannot be expanded ({path}).", param="expand")
    return account.state[_EXPANDABLE[step]].get(value) if value is not None else None
