"""Every list, search and figure finds its rows by an index, on both databases, however many there are."""

import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot_platform.domain import inbox, jobs, listings, overview, purchase_lookup, purchases
from bot_platform.domain.listings import Place
from bot_platform.flows import sessions
from bot_platform.infra.database import Database
from bot_platform.infra.sql import connection, query
from tests.makers import person

LOOKS: dict[str, Callable[[], Awaitable[Any]]] = {
    "purchases": lambda: listings.sales(Place()),
    "purchases older": lambda: listings.sales(Place(older=4_000)),
    "purchases newer": lambda: listings.sales(Place(newer=4_000)),
    "purchases of a state": lambda: listings.sales(Place(older=4_000), purchases.PurchaseState.PAID),
    "a purchase by a provider's name for it": lambda: purchase_lookup.find_by_ref("cs_test_17"),
    "jobs older": lambda: listings.work(Place(older=4_000)),
    "jobs of a state": lambda: listings.work(Place(newer=4_000), jobs.JobState.DONE),
    "events older": lambda: listings.events(Place(older=4_000)),
    "events of a state": lambda: listings.events(Place(older=4_000), inbox.EventState.HANDLED),
    "acts": lambda: listings.acts(Place(older=4_000)),
    "people": lambda: listings.people(Place(older=4_000)),
    "books of one": lambda: listings.entries(1, Place(older=4_000)),
    "books of a purchase": lambda: listings.entries_of(7),
    "refunds of a purchase": lambda: listings.refunds_of(7),
    "search for a number": lambda: listings.search("77", ["stripe", "mock"]),
    "search for a checkout": lambda: listings.search("cs_none", ["stripe", "mock"]),
    "search for an event": lambda: listings.search("evt_none", ["stripe", "mock"]),
    "today": overview.today,
    "a month": lambda: overview.by_day(query, 30),
    "who signed out": lambda: sessions.has_ended("none"),
    "export": lambda: anext(listings.all_entries()),
}
FEW = ("search", "refunds", "books of a purchase", "today")  # what they find is sorted in no time
ROWS = 5_000
MANY = {"purchase", "entry", "job", "event", "action", "account", "users", "reversal", "refund", "notice"}
FILLED = """
    INSERT INTO users (id, telegram_id, language, blocked_bot, arrived_by, created_at)
        SELECT 1000 + n, 1000 + n, 'en', {no}, '', {old} FROM n;
    INSERT INTO account (user_id, balance, held, seq, frozen, banned, broken)
        SELECT 1000 + n, 0, 0, 0, {no}, {no}, {no} FROM n;
    INSERT INTO purchase (request_key, user_id, package, credits, amount, currency, provider, provider_ref,
            payment_ref, charged, state, reversed, attempt, attempt_at, created_at, paid_at)
        SELECT 'k' || n, 1000 + n, 'buy_100', 10000, 500, 'usd', 'stripe', 'cs_' || n, 'pi_' || n, 500,
            CASE WHEN n % 5 = 0 THEN 'expired' ELSE 'paid' END, 0, 1, {old}, {old}, {old} FROM n;
    INSERT INTO entry (account_id, seq, kind, amount, balance_after, cause, purchase_id, note, created_at)
        SELECT 1 + n % 50, n, 'purchase', 100, 100, 'c' || n, n, '', {old} FROM n;
    INSERT INTO job (user_id, request_key, kind, most, needs, charged, step, state, rank, fence, attempts,
            lease_until, expires_at, stopping, done, parts, remembered, forget, has_texts, created_at)
        SELECT 1000 + n, 'j' || n, 'ask', 1, 1, 0, 1, CASE WHEN n % 5 = 0 THEN 'failed' ELSE 'done' END,
            0, 0, 0, 0, 0, {no}, 0, 0, {no}, {no}, {no}, {old} FROM n;
    INSERT INTO event (key, type, lane, state, attempts, next_at, lease_until, received_at)
        SELECT 'stripe:evt_' || n, 't', CASE WHEN n % 2 = 0 THEN n END, 'handled', 0, 0, 0, {old} FROM n;
    INSERT INTO notice (key, subject, chat_id, text, text_values, version, state, rank, attempts, tried_at,
            next_at, lease_until, request, created_at)
        SELECT 'n' || n, 's', n, 't', '{{}}', 1, 'sent', 0, 0, 0, 0, 0, '', {old} FROM n;
    INSERT INTO action ("by", what, subject, details, at)
        SELECT 'pages', 'grant', 'user:' || n, '{{}}', {old} FROM n;
    INSERT INTO refund (purchase_id, request_key, amount, reason, state, attempts, next_at, lease_until,
            created_at)
        SELECT n, 'r' || n, 1, '', 'done', 0, 0, 0, {old} FROM n;
    INSERT INTO reversal (key, provider, payment_ref, purchase_id, user_id, amount, stage, as_of, since,
            lifted, created_at)
        SELECT 'stripe:re_' || n, 'stripe', 'pi_' || n, n, 1000 + n, 1, 'refunded', 1, 1, {no}, {old} FROM n;
"""


async def fill(rows: int) -> None:
    """Fill every table with old rows."""
    is_sqlite = connection().capabilities.dialect == "sqlite"
    words = (
        {"no": "0", "old": "'2020-01-01 00:00:00+00:00'"}
        if is_sqlite
        else {"no": "FALSE", "old": "TIMESTAMPTZ '2020-01-01'"}
    )
    numbers = (
        f"WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {rows})"  # noqa: S608 -- a number of ours
        if is_sqlite
        else f"WITH n AS (SELECT generate_series(1, {rows}) AS n)"
    )
    for statement in FILLED.format(**words).split(";"):
        if statement.strip():
            await query(f"{numbers} {statement}")
    if not is_sqlite:  # it does so by itself; SQLite never does
        await query("ANALYZE")


def _scans(plan: str) -> list[str]:
    """Return each step of a query plan that scans a whole large table."""
    whole = re.findall(r"(?:SCAN|SEARCH) (\w+)(?:\n|$)|Seq Scan on \"?(\w+)", plan)
    return [name for pair in whole for name in pair if name in MANY]


async def _plan(sql: str, values: Any) -> str:
    """Return the database's plan of a query."""
    how = "EXPLAIN QUERY PLAN" if connection().capabilities.dialect == "sqlite" else "EXPLAIN"
    rows = await connection().execute_query_dict(f"{how} {sql}", values)
    return "\n".join(str(row.get("detail", row.get("QUERY PLAN"))) for row in rows) + "\n"


async def test_no_list_and_no_figure_scans_a_whole_table(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    assert database
    await fill(ROWS)
    await person(database, 77)
    slow = []
    for name, look in LOOKS.items():
        with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
            caplog.clear()
            await look()
            asked = [tuple(one.args or ()) for one in caplog.records if one.name == "tortoise.db_client"]
        assert asked, name
        for sql, *values in asked:
            plan = await _plan(str(sql), *(values or [[]]))
            if "WHERE" in str(sql) or "LIMIT" not in str(sql):  # the newest few of all are at one end
                slow += [f"{name}: {table} in {plan}" for table in _scans(plan)]
            if "ORDER BY" in str(sql) and not name.startswith(FEW):
                assert "TEMP B-TREE" not in plan, (name, plan)
    assert slow == []


async def test_a_full_scan_would_be_seen(database: Database) -> None:
    assert database
    await fill(ROWS)
    assert _scans(await _plan("SELECT * FROM purchase WHERE link = 'x'", [])) == ["purchase"]
