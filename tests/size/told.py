"""The messages of a past: each was sent, or given up because its reader had blocked the bot."""

TOLD = """INSERT INTO notice (key, subject, chat_id, text, text_values, version, message_id, state, error,
    rank, attempts, tried_at, next_at, lease_until, created_at)
SELECT key, subject, chat_id, text, {json}text_values{json_}, version,
    CASE WHEN blocked THEN NULL ELSE 1000 END,
    CASE WHEN blocked THEN 'dead' ELSE 'sent' END, CASE WHEN blocked THEN 'blocked' END, rank,
    version, {now_ms} - 86400000, 0, 0, at
FROM (
    SELECT 'purchase:' || p.id || ':link:' || p.request_key AS key, 'purchase:' || p.id || ':link' AS subject,
        u.telegram_id AS chat_id, CASE WHEN p.paid_at IS NULL THEN 'checkout-expired' ELSE 'checkout-paid' END
            AS text, '{{"credits": 10000, "amount": 500, "currency": "usd"}}' AS text_values, 2 AS version,
        0 AS rank, FALSE AS blocked, p.created_at AS at
        FROM purchase p JOIN users u ON u.id = p.user_id
    UNION ALL SELECT 'purchase:' || p.id || ':receipt', 'purchase:' || p.id, u.telegram_id,
        'payment-received', '{{"credits": 10000, "balance": 20000}}', 1, 0, FALSE, p.paid_at
        FROM purchase p JOIN users u ON u.id = p.user_id WHERE p.paid_at IS NOT NULL
    UNION ALL SELECT 'purchase:' || p.id || ':reversed:1', 'purchase:' || p.id, u.telegram_id,
        'credits-taken-back', '{{"credits": 10000, "balance": 0}}', 1, 0, FALSE, p.paid_at
        FROM purchase p JOIN users u ON u.id = p.user_id WHERE p.reversed > 0
    UNION ALL SELECT 'job:' || j.id, 'job:' || j.id, u.telegram_id,
        CASE WHEN j.state = 'done' THEN 'answer' ELSE 'work-' || j.state END,
        '{{"page": "It works like this.", "says": ""}}', 3, 1, FALSE, j.created_at
        FROM job j JOIN users u ON u.id = j.user_id
    UNION ALL SELECT 'job:' || j.id || ':page:2', 'job:' || j.id || ':more', u.telegram_id, 'answer',
        '{{"page": "And so on.", "says": "work-done"}}', 1, 1, FALSE, j.created_at
        FROM job j JOIN users u ON u.id = j.user_id WHERE j.state = 'done' AND j.id % 7 = 3
    UNION ALL SELECT e.cause, 'account:' || a.id, u.telegram_id, 'credits-granted',
        '{{"credits": 500, "balance": 10500, "reason": "for your patience"}}', 1, 0, FALSE, e.created_at
        FROM entry e JOIN account a ON a.id = e.account_id JOIN users u ON u.id = a.user_id
        WHERE e.kind = 'grant'
    UNION ALL SELECT 'broadcast:' || b.id || ':' || u.id, 'broadcast:' || b.id, u.telegram_id, 'broadcast',
        '{{"broadcast": 1}}', 1, 2, u.blocked_bot, b.created_at FROM broadcast b CROSS JOIN users u
) told ORDER BY at, key"""
