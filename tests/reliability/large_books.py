"""Fills an empty database with many finished jobs, in a few statements; the books balance."""

from collections.abc import Mapping

from bot_platform.infra.sql import connection, query

JOBS_OF_ONE = 100  # of each user
WELCOME = 1000
SOME_DAY = "'2026-01-01 00:00:00+00:00'"
NO, YES = "{false}", "{true}"
USER = f"(1 + (i - 1) / {JOBS_OF_ONE})"  # of job i
PLACE = f"(1 + (i - 1) % {JOBS_OF_ONE})"  # of job i among its user's

Row = Mapping[str, object]  # SQL by the name of the column, for the number i

# The databases count the ids of accounts and jobs, so that those of the next ones are free.
OF_A_USER: tuple[tuple[str, Row], ...] = (
    (
        "users",
        {
            "id": "i",
            "telegram_id": "9000000000 + i",
            "language": "'en'",
            "blocked_bot": NO,
            "created_at": SOME_DAY,
        },
    ),
    (
        "account",
        {
            "user_id": "i",
            "balance": WELCOME - JOBS_OF_ONE,
            "held": 0,
            "seq": JOBS_OF_ONE + 1,
            "frozen": NO,
        },
    ),
    (
        "entry",
        {
            "account_id": "i",
            "seq": 1,
            "kind": "'welcome'",
            "amount": WELCOME,
            "balance_after": WELCOME,
            "cause": "'welcome:' || i",
            "note": "''",
            "created_at": SOME_DAY,
        },
    ),
)
OF_A_JOB: tuple[tuple[str, Row], ...] = (
    (
        "job",
        {
            "user_id": USER,
            "request_key": "'r' || i",
            "kind": "'ask'",
            "state": "'done'",
            **dict.fromkeys(("most", "needs", "charged", "step", "fence"), 1),
            **dict.fromkeys(("rank", "attempts", "lease_until", "expires_at", "done", "parts"), 0),
            **dict.fromkeys(("stopping", "forget"), NO),
            **dict.fromkeys(("remembered", "has_texts"), YES),
            **dict.fromkeys(("created_at", "ended_at"), SOME_DAY),
        },
    ),
    (
        "hold",
        {
            "account_id": USER,
            "job_id": "i",
            "cause": "'job:' || i || ':1'",
            "amount": 1,
            "captured": 1,
            "state": "'captured'",
            "created_at": SOME_DAY,
        },
    ),
    (
        "entry",
        {
            "account_id": USER,
            "seq": f"1 + {PLACE}",
            "kind": "'charge'",
            "amount": -1,
            "balance_after": f"{WELCOME} - {PLACE}",
            "cause": "'job:' || i || ':1:charge'",
            "job_id": "i",
            "note": "''",
            "created_at": SOME_DAY,
        },
    ),
    (
        "notice",
        {
            "key": "'job:' || i",
            "subject": "'job:' || i",
            "chat_id": f"9000000000 + {USER}",
            "text": "'answer'",
            "text_values": "'{{}}'",
            "version": 1,
            "message_id": "i",
            "state": "'sent'",
            **dict.fromkeys(("attempts", "next_at", "lease_until"), 0),
            "created_at": SOME_DAY,
        },
    ),
)


async def fill(jobs: int) -> None:
    """Write so many finished and paid jobs, JOBS_OF_ONE of each user."""
    is_sqlite = connection().capabilities.dialect == "sqlite"
    words = {"false": "0", "true": "1"} if is_sqlite else {"false": "FALSE", "true": "TRUE"}
    for tables, last in ((OF_A_USER, jobs // JOBS_OF_ONE), (OF_A_JOB, jobs)):
        numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {last})"  # noqa: S608 -- all of it stands here
        for table, row in tables:
            values = ", ".join(str(value).format(**words) for value in row.values())
            await query(f"INSERT INTO {table} ({', '.join(row)}) {numbers} SELECT {values} FROM n")  # noqa: S608 -- as above
