"""Refunds and disputes: their rows, what they took from a purchase, and who may not spend meanwhile.

One text serves both databases, and every statement may run again, as in the first migration.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

SQLITE = {
    "identity": "INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL",
    "time": "TIMESTAMP",
    "boolean": "INT",
    "false": "0",
}
POSTGRES = {
    "identity": "BIGSERIAL NOT NULL PRIMARY KEY",
    "time": "TIMESTAMPTZ",
    "boolean": "BOOL",
    "false": "FALSE",
}

COLUMNS = (
    ("users", "arrived_by", "VARCHAR(100) NOT NULL DEFAULT ''"),
    ("account", "broken", "{boolean} NOT NULL DEFAULT {false}"),
    ("purchase", "reversed", "BIGINT NOT NULL DEFAULT 0"),
    ("purchase", "ask_at", "{time}"),
    ("notice", "rank", "SMALLINT NOT NULL DEFAULT 0"),
    ("notice", "tried_at", "BIGINT NOT NULL DEFAULT 0"),
)

TABLES = """
CREATE TABLE IF NOT EXISTS "reversal" (
    "key" VARCHAR(255) NOT NULL PRIMARY KEY,
    "provider" VARCHAR(16) NOT NULL,
    "payment_ref" VARCHAR(255) NOT NULL,
    "user_id" BIGINT,
    "amount" BIGINT NOT NULL CHECK ("amount" >= 0),
    "stage" VARCHAR(32) NOT NULL,
    "as_of" BIGINT NOT NULL,
    "lifted" {boolean} NOT NULL,
    "created_at" {time} NOT NULL,
    "purchase_id" BIGINT REFERENCES "purchase" ("id") ON DELETE RESTRICT
);
CREATE INDEX IF NOT EXISTS "idx_reversal_provide_15598f" ON "reversal" ("provider", "payment_ref");
CREATE INDEX IF NOT EXISTS "idx_reversal_purchas_597463" ON "reversal" ("purchase_id");
CREATE INDEX IF NOT EXISTS "idx_reversal_user_id_cad2d5" ON "reversal" ("user_id", "stage");
CREATE TABLE IF NOT EXISTS "refund" (
    "id" {identity},
    "amount" BIGINT NOT NULL CHECK ("amount" > 0),
    "reason" VARCHAR(300) NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "error" TEXT,
    "attempts" INT NOT NULL,
    "next_at" BIGINT NOT NULL,
    "lease_until" BIGINT NOT NULL,
    "created_at" {time} NOT NULL,
    "purchase_id" BIGINT NOT NULL REFERENCES "purchase" ("id") ON DELETE RESTRICT
);
CREATE INDEX IF NOT EXISTS "idx_refund_state_6c6de1" ON "refund" ("state", "id");
CREATE INDEX IF NOT EXISTS "idx_refund_purchas_18646f" ON "refund" ("purchase_id");
CREATE TABLE IF NOT EXISTS "round" (
    "name" VARCHAR(64) NOT NULL PRIMARY KEY,
    "mark" BIGINT NOT NULL,
    "next_at" BIGINT NOT NULL,
    "lease_until" BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS "idx_purchase_state_de1437" ON "purchase" ("state", "ask_at");
CREATE INDEX IF NOT EXISTS "idx_entry_purchas_35d9d1" ON "entry" ("purchase_id");
CREATE INDEX IF NOT EXISTS "idx_event_lane_36e08e" ON "event" ("lane", "id");
CREATE INDEX IF NOT EXISTS "idx_notice_chat_id_464893" ON "notice" ("chat_id", "tried_at");
CREATE INDEX IF NOT EXISTS "idx_notice_tried_a_27a080" ON "notice" ("tried_at");
"""

# What was sold before can be refunded and asked about as well.
OLD_ROWS = """
UPDATE "purchase" SET "payment_ref" = "provider_ref" WHERE "provider" = 'mock' AND "payment_ref" IS NULL;
UPDATE "purchase" SET "ask_at" = "created_at" WHERE "state" IN ('open', 'processing') AND "ask_at" IS NULL;
"""


async def upgrade(db: BaseDBAsyncClient) -> str:
    words = SQLITE if db.capabilities.dialect == "sqlite" else POSTGRES
    new = [column for column in COLUMNS if not await _is_there(db, *column[:2])]
    columns = "".join(f'ALTER TABLE "{table}" ADD COLUMN "{name}" {what};\n' for table, name, what in new)
    return (columns + TABLES).format(**words) + OLD_ROWS


async def downgrade(db: BaseDBAsyncClient) -> str:
    indexes = (
        "idx_purchase_state_de1437",
        "idx_entry_purchas_35d9d1",
        "idx_event_lane_36e08e",
        "idx_notice_chat_id_464893",
        "idx_notice_tried_a_27a080",
    )
    drop = "".join(f'DROP TABLE IF EXISTS "{table}";' for table in ("round", "refund", "reversal"))
    drop += "".join(f'DROP INDEX IF EXISTS "{index}";' for index in indexes)
    there = [column for column in COLUMNS if await _is_there(db, *column[:2])]
    return drop + "".join(f'ALTER TABLE "{table}" DROP COLUMN "{name}";' for table, name, _ in there)


async def _is_there(db: BaseDBAsyncClient, table: str, column: str) -> bool:
    """Ask for the column: SQLite has no ADD COLUMN IF NOT EXISTS."""
    if db.capabilities.dialect == "sqlite":
        return bool(
            await db.execute_query_dict("SELECT 1 FROM pragma_table_info(?) WHERE name = ?", [table, column])
        )
    return bool(
        await db.execute_query_dict(
            "SELECT 1 FROM information_schema.columns WHERE table_schema = current_schema()"
            " AND table_name = $1 AND column_name = $2",
            [table, column],
        )
    )


MODELS_STATE = (
    "eJztXW132jgW/is6+TKdc7I5LWnTLp0z5zCJ27JDIAuknZfMcYQtwIstUVlOys72v68kvxub2ASCIfrQFMu6fnn0du9zr67/"
    "PnKIiWz35NpF9KgJ/j7C0EH8R6r8GBzB+TwuFQUMjmxZ0eM1ZAkcuYxCg/HCMbRdxItM5BrUmjOLYFG1Bea8LsHvwS1DNppQ"
    "6OiWeQssFwyD4x/cY3AblBGPugBiE7ApAgTbC/4HgTkld5bJrwNchE7EjU1i8DtbeLLFe3jY+uohnZEJ4jUFVH/+xYstbKJv"
    "yA0P5zN9bCHbTCFpmeICslxni7ks+8WatDH7IOuKNxjpBrE9B8f15ws2JTgSsDATpROEEYUMmQmQsWfbQWOERf7T8gJGPRQ9"
    "phkXmGgMPVs01dFPYw8booXAiDB9bkM2JtQ5MYkDLXwiW/fkJxs6IxP+/HPwsAlxXe/2hvpAG+r60VKLi0fLNFBQZBAsegt/"
    "LVeCNRFP+49/Nhqnp28bL0/P3r15/fbtm3cv3/G68tWWT7397j9MjKx/KYlv+2O7OxQPRHiX9DuqKPguZSCDvpRsuLilEh2m"
    "WpNlBJ+q7UJ497xB4gawIZ54kN96Cf3zKaT52CdlMsDzF1oH+LAgRj6ezyKYEd7aWHDgN91GeMKm/PD0zQpUP7f6559a/Ren"
    "b35MQ9sNzjTkqTTII5sYM2TqfLjn9HJCbARxPtQZyQzaIy66Lbijki3gvarX9nodcWXHdb/afjfO9OHu9eUvWv/FK4k/r2Sx"
    "gq4NKbXuBHaLKp07LfWE3Xu5c2+sR796+bJEl+a1Cvu0PJeG16BIQKDDnD59wc8wy0H5EKclMxCbgehJ+GNbgG9zKucvaPa4"
    "ahMsISvAH7YvtcGwdXmV6vQXraEmzjRk6SJT+uIs007RRcCX9vATEIfgj15Xk/ASl02ovGNcb/jHkXgm6DGiY3KvQzOx2oWl"
    "IWrfhZ41niXWb1EwgsbsHlJTT52Ju8fco8YUusjNmfEC0Q+/9hFXfgS4y/0g0IavgsvsYS/4Hvb7sDTsDQI+0iBFgKZPJeYz"
    "wyCeuHYhoD2MhoT/eRjWln+tEqgGnWIvQHUaTgZUB2KuqJjB5YRwBoAcAyyBTbENBhOVHrTCesLAkTbSDy7gs59psSa4HUGu"
    "SBlIGkXcwrGoMJKm/OlvARkDi4lybhY5lou4sUQA9TDm0IB7QmfLVtiW7lFDKyzokUqRX2lZBS1frQkSQpuxqMrMFi8PoB1i"
    "3KcBruVBDyUU4ush7qKv1QAPBBTe6+E9puS/vi1ewZCNhZQNW8GGHVEyq4x1LLRrrPP1oZphLAjXyvxjQkhxjxUmkrVsSYT5"
    "4z/WktT4RRaHZEamtA4iQHsUPp+I380PBZ5lKzs95JfRCs1nOeLb/HoFunDGUbdXI70ILl5M4X1kxSXnN/7m/H2RP332tcGw"
    "3z7nQ3kFZ1HRFvdHZo4lHg3ZYjscRVVKWeEOuUMOlxHWr28kv5d+SGFGjaCLAEVj/uqusIWNKcQTBAjlhUKOm8v5ZvcmLppj"
    "Z/+ZJBmEzvpXxvL+MyLZREv9pQzxWhri9TdPDqQJYshn/G3zfT4a9pyl6T2Ffij7dJ6f6vAfXV0Lv8xAa4JwBrjBX7TOee+S"
    "F90j2yAOLxGum4+8gFegE37c1z5r/UGr0+Rzzx2iLrRv8Md+qztsggmFfv+q7Fo6K+NZyjosEo6ls6xfCTrhnFd+yMQyatSs"
    "PWoC8k+HY5anHZXgDWNR1QxrN4MBPbdSOEYksJkpa7dL9vb91piwSvCG9XcaCrCVOJdS6J6uQPdURQU836iA1JrtGyqVWbS0"
    "nFo01l40koZgpRbICK7VBDULEdghmbk0IpYb4wOhyJrgX9GiJM1UPlSjbkOhLNeUngUK6Ka83r4BdCvEF9Wsm5dFNzPCy7B5"
    "SwR96Wilisyf5JxziL+Qiy7m/aZhjQdpv3PJyKWiXOSGAwsZSDB2ItTlGIgHMMFoASzmAqlRL3N9j7qSCqSp8UR+vIK/U/bY"
    "du0xxffsjGiYM49PadWgT0qpCJo1I5YYLOIgHiaoI+EnJCSmcU8ozVF/0joXTSAkb/B562p43df4cdh9BBvd0VoDUUa5PsIV"
    "FLMe/LNiMIqhVwzG0kqkGAxlP2+pITZqP+/GwIvM6xwjL2l6Fxt6SVv/YWPvyxQycA9dbo6NEV9m5Ebze1E4Qga/vb/roQlu"
    "/TgN9xZYGEw9bPJDNhWbI3zVUpY7FiYU8N7A3GVjcKt3yo0GCbfIy64e/NYpGufEhSSid3x1gdfgF4ALEabiy4iCSJWA7kys"
    "WiqEpJ4mKEUcCpfpM1RpK2tGTJmjZczROZ/3Ku6HT4jUOWpkTZTPXpcA+ex1Icbi1JKGLWbEinZnLKS0rLUtT0W27Ips8ShF"
    "2Kg0fydlDnBiOS0TfVAce7A0cSfUo9Izd1KlOjyEN0+OpPTONYAO5dYCu2YOuDTWjTdl0sbwWoVoy3NZZSTW2CspJCkxBXYp"
    "sP0w2ap0eCykYieeDR9O5pWTUR31rrRuEwjJG3zV751rg0G7+7Ep3MkGcl3eKry81b7gJdAyxe/+sPO77gdta7KYMnuh+7Hb"
    "PoMenorLtN+u2pJoR9/mluTZP7TaHVEwhpZdF449fN5qYy0ptUPX08t9G16QMeTMc7T+YpU/lng6oF9td05rvHr99vW707PX"
    "EdZRySqIC+Fcw0GUljxAB9GeOIRCTFZ6hGwLz5YbeIi+FYyZsP4haFur2lH7bZhqwnCef3HZ+u3HVDN2et2PYfXEunDe6f2S"
    "zULJsdM9zCy76pBKS25gSO1RS+zbiAq8DFUnzUhKtW6dW1fFTRRrIIcbNyFslTWaPCGmRnWdR3U9kuPsevzWISImP2dJ5XCY"
    "dbOW1GNMbTpvSR0SDtVz9lqdbyhMIPBIiPrBZQ4WpbGHH5uXqS8vckBDtlr+44oBZ1GPygk4S/a24oAzmqxVKqmQ38zHwLTc"
    "ucdkch/+IiKP7nuRYvceip1AvAaick9Q4J0B0moFTISMBZ9FyU8vtNnLP7wPKRNplg0aS+UcEgXpYDO+VBaHkVUMYDrUwKUN"
    "uq+Kg8aUP/wp/OG7c9DWG+qteGh3YozUTPFQcWPPCnh/Rc2dWkq5xusflspNsw/X3QvtQm939VZHZicTCg8ydQvr0LaFo1vU"
    "0K+07oV0mfsV9DnCpnSbh1eIRSMZ/q/X1SIR/o9gdIPb3X9ft/u/N4GFv3oWXUQl+nmnJ13qwQndsIl0rF+0B1fXQ3Em0MN4"
    "WevqSmtJ5zpXJxG0RRkXHzYBF2I3+Euv2wT3BPNfrX5X1BOKm6gljvmr6L3PWr8ZqnM6ufOX3sqRdI0yoXSN4li6xtKmXFcn"
    "OSvayuEeiqjRvvZot60xy42KWJXuOxbadbrvvUqtrvwVxZ3/gP0VKlFSvWhtlcvnQHL5BDxlLu8WMpirWLeozoOc2yVX4RYi"
    "+85IkGPMEyoVGBMKYJQOt1l+I+ejr1aGUYuCVEPSTGXursfMdLyCQVNG747UYK5+uCTnqzertrqGEnU2ddfdKLWNRK17F3MP"
    "3RmqnISmNfhVmudCltvwkgrwGYA6hsUjSkkOX18ccxoJqKDT6kGnQTR2jnv2obj4J96FvOXkVxsLjMe8n+aa06sWzITQwSD6"
    "1KyRyJ5VFD69CvuMoMJ/zb3diklSTNLTMkm1a+fnSyXVrSkOgUvS7lD+t9n9E8crvwgXVSn3RTjkunAi03WJb7YRj7mWiUQu"
    "Z9t8D25tiKOvp4MhB2hCoSO+qMTA/ZS4CHhzMT27AFIEphCb3JgQJBGhJqIFn4vb9h0rEVLidkliKnmseKla8lIqim57IUYS"
    "ngrghvUPkHbaSnq1cHqpYKQEEsrjtq59MocLm8CcKftfg163MEAxFMlaJZbBwP+Abbl7iP8KKAUWqymmLJuUMSnEBbIU096R"
    "rBQZyLqrzrP2tXOt/dmPwPKvcIM/tboXkmINlJQb3P7Y7cnkJFwXJ7VNTqJYWMXCKhZ2/xFVLOyzwj9ceNagYTOiiofdJx42"
    "0C7WaPa0pMpDULc8BEtU727IyC5hloGOctjI4MzxKjoSx3Uq8ZEWBlCyfu+5Sn1PLcZbWmz3lFmwJTcY1mThlwhchNlqyvEx"
    "F63EKop7BMRySCy63ug/iL+9PEicFzvt5RiUJ+IjRT4q8rFW8G+fHAuHSAV8EyKKgiyHcmLuKT+JJISUw3ZtHZ1xM7MSux7U"
    "P8CuvfnPagiw9Dtoe3mJa4qp3ozYo+je9UjHn8YeNgSaYORZNtdJ3BNx258rkpC1ZYFFPhErL565cLZJSKj8u9lJJFBRK0/h"
    "aTnlTlp3Et87p0awT7yqTyPabh7tMx9o3WFTWkQ3+EJrib3gCCqvRQ1GwlN7LSjMSw49cKBtF6evh7kJovcrdf1p4+1ZNLuI"
    "g1XzyeCy1ekUJlBXLp9NrYgRaVJpPUxK7XWffOL1TznYlIPtOeKvtjkUN8hhuddq4njpk6KEAuThfAKkdDoB4SBhU+EJYQTY"
    "hMwAHDNE34NbB9KZDMWeknsuLfJrgil0gUEcfh3+gx/LT2+LXy6yx/nel01e/GEvTKHfRP6/NHKLybew/sFx95ui3oqdJKJt"
    "K5ITgYRanJRStk+4K6WsBlvgdrM8txC1jGne+hycWblAw7jOQyt0cRM8YjXMY4+fSwjBI4mH4nWv0NNRrGUUuzoOwcu3lT1K"
    "YlBVQDiofoDobic8gGCG8tI+FbtQEyJP7z7d8+0yO13Mvv8forI7WA=="
)
