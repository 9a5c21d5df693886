"""The first schema: people, the books, purchases, the inbox and the outbox.

One text serves both databases. Every statement may run again, because SQLite's script runs
outside aerich's transaction and a migration may be killed half-way.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

SQLITE = {
    "identity": "INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL",
    "time": "TIMESTAMP",
    "json": "JSON",
    "boolean": "INT",
}
POSTGRES = {
    "identity": "BIGSERIAL NOT NULL PRIMARY KEY",
    "time": "TIMESTAMPTZ",
    "json": "JSONB",
    "boolean": "BOOL",
}

TABLES = """
CREATE TABLE IF NOT EXISTS "users" (
    "id" BIGINT NOT NULL PRIMARY KEY,
    "telegram_id" BIGINT NOT NULL UNIQUE,
    "language" VARCHAR(35) NOT NULL,
    "blocked_bot" {boolean} NOT NULL,
    "created_at" {time} NOT NULL
);
CREATE TABLE IF NOT EXISTS "account" (
    "id" {identity},
    "balance" BIGINT NOT NULL,
    "held" BIGINT NOT NULL CHECK ("held" >= 0),
    "seq" BIGINT NOT NULL,
    "frozen" {boolean} NOT NULL,
    "user_id" BIGINT NOT NULL UNIQUE REFERENCES "users" ("id") ON DELETE RESTRICT
);
CREATE TABLE IF NOT EXISTS "hold" (
    "id" {identity},
    "cause" VARCHAR(100) NOT NULL UNIQUE,
    "amount" BIGINT NOT NULL CHECK ("amount" > 0),
    "captured" BIGINT NOT NULL CHECK ("captured" BETWEEN 0 AND "amount"),
    "state" VARCHAR(16) NOT NULL,
    "created_at" {time} NOT NULL,
    "account_id" BIGINT NOT NULL REFERENCES "account" ("id") ON DELETE RESTRICT
);
CREATE TABLE IF NOT EXISTS "purchase" (
    "id" {identity},
    "request_key" VARCHAR(100) NOT NULL UNIQUE,
    "package" VARCHAR(64) NOT NULL,
    "credits" BIGINT NOT NULL CHECK ("credits" > 0),
    "amount" BIGINT NOT NULL CHECK ("amount" > 0),
    "currency" VARCHAR(3) NOT NULL,
    "provider" VARCHAR(16) NOT NULL,
    "provider_ref" VARCHAR(255),
    "payment_ref" VARCHAR(255),
    "charged" BIGINT,
    "state" VARCHAR(16) NOT NULL,
    "attempt" INT NOT NULL,
    "attempt_at" {time} NOT NULL,
    "link" TEXT,
    "link_until" {time},
    "created_at" {time} NOT NULL,
    "paid_at" {time},
    "user_id" BIGINT NOT NULL REFERENCES "users" ("id") ON DELETE RESTRICT,
    CONSTRAINT "uid_purchase_provide_719c3a" UNIQUE ("provider", "provider_ref")
);
CREATE INDEX IF NOT EXISTS "idx_purchase_user_id_5d6fbe" ON "purchase" ("user_id", "state");
CREATE INDEX IF NOT EXISTS "idx_purchase_payment_d033ac" ON "purchase" ("payment_ref");
CREATE TABLE IF NOT EXISTS "entry" (
    "id" {identity},
    "seq" BIGINT NOT NULL,
    "kind" VARCHAR(16) NOT NULL,
    "amount" BIGINT NOT NULL CHECK ("amount" <> 0),
    "balance_after" BIGINT NOT NULL,
    "cause" VARCHAR(100) NOT NULL UNIQUE,
    "note" VARCHAR(300) NOT NULL,
    "created_at" {time} NOT NULL,
    "account_id" BIGINT NOT NULL REFERENCES "account" ("id") ON DELETE RESTRICT,
    "purchase_id" BIGINT REFERENCES "purchase" ("id") ON DELETE RESTRICT,
    CONSTRAINT "uid_entry_account_aede39" UNIQUE ("account_id", "seq")
);
CREATE TABLE IF NOT EXISTS "event" (
    "id" {identity},
    "key" VARCHAR(255) NOT NULL UNIQUE,
    "type" VARCHAR(100) NOT NULL,
    "lane" BIGINT,
    "payload" {json},
    "state" VARCHAR(16) NOT NULL,
    "error" TEXT,
    "attempts" INT NOT NULL,
    "next_at" BIGINT NOT NULL,
    "lease_until" BIGINT NOT NULL,
    "received_at" {time} NOT NULL,
    "handled_at" {time}
);
CREATE INDEX IF NOT EXISTS "idx_event_state_0fae72" ON "event" ("state", "lane", "id");
CREATE TABLE IF NOT EXISTS "notice" (
    "id" {identity},
    "key" VARCHAR(100) NOT NULL UNIQUE,
    "subject" VARCHAR(100) NOT NULL,
    "chat_id" BIGINT NOT NULL,
    "text" VARCHAR(64) NOT NULL,
    "text_values" {json} NOT NULL,
    "version" INT NOT NULL,
    "message_id" BIGINT,
    "state" VARCHAR(16) NOT NULL,
    "error" TEXT,
    "attempts" INT NOT NULL,
    "next_at" BIGINT NOT NULL,
    "lease_until" BIGINT NOT NULL,
    "created_at" {time} NOT NULL
);
CREATE INDEX IF NOT EXISTS "idx_notice_state_b05e40" ON "notice" ("state", "chat_id", "id");
CREATE INDEX IF NOT EXISTS "idx_notice_subject_40df4f" ON "notice" ("subject");
CREATE TABLE IF NOT EXISTS "aerich" (
    "id" {identity},
    "version" VARCHAR(255) NOT NULL,
    "app" VARCHAR(100) NOT NULL,
    "content" {json} NOT NULL
);
"""

# An entry, once written, stays: whoever tries otherwise is told so by the database itself.
SQLITE_APPEND_ONLY = """
CREATE TRIGGER IF NOT EXISTS "entry_no_update" BEFORE UPDATE ON "entry"
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS "entry_no_delete" BEFORE DELETE ON "entry"
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS "entry_no_replace" BEFORE INSERT ON "entry"
WHEN EXISTS (SELECT 1 FROM "entry" WHERE "id" = NEW."id" OR "cause" = NEW."cause"
             OR ("account_id" = NEW."account_id" AND "seq" = NEW."seq"))
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
"""
POSTGRES_APPEND_ONLY = """
CREATE OR REPLACE FUNCTION "entry_append_only"() RETURNS TRIGGER AS $$
BEGIN RAISE EXCEPTION 'the ledger is append-only'; END;
$$ LANGUAGE plpgsql;
CREATE OR REPLACE TRIGGER "entry_no_change" BEFORE UPDATE OR DELETE ON "entry"
FOR EACH ROW EXECUTE FUNCTION "entry_append_only"();
CREATE OR REPLACE TRIGGER "entry_no_truncate" BEFORE TRUNCATE ON "entry"
FOR EACH STATEMENT EXECUTE FUNCTION "entry_append_only"();
"""


async def upgrade(db: BaseDBAsyncClient) -> str:
    if db.capabilities.dialect == "sqlite":
        return TABLES.format(**SQLITE) + SQLITE_APPEND_ONLY
    return TABLES.format(**POSTGRES) + POSTGRES_APPEND_ONLY


async def downgrade(db: BaseDBAsyncClient) -> str:
    tables = ("notice", "event", "entry", "hold", "purchase", "account", "users")
    drop = "".join(f'DROP TABLE IF EXISTS "{table}";' for table in tables)
    if db.capabilities.dialect == "sqlite":
        return drop
    return drop + 'DROP FUNCTION IF EXISTS "entry_append_only";'


MODELS_STATE = (
    "eJztXWtz27YS/SsYfWk64+uxLT9ynU5nFJtx1NqSR1aaTOMODZGQhGsSUEjQjm7r/16AD/"
    "Etk7QoUwq+JNYSC1Jn8dg9u4T+bplUR4a9+8lGVusU/N0i0ET8j5h8B7TgbBZKhYDBkeE2"
    "dHgLVwJHNrOgxrhwDA0bcZGObM3CM4YpEU07YMbbUvIO3DFkoIkFTRXrdwDbYOh//sneAX"
    "e+jDqWDSDRAZsiQIkx5/8gMLPoA9Z5P8BGaFfcWKcavzMmkxrv4RD8zUEqoxPEWwqovv7F"
    "xZjo6Duyg4+ze3WMkaHHkMS66MCVq2w+c2Xv8aRL2Ae3rfgGI1WjhmOSsP1szqaULBQwYU"
    "I6QQRZkCE9AjJxDMM3RiDynpYLmOWgxWPqoUBHY+gYwlStX8YO0YSFwIgydWZANqaWuatT"
    "E2Ky61p39xcDmiMd/vqr/7ARdVXt9YfqjTJU1VbK4uLREgbyRRolYrTwr2W7YE3E0/7nvw"
    "cH7fbJwV77+O3R4cnJ0du9t7yt+9XSl06evIcJkfW6cvHtXnR7Q/FAlA9Jb6AKwZOrAxn0"
    "tFzDhZaKDJhyJksorst2AbwbbpDQAAYkEwfyW6fQP5tCKxv7qE4CeP6FqgAfCELkw/VsAT"
    "Mitc0FE35XDUQmbMo/to+WoPpHZ3D2sTN40z76OQ5tz79y4F6KgzwyqHaPdJVP94xRTqmB"
    "IMmGOqGZQHvEVeuCeyGpAe9lo7bfvxQ9m7b9zfCGcWIM9z5dvVcGb/Zd/HkjzHKGtmYhgY"
    "kKM0A/51cYNlE26nHNBOi6r7ob/FGXBepca/gX1Pt87/XXuCUGGXavlJth5+o6ZpXzzlAR"
    "Vw5c6TwhfXOcmByLTsDn7vAjEB/Bn/2e4sJLbTax3DuG7YZ/tsQzQYdRldBHFeqR5TiQBq"
    "g9CUdgfB/ZYIRgBLX7R2jpauxKODxmjqVNoY3sjCnpq374fYD47izATY8D31279rvZwFHw"
    "FIz7QBqMBgEfPaB5gMYvhYhCTaOO6DsX0D5BQ8r/eR7WjtdXAVT9QbERoJoHZgJUExK+k+"
    "p+d0I5AUBGhBDBJj9IgJFGz4YJfeGBu078Tzbgq5+O2Sm4G0G+02vI9dq5C44t4cVP+dPf"
    "AToGmAk599tNbCPuzVNgOYRwaMAjte7TYUJN92hgmOCPSOlpLnX9fcuXM0FEaTUuf5HVYm"
    "8L7BDiPvVxLQ56oCERr4a4jb6VA9xXkHhXw3ts0f97wWKJSCtUkkFWiSBLsFWlyZuIkiRu"
    "SgzySnEOIvzxXxrlKLyT+TaFOLEdkQrQXoTPR+oN822BJx0Bxqd8Gq0gtHNnfJf3l+OnJb"
    "IcGzXT8+DiYgs+LiKM6PrGvzn/vshbPgfKzXDQPeNTeUk8XTJO9GZmRpS4mLL5MSJaNCkU"
    "IZr0AZlcR0RmXgD3zk3iCBd/BG0ELDTmX90WcZo2hWSCALW4UOjxUC47JFxFpxkx4NdoAC"
    "z8qb9kVNiUbWxnSVTYfF95S0wQQn7Pv212+kchjplaz2PoB7rrSwOVh791/UlkZm6UUxBw"
    "vrfks3J51r/iokdkaNTkEpG8ueAC3sDycltlE0f7xwUSR/tJbjxMHIlLcdNAM1jCik+IUE"
    "fOicpzwueZVDhmWc5OAYoqVJVmqGwGDTp2qdT0QmE1C9LrbsjxxWVvr8jqsreXv7yIa3F8"
    "CWWl4A3arzHr31oLuu1C6LaXoNtOoysT0Pnob1cCOrZne3FHaVIsric3jcqbRuDklbZAQr"
    "GSCRqWjX5FbjI1I9LG+EAthCfkdzQvyBoVrwpo2lQoSh3FV4Ec9ihrtK8A3RKlLA0b5kXR"
    "TczwIuRcim8vXBhTkshzKeQMHi+glvNpvGnQ4lkW78wl2GIFFW7xNUYaEgScqKrYAeIBdD"
    "CaA8xs4HrUaeruRT3Jmo0GL+Q7S9g5GY/VG49JvufViIYZc/iSVg76qJYs1qhYHMNgHgfx"
    "PP28UF4jITENR0JhBvqjcnl+CoTmLTnrXA8/DRT+ORg+t2SgXCqdGyGzuD/CHRS9GfyzZD"
    "DyoZcMRmonkgyGjJ9rMsRK4+fXCfAW4XVGkBcNvfMDvWis/3yw93kKGXiENg/HxohvM+5L"
    "t49COEIav71XYH8K7ryyC/sOYAKmDtH5RzYVdfiea+nKTUyoBfhoYHY6GKz1TpnFHcHrwu"
    "5Q9/9WLTROlXl8jRbjeO4Cb8E7gHNRdRLqyGizcdGmhTgUNlPv0bxMzJlQk5Fnkchzxpe4"
    "kq8BR1SaXP5REeXjwwIgHx/mYiwupZxpsfiVDDFDJelQVQ4yJa/yWryKY1mIaKXW76jOFi"
    "4s7SKFBvllBqmFO+IJFV65o97T9iG8eh4k5mJWADrQqwR2w3JtcawPjoqclsFb5aLtXks6"
    "I6FzXsohialJsAuB7dW7lmW+QyVZJvHDUN90VvoMnlb/WumdAqF5S64H/TPl5qbbuzgVmW"
    "MN2Ta3Cpd3uudcArF+S5Qv112XHUffZ9glxz90updCMIbYaAoxDhlD5izDo8x3J0ON9fmT"
    "+/XOl4P9w5PDt+3jw8U0WUiWzY4M/9wDp0KeIa65hXmGDckrBJgsTSwYmNynDTxE33PmTN"
    "B+G3byZXZUvgxjJgxWnjdXnS8/x8x42e9dBM0jK9XZZf998mA3jp3KA1hslJ1Scc0VTKkN"
    "ssSmzSiZoM3fo7Y3QSs8pQomj6jJWd3kWd2MQzVee/42IfWefdZB6bx71dMOmjGnVn3eQR"
    "MOKmnm6vXCoxjLHh3xgLIPGPQu7Cw9OmLRpNjRETzUhxO3EMA99tthNtaRqBI39HfgzoBk"
    "cQTg4tBw8SY2A49TaiPgzMTOZANoITCFRDeQLmoFqKUjK+dcibrv+HwR+9eQpBG3E//zSS"
    "KrDZpZbVCyymBbqwtq4ZhdeEqAG7TfxuRUHdUbwfJSfO0INCR7X/k1Uzg3KMxYsn+76fdy"
    "E1SBSjIAwxoD/wAD2xuI/xIoBRbLqa0ki7UTD6dEB0lqa+PyJhbSEH5ApV8bGChnSvcP77"
    "UAr4db8rHTO3fTIb5Tcku6F72+mzHhIQltbMYEWRbNCKXyyd+FgmR/y7O/flokI5h6LkG1"
    "5lKzml9mWlmGivBxmkm5LdtkI0pbg+i6f59GvA2Vl8dY6uDEFSX+1fAPNp4KdHNCVaYYms"
    "JBF0kx+N5FBbPHNWWioWmJhhTb/TpvQ/UowxpqZbCP/pWdZfQjCduU4h8xAdBl+d5xl/rR"
    "wkz8lghmwC2yd7nAoCUL3mmyEck7unYFnZZiEcU9fJ5dEIniPSbbGf0P8W8vWUXJKjYL/v"
    "pZr2Dsl8A3oiK5xWIoRxadUvXB8j3wFzvfjMePpWhzv/0WDu3Vv44nwFIfoOFkpZzzOdyE"
    "2ot43GpsYuTngx1scGfD3hW3re2XgtdN7z4gy/Zz/AWpq4iGrK1OLiK+71l6CY/ryTzRD/"
    "OWxwwRXcBYzgqta6V37r3Z4enfkhulNzx1Q51bcq50zk+BjqBMRzRgJsh0hExHbAeiMh3x"
    "Q+Ev33fIN8h2JSMaQlN3kIW1aSuDpvav7Cz9Ee6wzXM0db6dV3xa8o9C/L5wr82ndHPj03"
    "xiJj9A3QZuppaSUTGpSiDsN99CdOshdSlhKOtEpHziK6KyftJrw6sXX3Uze/oX1BYgag=="
)
