"""Refunds and disputes: their rows, what they took from a purchase, and who may not spend meanwhile.

One text serves both databases, and every statement may run again, as in the first migration.
"""

from tortoise import BaseDBAsyncClient

from migrations.columns import is_there

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
    "currency" VARCHAR(3),
    "stage" VARCHAR(32) NOT NULL,
    "as_of" BIGINT NOT NULL,
    "since" BIGINT NOT NULL,
    "lifted" {boolean} NOT NULL,
    "created_at" {time} NOT NULL,
    "purchase_id" BIGINT REFERENCES "purchase" ("id") ON DELETE RESTRICT
);
CREATE INDEX IF NOT EXISTS "idx_reversal_provide_15598f" ON "reversal" ("provider", "payment_ref");
CREATE INDEX IF NOT EXISTS "idx_reversal_purchas_597463" ON "reversal" ("purchase_id");
CREATE INDEX IF NOT EXISTS "idx_reversal_user_id_cad2d5" ON "reversal" ("user_id", "stage");
CREATE TABLE IF NOT EXISTS "refund" (
    "id" {identity},
    "request_key" VARCHAR(100) NOT NULL UNIQUE,
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
CREATE INDEX IF NOT EXISTS "idx_hold_account_9bb3e2" ON "hold" ("account_id", "state");
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
    new = [column for column in COLUMNS if not await is_there(db, *column[:2])]
    columns = "".join(f'ALTER TABLE "{table}" ADD COLUMN "{name}" {what};\n' for table, name, what in new)
    return (columns + TABLES).format(**words) + OLD_ROWS


async def downgrade(db: BaseDBAsyncClient) -> str:
    indexes = (
        "idx_hold_account_9bb3e2",
        "idx_purchase_state_de1437",
        "idx_entry_purchas_35d9d1",
        "idx_event_lane_36e08e",
        "idx_notice_chat_id_464893",
        "idx_notice_tried_a_27a080",
    )
    drop = "".join(f'DROP TABLE IF EXISTS "{table}";' for table in ("round", "refund", "reversal"))
    drop += "".join(f'DROP INDEX IF EXISTS "{index}";' for index in indexes)
    there = [column for column in COLUMNS if await is_there(db, *column[:2])]
    return drop + "".join(f'ALTER TABLE "{table}" DROP COLUMN "{name}";' for table, name, _ in there)


MODELS_STATE = (
    "eJztXdty2zgS/RWUXyZT5XUlcuJklVSqNDaTaCNLXklOZiaeoiESkrgiAYUE7Whn8+8LgHeKlElaF0rGQxwRRPNycOs+3Wj+"
    "fWQRHZnOybWD7KMm+PsIQwuxH4nyY3AE5/OolBdQODJFRZfVECVw5FAbapQVjqHpIFakI0ezjTk1COZVW2DO6hL8FtxSZKKJ"
    "DS3V0G+B4YChf/yLcwxu/TLi2g6AWAd0igDB5oL9QWBukztDZ9cBDkIn/MY60didDTzZ4D1cbHx3kUrJBLGaHKpvf7FiA+vo"
    "B3KCw/lMHRvI1BNIGjq/gChX6WIuyn4zJm1MP4i6/A1GqkZM18JR/fmCTgkOBQxMeekEYWRDivQYyNg1Tb8xgiLvaVkBtV0U"
    "PqYeFehoDF2TN9XRu7GLNd5CYESoOjchHRPbOtGJBQ18Ilr35J0JrZEO37/3HzYmrqrd3lAdKENVPVpqcf5oqQbyizSCeW9h"
    "r+UIsCb8af/xz0bj9PR14/np2ZtXL1+/fvXm+RtWV7za8qnXP72HiZD1LiXwbX9sd4f8gQjrkl5H5QU/hQyk0JMSDRe1VKzD"
    "lGuylOC22i6Ad88bJGoAE+KJC9mtl9A/n0I7G/u4TAp49kJVgA8KIuSj+SyEGeGNjQUL/lBNhCd0yg5PX61A9Uurf/6p1X92"
    "+urXJLRd/0xDnEqCPDKJNkO6yoZ7Ri8nxEQQZ0OdkkyhPWKim4I7LNkA3qt6ba/X4Ve2HOe76XXjVB/uXl/+pvSfvRD4s0oG"
    "zena0LaNO47dokznTkptsXsvd+619egXz58X6NKsVm6fFueS8Go24hCoMKNPX7Az1LBQNsRJyRTEui96EvzYFOCbnMrZC+o9"
    "ptr4S8gK8IftS2UwbF1eJTr9RWuo8DMNUbpIlT47S7VTeBHwtT38BPgh+LPXVQS8xKETW9wxqjf884g/E3QpUTG5V6EeW+2C"
    "0gC1n1zPGs9i6zcvGEFtdg9tXU2cibrH3LW1KXSQkzHj+aIfPvcRU344uMv9wNeGr/zL7GEv+Bn0+6A06A0cPtIgeYAmT8Xm"
    "M00jLr92LqA9jIaE/XkY1pZ3rQKo+p1iL0C1GlYKVAtipqjo/uW4cAqADAMshk2+DQZjlR60wnrcwBE20i8OYLOfbtAmuB1B"
    "pkhpSBhFzMIxbG4kTdnT3wIyBgbl5cwssgwHMWOJANvFmEED7ok9W7bCNnSPGlphfo+UivxKy8pv+XJNEBNaj0VVZLZ4fgDt"
    "EOE+9XEtDnogIRGvhriDvpcD3BeQeFfDe2yT/3q2eAlDNhKSNmwJG3Zkk1lprCOhXWOdrQ/VDGNOuJbmH2NCknssMZFUsiUR"
    "Zo//WEtSYRdZHJIZmdA6CAftUfh8Il43PxR4lq3s5JBfRiswn8WIb7Pr5ejCKUfdXo30PLhYsQ3vQysuPr+xN2fvi7zps68M"
    "hv32ORvKKziLkra4NzIzLPFwyObb4SisUsgKt8gdspgMt349I/mt8ENyM2oEHQRsNGav7nBbWJtCPEGA2KyQyzFzOdvsXsdF"
    "M+zsb3GSgeusf6Us728hycZb6i9piNfSEK+/eXIgTRBBPmNvm+3zUbBrLU3vCfQD2e15fsrDf3R1zf0yA6UJghngBn9VOue9"
    "S1Z0j0yNWKyEu24+sgJWwZ6w477yRekPWp0mm3vukO1A8wZ/7Le6wyaY2NDrX6VdS2dFPEtph0XMsXSW9itBK5jzig+ZSEaO"
    "msqjxif/VDimWdpRAd4wEpXNULkZNOg6pcIxQoH1TFm7XbI377fGhJaCN6i/01CAjcS5FEL3dAW6pzIq4OlGBSTWbM9QKc2i"
    "JeXkolF50YgbgqVaICVYqQlqFiKwQzJzaUQsN8YHYiNjgj+jRUGaqXioRt2GQlGuKTkL5NBNWb19DeiWiC+qWTcvim5qhBdh"
    "85YI+sLRSiWZP8E5ZxB/ARedz/tNgxoP0n7ngpFLRLmIDQcG0hBn7HioyzHgD6CD0QIY1AFCo17m+h51pYcDab6lBgLruqyV"
    "JK1XT1pPmmmbNdMkDbQz/mFOXTbTlYM+LiUDayoGMokJP3NKeZi3DoW3yFNMo55QmLr+pHQumoBL3uDz1tXwuq+w46D7cJK6"
    "o7QGvMxmagrTW/R60NKS2MiHXhIbSyuRJDakWb2hhlirWb0buy+0ujNsv7hFnm//xSmAh23Ar1NIwT10mJU2RmyZEfvP73nh"
    "CGns9t5miCa49cI3nFtgYDB1sc4O6ZTvmfBUS1FuGZjYgPUG6izbiBu9U2aQSLBzXnR1/7dqo3FGuEgsqMc3Lo8BuwBc8OgV"
    "T4YXhKoEdGZ81ZImaD1NUBsxKByqzlCpHa4pMWmOFjFH52zeK7lNPiZS52CSiiifvSwA8tnLXIz5qSUNm8+IJe3OSEhqWZUt"
    "T0m27IpscW0bYa3U/B2XOcCJ5bRIUEJ+SMLSxB1TjwrP3HGV6vAQXj85ktA7KwAdyFUCu2Z+uSTWjVdFssmwWrloi3NpZSTS"
    "2EspJAkxCXYhsL3o2bJ0eCQkQyqeDB9O5qVzVB31rpRuE3DJG3zV750rg0G7+7HJvcwachzWKqy81b5gJdDQ+e/+sPOH6sVy"
    "K6LYpuZC9UK6PQY9OBWVKb9ftQXRjn7MDcGzf2i1O7xgDA2zLhx78Lzlxlpcaoeup+f7NrwgpciaZ2j9+Sp/JLE9oF9sdk5r"
    "vHj5+uWb07OXIdZhySqIc+Gs4CBKSh6gg2hPHEIBJis9QqaBZ8sNPEQ/csZMUP8QtK1V7aj8Pkw0YTDPP7ts/f5rohk7ve7H"
    "oHpsXTjv9H5LJ6dk2KkupoZZdkglJdcwpPaoJfZtRPlehrKTZiglW7fOrSvjJvI1kMONm+C2SoUmj4nJUV3nUV2PnDm7Hr91"
    "iIjJTmVSOhymajKTeoypdaczqUMeonrOXqvTEAV5BR4JUd+/zMGiNHbxY9M19cVFDmjIlkuLXDLgLOxRGQFn8d6WH3Bmx2sV"
    "yjXkNfMx0A1n7lKR84e9CE+v+5Zn3r2HfIMQq4FssVXI984AYbUCykPG/K+lZGcdWu/li2xPSrhF00FjiVREvCAZbDZZtZOp"
    "ZADToQYurdF9lR80Jv3h2/CH785BW2+oN+Kh3YkxUjPFQ8aNPSngdxI3Vrcuv8mwMU9lyUS3UOxB/eN+me374bp7oVyo7a7a"
    "6oiscFyjRLpqYBWaJo8k4DXUK6V7IWISvArqHGFdxCUEV4hEQxn2r9dVQhH2j2B0g9vdf1+3+380gYG/u4a9CEvU805PxCz4"
    "J1TNJCJy4aI9uLoe8jO+osvKWldXSktELzB9HUGTlzHxYRMwIXqDv/a6TXBPMPvV6nd5Pa4Z81r8mL2K2vui9JuBvqySO0+3"
    "Kd3nGkU6XSO/1zWWdj07KslQGVbOp4GInE6rRxoZpT+VEYpI2CvDbhpjmhntsyq7fSS06+z2e/UlAemHy+/8B+yHk3nB6uWu"
    "kamrDiR1lc+/Z/LJATO/ik0O6zzIJV8yzXnBk02NOOlLXa7JgjGxAQyzPzeLb1B+9NWKMMVh8HVABstE9fWYmY5XMMNyO7HM"
    "bnWQy3HS9wodkvFBrVX9O5CoM5tTlTXbRA7ovdu3A50ZKp3IqjX4LBgoLnuDPbbLI7nquLUG2TbJ8Pnlx62HAodAFW87cN3f"
    "0ZER4vHQ3potZzLYcAK9tW2uwayfZlIXqxbMmNDBILptho5n4MvbgrEK+5SgxL+in0+ydpK12y5rV7t2frq0Xd2a4hB4O+UO"
    "iede/tikOHG88mOTYZViH5tEjgMnIuUf/xwkcalj6IiniTf1t+DWhBjd8iBMfnLIAJrY0OIfa6PgfkocBNw5n54dAG0EphDr"
    "zJjghByxdWTnfIly03csRf7x28VJwPix5ABryQHKSNzNhSkKeEqAG9Q/QNppI5xqML2UMFJ8CendrGqfzOHCJDBjyv7XoNfN"
    "DXIORNJWiaFR8D9gGs4e4r8CSo7FaoopzSalTAp+gTTFtHckq400ZNyV51n7yrnS/uIFGXpXuMGfWt0LQbH6SsoNbn/s9kSC"
    "I6aLk9omOJIsrGRhJQu7/4hKFvZJ4R8sPBVo2JSo5GH3iYf1tYsKzZ6UlLlM6pbLZInq3Q0Z2SXU0NBRBhvpnzleRUfiqE4p"
    "PtLAAArW7y1Tqe9tg7KW5lvGRSZ9wQ0GNWnwNRMHYbqacnzMRUuxivwePrEcEIuOO/oPYm8vDmLnebYOMQbFiehIko+SfKwV"
    "/Jsnx4IhUgLfmIikIIuhHJt7ik8iMSHpsK2so1NmZpZi1/36B9i11/9pHg6WegdNNyv5VT7VmxJ7FN1bjXR8N3axxtEEI9cw"
    "mU7inPDbvi9JQtaWBeY5iYyseObc2SYmIXN4pycRX0UtPYUn5aQ7qeokvndODT8VQlmfRphRIUylMFC6w6awiG7whdLi6Q4Q"
    "lF6LGoyEbXstbJiVYH5gQdPM/wQGzEwyv1+fvzhtvD4LZxd+sGo+GVy2Op3cjzBIl8+6VsSQNCm1Hsal9rpPbnn9kw426WB7"
    "ivjLbQ75DXJY7rWaOF76JC95A3k4dwMpnLqBO0jolHtCKAEmITMAxxTZb8GtBe2ZCMWeknsmzXP0gil0gEYsdh32gx1rfL83"
    "/+Ugc5ztfVnnxR/2wuT6TcT/SyM3n3wL6h8cd78u6i3fScLbtiQ54UvIxUkqZfuEu1TKarAFbjfLcwvZhjbNWp/9MysXaBjV"
    "eWiFzm+CR6yGWezxUwkheCTxkL/u5Xo68rWMfFfHIXj5NrJHiQ+qEgj71Q8Q3c2EBxBMUVbap3wXakxk++7TPd8us9PF7Of/"
    "ATUWmwk="
)
