"""Fills a database with a believable past of any size in seconds, whose books balance."""

import json

from bot_platform.infra.clock import unix_time
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.providers.stripe.signed_events import SignedEvents
from tests.makers import WEBHOOK_SECRET, session_event
from tests.size.filling import DAY, Size, fill, follow_ids
from tests.size.told import TOLD

FIRST_CHAT = 10_000_000  # Telegram's id of the first person
BROADCASTS = 5
KEPT_DAYS = 29  # a day less than KEEP_TEXTS_DAYS: nothing waits to be erased

# Ids are scattered as random ones are: an odd factor makes each of 48 bits once.
USERS = """{each}
INSERT INTO users (id, telegram_id, language, blocked_bot, created_at)
SELECT 1 + n * 11400714819323 % 281474976710656, {first_chat} + n, 'en', n % 50 = 49,
    {time}{begin} + n * {arrivals} / {people}{time_} FROM counted"""

ACCOUNTS = """INSERT INTO account (id, user_id, balance, held, seq, frozen)
SELECT telegram_id - {first_chat}, id, 0, 0, 0, FALSE FROM users ORDER BY telegram_id"""

# Of a hundred sales 90 were paid: 1 was refunded by half, 2 wholly, 3 and 4 were disputed, lost and won; with
# 5 the bank still asks (once in a thousand). The others expired or failed, or the money was kept aside.
PURCHASES = """{each}, begun AS (
    SELECT n, n % 100 AS kind, n % 5 = 0 AS big, {active} + n * {rest} / {purchases} AS at,
        n % 100 < 90 AS paid, n > {purchases} * 99 / 100 AS lately, {person} AS person FROM counted)
INSERT INTO purchase (id, uid, request_key, user_id, package, credits, amount, currency, provider, account,
    provider_ref, payment_ref, charged, state, reversed, attempt, attempt_at, link, link_until, ask_at,
    created_at, paid_at)
SELECT n, 'past' || n, 'tg:past:buy:' || n, a.user_id,
    CASE WHEN big THEN 'buy_500' ELSE 'buy_100' END, CASE WHEN big THEN 50000 ELSE 10000 END,
    CASE WHEN big THEN 2000 ELSE 500 END, 'usd', 'stripe', 'acct_past', 'cs_past_' || n,
    CASE WHEN paid OR kind = 99 THEN 'pi_past_' || n END,
    CASE WHEN paid OR kind = 99 THEN CASE WHEN big THEN 2000 ELSE 500 END END,
    CASE WHEN kind = 1 THEN 'partly_reversed' WHEN kind IN (2, 3) THEN 'reversed' WHEN paid THEN 'paid'
        WHEN kind = 99 THEN 'kept_aside' WHEN lately THEN 'open' WHEN kind > 96 THEN 'failed'
        ELSE 'expired' END,
    CASE WHEN kind = 1 THEN 5000 WHEN kind IN (2, 3) THEN 10000 ELSE 0 END,
    1, {time}at{time_}, 'https://checkout.example/cs_past_' || n, {time}at + 86400{time_},
    {time}{now} + (n % 20 - 1) * 60{time_}, {time}at{time_}, CASE WHEN paid THEN {time}at + 60{time_} END
FROM begun JOIN account a ON a.id = person"""

REVERSALS = """INSERT INTO reversal (key, provider, payment_ref, purchase_id, user_id, amount, moved, moves,
    currency, stage, as_of, since, made_at, lifted, is_foreign, created_at)
SELECT 'stripe:' || CASE WHEN kind < 3 THEN 're' ELSE 'dp' END || '_past_' || id, 'stripe', payment_ref, id,
    user_id, CASE WHEN kind = 1 THEN charged / 2 ELSE charged END,
    CASE kind WHEN 3 THEN charged WHEN 4 THEN 0 END, CASE kind WHEN 3 THEN 1 WHEN 4 THEN 2 ELSE 0 END,
    'usd', CASE kind WHEN 3 THEN 'lost' WHEN 4 THEN 'won' WHEN 5 THEN 'inquiry' ELSE 'refunded' END,
    at, at, at, FALSE, FALSE, {time}at{time_}
FROM (SELECT p.*, id % 100 AS kind, {active} + id * {rest} / {purchases} + 600 AS at FROM purchase p) sold
WHERE kind BETWEEN 1 AND 4 OR id % 1000 = 5"""

FOREIGN = """{each}
INSERT INTO reversal (key, provider, payment_ref, amount, moves, currency, stage, as_of, since, made_at,
    lifted, is_foreign, created_at)
SELECT 'stripe:re_other_' || n, 'stripe', 'pi_other_' || n, 700, 0, 'usd', 'refunded', at, at, at,
    FALSE, TRUE, {time}at{time_} FROM (SELECT n, {now} - n * 3600 AS at FROM counted) others"""

FROZEN = """UPDATE account SET frozen = TRUE
WHERE user_id IN (SELECT user_id FROM reversal WHERE stage = 'inquiry')"""

REFUNDS = """INSERT INTO refund (id, uid, request_key, purchase_id, amount, reason, state, attempts, next_at,
    lease_until, created_at)
SELECT row_number() OVER (ORDER BY purchase_id), 'past' || purchase_id, 'tg:past:refund:' || purchase_id,
    purchase_id, amount, 'wished by the buyer', 'done', 1, 0, 0, {time}as_of - 60{time_}
FROM reversal WHERE stage = 'refunded' AND purchase_id IS NOT NULL"""

# Two orders of seven have three steps. Of a hundred 96 were done; the others ended without a charge.
JOBS = """{each}, ordered AS (
    SELECT n, n % 7 < 2 AS long, n % 100 < 96 AS done, n % 100 = 98 AS expired, {person} AS person,
        100 + n * 37 % 200 AS price, {active} + n * {rest} / {jobs} AS at FROM counted)
INSERT INTO job (id, user_id, request_key, kind, request, most, needs, charged, step, state, rank, fence,
    attempts, lease_until, expires_at, queued_at, stopping, done, parts, result, remembered, forget,
    has_texts, created_at, ended_at)
SELECT n, a.user_id, 'tg:past:job:' || n, CASE WHEN long THEN 'build' ELSE 'ask' END,
    CASE WHEN at > {kept} THEN {json}'{{"text": "Say how this works"}}'{json_} END,
    price + 50, price + 50, CASE WHEN NOT done THEN 0 WHEN long THEN price * 3 ELSE price END,
    CASE WHEN expired THEN 0 WHEN done AND long THEN 3 ELSE 1 END,
    CASE WHEN done THEN 'done' WHEN expired THEN 'expired' WHEN n % 2 = 1 THEN 'failed' ELSE 'cancelled' END,
    0, 1, 1, 0, 0, at * 1000, FALSE, 0, 0,
    CASE WHEN at > {kept} AND done THEN {json}'{{"text": "It works like this."}}'{json_} END,
    TRUE, FALSE, at > {kept}, {time}at{time_}, {time}at + 60{time_}
FROM ordered JOIN account a ON a.id = person"""

HOLDS = """INSERT INTO hold (account_id, job_id, cause, amount, captured, state, created_at)
SELECT a.id, j.id, 'job:' || j.id || ':' || s.n, j.needs,
    CASE WHEN j.state = 'done' THEN j.charged / j.step ELSE 0 END,
    CASE WHEN j.state = 'done' THEN 'captured' ELSE 'released' END,
    {time}{active} + j.id * {rest} / {jobs} + s.n * 10{time_}
FROM job j JOIN account a ON a.user_id = j.user_id
JOIN (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3) s ON s.n <= j.step ORDER BY j.id, s.n"""

HOLDS_OF_REFUNDS = """INSERT INTO hold (account_id, cause, amount, captured, state, created_at)
SELECT a.id, 'refund:' || r.id, p.reversed, 0, 'released', r.created_at
FROM refund r JOIN purchase p ON p.id = r.purchase_id JOIN account a ON a.user_id = p.user_id"""

# A won dispute took the credits and gave them back a minute later.
ENTRIES = """WITH moved AS (
    SELECT a.id AS account_id, {begin} + a.id * {arrivals} / {people} AS at, 'welcome' AS kind,
        10000 AS amount, 'welcome:' || a.user_id AS cause, CAST(NULL AS BIGINT) AS purchase_id,
        CAST(NULL AS BIGINT) AS job_id, '' AS note FROM account a
    UNION ALL SELECT a.id, {active} + a.id * 7919 % {people} * {rest} / {people}, 'grant', 500,
        'grant:past' || a.id, NULL, NULL, 'for your patience' FROM account a
    UNION ALL SELECT a.id, {active} + p.id * {rest} / {purchases} + 60, 'purchase', p.credits,
        'purchase:' || p.id, p.id, NULL, ''
        FROM purchase p JOIN account a ON a.user_id = p.user_id WHERE p.paid_at IS NOT NULL
    UNION ALL SELECT a.id, r.as_of, 'reversal', CASE WHEN p.reversed > 0 THEN -p.reversed ELSE -p.credits END,
        'reverse:' || p.id || ':1', p.id, NULL, ''
        FROM reversal r JOIN purchase p ON p.id = r.purchase_id JOIN account a ON a.user_id = p.user_id
        WHERE r.stage <> 'inquiry'
    UNION ALL SELECT a.id, r.as_of + 60, 'reversal', p.credits, 'reverse:' || p.id || ':2', p.id, NULL, ''
        FROM reversal r JOIN purchase p ON p.id = r.purchase_id JOIN account a ON a.user_id = p.user_id
        WHERE r.stage = 'won'
    UNION ALL SELECT h.account_id, {active} + j.id * {rest} / {jobs} + 60, 'charge', -h.captured,
        h.cause || ':charge', NULL, j.id, j.kind
        FROM hold h JOIN job j ON j.id = h.job_id WHERE h.captured > 0)
INSERT INTO entry (id, account_id, seq, kind, amount, balance_after, cause, purchase_id, job_id, note,
    created_at)
SELECT row_number() OVER (ORDER BY at, cause), account_id,
    row_number() OVER (PARTITION BY account_id ORDER BY at, cause), kind, amount,
    SUM(amount) OVER (PARTITION BY account_id ORDER BY at, cause ROWS UNBOUNDED PRECEDING),
    cause, purchase_id, job_id, note, {time}at{time_} FROM moved"""

BALANCES = """UPDATE account SET
    balance = COALESCE((SELECT SUM(amount) FROM entry e WHERE e.account_id = account.id), 0),
    seq = COALESCE((SELECT MAX(seq) FROM entry e WHERE e.account_id = account.id), 0)"""

# One half are events of Stripe: of a hundred 60 were about sales of ours, and of a thousand 1 failed. The
# other half are updates of the last days, whose texts are erased.
EVENTS = """{each}
INSERT INTO event (key, type, lane, payload, state, error, attempts, next_at, lease_until, received_at,
    handled_at)
SELECT key, type, lane, CASE WHEN ours THEN {json}'{payload}'{json_} END, state,
    CASE state WHEN 'failed' THEN 'the price differs' WHEN 'ignored' THEN 'it is about no sale of ours' END,
    attempts, 0, 0, {time}at{time_}, {time}at + 1{time_}
FROM (
    SELECT 'stripe:evt_past_' || n AS key, 'checkout.session.completed' AS type, CAST(NULL AS BIGINT) AS lane,
        n % 100 < 60 AS ours, CASE WHEN n % 100 < 60 THEN 'handled' WHEN n % 1000 = 99 THEN 'failed'
            ELSE 'ignored' END AS state, n % 2 AS attempts, {active} + n * {rest} / {events} * 2 AS at
        FROM counted
    UNION ALL SELECT 'tg:7:' || ({first_chat} + {person}) || ':' || n, 'telegram', {first_chat} + {person},
        FALSE, 'handled', 1, {now} - 6 * 86400 + n * 86400 * 5 / {events} * 2 FROM counted
) came ORDER BY at, key"""

ACTIONS = """{each}
INSERT INTO action ("by", what, subject, details, at)
SELECT 'pages', CASE WHEN n % 2 = 0 THEN 'check' ELSE 'replay' END,
    CASE WHEN n % 2 = 0 THEN 'purchase:' || n ELSE 'event:' || n END,
    {json}'{{"reason": "a question"}}'{json_}, {time}{active} + n * {rest} / {purchases}{time_}
FROM counted"""

GRANTS = """INSERT INTO action ("by", what, subject, details, at)
SELECT 'console', 'grant', 'user:' || a.user_id,
    {json}'{{"credits": 500, "reason": "for your patience"}}'{json_}, e.created_at
FROM entry e JOIN account a ON a.id = e.account_id WHERE e.kind = 'grant'"""

SPOKEN = """{each}
INSERT INTO broadcast (request_key, "by", text, state, people, written, "after", created_at, ended_at)
SELECT 'tg:past:say:' || n, 'pages', 'Good news', 'done', {people}, {people}, 0,
    {time}{active} + n * {rest} / 6{time_}, {time}{active} + n * {rest} / 6 + 600{time_} FROM counted"""

WORK_DONE = """{each}
INSERT INTO schedule (name, position, next_at, lease_until)
SELECT CASE n WHEN 1 THEN 'payloads' WHEN 2 THEN 'notices' ELSE 'updates' END,
    CASE n WHEN 1 THEN (SELECT MAX(id) FROM event) WHEN 2 THEN (SELECT MAX(id) FROM notice) ELSE {now} END,
    0, 0 FROM counted"""

WITH_IDS = ("account", "purchase", "refund", "job", "entry")


async def live_through(database: Database, size: Size) -> None:
    """Fill an empty database with a past in which all has ended: nothing waits for a worker."""
    kept = SignedEvents((WEBHOOK_SECRET,), live=False).again(session_event()).payload
    extra = {
        "first_chat": FIRST_CHAT,
        "kept": int(unix_time()) - KEPT_DAYS * DAY,
        "payload": json.dumps(kept).replace("'", "''"),
    }
    await fill(
        database,
        size,
        [
            (size.people, USERS),
            (0, ACCOUNTS),
            (size.purchases, PURCHASES),
            (0, REVERSALS),
            (size.part(1000), FOREIGN),
            (0, FROZEN),
            (0, REFUNDS),
            (size.jobs, JOBS),
            (0, HOLDS),
            (0, HOLDS_OF_REFUNDS),
            (0, ENTRIES),
            (0, BALANCES),
            (size.events // 2, EVENTS),
            (size.part(20), ACTIONS),
            (0, GRANTS),
            (BROADCASTS, SPOKEN),
            (0, TOLD),
            (3, WORK_DONE),
        ],
        extra,
    )
    await follow_ids(database, WITH_IDS)
    if database.name == "PostgreSQL":
        await query("ANALYZE")  # its server does so by itself within a minute
