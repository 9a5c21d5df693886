"""Adds what waits to a past: messages, updates, events, refunds and jobs, one of them in a very long lane."""

from bot_platform.infra.database import Database
from bot_platform.infra.sql import connection, query
from migrations.columns import is_there
from tests.size.filling import Size, fill
from tests.size.past import FIRST_CHAT

LANES = 50  # of the messages that wait in several chats
BUSY = 1  # the account whose lane is long
MOST_JOBS, OPEN_JOBS = 300, 99  # that wait in all, and of the busy account

# One part waits in the chat of the busy account, the other in some chats.
MESSAGES = """{each}
INSERT INTO notice (key, subject, chat_id, text, text_values, version, state, rank, attempts, tried_at,
    next_at, lease_until, created_at)
SELECT 'waiting:' || n, 'waiting', {first_chat} + CASE WHEN n % 2 = 0 THEN {busy} ELSE 2 + n % {lanes} END,
    'answer', {json}'{{"page": "Some words", "says": ""}}'{json_}, 1, 'pending', 1, 0, 0, 0, 0,
    {time}{now} - 600{time_} FROM counted"""

UPDATES = """{each}
INSERT INTO event (key, type, lane, payload, state, attempts, next_at, lease_until, received_at)
SELECT 'tg:7:1:waiting' || n, 'telegram',
    {first_chat} + CASE WHEN n % 2 = 0 THEN {busy} ELSE 1 + n % {people} END,
    {json}'{{"message": {{"text": "Hello"}}}}'{json_}, 'received', 0, 0, 0, {time}{now} - 600{time_}
FROM counted"""

EVENTS = """{each}
INSERT INTO event (key, type, payload, state, attempts, next_at, lease_until, received_at)
SELECT 'stripe:evt_waiting_' || n, 'checkout.session.completed', {json}'{{"id": "evt"}}'{json_}, 'received',
    0, 0, 0, {time}{now} - 600{time_} FROM counted"""

# Of each account that can give the credits back, its last sale.
REFUNDS = """INSERT INTO refund (uid, request_key, purchase_id, amount, reason, state, attempts, next_at,
    lease_until, created_at)
SELECT 'waits' || MAX(p.id), 'tg:waiting:' || MAX(p.id), MAX(p.id), 500, 'wished by the buyer', 'asked', 0, 0,
    0, {time}{now} - 600{time_}
FROM purchase p JOIN account a ON a.user_id = p.user_id
WHERE p.state = 'paid' AND p.credits = 10000 AND a.balance >= 12000 AND NOT a.frozen AND a.id > {busy}
GROUP BY a.id ORDER BY a.id LIMIT {refunds}"""

HOLDS_OF_REFUNDS = """INSERT INTO hold (account_id, cause, amount, captured, state, created_at)
SELECT a.id, 'refund:' || r.id, 10000, 0, 'held', r.created_at FROM refund r
JOIN purchase p ON p.id = r.purchase_id JOIN account a ON a.user_id = p.user_id WHERE r.state = 'asked'"""

# A parked one needs more than its user has.
JOBS = """{each}
INSERT INTO job (user_id, request_key, kind, request, most, needs, charged, step, state, rank, fence,
    attempts, lease_until, expires_at, queued_at, stopping, done, parts, remembered, forget, has_texts,
    created_at)
SELECT user_id, 'tg:waiting:' || state || place, 'ask', {json}'{{"text": "Say why"}}'{json_}, needs, needs, 0,
    CASE state WHEN 'queued' THEN 1 ELSE 0 END, state, 0, 0, 0, 0, {now_ms} + 86400000, {now_ms} - 60000,
    FALSE, 0, 0, TRUE, FALSE, TRUE, {time}{now} - 60{time_}
FROM (
    SELECT n AS place, a.user_id, 'queued' AS state, 10 AS needs FROM counted
        JOIN account a ON a.id = CASE WHEN n <= {open_jobs} THEN {busy} ELSE 1 + n * 7 % {people} END
        WHERE NOT a.frozen AND a.balance - a.held >= 1000
    UNION ALL SELECT n, a.user_id, 'parked', a.balance + 500 FROM counted JOIN account a ON a.id = n + {busy}
        WHERE a.balance >= 0
) ordered ORDER BY place, state"""

HOLDS_OF_JOBS = """INSERT INTO hold (account_id, job_id, cause, amount, captured, state, created_at)
SELECT a.id, j.id, 'job:' || j.id || ':1', j.needs, 0, 'held', j.created_at
FROM job j JOIN account a ON a.user_id = j.user_id WHERE j.state = 'queued'"""

HELD = """UPDATE account SET held = (SELECT SUM(amount) FROM hold h WHERE h.account_id = account.id
    AND h.state = 'held')
WHERE id IN (SELECT account_id FROM hold WHERE state = 'held')"""

MARKS = {
    "notice": """UPDATE notice SET behind = TRUE WHERE state = 'pending' AND id NOT IN (
        SELECT MIN(id) FROM notice WHERE state = 'pending' GROUP BY chat_id)""",
    "event": """UPDATE event SET behind = TRUE WHERE state = 'received' AND lane IS NOT NULL AND id NOT IN (
        SELECT MIN(id) FROM event WHERE state = 'received' AND lane IS NOT NULL GROUP BY lane)""",
}


async def pile_up(database: Database, size: Size) -> None:
    """Add what waits: two in a hundred as many messages as entries, one half of them in one chat."""
    extra = {
        "first_chat": FIRST_CHAT,
        "busy": BUSY,
        "lanes": min(LANES, size.people - 2),
        "refunds": size.part(2000),
        "open_jobs": min(OPEN_JOBS, size.part(2000)),
    }
    await fill(
        database,
        size,
        [
            (size.part(50), MESSAGES),
            (size.part(500), UPDATES),
            (size.part(1000), EVENTS),
            (0, REFUNDS),
            (0, HOLDS_OF_REFUNDS),
            (0, HELD),
            (min(size.part(2000, most=MOST_JOBS), size.people - 1), JOBS),
            (0, HOLDS_OF_JOBS),
            (0, HELD),
        ],
        extra,
    )
    for table, mark in MARKS.items():
        if await is_there(connection(), table, "behind"):  # the queue marks rows behind the first of a lane
            await query(mark)
    if database.name == "PostgreSQL":
        await query("ANALYZE")
