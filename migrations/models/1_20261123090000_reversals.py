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
    "eJztXW1zmzoW/iuafLm9M9lM6rRJ1+3cGd+Ett46dtZ22vuSO0QG2WYNkgsiqfdu//tK4h2DA8Qv2NWHpkboCHj0ds5zDoe/"
    "jyyiI9M5uXWQfdQEfx9haCH2I1F+DI7gfB6V8gIKR6ao6LIaogSOHGpDjbLCMTQdxIp05Gi2MacGwbxqC8xZXYLfgnuKTDSx"
    "oaUa+j0wHDD0j39yjsG9X0Zc2wEQ64BOESDYXLA/CMxt8mDorB3gIHTCL6wTjV3ZwJMNXsPFxlcXqZRMEKvJofrzL1ZsYB19"
    "Q05wOJ+pYwOZegJJQ+cNiHKVLuai7Fdj0sb0vajLn2CkasR0LRzVny/olOBQwMCUl04QRjakSI+BjF3T9DsjKPLulhVQ20Xh"
    "bepRgY7G0DV5Vx29G7tY4z0ERoSqcxPSMbGtE51Y0MAnondP3pnQGunwl1/8m42Jq2q3N1QHylBVj5Z6nN9aqoP8Io1gPlrY"
    "YzkCrAm/23/8s9E4O7tonJ6dv3n96uLi9ZvTN6yueLTlUxffvZuJkPWaEvi2P7S7Q35DhA1Jb6Dygu9CBlLoSYmOi3oqNmDK"
    "dVlKcFt9F8C75x0SdYAJ8cSF7NJL6F9OoZ2NfVwmBTx7oCrABwUR8tF6FsKM8MbmggW/qSbCEzplh2evV6D6udW//Njqvzh7"
    "/XMS2q5/piFOJUEemUSbIV1l0z1jlBNiIoizoU5JptAeMdFNwR2WbADvVaO21+vwli3H+Wp6wzg1hru3178q/RcvBf6skkFz"
    "hrZmI46JCjNAv2JnqGGhbNSTkinQdV/0JPixqR7Y5FrDHlDvsb3XX+NWdMiwfa0Mhq3rm0SvXLWGCj/TEKWLVOmL89TkCBsB"
    "X9rDj4Afgj96XUXASxw6scUVo3rDP474PUGXEhWTRxXqseU4KA1Q+84VgfEstsHwghHUZo/Q1tXEmWh4zF1bm0IHORlT0hd9"
    "/6mP2O7MwV0eB766duM3s4ej4Hsw7oPSYDRw+EiD5AGaPBUhCjWNuLztXEB7GA0J+/M0rC2vrQKo+oNiL0C1GlYKVAtitpPq"
    "fnNcOAVAhoUQwybfSICxSk+aCT2ugQsl/icHsNVPN2gT3I8g2+k1JLR2poIbNtfip+zu7wEZA4Pycqa3W4aDmDZPgO1izKAB"
    "j8SeLZsJG7pGDc0Ef0RKTXOl6u/3fLkuiAmtR+UvslqcHkA/RLhPfVyLgx5ISMSrIe6gr+UA9wUk3tXwHtvkv56xWMLSioSk"
    "kVXCyBrZZFYa60ho11hn60M1w5gzgqUJspiQJMdKLCSVbEmE2e0/15JUWCOLQzIjE1oH4aA9C5+PxBvmhwLPspWdnPLLaAXm"
    "s5jxbdZeji6c8iTt1UzPg4sV2/AxtOLi6xt7cva8yFs++8pg2G9fsqm8grMoaYt7MzPDEg+nbL4djsIqhaxwizwgi8lw69cz"
    "kt8KRxk3o0bQQcBGY/boDreFtSnEEwSIzQq5HDOXs83udTSaYWf/GScZuM76V8ry/jMk2XhP/SUN8Voa4vU3Tw6kCyLIZ+xp"
    "sz1uCnatpeU9gX4guz3PW3n4j25uuTNsoDRBsALc4S9K57J3zYoekakRi5Vwf9kHVsAq2BN23Fc+K/1Bq9Nka88Dsh1o3uEP"
    "/VZ32AQTG3rjq6w37+V5AW/ey7TDIvLm8VPJzoNWsOYVnzKRjJw1lWeNT/6pcEyztKMCvGEkKruhcjdo0HVKxQuEAutZsna7"
    "ZScXl9PTIqvL6Wn+8sLPJfHFhJaCN6i/xVCMo62ge1YI3bMV6J4toyujAvLRP6yogMSe7RkqpVm0pJzcNCpvGnFDsFQPpAQr"
    "dUHNQgR2SGYuzYjlznhPbGRM8Ce0KEgzFQ/VqNtUKMo1JVeBHLopa7SvAd0S8UU1G+ZF0U3N8CJs3hJBXzhaqSTzJzjnDOIv"
    "4KLzeb9pUONJ2u9SMHKJKBcREW8gDXHGjoe6HAN+AzoYLYBBHSA06mWu71ktyUCaGi/kxyv4O2mPbdYek3zPzoiGOXXZklYO"
    "+riUjKCpGLFEYR4H8TRBHQpvkZCYRiOhMEf9UelcNQGXvMOXrZvhbV9hx8Hw4Wx0R2kNeJnN9BGmoOj14J8lg5EPvWQwlnYi"
    "yWBI+3lDHbFW+3k3Bl5oXmcYeXHTO9/Qi9v6Txt7X6aQgkfoMHNsjNg2I96EfuSFI6Sxy3tvPTTBvRen4dwDA4Opi3V2SKf8"
    "5QhPtRTlloGJDdhooM6yMbjRK2VGgwTvcIuh7v9WbTTOiAuJRe946gKrwRqACx6m4snwglCVgM6M71oyhKSeJqiNGBQOVWdo"
    "UcYQTYlJc7SIOTpn617JF7ZjInWOGqmI8vmrAiCfv8rFmJ9a0rD5iljS7oyEpJZV2fKUZMuuyBbXthHWSq3fcZkDXFjOikQf"
    "5MceLC3cMfWo8ModV6kOD+H1kyMJvbMC0IFcJbBr5oBLYt14XSSvCauVi7Y4l1ZGIo29lEKSEJNgFwLbC5MtS4dHQjJ24ofh"
    "w8m8dLako96N0m0CLnmHb/q9S2UwaHc/NLk7WUOOw3qFlbfaV6wEGjr/3R92fle9oG1FFNvUXKhe7LbHoAenojLlt5u2INrR"
    "t7khePb3rXaHF4yhYdaFYw/ut9xci0vt0PV0um/TC1KKrHmG1p+v8kcS2wP65WbXtMbLVxev3pydvwqxDktWQZwLZwUHUVLy"
    "AB1Ee+IQCjBZ6REyDTxb7uAh+pYzZ4L6h6BtrepH5bdhoguDdf7Fdeu3nxPd2Ol1PwTVY/vCZaf3azpNIsNOdTE1zLJTKim5"
    "him1Rz2xbzPK9zKUXTRDKdm7de5dGTeRr4EcbtwEt1UqdHlMTM7qOs/qeiTH2fX8rUNETHbOktLhMFWzltRjTq07b0kdEg7V"
    "c/VanW8oSCDwTIj6fjMHi9LYxc/Ny9QXjRzQlC2X/7hkwFk4ojICzuKjLT/gzI7XKpRUyOvmY6AbztylIrkPexCeR/ctT7H7"
    "CPmbQKwGssU7Qb53BgirFVAeMuZ/tyM7vdB6m3/6PaRUpFk6aCyRc4gXJIPN2FaZH0ZWMoDpUAOX1ui+yg8ak/7wbfjDd+eg"
    "rTfUG/HQ7sQYqZniIePGfijgvR01c2kp5Bqvf1gqM83e33avlCu13VVbHZGdjCs8SFcNrELT5I5uXkO9UbpXwmXuVVDnCOvC"
    "bR60EImGMuxfr6uEIuwfwegOt7v/vm33f28CA391DXsRlqiXnZ5wqfsnVM0kwrF+1R7c3A75GV8PY2WtmxulJZzrTJ1E0ORl"
    "THzYBEyI3uEvvW4TPBLMfrX6XV6PK268Fj9mj6L2Piv9ZqDOqeTB23pLR9I1ioTSNfJj6RpLL+U6KsnY0VZO90BEzvbKs900"
    "xjQzKmJVuu9IaNfpvvcqtbr0V+QP/gP2V8hESfWitWUunwPJ5ePzlJm8W8BgrmLdwjpPcm7XTIVb8Ow7I06OUZerVGBMbADD"
    "dLjN4i9yPru1IoxaGKQakGYyc3c9VqbjFQyaNHp3pAYz9cMhGV+9WfWqayBRZ1O36otSm0jUuncx99CZodJJaFqDT8I857LM"
    "hhdUgMcA1DEsHtk2yeDr82NOQwEZdFo+6NSPxs5wzz4VF7/lt5A3nPxqbYHxmI3TTHN61YYZEzoYRLfNGvHsWXnh06uwTwlK"
    "/Cu+2y2ZJMkkbZdJql0//7hUUt264hC4JOUBZX+b3TtxvPKLcGGVYl+EQ44DJyJdF/9mG3GpY+iI53I29bfg3oQ4/Ho6GDKA"
    "Jja0+BeVKHicEgcBd86XZwdAG4EpxDozJjhJRGwd2Tmfi9v0FUsRUvxycWIqfix5qVryUjKKbnMhRgKeEuAG9Q+QdtpIerVg"
    "eSlhpPgS0uNW1T6Zw4VJYMaS/a9Br5sboBiIpK0SQ6Pgf8A0nD3EfwWUHIvVFFOaTUqZFLyBNMW0dySrjTRkPJTnWfvKpdL+"
    "7EVgeS3c4Y+t7pWgWH0l5Q63P3R7IjkJ08VJbZOTSBZWsrCShd1/RCUL+0PhH2w8FWjYlKjkYfeJh/W1iwrdnpSUeQjqlodg"
    "ierdDRnZJdTQ0FEGG+mfOV5FR+KoTik+0sAACtbvLVOpH22Dsp7mr3uKLNiCGwxq0uBLBA7CdDXl+JxGS7GK/Bo+sRwQi447"
    "+g9iTy8OYuf5m/ZiDooT0ZEkHyX5WCv4N0+OBVOkBL4xEUlBFkM5tvYUX0RiQtJhW1lHp8zMLMWu+/UPcGiv/7MaHCz1AZpu"
    "VuKafKo3JfYsurca6fhu7GKNowlGrmEyncQ54Zf9pSQJWVsWmOcTMbLimXNXm5iEzL+bXkR8FbX0Ep6Uk+6kqov43jk1/PfE"
    "y/o0wtfNw/fMB0p32BQW0R2+Ulr8XXAEpdeiBjNh214LG2Ylhx5Y0DTz09fDzATR+5W6/qxxcR6uLvxg1XoyuG51OrkJ1KXL"
    "Z107YkialNoP41J7PSa3vP9JB5t0sP2I+MvXHPI75LDcazVxvPRJXkIB8nQ+AVI4nQB3kNAp94RQAkxCZgCOKbLfgnsL2jMR"
    "ij0lj0ya59cEU+gAjVisHfaDHYtPb/NfDjLH2d6XdTb+tBcm128i/l+aufnkW1D/4Lj7dVFv+U4S3rclyQlfQm5OUinbJ9yl"
    "UlaDV+B2sz23kG1o06z92T+zcoOGUZ2nduj8LnjGbpjFHv8oIQTPJB7y971cT0e+lpHv6jgEL99G3lHik6oEwn71A0R3M+EB"
    "BFOUlfYp34UaE9m++3TPX5fZ6Wb2/f/xJsyd"
)
