"""Schedules, leases, outages and the last book check get a table each instead of sharing "round".

"round" stays with its data, because a replica of the version before may still use it; a later migration
drops it. One text serves both databases, and every statement may run again, as in the first migration: a row
that was moved before is left as it is.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

SQLITE = {
    "time": "TIMESTAMP",
    "boolean": "INT",
    "proved_at": "strftime('%Y-%m-%d %H:%M:%S+00:00', \"mark\", 'unixepoch')",
}
POSTGRES = {"time": "TIMESTAMPTZ", "boolean": "BOOL", "proved_at": 'to_timestamp("mark")'}

TABLES = """
CREATE TABLE IF NOT EXISTS "schedule" (
    "name" VARCHAR(64) NOT NULL PRIMARY KEY,
    "position" BIGINT NOT NULL,
    "next_at" BIGINT NOT NULL,
    "lease_until" BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS "lease" (
    "name" VARCHAR(64) NOT NULL PRIMARY KEY,
    "holder" BIGINT NOT NULL,
    "lease_until" BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS "outage" (
    "party" VARCHAR(64) NOT NULL PRIMARY KEY,
    "since" BIGINT,
    "quiet_until" BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS "book_check" (
    "id" BIGINT NOT NULL PRIMARY KEY,
    "off" {boolean} NOT NULL,
    "changes" BIGINT NOT NULL,
    "proved_at" {time}
);
"""

# The mark of "audit:turns" counted how often the books went off or were repaired: odd while they were off.
ROWS = """
INSERT INTO "lease" ("name", "holder", "lease_until")
SELECT "name", "mark", "lease_until" FROM "round" WHERE "name" IN ('telegram.polls', 'telegram.is_called')
ON CONFLICT DO NOTHING;
INSERT INTO "outage" ("party", "since", "quiet_until")
SELECT substr("name", 8), NULLIF("mark", 0), "next_at" FROM "round" WHERE "name" LIKE 'outage:%'
ON CONFLICT DO NOTHING;
INSERT INTO "book_check" ("id", "off", "changes", "proved_at")
SELECT 1, turns % 2 = 1, turns, (SELECT {proved_at} FROM "round" WHERE "name" = 'audit' AND "mark" > 0)
FROM (SELECT COALESCE(MAX("mark"), 0) AS turns FROM "round" WHERE "name" = 'audit:turns') AS counted
WHERE EXISTS (SELECT 1 FROM "round" WHERE "name" IN ('audit', 'audit:turns'))
ON CONFLICT DO NOTHING;
INSERT INTO "schedule" ("name", "position", "next_at", "lease_until")
SELECT "name", "mark", "next_at", "lease_until" FROM "round"
WHERE "name" NOT IN ('telegram.polls', 'telegram.is_called', 'audit:turns') AND "name" NOT LIKE 'outage:%'
ON CONFLICT DO NOTHING;
"""


async def upgrade(db: BaseDBAsyncClient) -> str:
    return (TABLES + ROWS).format(**(SQLITE if db.capabilities.dialect == "sqlite" else POSTGRES))


async def downgrade(db: BaseDBAsyncClient) -> str:  # noqa: ARG001 -- aerich's signature
    return "".join(f'DROP TABLE IF EXISTS "{t}";' for t in ("schedule", "lease", "outage", "book_check"))


MODELS_STATE = (
    "eJztXW1z2zYS/isYf2lvxpdJ7MTpOZ3OKLaSqHUkV5ab3tUdGiIhiTUFKHyx4+vlvx8WfBdfTFCiRCn40NQCsKT0YAEsnl0s/j6Y"
    "M4NYzrNrh9gHp+jvA4rnhP+RKj9EB3ixiEuhwMVjSzT0eAtRgseOa2Pd5YUTbDmEFxnE0W1z4ZqMQtMOWvC2jL5Bty6xyNTGc800"
    "bpHpoFHw+TvnEN0GZcyzHYSpgdwZQYxaj/wfghY2uzcN/hzkEPIMXmwwnb/ZpNMG3+FR87NHNJdNCW8JUP3xJy82qUG+EAc+/nGg"
    "2wS7xNCwe/AnVC7utIlJLCOFq2nA40S55j4uRNlbc9qj7jvRFn7PWNOZ5c1p3H7x6M4YjQRM6kLplFBiwysTkFPPsoKuCYv8784L"
    "XNsj0Zc24gKDTLBnQccd/DjxqA79hcbM1RYWdifMnj8z2Byb9Jno62c/Wng+NvBPPwVfNiGuaf3BSLvqjjTtINP/8NWWuiso0hkF"
    "3eE/yxFgTeHb/vNfR0fHx6+Pnh+f/PDq5evXr354/gNvK35atur1V//LxMj6jxL49t73+iP4QowrqK+2UPBVyGAX+1KiG+OeSqiP"
    "XJctCW6q70J4d7xD4g6wMJ16mL86g/7ZDNv52CdlloDnP6gO8GFBjHw8u0UwE9rYWJjjL5pF6NSd8Y/Hr0pQ/a0zPPvQGX5//Oof"
    "aWj7Qc2RqEqDPLaYfscnLT7cc7ScMYtgmg/1kuQS2mMu2hTcUUkDeJdp7WBwAU+eO85ny1fjJR3uX3982x1+/0LgzxuZboFqY9s2"
    "7wG7RxnlTkttUL2zyr02jX7x/HkFleatCnVa1KXhTazEGXjPeY1rzkk+xGnJJYiNQPRZ+EdTgDc5lfMfaAy4oRMsISXgj3ofu1ej"
    "zsfLlNKfd0ZdqDkSpY9Lpd+fLPVT9BD0qTf6gOAj+s+g3xXwMsed2uKNcbvRfw7gO2HPZRplDxo2EqtdWBqi9hXsrMldYv2GgjHW"
    "7x6wbWipmlg9Fp6tz7BDnJwZLxB998uQcOMHwM3qQWAbXwaP2UEt+BrqfVgaa0MM019svCJCP7PxPoEDusWOWJG2pasSk72uMw+e"
    "XYjlgJIR4/88jWjHf1YFVIMRsxOgzo/mS6DOMeVWnBE8DoSXAMjZqyawKd6u4kSjJzesA9gLiu3kdw7iS4Nhuqfodoy5lakTsX/k"
    "m0HThv3kjH/7W8QmyHShnO8g56ZD+L6SIdujlEODHph9l92wNvSOpzesG9+iBhqpdjml286g5+W6ICG0nu1mldni+R70Q4z7LMC1"
    "OuihhEK8HuIO+SwHeCCg8K6H98Rm//WJColdfiykNvgSG/wxppTkzSeljEoktG2s8+2htmFssztpfY6FFMYVMAbGX5oATwgp8lti"
    "sq5FZhDKv/6qVEaXP+Rxn7bqKcuOAWgr4fOB+Wq+L/BkmYz0kM+iFVIUYsT3+PMK9htLfuOdGulFcPFiGz9EO+Xk/MZ/Of+9xJ8+"
    "h92r0bB3xodyCS8kyXf4IzOH7YiGbDHXQaImlZiOObsncy4DDINPRLwRbnHYqo6xQ5BNJvynO8A36DNMpwQxmxeCHDLdfGpjHQ/N"
    "4TL+SBI5sC/4M+OOD1le6Cle+QfwmdHfW/XVKyKkChHS/u3hnnRBDPkd/7X5Dsku9eaZqT+Ffii7ObekPPwHl9fgNLzqnqJwdrih"
    "n7oXZ4OPvOiBWDqb8xLwK77nBbyBPeWfh93fusOrzsUpn5fuie1g64a+H3b6o1M0tbGvX9J+z5Mqbs9lb1rC63my7PTE83A+rD5k"
    "Yhk1amqPmoB81fDEzbOcKvC2sajqhtrdoGPPkYoVigTWM2Vtd8luPqgiMJ+k9DuWqaXYLfNhbkevKXOl1Dpsv9X4oEaC3ypp9XGJ"
    "Vh+rUKFvN1QoZSv5m0fp+Swtpxbr2pNacnMu1QNLgmpZWYlgzoyIbGe8YzYxp/QX8liR+qseotS2oVCV/0vPAgUUYJ62rwFdiaDD"
    "lql5VXSXRngVhjXjNKkcpSfJxgo/QA4ZG/oHirnYWdjiSSr2TLCkqegucSbJJDoBFhVCvA4RfAEDjR+R6TpI7GSy/OtKT6py4ik9"
    "ELjq8l5KUa2KWm0ltaq2coqi2EeKQlGgW1PshevZuQFPJdAnpVRQX80gSrHo5k4pT/tsIuENckWzWBMqu20+dC/OTxFI3tCzzuXo"
    "etjln0P1AQfNRbdzBWU2NxW57Wi0wyWjyKVi6BW5lFmJFLmkqI2GOmKt1MZ29t4R85Gz/06yIsV78CQN8/Q+/NMMu+gBO3ynPCF8"
    "mRFpQh6gcEx0/nr/INYpuvXDmpxbZFI086jBP7ozOK/lm5aifG5SZiOuDa6T3ac3+qbc4KkwwYlQ9eBvzSaTnDCqRLBbYoO/wI8Q"
    "1eXLQEFkSmDnTkRVpQrDsKsFNo2oNvtiRRW0jiqwCYfCcbU7IpWqYElMbV+rbF8XfJ6UzHeSEGlz4FVNlE9eVgD55GUhxlCVschh"
    "BpXcp8ZCyiqrvVNV5My2yBnPtgnVpebvpMweTizHVQJJisNIMhN3wpyqPHMnTbD9Q3j9ZErKXKwBdChXC+y2uS9SWB+9qpIWjLcq"
    "RFvULRsjsYUvZZCkxBTYlcD2I81l6fNYSLnkvhn+nC2kkw0eDC67/VMEkjf0cjg4615d9frvTyEyQCeOw3uFl3d657yEb9Dh7+Ho"
    "4t+af+6hK4pt13rU/OMPPuMeVsVl3d8ve4KYJ18WpuDl33V6F1AwwabVFk4+/L5yYy0ptUVX1fNdG17Ydcl8kWP1F5v8scTmgH7R"
    "7Jx29OLl65c/HJ+8jLCOSsogLoSzhkMpLbmHDqUdcSCFmJR6kCyT3mU7eES+FIyZsP0+WFtl/dj9fZTqwnCe//5j5/d/pLrxYtB/"
    "HzZPrAtnF4O3y1mGOXaaR13Tkh1Sack1DKkd6oldG1GBV0J20oykVO+2uXdVnEWxBbK/cRahM1GyyxNialS3eVS3I/fUtsdvGyJo"
    "8lMCSYfP1E0K1I4xte60QG3I59XO2as8nVeYg2NFiIbBY/YWpYlHV017NhQP2aMhK5fCXTJALdKonAC1pLYVB6jZyVaVcnb53XyI"
    "DNNZeK7IncV/CKQCfwNZwh8wHOriLYgtjncF3hkkdq3IhRCz4BKs/Oxd6318lSNlKbfocpBZJqVXOjiNL5XFYWSSAUz7Gri0RvdV"
    "cdCY8odvwh++PQdtu6FuxEO7lc1IywwPFTf2TQG/lbixtql8k2FjvsmSi26l2IP2x/3yve+76/5591zr9bXOhcigCBYlMTSTatiy"
    "IJIAWmiX3f65iEnwG2gLQg0RlxA+IRaNZPh/g343EuH/MUpuaK//63Vv+O9TZNLPnmk/RiXa2cVAxCwEFZpuMRG5cN67urweQU1g"
    "6PKyzuVltyOiF7i9TrAFZVx8dIq4kHtDPw36p+iBUf5XZ9iHdmAZQyv4zH+KNvitOzwN7WWN3fu2jbTOHVVRuqNirTvKnJJ2NJZj"
    "MpTOp6GImk7rRxqZ0tf6RCIK9tqwW+bEzY32KbslIhba9i0RO3XrifLDFSv/HvvhVC63drlrVLqxPUk3FvDvuXxyyMyXsclRmye5"
    "5I/ccn6EBGFjIH1dDyxZNGE2wlGm9NPqB5pXfloVpjh7uDjJDqvjxOo4cau7Q2XD2jOlTyo5dljOxXRl+h1KtJnNqcuaNZG3e+fO"
    "7WDnjkgnvupc/SIYKJC9oT7b5ZNcbTxaQ2yb5fj8iuPWI4F9oIo3HbgenOjICfF46mzNhjMZNJxwb22HayjX01zqomzBTAjtDaKb"
    "ZuggY1/REYwy7JcEFf41/XyKtVOs3WZZu9b187dL27WtK/aBt/uZjQ9ySDsoPixj7P4KGlQK/YzS+MOBFpHL/01ww6qznB8QZl/H"
    "59ksy3QIB9dwEKOpm1i/c5BuMf0uPxK00bfVovsyiQmFhtA7v5arhuZy20wATETEgbrrVdGCihYsueS1IBJ6By52rctMrT22JtDI"
    "LL4/Xw36pUqcZ0Gbuov+h/gcuoOe0BJkAYtyOmSZ+Vgyf+EBy3TInOXBXjaFhxLKgq29daSE5J4xKiVMAhEFe/0d+zbShSmmhK95"
    "ZCFBt4bN9wbutVGtO+e9WWC7hvvm1+vuNThp+Is84udV+yVIpyYcOsPrft8PevYoFdHOxS4euPmkf9a9uPCvPuHAWFZe1rV2uILE"
    "Rkxqegol9mawbHhumhDp8OJIRGG+UnY75YJb17qgXEHbVWh/DXGkvaBpOYV+PfR9M0Ea/JSYSk5aHW/HZYsFfK0s3GWHQ5Ji6niI"
    "xPEQMGsllsqw+d5MJ2tbJiEds4zREbVXUC5DeUfyshMXs7Vhe0XV1qdqeRV8fwnUYwmF+yq4z8l8TPLv6S1b8dKCG1zzQtfbzi55"
    "E2ZPSZ49VwZ3LKTMCwmsUy5/CbhTckq51XFfFThYFjgYBdNI9nlSTiXeVYl32z6C2xASqhLvVgkFXSXxbpNhoN17Ir5zJhDUrzgs"
    "CwUlUZNKwaBz4jj8S0CAJkRZMs91TINAnKZlvEG3FqbkFnJxQuWIAzS18Rzp4t7pGXMI8hYw9ToI2wTNMDUsYkAEJ7MNYucHhDb+"
    "RqmgUHgd/D8MDk1+VjGfrYz5VAlZm8tWKeCRADdsv4cxno3E0IbTi4SDEq9AZrfM1t2Ot2aBHy2Gc6bsYtowIaJ4w/q84c5Fa9lE"
    "J+a9fLzWsHvW7f3m55r0n3BDP3T65yLmKjBSbmjvfX8gIq64Dc5ae8+lOoyvDuPvsF9OHcZXh/G/RfzDhacGwbokqlj1tpCuVVj1"
    "wLqo0e1pScWst41Zz9C72yEj+8w1dXKQw0YGNYdldCSN20jxkSZFWLB+b7hJ/WCbLu9puDnIPzgO3GDYUtwW9IAd5BDqllOOqzxU"
    "ilWEdwTEckgsOt74L8J/vfiQqIdL2/wj5lARf1LkoyIfWwV/8+RYOEQk8E2IKAqyGsqJuUfqDKirnLSr2ugQLCTFrgft91C1T15W"
    "0OyTl4WKDVVZcLV7bHl5d6AWU71LYivRvfVIxx8nHtUBTTT2TIvbJM4zeO1PkiRka1lguJrSzEtrWzjbJCQ2N9u8aHaqWRvBFZio"
    "0lN4Wk65k+of/tkxp0ZwI5asTyO6WCu6Ueuq2x+dih3RDT3vduDWK4KV16IFI2HTXov8U/pXc2xZbT6nv/pBw+Oj1yfR7AIfyuaT"
    "q4+diwt1+LvxFTEiTaTWw6TUTuvkxlM3KQebcrB9e/gXZuh7Ms3khu29rKHXckJKnQb6RvyWLfFoXekzYnhWrk8rqjss82o5yVaV"
    "/FqQDFVkQSa2yQxTDzIh33JUTWgnQt5n7IE/wwaX1Aw7SGdz/jThtIIbzkAc/FTsgea7uRp4x9Ner0I/lfi/xGQZtt87X8m6qM5i"
    "p1TYwXJ2QVJKGQXKGN4l3JUx3ILjhttZvS+gB/OWbr+idN22oiaVFm2bWQRhvqhCaAj1IJNFeGxtYTOdOI4fKAILqVkQe1LjGWrR"
    "3YVFd8YsI++QbdnsE8uoiUdN/LuCf0sm/oHn4mnuzB/UlE79LG5Tae4PzyU7xL43dcK3UY5J9fhoMteBL+LGGtg8hXfViEPKpj7z"
    "91DijWhMprhgw9bAO1ZYOyDZm1RwWySgVg/p1UN0tNwMFoko333d1eOzZxK3zuqxJKhWj51bPd4ydnc2I/pd3gISV5auIWPeTNOj"
    "dk+uI59mYhIWcznI+kkr2GTCZ3p9humUOLdIh4vTfV6OTVwibjt7RA+EAhk3Qczmf3MpmywwpOnPriSNvWWFtaSpIPX1rCMNh3pt"
    "OUSd92cO+GWJ7AIJlTRQJoedP7Lk1DwhpJaQmtkcbFbvlGNKUJ12U6fdcs2Ejh4An7ERgppSAwHHbSptMnmDU0hrhQzT4Pu5Q/43"
    "396Z4ujZoc8aMqifv0ndgcqX6YnnEAdq/SkFFnA/fxlilOTvNpt8WaXTcfFZHZVdq7XWw1iKAhivcf+/7R1pw+dTYLTJQBu230Nw"
    "1399qjo6uIlILYO42LSkjlclRNTRqpT9tY6jVfJWsAqVa5c93PJQubc2w4aOndxstHFlqVE8TjWTygLBTU5sWW/QLZ64xBZ+EebZ"
    "yDRCF7rFHwvxbg4f4r4liyCvAxBcE/ZEAtp1PFwqK4Syeltr9QaR2ppkeoclsb3zgzViRagdRoMn4LPQFh+B3Kv0Aps+Arlzx4CD"
    "q6IlTd+D7FXTV6PB5SVkLRX3GUIa0/jy6eUFdzuHgReELSxJ73osoxKc1CbnA/NIDvmEkHKK1MNdWLByqEciCvN6mKtja8Udsl97"
    "cXWJlXI+bsb5SGxTnx3kOR/9msNS52Pc5imSpbhj1xzz863QFyvmsigmJgqTZxXvmIuzZ+3mzm4D197AoJJAOGi+h+g2c8CfUTe4"
    "lKyq2yghsnm30XYWyrU5iLa6mH39P91Wjmg="
)
