"""The invariants of docs/money.md as queries that must return no row."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One query about the rows of one table whose ids are in a range.

    Its SQL has two `?` for the range and returns `id`, `account` and `says` of every broken row. It joins
    other tables by a column that has an index: a join on an expression over that column would read all of a
    table for each row.
    """

    invariant: str
    table: str
    sql: str


# A purchase that is `reversed` and has no `paid_at` had its money kept aside and returned: no credits moved.
CHECKS = (
    Check(
        "I1",
        "account",
        """SELECT a.id, a.id AS account,
            'balance ' || a.balance || ', but its ' || COUNT(e.id) || ' entries come to '
            || COALESCE(SUM(e.amount), 0) || '; its last number is ' || a.seq || ', theirs '
            || COALESCE(MAX(e.seq), 0) AS says
        FROM account a LEFT JOIN entry e ON e.account_id = a.id
        WHERE a.id BETWEEN ? AND ?
        GROUP BY a.id, a.balance, a.seq
        HAVING a.balance <> COALESCE(SUM(e.amount), 0) OR a.seq <> COUNT(e.id)
            OR a.seq <> COALESCE(MAX(e.seq), 0) OR COALESCE(MIN(e.seq), 1) <> 1""",
    ),
    Check(
        "I1",
        "entry",
        """SELECT e.id, e.account_id AS account,
            'balance_after ' || e.balance_after || ', but the entry before left '
            || COALESCE(b.balance_after, 0) || ' and this one moves ' || e.amount AS says
        FROM entry e LEFT JOIN entry b ON b.account_id = e.account_id AND b.seq = e.seq - 1
        WHERE e.id BETWEEN ? AND ? AND e.balance_after <> COALESCE(b.balance_after, 0) + e.amount""",
    ),
    Check(
        "I2",
        "account",
        """SELECT a.id, a.id AS account,
            'held ' || a.held || ', but its open holds come to ' || COALESCE(SUM(h.amount), 0) AS says
        FROM account a LEFT JOIN hold h ON h.account_id = a.id AND h.state = 'held'
        WHERE a.id BETWEEN ? AND ?
        GROUP BY a.id, a.held HAVING a.held <> COALESCE(SUM(h.amount), 0)""",
    ),
    Check(
        "I3",
        "account",
        """SELECT a.id, a.id AS account,
            'available ' || (a.balance - a.held) || ' is a debt that no reversal made' AS says
        FROM account a WHERE a.id BETWEEN ? AND ? AND a.balance - a.held < 0
        AND NOT EXISTS (
            SELECT 1 FROM entry e WHERE e.account_id = a.id AND e.kind = 'reversal' AND e.amount < 0)""",
    ),
    Check(
        "I3",
        "entry",
        """SELECT e.id, e.account_id AS account,
            'a ' || e.kind || ' took the balance to ' || e.balance_after AS says
        FROM entry e WHERE e.id BETWEEN ? AND ? AND e.amount < 0 AND e.balance_after < 0
        AND e.kind <> 'reversal' AND NOT (e.kind = 'charge' AND EXISTS (
            SELECT 1 FROM entry r WHERE r.account_id = e.account_id AND r.seq < e.seq
            AND r.kind = 'reversal' AND r.amount < 0))""",
    ),
    Check(
        "I4",
        "hold",
        """SELECT h.id, h.account_id AS account,
            h.state || ', ' || h.captured || ' of ' || h.amount || ' captured, charged '
            || COUNT(e.id) || ' times, ' || COALESCE(-SUM(e.amount), 0) || ' in all' AS says
        FROM hold h LEFT JOIN entry e ON e.cause = h.cause || ':charge' AND e.kind = 'charge'
        WHERE h.id BETWEEN ? AND ?
        GROUP BY h.id, h.account_id, h.state, h.captured, h.amount
        HAVING h.captured > h.amount OR h.captured < 0 OR (h.state <> 'captured' AND h.captured <> 0)
            OR COALESCE(-SUM(e.amount), 0) <> h.captured
            OR COUNT(e.id) <> CASE WHEN h.captured > 0 THEN 1 ELSE 0 END
            OR COALESCE(MIN(e.account_id), h.account_id) <> h.account_id""",
    ),
    Check(
        "I4",
        "entry",
        """SELECT e.id, e.account_id AS account, 'a charge for which there is no hold' AS says
        FROM entry e WHERE e.id BETWEEN ? AND ? AND e.kind = 'charge'
        AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.cause = substr(e.cause, 1, abs(length(e.cause) - 7))
            AND h.cause || ':charge' = e.cause)""",  # `abs`: PostgreSQL refuses a negative length
    ),
    Check(
        "I5",
        "account",
        """SELECT a.id, a.id AS account,
            CASE WHEN a.frozen THEN 'frozen, but no question of a bank is open'
            ELSE 'not frozen, but a question of a bank is open' END AS says
        FROM account a WHERE a.id BETWEEN ? AND ? AND a.frozen <> EXISTS (
            SELECT 1 FROM reversal r WHERE r.user_id = a.user_id
            AND r.stage IN ('inquiry', 'warned') AND NOT r.lifted)""",
    ),
    Check(
        "I5",
        "purchase",
        """SELECT p.id, a.id AS account,
            p.reversed || ' of ' || p.credits || ' credits taken back, state ' || p.state
            || ', but its entries took ' || COALESCE(-SUM(e.amount), 0) AS says
        FROM purchase p JOIN account a ON a.user_id = p.user_id
        LEFT JOIN entry e ON e.purchase_id = p.id AND e.kind = 'reversal'
        WHERE p.id BETWEEN ? AND ?
        GROUP BY p.id, a.id, p.reversed, p.credits, p.state, p.paid_at
        HAVING p.reversed <> COALESCE(-SUM(e.amount), 0) OR p.reversed < 0 OR p.reversed > p.credits
            OR (p.state = 'partly_reversed') <> (p.reversed > 0 AND p.reversed < p.credits)
            OR (p.state = 'reversed' AND p.paid_at IS NOT NULL) <> (p.reversed = p.credits)""",
    ),
    Check(
        "I5",
        "purchase",
        """SELECT p.id, a.id AS account, 'its reversal ' || r.key || ' has not found it' AS says
        FROM purchase p JOIN account a ON a.user_id = p.user_id
        JOIN reversal r ON r.payment_ref = p.payment_ref AND r.provider = p.provider
        WHERE p.id BETWEEN ? AND ? AND p.state IN ('paid', 'partly_reversed', 'reversed')
        AND COALESCE(r.currency, p.currency) = p.currency
        AND (r.purchase_id IS NULL OR r.user_id IS NULL OR r.user_id <> p.user_id)""",
    ),
    Check(
        "I6",
        "hold",
        """SELECT h.id, h.account_id AS account, 'open, but no refund is asked for under ' || h.cause AS says
        FROM hold h WHERE h.id BETWEEN ? AND ? AND h.state = 'held' AND h.cause LIKE 'refund:%'
        AND h.cause NOT IN (SELECT 'refund:' || r.id FROM refund r WHERE r.state = 'asked')""",
    ),
    Check(
        "I6",
        "refund",
        """SELECT r.id, h.account_id AS account, 'asked for, but its hold is ' || h.state AS says
        FROM refund r JOIN hold h ON h.cause = 'refund:' || r.id
        WHERE r.id BETWEEN ? AND ? AND r.state = 'asked' AND h.state <> 'held'""",
    ),
    Check(
        "I8",
        "purchase",
        """SELECT p.id, a.id AS account, 'paid, and its buyer was never told' AS says
        FROM purchase p JOIN account a ON a.user_id = p.user_id
        WHERE p.id BETWEEN ? AND ? AND p.state IN ('paid', 'partly_reversed', 'reversed')
        AND NOT (p.state = 'reversed' AND p.paid_at IS NULL)
        AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.key = 'purchase:' || p.id || ':receipt')""",
    ),
    Check(
        "I6",
        "job",
        """SELECT j.id, a.id AS account,
            j.state || ', but ' || COUNT(h.id) || ' open holds are for it' AS says
        FROM job j JOIN account a ON a.user_id = j.user_id
        LEFT JOIN hold h ON h.job_id = j.id AND h.state = 'held' AND h.account_id = a.id
        WHERE j.id BETWEEN ? AND ?
        GROUP BY j.id, a.id, j.state
        HAVING COUNT(h.id) <> CASE WHEN j.state IN ('queued', 'running') THEN 1 ELSE 0 END""",
    ),
    Check(
        "I6",
        "hold",
        """SELECT h.id, h.account_id AS account, 'open, but no job runs on it under ' || h.cause AS says
        FROM hold h WHERE h.id BETWEEN ? AND ? AND h.state = 'held'
        AND (h.job_id IS NOT NULL OR h.cause LIKE 'job:%')
        AND NOT EXISTS (SELECT 1 FROM job j WHERE j.id = h.job_id AND j.state IN ('queued', 'running')
            AND 'job:' || j.id || ':' || j.step = h.cause)""",
    ),
    Check(
        "I7",
        "account",
        """SELECT a.id, a.id AS account,
            'job ' || j.id || ' waits for ' || j.needs || ', and ' || (a.balance - a.held)
            || ' are there' AS says
        FROM account a JOIN job j ON j.id = (
            SELECT first.id FROM job first WHERE first.user_id = a.user_id AND first.state = 'parked'
            ORDER BY first.rank, first.id LIMIT 1)
        WHERE a.id BETWEEN ? AND ? AND a.balance - a.held >= j.needs AND NOT a.frozen AND NOT a.banned
            AND NOT a.broken""",
    ),
    Check(
        "I8",
        "job",
        """SELECT j.id, a.id AS account, 'done, but told ' || COUNT(n.id) || ' times' AS says
        FROM job j JOIN account a ON a.user_id = j.user_id
        LEFT JOIN notice n ON n.key = 'job:' || j.id
            AND n.text IN ('answer', 'work-done', 'work-forgotten')
        WHERE j.id BETWEEN ? AND ? AND j.state = 'done'
        GROUP BY j.id, a.id HAVING COUNT(n.id) <> 1""",
    ),
    Check(
        "I4",
        "job",
        """SELECT j.id, a.id AS account,
            j.charged || ' counted as charged, but its entries took ' || COALESCE(-SUM(e.amount), 0) AS says
        FROM job j JOIN account a ON a.user_id = j.user_id
        LEFT JOIN entry e ON e.job_id = j.id AND e.kind = 'charge' AND e.account_id = a.id
        WHERE j.id BETWEEN ? AND ?
        GROUP BY j.id, a.id, j.charged HAVING j.charged <> COALESCE(-SUM(e.amount), 0)""",
    ),
    Check(
        "I9",
        "purchase",
        """SELECT p.id, a.id AS account,
            'paid for ' || p.credits || ' credits, but credited ' || COUNT(e.id) || ' times, '
            || COALESCE(SUM(e.amount), 0) || ' in all' AS says
        FROM purchase p JOIN account a ON a.user_id = p.user_id
        LEFT JOIN entry e ON e.purchase_id = p.id AND e.kind = 'purchase' AND e.account_id = a.id
        WHERE p.id BETWEEN ? AND ? AND p.state IN ('paid', 'partly_reversed', 'reversed')
        AND NOT (p.state = 'reversed' AND p.paid_at IS NULL)
        GROUP BY p.id, a.id, p.credits, p.charged
        HAVING COUNT(e.id) <> 1 OR SUM(e.amount) <> p.credits OR p.charged IS NULL""",
    ),
    Check(
        "I9",
        "entry",
        """SELECT e.id, e.account_id AS account,
            'credits a purchase that is ' || COALESCE(p.state, 'not there') AS says
        FROM entry e LEFT JOIN purchase p ON p.id = e.purchase_id
        WHERE e.id BETWEEN ? AND ? AND e.kind = 'purchase'
        AND (p.id IS NULL OR p.state NOT IN ('paid', 'partly_reversed', 'reversed')
            OR (p.state = 'reversed' AND p.paid_at IS NULL))""",
    ),
)
