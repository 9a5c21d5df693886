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
    "rpNdpy/1SbnBU2GCE6HqwWfNJqOcMKpEsFtigT/FDxDV5ctAQWRKYOdWRFWlCsOwqyk2VczV2q3H"
    "YmLAJhwKx9VuiVRighkxtVitslid8lFRMrtJQqTJYVY1UT48qADy4UEhxnApY3/DeCm5Ko2FlA1W"
    "e12qqJh1UTGebROqS43fSZktHFj2q4SNFAeNZAbuhPFUeeROGlzbh/DiqZOUVVoD6FCuFthNc1ak"
    "sN57VSUJGK9ViLa4NmuMxPa8lEGSElNgVwLbjyuXJctjIeWAezJsOZtKpxbc6Z23u0cIJK/oeb93"
    "0r646HTfH0EcgE4ch7cKL291TnkJX47D5/7g7E/N3+XQFsW2az1o/mYHn18PL8Vl7T/OO4KGJ9+n"
    "pmDh37U6Z1AwwqbVFAY+fF+5vpaUWqNj6sWmdS/sumQyzbH6i03+WGJ1QL9c7pi29/Lg9cGb/cOD"
    "COuopAziQjhruI/SklvoPtoQd1GISam/yDLpbbaBB+R7QZ8J62+DtVXWju0/BqkmDMf5Z59af/yc"
    "asazXvd9WD0xL5yc9d7O5hTm2GkedU1LtkulJRfQpTaoJTatRwU+CNlBM5JSrdvk1lVRFcUWyPZG"
    "VYSuQ8kmT4ipXt3kXt2MTFPr7r9NiJfJTwAkHSxTNwVQM/rUopMANSF7VzNHr/LkXWHGjTkh6ge3"
    "2VqURh6dN8lZX9xki7qsXMJ2yXC0SKNywtGS2lYcjmYna1XK0OU38y4yTGfquSJTFv8hkPj7GHKC"
    "32PYwsVrEFts5gq8M0isWpELAWXBkVf5uboWe/sqG8hSbtHZkLJMAq90KBqfKovDyCQDmLY1cGmB"
    "7qvioDHlD1+FP3x9DtpmQ70UD+1aFiMNMzxU3NiTAn4tcWNNU/llho35JksuupViD5of98vXvu8u"
    "u6ftU63T1VpnIl8iWJTE0EyqYcuCSAKooZ23u6ciJsGvoE0JNURcQniHWDSS4f963XYkwv8xSq5o"
    "p/v7Zaf/5xEy6TfPtB+iEu3krCdiFoILmm4xEblw2rk4vxzAlcDQ5WWt8/N2S0QvcHudYAvKuPjg"
    "CHEh94p+6XWP0D2j/FOr34V6YBlDLfjOf4rW+9zuH4X2ssbufNtGWuf2qijdXrHW7WX2RDsayzEZ"
    "SsfTUEQNp/UjjUzpQ3wiEQV7bdgtc+TmRvuUnQkRC637TIiNOuNE+eGKlX+L/XAqc1uz3DUqudiW"
    "JBcL+PdcPjlk5svY5KjOo1zyJ245P0A6sCGQvq4HliwaMRvhKC/6UfXty3PfrQpTnN1KnGSH1XZi"
    "tZ240c2hcl9tmdInlRw7LOcYujL9DiWazObUZc2WkaV74/btYOeWSKe5al18FAwUyF5Rn+3ySa4m"
    "bq0hts1yfH7FceuRwDZQxasOXA92dOSEeDy2t2bFmQyWnF5vYZtrKNfTXOqibMJMCG0Noqtm6CA/"
    "X9EWjDLsZwQV/jX9fIq1U6zdalm7xrXz06XtmtYU28Db/caGOzmkHRTvljF2fwcVKoV+Rkn7YUOL"
    "yNx/HJyn6sxmA4TR1/F5NssyHcLBNRzEaOrc1Z8cpFtMv82PBF3q02rRfZk0hEJD6K1/lauG5nLb"
    "TABMRMSByjKoaEFFC5Yc6VoQCb0Bx7jWZaYWHlsTaGQW398uet1SJc6zoE3dRf9DfAzdQE9oCbKA"
    "RTkdMst8zJi/cINZOmTC8mAvG8JDCWXB1l46UkJy9xiVEiaBiIK9/op9HenCFFPC5zwylaBbw+pb"
    "A/fCqNaN895MsV3DffP7ZfsSnDT8QR7x86p9DNKpCYdO/7Lb9YOePUpFtHOxiwfOOemetM/O/INO"
    "ODCWlZd1rRmuILEQkxqeQomt6SwrHptGRDq8OBJRmM+V3U654BY1LyhX0HoV2p9DHGkvaFpOoV8P"
    "fd9MkAY/JaaSk1bH23HZdAqvlYW7bHNIUkxtD5HYHgJmrcRUGVbfmuFkYdMkpGOWMTqi+grKWShv"
    "SV524mK2NqyvqNr6VC2/BO8vgXosoXCfB/cJmQxJ/qm8ZTNeWnCFc17oetvYKW/E7BuSZ8+VwR0L"
    "KfNCAuuUy18C7pScUm613VcFDpYFDkbBNJJtnpRTiXdV4t2m9+AmhISqxLtVQkHnSby7zDDQ9h0R"
    "75wJBPUv7JaFgpKoSqVg0AlxHP4SEKAJUZbMcx3TIBCnaRnH6NrClFxDLk64OOAA3dh4gnRxyvSY"
    "OQR5Uxh6HYRtgsaYGhYxIIKT2Qax8wNCl/5EqaBQeBz8HwaHJr+rmM9GxnyqhKzLy1Yp4JEAN6y/"
    "hTGeS4mhDYcXCQclnoPMbpitux5vzRQ/WAznDNnFtGFCRPGG9XnDjYvWsolOzDv5eK1++6Td+ezn"
    "mvTvcEU/tLqnIuYqMFKuaOd9tycirrgNzhp7zqXajK8242+wX05txleb8Z8i/uHEU4NgnRFVrHpT"
    "SNcqrHpgXdRo9rSkYtabxqxn6N31kJFd5po62clhI4Mru2V0JI3rSPGRJkVYsH7H3KS+t02XtzSc"
    "HORvHAduMKwpTgu6xw5yCHXLKcd5birFKsIzAmI5JBYdb/g34b9efElch0Pb/C3mcCH+pshHRT42"
    "Cv7lk2NhF5HANyGiKMhqKCfGHqk9oK5y0s5ro0OwkBS7HtTfQtU+PKig2YcHhYoNl7LganfY8vLO"
    "QC2memfE5qJ765GOv4w8qgOaaOiZFrdJnOfw2F8lScjGssBwNKWZl9a2cLRJSKxutHm53KFmYQRX"
    "YKJKD+FpOeVOqr/5Z8OcGsGJWLI+jehgrehErYt2d3AkVkRX9LTdglOvCFZeiwb0hFV7LfJ36V9M"
    "sGU1eZ/+/BsN9/deH0ajC3wpG08uPrXOztTm76XPiBFpIjUfJqU2WidXnrpJOdiUg+3p4V+Yoe/R"
    "NJMrtveyhl7DCSm1G+iJ+C0b4tHqs6LD0djjZ6OxykejgefJHYOLyWXIYuwW4ZFL7GN0PcH2rYhx"
    "H7N7Lm2DD2qMHaSzCb8P/8C/63CeEnxyiDXKd2st8uaPu7cKHVLif4lRMay/dU6RRXGaxd4naFtJ"
    "1ieQULO+snY3CXdl7TZgP+F6pueWHkCUmZ+DK6UTNI7rVJqheYUj2FmGDNPgE+Iu/4xdmCPvscOn"
    "S2rABMuvT45TxxAgOCTVIQ5c1ceYwoY2G/lbCBGjJH/GXubDKgWoxO5ytcGtsTEmQ6kQk+ECI0zW"
    "vdxZsosYepsMtGH9LQR38ScYqOidVZAlBnGxaUlFOCREVHRDuSusRnSDPGul2CrFVkmYw29thg0d"
    "O7kJIeKLpUbxMFVNKhCbm5zYso7RteCXBLHEPBtx+zVI4GDx26IpsR3exX1LFkFotUsoGrFHckAs"
    "4ubSZ4Apq7eRVq86ymt1VoRaYSwxCDULbXEU0lZF+K46CmnjIvGC01okTd+d7GkvF4Pe+TkkDhAp"
    "xSGTQHz+y+yEu554vClhU0sy1Ukso/YY1CbOA/NIDvmEkCLMax7pAhasHOqRiMK8HuYqcqS4QbZr"
    "La7yyKrd7qtxPhLb1Mc7ec5H/8puqfMxrvMYyVLcsHOE4uQxGE+FvpgznLyYmCjcv1a8Yi7ewLaZ"
    "K7sVZJ6ETiWBcFB9C9FdTowto26QF7iq2yghsnq30XomyoU5iNY6mf34P05OCjg="
)
