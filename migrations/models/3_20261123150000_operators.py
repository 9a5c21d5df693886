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
    ("account", "banned", "{boolean} NOT NULL DEFAULT {false}"),
    ("job", "queued_at", "BIGINT NOT NULL DEFAULT 0"),
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
    "idx_purchase_provide_d665ed": '"purchase" ("provider_ref")',
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
    "eJztXWtz27YS/SsYf2k645tJbMfJtTudUWwlUeNIriwn7Y07NERCFmsKUPiw49ub/36x4Ft8mKBe"
    "lIwPcSQQS1IHC2BxdrH4Z2fCDGI5zy8dYu8coX92KJ4Q/iFVvot28HQal0KBi4eWqOjxGqIEDx3X"
    "xrrLC0fYcggvMoij2+bUNRmFqi005XUZPUbXLrHIjY0nmmlcI9NBg+D7T84uug7KmGc7CFMDuWOC"
    "GLUe+B+Cpja7Mw1+H+QQ8hwebDCdP9mkN0t8hkfNbx7RXHZDeE2A6utfvNikBvlOHPj6dUe3CXaJ"
    "oWF35y+4OL3VRiaxjBSupgG3E+Wa+zAVZW/Nmw5134m68HuGms4sb0Lj+tMHd8xoJGBSF0pvCCU2"
    "PDIBOfUsK2iasMh/d17g2h6JXtqICwwywp4FDbfzy8ijOrQXGjJXm1rYHTF78txgE2zS56Ktn/9i"
    "4cnQwL/+GrxsQlzTur2BdtEeaNpOpv3h1WaaKyjSGQXd4T/LEWDdwNv+6997e/v7r/de7B++eXXw"
    "+vWrNy/e8Lrip2Uvvf7hv0yMrH8rgW/nfac7gBdiXEF9tYWCH0IGu9iXEs0Yt1RCfeSabEZwVW0X"
    "wrvhDRI3gIXpjYf5ozPon4yxnY99UmYGeP6D6gAfFsTIx6NbBDOhS+sLE/xdswi9ccf86/6rElQ/"
    "t/onH1r9Z/uvfk5D2w2u7IlLaZCHFtNv+aDFu3uOljNmEUzzoZ6RnEF7yEWXBXdUsgS8y7S21zuD"
    "O08c55vlq/GMDncvP71t95+9FPjzSqZboNrYts07wO5BRrnTUitU76xyL0yjX754UUGlea1CnRbX"
    "0vAmZuIMvKf8imtOSD7EackZiI1A9Hn4YVmAL3Mo5z/Q6HFDJ5hCSsAfdD61LwatT+cppT9tDdpw"
    "ZU+UPsyUPjucaafoJuhLZ/ABwVf0n163LeBljntjiyfG9Qb/2YF3wp7LNMruNWwkZruwNETtB9hZ"
    "o9vE/A0FQ6zf3mPb0FJXYvWYerY+xg5xcka8QPTdxz7hxg+Am9WDwDY+D26zgVrwI9T7sDTWhhim"
    "v9lwToR+Y8NtAgd0i+2xIm1LX0oM9rrOPLh3IZY9SgaM/3kc0ZZ/rwqoBj1mI0Cd7E1mQJ1gyq04"
    "I7gdCM8AkLNWTWBTvFzFiUqPLlh7sBYUy8mfHMSnBsN0j9D1EHMrUydi/cgXg6YN68kxf/trxEbI"
    "dKGcryAnpkP4upIh26OUQ4PumX2bXbAu6RmPL1hXvkQNNFKtckqXnUHLyzVBQmgxy80qo8WLLWiH"
    "GPdxgGt10EMJhXg9xB3yTQ7wQEDhXQ/vkc3+6xMVEqv8WEgt8CUW+ENMKckbT0oZlUho3Vjn20NN"
    "w9hmt9L6HAspjCtgDIy/NAGeEFLkt8RgXYvMIJS//rxURpvf5GGbluopy44BaHPh84H5ar4t8GSZ"
    "jHSXz6IVUhSix3f4/QrWGzN+443q6UVw8WIb30cr5eT4xn85/73EHz777YtBv3PCu3IJLyTJd/g9"
    "M4ftiLpsMddBoiqVmI4JuyMTLgMMg09EHAu3OCxVh9ghyCYj/tMd4Bv0MaY3BDGbF4IcMt18amMR"
    "N83hMr4miRxYF/yVcceHLC+0FL/4FfjM6PNaffWKCKlChDR/ebglTRBDfst/bb5Dsk29SWboT6Ef"
    "yq7OLSkP/875JTgNL9pHKBwdruiX9tlJ7xMvuieWzia8BPyK73kBr2Df8O/99ud2/6J1dsTHpTti"
    "O9i6ou/7re7gCN3Y2Ncvab/nYRW356w3LeH1PJx1euJJOB5W7zKxjOo1tXtNQL5qeOTmWU4VeNtY"
    "VDVD7WbQsedIxQpFAosZstY7ZS8/qCIwn6T0O5appdgN82GuR68pc6XUOqy/1vigpQS/VdLq/RKt"
    "3lehQk83VChlK/mLR+nxLC2nJuvag1pycS7VAjOCalqZi2DO9IhsY7xjNjFv6EfyUJH6qx6i1LSu"
    "UJX/S48CBRRgnrYvAF2JoMOGqXlVdGd6eBWGNeM0qRylJ8nGCj9ADhkb+geKudhxWONRKvZEsKSp"
    "6C6xJ8kkOgEWFUK8dhG8gIGGD8h0HSRWMln+da47VdnxlO4IXHV5K6WoVkWtNpJaVUs5RVFsI0Wh"
    "KNC1KfbU9ezcgKcS6JNSKqivZhClmHRzh5THfTaR8Aq5onGsCZXdNh/aZ6dHCCSv6EnrfHDZb/Pv"
    "ofqAg+as3bqAMpubitx2NJrhklHkUjH0ilzKzESKXFLUxpIaYqHUxnrW3hHzkbP+TrIixWvwJA3z"
    "+Dr8yxi76B47fKU8InyaEWlC7qFwSHT+eH8j1hG69sOanGtkUjT2qMG/umPYr+WblqJ8YlJmI64N"
    "rpNdpy/1SbnBU2GCE6HqwWfNJqOcMKpEsFtigT/FDxDV5ctAQWRKYOdWRFWlCsOwqyk2jehq9sGK"
    "KmgcVWATDoXjardEKlXBjJhavlZZvk75OCmZ7yQh0uTAq5ooHx5UAPnwoBBjuJSxyGEElVynxkLK"
    "Kqu9UlXkzLrIGc+2CdWlxu+kzBYOLPtVAkmKw0gyA3fCnKo8cidNsO1DePFkSspcrAF0KFcL7Ka5"
    "L1JY772qkhaM1ypEW1ybNUZiC1/KIEmJKbArge1HmsvS57GQcsk9Gf6cTaWTDe70ztvdIwSSV/S8"
    "3ztpX1x0uu+PIDJAJ47DW4WXtzqnvIQv0OFzf3D2p+bve2iLYtu1HjR/+4PPuIeX4rL2H+cdQcyT"
    "71NT8PLvWp0zKBhh02oKJx++r1xfS0qt0VX1YtO6F3ZdMpnmWP3FJn8ssTqgXy53TNt7efD64M3+"
    "4UGEdVRSBnEhnDUcSmnJLXQobYgDKcSk1INkmfQ228AD8r2gz4T1t8HaKmvH9h+DVBOG4/yzT60/"
    "fk4141mv+z6snpgXTs56b2ezDHPsNI+6piXbpdKSC+hSG9QSm9ajAq+E7KAZSanWbXLrqjiLYgtk"
    "e+MsQmeiZJMnxFSvbnKvbkbuqXX33yZE0OSnBJIOn6mbFKgZfWrRaYGakM+rmaNXeTqvMAfHnBD1"
    "g9tsLUojj86b9qwvbrJFXVYuhbtkgFqkUTkBakltKw5Qs5O1KuXs8pt5FxmmM/VckTuL/xBIBX4M"
    "WcLvMWzq4jWILbZ3Bd4ZJFatyIUQs+AQrPzsXYu9fZUtZSm36GyQWSalVzo4jU+VxWFkkgFM2xq4"
    "tED3VXHQmPKHr8Ifvj4HbbOhXoqHdi2LkYYZHipu7EkBv5a4saap/DLDxnyTJRfdSrEHzY/75Wvf"
    "d5fd0/ap1ulqrTORQREsSmJoJtWwZUEkAdTQztvdUxGT4FfQpoQaIi4hvEMsGsnwf71uOxLh/xgl"
    "V7TT/f2y0//zCJn0m2faD1GJdnLWEzELwQVNt5iIXDjtXJxfDuBKYOjystb5ebslohe4vU6wBWVc"
    "fHCEuJB7Rb/0ukfonlH+qdXvQj2wjKEWfOc/Ret9bvePQntZY3e+bSOtc3tVlG6vWOv2MrukHY3l"
    "mAyl42kooobT+pFGpvSxPpGIgr027JY5cnOjfcpOiYiF1n1KxEadeqL8cMXKv8V+OJXLrVnuGpVu"
    "bEvSjQX8ey6fHDLzZWxyVOdRLvkTt5wfIEHYEEhf1wNLFo2YjXCUKf2o+obmue9WhSnObi5OssNq"
    "O7HaTtzo5lDZsLZM6ZNKjh2WczBdmX6HEk1mc+qyZsvI271x+3awc0ukE1+1Lj4KBgpkr6jPdvkk"
    "VxO31hDbZjk+v+K49UhgG6jiVQeuBzs6ckI8Httbs+JMBktOuLewzTWU62kudVE2YSaEtgbRVTN0"
    "kLGvaAtGGfYzggr/mn4+xdop1m61rF3j2vnp0nZNa4pt4O1+Y8OdHNIOinfLGLu/gwqVQj+jNP6w"
    "oUXk8j8OTlh1ZvMDwujr+DybZZkO4eAaDmI0dRLrTw7SLabf5keCLvVptei+TGJCoSH01r/KVUNz"
    "uW0mACYi4kCd9apoQUULlhzyWhAJvQEHu9ZlphYeWxNoZBbf3y563VIlzrOgTd1F/0N8DN1AT2gJ"
    "soBFOR0yy3zMmL9wg1k6ZMLyYC8bwkMJZcHWXjpSQnL3GJUSJoGIgr3+in0d6cIUU8LnPDKVoFvD"
    "6lsD98Ko1o3z3kyxXcN98/tl+xKcNPxBHvHzqn0M0qkJh07/stv1g549SkW0c7GLB04+6Z60z878"
    "o084MJaVl3WtGa4gsRCTGp5Cia3pLCsem0ZEOrw4ElGYz5XdTrngFjUvKFfQehXan0McaS9oWk6h"
    "Xw9930yQBj8lppKTVsfbcdl0Cq+Vhbtsc0hSTG0PkdgeAmatxFQZVt+a4WRh0ySkY5YxOqL6CspZ"
    "KG9JXnbiYrY2rK+o2vpULb8E7y+BeiyhcJ8H9wmZDEn+Ob1lM15acIVzXuh629gpb8TsG5Jnz5XB"
    "HQsp80IC65TLXwLulJxSbrXdVwUOlgUORsE0km2elFOJd1Xi3ab34CaEhKrEu1VCQedJvLvMMND2"
    "HRHvnAkE9S/sloWCkqhKpWDQCXEc/hIQoAlRlsxzHdMgEKdpGcfo2sKUXEMuTrg44ADd2HiCdHHu"
    "9Jg5BHlTGHodhG2CxpgaFjEggpPZBrHzA0KX/kSpoFB4HPwfBocmv6uYz0bGfKqErMvLVingkQA3"
    "rL+FMZ5LiaENhxcJByWeg8xumK27Hm/NFD9YDOcM2cW0YUJE8Yb1ecONi9ayiU7MO/l4rX77pN35"
    "7Oea9O9wRT+0uqci5iowUq5o5323JyKuuA3OGnvOpdqMrzbjb7BfTm3GV5vxnyL+4cRTg2CdEVWs"
    "elNI1yqsemBd1Gj2tKRi1pvGrGfo3fWQkV3mmjrZyWEjgyu7ZXQkjetI8ZEmRViwfsfcpL63TZe3"
    "NJwc5G8cB24wrClOC7rHDnIIdcspx3luKsUqwjMCYjkkFh1v+Dfhv158SVyHQ9v8LeZwIf6myEdF"
    "PjYK/uWTY2EXkcA3IaIoyGooJ8YeqT2grnLSzmujQ7CQFLse1N9C1T48qKDZhweFig2XsuBqd9jy"
    "8s5ALaZ6Z8TmonvrkY6/jDyqA5po6JkWt0mc5/DYXyVJyMaywHA0pZmX1rZwtElIrG60ebncoWZh"
    "BFdgokoP4Wk55U6qv/lnw5wawYlYsj6N6GCt6ESti3Z3cCRWRFf0tN2CU68IVl6LBvSEVXst8nfp"
    "X0ywZTV5n/78Gw33914fRqMLfCkbTy4+tc7O1Obvpc+IEWkiNR8mpTZaJ1eeukk52JSD7enhX5ih"
    "79E0kyu297KGXsMJKbUb6In4LRvi0eqzosPR2ONno7HKR6OB58kdg4vJZchi7BbhkUvsY3Q9wfat"
    "iHEfs3subYMPaowdpLMJvw//wL/rcJ4SfHKINcp3ay3y5o+7twodUuJ/iVExrL91TpFFcZrF3ido"
    "W0nWJ5BQs76ydjcJd2XtNmA/4Xqm55YeQJSZn4MrpRM0jutUmqF5hSPYWYYM0+AT4i7/jF2YI++x"
    "w6dLasAEy69PjlPHECA4JNUhDlzVx5jChjYb+VsIEaMkf8Ze5sMqBajE7nK1wa2xMSZDqRCT4QIj"
    "TNa93Fmyixh6mwy0Yf0tBHfxJxio6J1VkCUGcbFpSUU4JERUdEO5K6xGdIM8a6XYKsVWSZjDb22G"
    "DR07uQkh4oulRvEwVU0qEJubnNiyjtG14JcEscQ8G3H7NUjgYPHboimxHd7FfUsWQWi1SygasUdy"
    "QCzi5tJngCmrt5FWrzrKa3VWhFphLDEINQttcRTSVkX4rjoKaeMi8YLTWiRN353saS8Xg975OSQO"
    "ECnFIZNAfP7L7IS7nni8KWFTSzLVSSyj9hjUJs4D80gO+YSQIsxrHukCFqwc6pGIwrwe5ipypLhB"
    "tmstrvLIqt3uq3E+EtvUxzt5zkf/ym6p8zGu8xjJUtywc4Ti5DEYT4W+mDOcvJiYKNy/VrxiLt7A"
    "tpkruxVknoROJYFwUH0L0V1OjC2jbpAXuKrbKCGyerfReibKhTmI1jqZ/fg/hmAQhw=="
)
