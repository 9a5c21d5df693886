"""What operators need: who is banned, what was done by whom, messages to all, and quick lists.

One text serves both databases, and every statement may run again, as in the first migration.
"""

from tortoise import BaseDBAsyncClient

from migrations.columns import is_there

RUN_IN_TRANSACTION = True

SQLITE = {
    "identity": "INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL",
    "time": "TIMESTAMP",
    "json": "JSON",
    "boolean": "INT",
    "false": "0",
}
POSTGRES = {
    "identity": "BIGSERIAL NOT NULL PRIMARY KEY",
    "time": "TIMESTAMPTZ",
    "json": "JSONB",
    "boolean": "BOOL",
    "false": "FALSE",
}

COLUMNS = (
    ("users", "banned", "{boolean} NOT NULL DEFAULT {false}"),
    ("notice", "request", "VARCHAR(100) NOT NULL DEFAULT ''"),
)

TABLES = """
CREATE TABLE IF NOT EXISTS "action" (
    "id" {identity},
    "by" VARCHAR(64) NOT NULL,
    "what" VARCHAR(32) NOT NULL,
    "subject" VARCHAR(100) NOT NULL,
    "details" {json} NOT NULL,
    "at" {time} NOT NULL
);
CREATE TABLE IF NOT EXISTS "broadcast" (
    "id" {identity},
    "request_key" VARCHAR(100) NOT NULL UNIQUE,
    "by" VARCHAR(64) NOT NULL,
    "text" TEXT NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "people" BIGINT NOT NULL,
    "written" BIGINT NOT NULL,
    "after" BIGINT NOT NULL,
    "created_at" {time} NOT NULL,
    "ended_at" {time}
);
"""
INDEXES = {
    "idx_action_subject_815a1b": '"action" ("subject", "id")',
    "idx_broadcast_state_00fc29": '"broadcast" ("state", "id")',
    "idx_users_created_43d91f": '"users" ("created_at")',
    "idx_purchase_state_a36c1c": '"purchase" ("state", "id")',
    "idx_purchase_paid_at_cd6fb2": '"purchase" ("paid_at")',
    "idx_entry_created_297254": '"entry" ("created_at")',
}

SQLITE_APPEND_ONLY = """
CREATE TRIGGER IF NOT EXISTS "action_no_update" BEFORE UPDATE ON "action"
BEGIN SELECT RAISE(ABORT, 'what operators did is append-only'); END;
CREATE TRIGGER IF NOT EXISTS "action_no_delete" BEFORE DELETE ON "action"
BEGIN SELECT RAISE(ABORT, 'what operators did is append-only'); END;
"""
POSTGRES_APPEND_ONLY = """
CREATE OR REPLACE FUNCTION "action_append_only"() RETURNS TRIGGER AS $$
BEGIN RAISE EXCEPTION 'what operators did is append-only'; END;
$$ LANGUAGE plpgsql;
CREATE OR REPLACE TRIGGER "action_no_change" BEFORE UPDATE OR DELETE ON "action"
FOR EACH ROW EXECUTE FUNCTION "action_append_only"();
CREATE OR REPLACE TRIGGER "action_no_truncate" BEFORE TRUNCATE ON "action"
FOR EACH STATEMENT EXECUTE FUNCTION "action_append_only"();
"""


async def upgrade(db: BaseDBAsyncClient) -> str:
    is_sqlite = db.capabilities.dialect == "sqlite"
    new = [column for column in COLUMNS if not await is_there(db, *column[:2])]
    columns = "".join(f'ALTER TABLE "{table}" ADD COLUMN "{name}" {what};\n' for table, name, what in new)
    indexes = "".join(f'CREATE INDEX IF NOT EXISTS "{name}" ON {on};\n' for name, on in INDEXES.items())
    append_only = SQLITE_APPEND_ONLY if is_sqlite else POSTGRES_APPEND_ONLY
    return (columns + TABLES).format(**(SQLITE if is_sqlite else POSTGRES)) + indexes + append_only


async def downgrade(db: BaseDBAsyncClient) -> str:
    drop = "".join(f'DROP INDEX IF EXISTS "{index}";' for index in INDEXES)
    drop += 'DROP TABLE IF EXISTS "broadcast";DROP TABLE IF EXISTS "action";'
    if db.capabilities.dialect != "sqlite":
        drop += 'DROP FUNCTION IF EXISTS "action_append_only"();'
    there = [column for column in COLUMNS if await is_there(db, *column[:2])]
    return drop + "".join(f'ALTER TABLE "{table}" DROP COLUMN "{name}";' for table, name, _ in there)


MODELS_STATE = (
    "eJztXWlz2zgS/Ssof5lMlTeV2I6TtaemSrGVRBNH8shyMrPxFA2RkMUxBSg87Hhn898XDd7iYYK6"
    "KBkf4kggmqQeru7XjcY/OxNmEMt5fukQe+cI/bND8YTwD6nyXbSDp9O4FApcPLRERY/XECV46Lg2"
    "1l1eOMKWQ3iRQRzdNqeuyShUbaEpr8voMbp2iUVubDzRTOMamQ4aBN9/cnbRdVDGPNtBmBrIHRPE"
    "qPXA/xA0tdmdafD7IIeQ5/Bgg+n8ySa9WeIzPGp+84jmshvCawJUX//ixSY1yHfiwNevO7pNsEsM"
    "Dbs7f8HF6a02MollpHA1DbidKNfch6koe2vedKj7TtSF3zPUdGZ5ExrXnz64Y0YjAZO6UHpDKLHh"
    "kQnIqWdZQdOERf678wLX9kj00kZcYJAR9ixouJ1fRh7Vob3QkLna1MLuiNmT5wabYJM+F239/BcL"
    "T4YG/vXX4GUT4prW7Q20i/ZA03Yy7Q+vNtNcQZHOKPQd/rMcAdYNvO2//r23t7//eu/F/uGbVwev"
    "X7968+INryt+WvbS6x/+y8TI+rcS+Hbed7oDeCHGO6jfbaHgh5DBLvalRDPGLZXoPnJNNiO4qrYL"
    "4d3wBokbwML0xsP80Rn0T8bYzsc+KTMDPP9BdYAPC2Lk49ktgpnQpY2FCf6uWYTeuGP+df9VCaqf"
    "W/2TD63+s/1XP6eh7QZX9sSlNMhDTCnJ6+CMWQTTfJRjoRmMh1xqWSBHJUmU81eayuiW9dFe7wx+"
    "ysRxvll+p53psd3LT2/b/WcvBdq8kukWdOShxfRbvjDwKVUW6LTkutFeUJ9eDerYts07wO5BZgJJ"
    "S61wCslOIAubNV6+eFFh2uC1CucNcS0Nb0LbycB7yq+45oTkQ5yWnIHYCESfhx+WBfgyl0v+A40e"
    "VyaDZboE/EHnU/ti0Pp0nur0p61BG67sidKHmdJnhzPtFN0EfekMPiD4iv7T67YFvMxxb2zxxLje"
    "4D878E7Yc5lG2b2GjYRGEZaGqP0AXXZ0m9CRoGCI9dt7bBta6krcPaaerY+xQ5ycGS8QffexT7iC"
    "CeBm+0Fgf5wHt9nAXvAj7PdhadwbYpj+ZsM5EfqNDbcJHOhbbI8V9bb0pcRkr+vMg3sXYtmjZMD4"
    "n8cRbfn3qoBqMGI2AtTJ3mQG1AmmXFM2gtuB8AwAOXxAAptiSgAnKj1KCvTA3hYm+08O4kuDYbpH"
    "6HqIuSavE2Gjc4PbtMFmH/O3v0ZshEwXyrmVPjEdwm13hmyPUg4Numf2bZYUWNIzHicFVk4DBD1S"
    "WZKlpn3Q8nJNkBBajElfZbZ4sQXtEOM+DnCtDnoooRCvh7hDvskBHggovOvhPbLZf30ySMLKj4WU"
    "gS9Dq9jsVhrrWGjdWG8EdQWMvzQBnhBS5LfERFLL0CaUv/68Znab3+Rhm8zIlNbBALS58PnA/G6+"
    "LfBkrez0kM+iFZrPYsR3+P0KdOEZv/FGjfQiuHixje8jKy45v/Ffzn8v8afPfvti0O+c8KFcwllI"
    "2uL+yMyxxKMhW2yHk6hKJSt8wu7IhMuA9esbycfCLQ5m1BA7BNlkxH+6A7awPsb0hiBm80KQ4+Zy"
    "vtm9iJvm2NlfkyQD6Kx/ZdzxIQMJLcUvfgWuLfq8Vl+9MtKrGOnNN122pAliyG/5r813lrWpN8lM"
    "/Sn0Q9nVuczk4d85vwSH1kX7CIWzwxX90j476X3iRffE0tmEl4DP6z0v4BXsG/693/7c7l+0zo74"
    "vHRHbAdbV/R9v9UdHKEbG/v9S9ond1jFJTfr6Ul45A5nHXJ4Es6H1YdMLKNGTe1RExCDGh65eZpT"
    "BU4xFlXNULsZdOw5UrFCkcBipqz1LtnLd/gH6pNU/45lanXshvnX1tOvKXOlunVYf62xK0sJfqvU"
    "q/dLevW+CmN5umEsKV3JNx6l57O0nFqsa09qSeNcqgVmBNWyMhfBnBkR2cZ4x2xi3tCP5KEi9Vc9"
    "fKZpQ6Eq/5eeBQoowLzevgB0JQLiGtbNq6I7M8KrMKwZp0nlCDJJNlb4AXLI2NA/UMzFjsMaj1Kx"
    "J4IlTUUeiT1JJtEJsKgQfrSL4AUMNHxApusgYclk+de57lRlx1N6IPCuy1spRbUqarWR1Koy5RRF"
    "sY0UhaJA19axp65n5+4jK4E+KaUCzmoG+IlFN3dKedxnEwmvkCsaxz2hstvmQ/vs9AiB5BU9aZ0P"
    "Lvtt/j3sPuCgOWu3LqDM5qoi1x2NZrhkFLlUDL0ilzIrkSKXFLWxpIZYKLWxHts7Yj5y7O8kK1Js"
    "gydpmMft8C9j7KJ77HBLeUT4MiPShNxD4ZDo/PH+JqEjdO2HNTnXyKRo7FGDf3XHsJfIVy1F+cSk"
    "zEa8N7hO1k5f6pNyg6fCBCeiqwefNZuMcsKoEsFuCQN/ih8gqsuXgYJIlcDOrYiqShWGYVdTbKqY"
    "q7Vrj8XEgE04FI6r3RKpTfMzYspYrWKsTvmsKJndJCHS5DCrmigfHlQA+fCgEGO4lNG/Yb6UtEpj"
    "IaWD1bZLFRWzLirGs21Cdan5OymzhRPLfpWwkeKgkczEnVCeKs/cSYVr+xBePHWS0kprAB3K1QK7"
    "ac6KFNZ7r6okAeO1CtEW12aVkVifl1JIUmIK7Epg+3HlsmR5LKQccE+GLWdT6dSCO73zdvcIgeQV"
    "Pe/3TtoXF53u+yOIA9CJ4/BW4eWtzikv4eY4fO4Pzv7U/F0ObVFsu9aD5m928Pn18FJc1v7jvCNo"
    "ePJ9agoW/l2rcwYFI2xaTWHgw/eVG2tJqTU6pl5s2vDCrksm0xytv1jljyVWB/TL5c5pey8PXh+8"
    "2T88iLCOSsogLoSzhvsoLbmF7qMNcReFmJT6iyyT3mYbeEC+F4yZsP42aFtl7dj+Y5BqwnCef/ap"
    "9cfPqWY863Xfh9UT68LJWe/tbE5hjp3mUde0ZIdUWnIBQ2qDWmLTRlTgg5CdNCMp1bpNbl0VVVGs"
    "gWxvVEXoOpRs8oSYGtVNHtXNyDS17vHbhHiZ/ARA0sEydVMANWNMLToJUBOydzVz9ipP3hVm3JgT"
    "on5wm61FaeTReZOc9cVNtmjIyiUTlwxHi3pUTjhasrcVh6PZyVqVMnT5zbyLDNOZeq7IlMV/CCSl"
    "PoZ81fcYtnDxGsQWm7kC7wwSVityIaAsOPIqP1fXYm9fZQNZyi06G1KWSeCVDkXjS2VxGJlkANO2"
    "Bi4t0H1VHDSm/OGr8Ievz0HbbKiX4qFdizHSMMVDxY09KeDXEjfWtC6/zLAxX2XJRbdS7EHz4365"
    "7fvusnvaPtU6Xa11JvIlgkZJDM2kGrYsiCSAGtp5u3sqYhL8CtqUUEPEJYR3iEUjGf6v121HIvwf"
    "o+SKdrq/X3b6fx4hk37zTPshKtFOznoiZiG4oOkWE5ELp52L88sBXAkUXV7WOj9vt0T0AtfXCbag"
    "jIsPjhAXcq/ol173CN0zyj+1+l2oB5ox1ILv/Kdovc/t/lGoL2vsztdtpPvcXpVOt1fc6/Yye6Id"
    "jeWoDKXzaSiiptP6kUam9AEzkYiCvTbsljlyc6N9ys6EiIXWfSbERp2/ofxwxZ1/i/1wKnNbs9w1"
    "KrnYliQXC/j3XD45ZObL2OSozqNc8ieuOT9AOrAhkL6uB5osGjEb4Sgv+lH17ctz360KU5zdSpxk"
    "h9V2YrWduNHNoXJfbVmnT3Zy7LCcY+jK+nco0WQ2py5rtows3Ru3bwc7t0Q6zVXr4qNgoED2ivps"
    "l09yNXFrDbFtluPzK45bjwS2gSpedeB6sKMjJ8Tjsb01K85ksOT0egvbXEN5P82lLsoWzITQ1iC6"
    "aoYO8vMVbcEow35GUOFf08+nWDvF2q2WtWtcOz9d2q5pTbENvN1vbLiTQ9pB8W4ZY/d3UKFS6GeU"
    "tB82tIjM/cfBearObDZAmH0dn2ezLNMhHFzDQYymzl39yUG6xfTb/EjQpT6tFt2XSUMoegi99a/y"
    "rqG5XDcTABMRcaCyDCpaUNGCJUe6FkRCb8AxrnWZqYXH1gQ9Movvbxe9bmknztOgTd1F/0N8Dt1A"
    "T2gJsoBFOR0yy3zMqL9wg1k6ZMLyYC+bwkMJpcHWNh0pIbl7jEoJk0BEwV7fYl9HujDFlPA1j0wl"
    "6Naw+tbAvTCqdeO8N1Ns13Df/H7ZvgQnDX+QR/y8ah+DdGrCodO/7Hb9oGePUhHtXOzigXNOuift"
    "szP/oBMOjGXlZV1rhitIGGJS01MosTWDZcVz04hIhxdHIgrzubLbKRfcotYF5Qpab4f21xBH2gua"
    "llPo11Uv2XQKr5XFvmyzQlJMbVeQ2K4AapbE1B1W35ruvbBpG9IDyyyCUX0F5SyUtyQvW24xexjW"
    "V9RhfeqQX4L3l0A9llC4z4P7hEyGJP+U2LIVLy24wjUvdAVt7JI3YvYNyVPuyuCOhZR6IYF1ygUt"
    "AXdKTnVutf1UBbKVBbJFwR2SbZ6UU4lgVSLYpo/gJoQoqkSwVUIT50kEu8ywxPYdEe+cCUz0L+yW"
    "hSaSqEql4MQJcRz+EhAwCFF/zHMd0yAQN2gZx+jawpRcQ25IuDjgAN3YeIJ0cerxmDkEeVOYeh2E"
    "bYLGmBoWMSCikNkGsfMDFJf+RKkgRXgc/B8GKya/qxjERsYgqgShy8ueKOCRADesv4Uxh0uJ6Qyn"
    "FwmHGZ6DzG6Yrrseb80UP1gM50zZxbRhQkTxhvV5w42LHrKJTsw7+fihfvuk3fns5z7073BFP7S6"
    "pyIGKFBSrmjnfbcnIoC4Ds4ae+6i2hyuNodvsF9ObQ5Xm8OfIv7hwlODYJ0RVax6U0jXKqx6oF3U"
    "aPa0pGLWm8asZ+jd9ZCRXeaaOtnJYSODK7tldCSN60jxkSZFWLB+x1ylvrdNl7c0nGTjb2QGbjCs"
    "KU6vuccOcgh1yynHeW4qxSrCMwJiOSQWHW/4N+G/XnxJXIdDxPwtz3Ah/qbIR0U+Ngr+5ZNj4RCR"
    "wDchoijIaign5h6pPYmuctLOq6NDsJAUux7U38KufXhQoWcfHhR2bLiUBVe7w5aXdyZnMdU7IzYX"
    "3VuPdPxl5FEd0ERDz7S4TuI8h8f+KklCNpYFhqMSzbw0q4WzTUJidbPNy+VONQsjuAIVVXoKT8sp"
    "d1L9zT8b5tQITmiS9WlEBz1FJzxdtLuDI2ERXdHTdgtOYSJYeS0aMBJW7bXI3zV+McGW1eR94y/m"
    "nmv2914fRrMLfCmbTy4+tc7O1Gbkpa+IEWkitR4mpTa6T648lZBysCkH29PDvzBj3KNpD1es72UV"
    "vYYTUmo30BPxWzbEo9VnRYd1scfP6mKVj+oCz5M7BheTy5DF2C3CI5fYx+h6gu1bEeM+Zvdc2gYf"
    "1Bg7SGcTfh/+gX/X4Xwf+OQQa5Tv1lrkzR93bxU6pMT/ErNiWH/rnCKL4jSLvU/QtpKsTyChVn2l"
    "7W4S7krbbcB+wvUszy09gCizPgdXShdoHNeptELzCkewswwZpsEXxF3+GbuwRt5jhy+X1IAFll+f"
    "HKfS4ouz7B3iwFV9jClsaLORv4UQMUryV+xlPqxSgErsLlcb3BobYzKUCjEZLjDCZN3mzpJdxDDa"
    "ZKAN628huIvPqK+id1ZBlhjExaYlFeGQEFHRDeWusBrRDfKslWKrFFsloQ6/tRk2dOzkJoSIL5Yq"
    "xcNUNalAbK5yYss6RteCXxLEEvNsxPXXIIGDxW+LpsR2+BD3NVkEodUuoXCSfHlA9iJuLn0mldJ6"
    "G6n1qqOlVqdFKAtjiUGoWWiLo5C2KsJ31VFIGxeJF5weIqn67mRPH7kY9M7PIXGASCmePnJ+dsFd"
    "TzzelLCpJZnqJJZRewxqE+eBeiSHfEJIEeY1jxgBDVYO9UhEYV4PcxU5Utwg22WLqzyyarf7apyP"
    "xDb18U6e89G/slvqfIzrPEayFDfsHKE4eQzGU6Ev5gwnLyYmCvevFVvMxRvYNtOyW0HmSRhUEggH"
    "1bcQ3eXE2DLqBnmBq7qNEiKrdxutZ6FcmINorYvZj/8DvayZpQ=="
)
