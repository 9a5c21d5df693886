"""Jobs: paid work that was ordered, and what became of it.

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
}
POSTGRES = {
    "identity": "BIGSERIAL NOT NULL PRIMARY KEY",
    "time": "TIMESTAMPTZ",
    "json": "JSONB",
    "boolean": "BOOL",
}

TABLES = """
CREATE TABLE IF NOT EXISTS "job" (
    "id" {identity},
    "request_key" VARCHAR(100) NOT NULL UNIQUE,
    "kind" VARCHAR(32) NOT NULL,
    "request" {json},
    "most" BIGINT NOT NULL CHECK ("most" > 0),
    "needs" BIGINT NOT NULL CHECK ("needs" > 0),
    "charged" BIGINT NOT NULL CHECK ("charged" >= 0),
    "step" INT NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "rank" BIGINT NOT NULL,
    "fence" BIGINT NOT NULL,
    "attempts" INT NOT NULL,
    "lease_until" BIGINT NOT NULL,
    "expires_at" BIGINT NOT NULL,
    "stopping" {boolean} NOT NULL,
    "done" INT NOT NULL,
    "parts" INT NOT NULL,
    "kept" {json},
    "result" {json},
    "remembered" {boolean} NOT NULL,
    "forget" {boolean} NOT NULL,
    "has_texts" {boolean} NOT NULL,
    "created_at" {time} NOT NULL,
    "ended_at" {time},
    "user_id" BIGINT NOT NULL REFERENCES "users" ("id") ON DELETE RESTRICT
);
CREATE INDEX IF NOT EXISTS "idx_job_state_9f985a" ON "job" ("state", "id");
CREATE INDEX IF NOT EXISTS "idx_job_user_id_2c4d3d" ON "job" ("user_id", "state", "rank");
CREATE INDEX IF NOT EXISTS "idx_job_has_tex_190a15" ON "job" ("has_texts", "ended_at");
CREATE INDEX IF NOT EXISTS "idx_hold_job_id_f1b5cf" ON "hold" ("job_id");
CREATE INDEX IF NOT EXISTS "idx_entry_job_id_c51633" ON "entry" ("job_id");
"""

COLUMNS = (("hold", "job_id"), ("entry", "job_id"))


async def upgrade(db: BaseDBAsyncClient) -> str:
    new = [column for column in COLUMNS if not await is_there(db, *column)]
    columns = "".join(f'ALTER TABLE "{table}" ADD COLUMN "{name}" BIGINT;\n' for table, name in new)
    return columns + TABLES.format(**(SQLITE if db.capabilities.dialect == "sqlite" else POSTGRES))


async def downgrade(db: BaseDBAsyncClient) -> str:
    drop = 'DROP TABLE IF EXISTS "job";'
    drop += "".join(
        f'DROP INDEX IF EXISTS "{i}";' for i in ("idx_hold_job_id_f1b5cf", "idx_entry_job_id_c51633")
    )
    there = [column for column in COLUMNS if await is_there(db, *column)]
    return drop + "".join(f'ALTER TABLE "{table}" DROP COLUMN "{name}";' for table, name in there)


MODELS_STATE = (
    "eJztXWtz27YS/SsYf2k64+tJbMdJlU5nVJtJ1MiSK8tJ27hDQyQksSIBhQ87vr357xcA3xRJE9SL"
    "UvAhjgRiSepgAeyeXQD/HlhER6ZzdOMg+6AF/j3A0EL0Q6r8EBzA+TwuZQUuHJm8okdr8BI4clwb"
    "ai4tHEPTQbRIR45mG3PXIJhVbYM5rUvwG3DnIhNNbGiphn4HDAcMg+8/OIfgLigjnu0AiHXgThEg"
    "2HykfxCY2+Te0Ol9gIPQEXuwTjT6ZANP1vgMDxtfPKS6ZIJoTQbV579psYF19BU54df5TB0byNRT"
    "SBo6uwEvV93HOS/71Zh0sPuW12W/YKRqxPQsHNefP7pTgiMBA7usdIIwsqGL9ATI2DPNoDHCIv9t"
    "aYFreyh6TT0u0NEYeiZrqoOfxx7WWAuBEXHVuQndMbGtI51Y0MBHvHWPfjahNdLhL78EL5sQV9Ve"
    "f6heK0NVPVhocfZqmQYKijSCmbbQn+VwsCbsbf/z0/Hxycmr4+cnZ69fnr569fL189e0Lv9pi5de"
    "ffNfJkbWvxXHt/Ou0xuyFyJUJX1FZQXfuAx0oS/FGy5uqYTCiDVZRnBTbRfCu+MNEjeACfHEg/TR"
    "C+ifT6Gdj31SJgM8/UF1gA8LYuTj8SyCGeG19QULflVNhCfulH49eVmC6sf24Px9e/Ds5OWPaWh7"
    "wZVjfikN8sgk2gzpKu3uOVpOiIkgzoc6I5lBe0RF1wV3VLIGvMu0tt/vsjtbjvPF9NU4o8O9m8tf"
    "lcGzFxx/WslwC1Qb2rZxz7B7FFHutNQG1XtRuVem0S+eP6+g0rRWoU7za2l4NRsxCFSYo9MX9Ipr"
    "WCgf4rRkBmI9ED0KP6wL8HUO5fQH6n1q2gRTSAn4w86lcj1sX16llP6iPVTYlWNe+pgpfXaWaafo"
    "JuBTZ/gesK/gr35P4fASx53Y/IlxveFfB+ydoOcSFZMHFeqJ2S4sDVH7xuys8Swxf7OCEdRmD9DW"
    "1dSVWD3mnq1NoYOcnBEvEH37YYCo8cPAXdSDwBq+Cm6zg1rwLdT7sDTWhhimf8hoSYR+I6N9Aofp"
    "FjkmRdqWvpQY7DWNeOzehVj2MRoS+udpRNv+vSqgGvSYnQDVOrYyoFoQUytOD27HhDMA5HinCWyK"
    "HVSYqPSki9pn3h93IH9wAJ0adMNtgbsRpFamhrjHSN0/w2Ye5JS+/R0gY2C4rJz6jJbhIOpJEmB7"
    "GFNowAOxZ4su6pqe0UAXNdBI6eWUup1By4s1QUJoNe5mldHi+R60Q4z7NMC1OuihhES8HuIO+iIG"
    "eCAg8a6H99gm//WJCgEvPxaSDr6Agz+yyUwY61ho21jn20MNw5ix0cLkbEJIErMCA0ktRxth+vrL"
    "utkKvcnjPrmRKauDMNCWwuc98dV8X+BZ9LLTXX4RrdB95j2+Q+9XYAtnopg71dOL4KLFNnyIvLjk"
    "+EZ/Of29yB8+B8r1cNA5p125hLMQ9MX9npnjiUddttgPR1GVSl64Re6RRWWY9+s7yW94kJa5USPo"
    "IGCjMf3pDvOFtSnEEwSITQuZHHWX893uVdw0x8/+nCQZmM36d8bz/hwxkKyl6MXPjGvjn6VT3kin"
    "vPmuyp40QQz5jP7a/OCYgj1rYahPoR/Kbi5EJg7/wdUNC2BdKy0Qjga3+JPSPe9f0qIHZGrEoiUs"
    "xvWOFtAK9oR+HygflcF1u9ui49A9sh1o3uJ3g3Zv2AITG/r6JRyDO6sSgstGdhIRuLNsAA5a4fhX"
    "vcvEMrLX1O41ARGowrGbZylV4BBjUdkMtZtBg54jlLcSCaxmyNrulL3+AH9gLgnpdyxTS7EbFk/b"
    "jl5j4gqpdVh/q7kqa0nEqqTVJyVafSLTVr7ftJWUreQ7i8LjWVpOTta1B7WkMy7UAhlBOa0sRSgv"
    "9IjFxnhLbGRM8Af0WJHqq54u07SuUJXvS48CBZRfnravAF2BBLiGqXlVdDM9vAqjuhAkqZwxJsi+"
    "ct4/h3wN4wHF3Os0rPEk9XrOWdFUphFfEWMgDTHWlKUbHQL2AjoYPQLDdQD3ZBb51qXu9HQy0+dM"
    "R6CqS1tJUqvNGOsPS6hV6cpJimIfKQpJgW5NseeuR2cbMeiTUjLBrGZCH590c4eUp2M2kfAGuaJp"
    "rAmVwzbvle5FCzDJW3zevhreDBT6PVQfFqDpKu1rVmZTU5HajnozQjKSXCqGXpJLCzORJJcktbGm"
    "hlgptbEd3ztiPnL87yQrUuyDJ2mYp/3wT1PoggfoUE95jOg0wzepeGCFI6TRx/uLglrgzk9jcu6A"
    "gcHUwzr96k7Z2iHftOTlloGJDag2uM6in77WJ+UmS4Xba3BVDz6rNhrnpE0lktsSDv4cPrIsLl+G"
    "FUSmBHRmbNaSrn8zXX8bUSgcV50hoWXwGTHpjlZxR+d03BPcSyMh0uREqpoon51WAPnstBBjdmnB"
    "wmYjoqDfGQtJK6u25ynJlm2RLZ5tI6wJjd9JmT0cWE6qJIYUp4UsDNwJ86jyyJ00qfYP4dWTIym7"
    "swbQoVwtsJsWjkhhffyyypZTtFYh2vxa1hiJLXYhgyQlJsGuBLafOS5Kh8dCMsT23fDhZC68kd1B"
    "/0rptQCTvMVXg/65cn3d6b1rsUi/hhyHtgotb3cuaAk0dPZ5MOz+qfrrGBRebLvmo+ovZ/AZ9PBS"
    "XKb8cdXhRDv6Ojc4z/623emygjE0zKZw7OH7ivW1pNQWQ0/Pd617QddF1jzH6i82+WOJzQH9Yr1j"
    "2vGL01enr0/OTiOso5IyiAvhrBEgSkvuYYBoRwJCISalESHTwLPFBh6irwV9Jqy/D9ZWWTsqfwxT"
    "TRiO888u23/8mGrGbr/3LqyemBfOu/1fszvYUuxUD7uGKdql0pIr6FI71BK71qOCKIPooBlJydZt"
    "cuvKvIliC2R/8yaYr1KjyRNislc3uVc3Y++obfffJmTE5G/pI5wOU3dTn2b0qVVv69OE/biaOXqV"
    "b8cV7qmxJESD4DZ7i9LYw8tuWzbgN9mjLiu2PbhgwlmkUTkJZ0ltK044s5O1Ku255TfzIdANZ+65"
    "fO8r+kPYNtNv2A7UD5At0qI1kM2XawXRGcC9VuCylLHgSKX83bdWe/sqS8RSYdFs0tjCllzpZDM6"
    "VRankQkmMO1r4tIKw1fFSWMyHr6JePj2ArTNhnotEdqtOCMNMzxk3th3BfxW8saapvLrTBvzTZZc"
    "dCvlHjQ/75f6vm9vehfKhdrpqe0u3xGRWZRIVw2sQtNkmQSshnql9C54ToJfQZ0jrPO8hPAOsWgk"
    "Q//1e0okQv8RjG5xp/f7TWfwZwsY+Itn2I9RiXre7fOcheCCqpmEZy5cdK6vbobsSmDo0rL21ZXS"
    "5tkL1F5H0GRlVHzYAlTIvcWf+r0WeCCYfmoPeqwes4xZLfad/hS1/1EZtEJ7WSX3vm0jrHPHVZTu"
    "uFjrjhdWPTsqyTEZSsfTUEQOp/UzjQzhI2MiEQl7bdhNY+zmZvuUnfIQC237lIedOlFDxuGKlX+P"
    "43Byb7ZmhWvk9mF7sn1YwL/n8skhM1/GJkd1nuSSL6nl/Mg2/Box0tf1mCULxsQGMNr5vFV9gfLS"
    "d6vCFEfJ1yEZnGKH5XJiuZy40c0hd7faM6VPKjl0SM7BcmX6HUo0mc2py5qtYx/unVu3A50ZEt7I"
    "qn39gTNQTPYW+2yXT3I1cWkNsm2SE/MrzluPBPaBKt504nqwoiMnxeOptTUb3slgzRvorWxxDaZ6"
    "mktdlE2YCaG9QXTTDB3bga9oCUYZ9hlBiX/NOJ9k7SRrt1nWrnHt/P3Sdk1rin3g7X4jo4Mc0o4V"
    "H5Yxdv8EFSqlfkbb8rMFLXxv/jfBCalOdr8/Nvo6Ps9mmoaDKLi6AwhOnaT6gwM0k2iz/EzQtT6t"
    "Ft23sNEg1xA8869S1VBdaptxgBHPOJC7DEpaUNKCJYe2FmRC78BBrXWZqZXn1gQauYjvb9f9XqkS"
    "51nQhuaC/wE6hu5gJLQEWYZFOR2SZT4y5i+7QZYOsUge7GVDeCghLdjariNGKHeNUSlhEohI2Ot7"
    "7NvYLkwyJXTOQ3MBujWsvjdwr4xq3bnozRzaNcI3v98oNyxIQx/kIX9ftQ/Bdmo8oDO46fX8pGcP"
    "Y57tXBziYSeZ9M6Vbtc/yoQCY5p5u641IxTEHTGh4SmU2JvOsuGxaYyE04sjEYn5UrvbyRDcquYF"
    "GQrarkL7c4gjHAVNy0n065qXZD5nr7WIfdlihaSYXK4gsFyBmVkCQ3dYfW/Ue2XDNtseWGQSjOpL"
    "KLNQzlDebrnF7GFYX1KH9alDeom9vwDqsYTEfRncLWSNUP45sGUzXlpwg3NeGAra2SlvTOwJyjPu"
    "yuCOhaR5IYB1KgQtAHdKTiq3XH4qE9nKEtmi5A7BNk/KyY1g5UawTe/BTUhRlBvBVklNXGYj2HWm"
    "JSr3iL/zQmKif+GwLDURRVUqJSdayHHoS7CEQZb1RzzXMXTE8gZN/Q24MyFGd2xvSHZxSAGa2NAC"
    "Gj/XeEocBLw5G3odAG0EphDrJtJZRiGxdWTnJyiu/YlCSYrscez/MFkx+V3mIDYyB1FuELq+3RM5"
    "PALghvX3MOdwLTmd4fAiEDCDS5DZDbN1txOtmcNHk8CcIbuYNkyISN6wPm+4c9lDNtKQcS+ePzRQ"
    "zpXOR3/vQ/8Ot/h9u3fBc4ACI+UWd971+jwDiNrgpLHnLsrF4XJx+A7H5eTicLk4/HvEP5x4ahCs"
    "GVHJqjeFdK3CqgfWRY1mT0tKZr1pzPoCvbsdMrJHXENDBzlsZHDlsIyOxHEdIT7SwABy1u8NNakf"
    "bMOlLc1OsvEXMjNuMKzJT695gA5wEHbLKcdlbirEKrJnBMRySCw63ugfRH89/5K4zg4R85c8swvx"
    "N0k+SvKxUfCvnxwLu4gAvgkRSUFWQzkx9gitSXRlkHZZG50lCwmx60H9PVTts9MKmn12WqjY7NIi"
    "uOo9NL28MzmLqd6M2FJ0bz3S8eexhzWGJhh5hkltEueIPfYXQRKysSwwOyrRyNtmtXC0SUhsbrR5"
    "sd6hZmUEV2CiCg/haTkZTqq/+GfHghrBCU2iMY3ooKfohKdrpTdscY/oFl8obXYKE4IyatGAnrDp"
    "qEX+qvFrC5pmk9eNP196rDk5fnUWjS7sS9l4cn3Z7nblYuS1z4gRaSI0HyaldlonN76VkAywyQDb"
    "94e/XLRS3CD7FV5rSOBlQIrOlCJPHylFKp8oxQIk7pRFQlwCTEJmAI5dZL8Bdxa0ZzwVe0oeqLTN"
    "QiVT6ACNWPQ+9AP9rrFjaNgnB5nj/OjLKm/+dBSmMG7C/1/oucXkW1h/77j7VVFvxUES1raC5EQg"
    "IScnaZTtEu7SKGvAsrftTM9tZBvaNG9+Dq6UTtAwrvPUDF3cBEvMhnns8feSQrAk8VA87xVGOoqt"
    "jOJQxz5E+dayRol1KgGEg+p7iO560gMIdlHeaZTFIdSEyObDpzu+XGark9m3/wOBr6do"
)
