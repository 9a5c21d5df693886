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
    "eJztXW1z2zYS/isYf2lvxudJ7MTpOTc3o9pKotaRXFlueld3aIiEJNYUoPDFjq+X/35Y8F18MUGJEqXgQ1MLwJLSgwWweHax+Otg"
    "zgxiOUc3DrEPztBfBxTPCf8jVX6IDvBiEZdCgYvHlmjo8RaiBI8d18a6ywsn2HIILzKIo9vmwjUZhaYdtOBtGX2L7lxikamN55pp"
    "3CHTQaPg83fOIboLyphnOwhTA7kzghi1nvg/BC1s9mAa/DnIIeQIXmwwnb/ZpNMG3+FR87NHNJdNCW8JUP3+By82qUG+EAc+/n6g"
    "2wS7xNCwe/AHVC7utYlJLCOFq2nA40S55j4tRNmP5rRH3XeiLfyesaYzy5vTuP3iyZ0xGgmY1IXSKaHEhlcmIKeeZQVdExb5350X"
    "uLZHoi9txAUGmWDPgo47+OfEozr0FxozV1tY2J0we35ksDk26ZHo66N/Wng+NvC//hV82YS4pvUHI+26O9K0g0z/w1db6q6gSGcU"
    "dIf/LEeANYVv+/d/HB+fnLw5fnFy+sPrV2/evP7hxQ+8rfhp2ao3X/0vEyPrP0rg23vf64/gCzGuoL7aQsFXIYNd7EuJbox7KqE+"
    "cl22JLipvgvh3fEOiTvAwnTqYf7qDPrnM2znY5+UWQKe/6A6wIcFMfLx7BbBTGhjY2GOv2gWoVN3xj+evC5B9dfO8PxDZ/j9yeu/"
    "paHtBzXHoioN8thi+j2ftPhwz9FyxiyCaT7US5JLaI+5aFNwRyUN4F2mtYPBJTx57jifLV+Nl3S4f/Pxx+7w+5cCf97IdAtUG9u2"
    "+QDYPckod1pqg+qdVe61afTLFy8qqDRvVajToi4Nb2IlzsB7wWtcc07yIU5LLkFsBKJH4R+NAV6wDJt0YuMjHQbeEWWPjS3AJT0y"
    "6n3sXo86H69SI+GiM+pCzbEofVoq/f50qfOih6BPvdEHBB/Rfwb9rsCcOe7UFm+M243+cwDfCXsu0/gP17CRBC4sDou+gvU1uU+s"
    "6lAwxvr9I7YNLVUTK83Cs/UZdoiTMw8Gou9+HhLeF4BmVjsCi/kqeExTutHgMv81HA1haWBmpMbWn2y8IkI/sfE+gQO6xY5Zkbal"
    "qxJLgK4zD55diOWAkhHj/zyPaMd/VgVUA6txJ0CdH8+XQJ1jym07I3gcCC8BkLODTWBTvInFiUbPbmMHsEMUm8zvHMQXDMN0z9Dd"
    "GHPbUydiV8m3iKYNu8wZ//Z3iE2Q6UI531fOTYfw3SZDtkcphwY9Mvs+u41t6B3Pb2M3vnENNFLtfUo3o0HPy3VBQmg9m9Aqs8WL"
    "PeiHGPdZgGt10EMJhXg9xB3yWQ7wQEDhXQ/vic3+69MXEnv/WEht+yW2/WNMKcmbT0p5lkho21jn20Ntw9hm99L6HAspjCtgDH4A"
    "aVo8IaQocYnJuhaZQSj/+qtSGV3+kKd92qqnLDsGoK2Ezwfmq/m+wJNlMtJDPotWSFGIEd/jzyvYbyx5k3dqpBfBxYtt/BjtlJPz"
    "G//l/PcSf/ocdq9Hw945H8olvJAk3+GPzBy2IxqyxVwHiZpUYjrm7IHMuQwwDD4R8VY4y2GrOsYOQTaZ8J/uAN+gzzCdEsRsXghy"
    "yHTzqY11PDSHy/g9SeTAvuCPjJM+ZHmhp3jl78BnRn9v1YOviJAqREj7t4d70gUx5Pf81+a7KbvUm2em/hT6oezmnJXy8B9c3YAr"
    "8bp7hsLZ4ZZ+6l6eDz7yokdi6WzOS8Db+J4X8Ab2lH8edn/tDq87l2d8XnogtoOtW/p+2OmPztDUxr5+SXtDT6s4Q5fdaQlf6Omy"
    "KxTPw/mw+pCJZdSoqT1qAvJVwxM3z3KqwNvGoqobaneDjj1HKoIoEljPlLXdJbv5UIvAfJLS71imlmK3zIe5Hb2mzJVS67D9VqOG"
    "GgmJq6TVJyVafaICiFQAUTqAKGVB+VtK6VkuLaeW8NpTXXLLLtUDS4JqsVmJds6MiGxnvGM2Maf0Z/JUkRCsHrjUtqFQlRVMzwIF"
    "xGCetq8BXYlQxJapeVV0l0Z4Fd4140qpHLsnydEK70AORRt6DYoZ2lnY4lmC9lxwp6mYL3F+ySQ6AW4VAr8OEXwBA42fkOk6SOxv"
    "sqzsSk+qcjoqPRC46vJeShGwinBtJeGqNniKuNhH4kIRo1tT7IXr2blhUCXQJ6VUqF/N0Eqx6OZOKc97ciLhDTJIs1gTKjtzPnQv"
    "L84QSN7S887V6GbY5Z9D9QG3zWW3cw1lNjcVue1otMNRoygnRTkpykkRHm3tiLUSHtvZkUd8SM6uPMmVFO/Mk+TM87vzTzPsokfs"
    "8P3zhPDFRyQaeYTCMdH56/1DW2fozg+Bcu6QSdHMowb/6M7gbJdvcIryuUmZjbg2uE52997om3IDrcIUKULVg781m0xyQq4SgXGJ"
    "bf8CP0EEmC8DBZGBgZ17EYGVKgxDtBbYNKLa7IsVgdA6AsEmHArH1e6JVLKDJTG1qa2yqV3weVIyY0pCpM1BWjVRPn1VAeTTV4UY"
    "Q1XGTocZVHL3Ggspq6z2/lVRNtuibDzbJlSXmr+TMns4sZxUCTopDjnJTNwJc6ryzJ00wfYP4fVTLClzsQbQoVwtsNvm1Ehhffy6"
    "SmIx3qoQbVG3bIzEFr6UQZISU2BXAtuPSpcl1WMh5aj7Zlh1tpBOV3gwuOr2zxBI3tKr4eC8e33d678/g3gBnTgO7xVe3uld8BK+"
    "QYe/h6PLf2v+GYmuKLZd60nzj0r4PHxYFZd1f7vqCbqefFmYgq1/1+ldQsEEm1ZbmPrw+8qNtaTUFh1YL3ZteGHXJfNFjtVfbPLH"
    "EpsD+mWzc9rxy1dvXv1wcvoqwjoqKYO4EM4abqa05LbcTM0z3HvhQbJMep/t4BH5UjBmwvb7YG2V9WP3t1GqC8N5/vuPnd/+lurG"
    "y0H/fdg8sS6cXw5+XM5TzLHTPOqaluyQSkuuYUjtUE/s2ogKvBKyk2YkpXq3zb2roi+ULsS8hVlHERJiaqy3uX/bkb3qm+FKSuJq"
    "8pMKSQfV1E0r1I4xte7EQm3ICNbO2as8IViYxWNFiIbBY/YWJW5orJo4bSgeskdDVi4JvGTYWqRROWFrSW0rDluzk60qZf3yu/kQ"
    "Gaaz8FyRfYv/EEgm/hbyjD9iOADGWxBbHAULfDZI7GWRC4FnweVa+fm/1vv4KsfPUs7S5dCzTFKwdMgaXyqLg8skw5r2NZxpjU6t"
    "4lAy5SXfhJd8e27bdkPdiN92K5uRlhkeKprsmwJ+K9FkbVP5JoPJfJMlF91KEQntjwbme993N/2L7oXW62udS5GDESxKYmgm1bBl"
    "QXwBtNCuuv0LEangN9AWhBoiWiF8QiwayfD/Bv1uJML/Y5Tc0l7/l5ve8N9nyKSfPdN+ikq088uBiGQIKjTdYiKe4aJ3fXUzgprA"
    "0OVlnaurbkfENHB7nWALyrj46AxxIfeWfhr0z9Ajo/yvzrAP7cAyhlbwmf8UbfBrd3gW2ssae/BtG2mdO66idMfFWnecOVHtaCzH"
    "ZCidT0MRNZ3Wjz8ypS8GikQU7LVht8yJmxsDVHbPRCy07XsmdureFOWdU94blQ1umzNfiRNHJSzbk4RlASufyzKHfH0Zxxy1eZZh"
    "/sjt6SdIMTYGKtj1wL5FfEZEOMrAflb98PPKT6vCH2cPIic5Y3X0WB09bnV3qHxae6b0SSXHDsu58K5Mv0OJNnM8dbm0JvKB79wZ"
    "H+zcE+nUWZ3rnwUvBbK31OfAfOqrjcdwiG2zHE9gcYx7JLAPBPKmg9yD0x85gR/PncPZcNaDhlP2re0gDuV6mktolC2YCaG9QXTT"
    "vB3k/Cs6rlGG/ZKgwr+m909xeYrLawOX1zoz9tsl89rWFfvA5v3Exgc5VB4UH5bxeH8GDSqFiUbXA8DhF3FHwNvgPldnOcMgzMmO"
    "z75ZlukQDq7hID6LJu99/c5B/gyaIfkaf1stEjCT2lBoCL33a7lqaC632ATAREQnqJtlFVmoyMKSK2ULoqZ34BrZunzV2uNwAo3M"
    "4vvT9aBfqsR5drWpu+h/iM+hO+gfLUEWsCgnSZb5kCX7Fx6wTJLMWR7sZVN4KKEs2NobSkpI7nmkUholEFGw19/HbyPhmOJP+JpH"
    "FhIkbNh8b+BeGwG7cz6dBbZrOHV+uenegOuGv8gjfma2n4OEbMLNM7zp9/0AaY9SERld7PiBG1X6593LS/9KFQ6MZeXlbWuHg0hs"
    "xKSmp1BibwbLhuemCZEORY5EFOYr5cdTjrl1rQvKQbRdhfbXEEfaN5qWU+jXQ983E6TBT4mp9KbV8XZctljA18rCXXaQJCmmjpJI"
    "HCUBs1ZiqQyb7810srZlEhI6yxgdUXsF5TKU9yQvv3ExWxu2V1RtfaqWV8H3l0A9llC4r4L7nMzHJP/+37IVLy24wTUvdL3t7JI3"
    "YfaU5NlzZXDHQsq8kMA65fKXgDslp5RbHQ1W4YTy4YRRiI2kJiTlVOreNvewSt3blkBRlbq3SoDoKql7mwwO7T4Q8Z0z4aF+xWFZ"
    "gCiJmlQKEZ0Tx+FfAsI2IfaSea5jGgSiNy3jLbqzMCV3kM0TKkccoKmN50gX91nPmEOQt4Cp10HYJmiGqWERA+I6mW0QOz9MtPE3"
    "SoWKwuvg/2HIaPKzigRtZSSoSunaXL5LAY8EuGH7PYz8bCSyNpxeJNyWeAWKu2W27nZ8OAv8ZDGcM2UXk4kJEcUm1mcTdy6GyyY6"
    "MR/ko7iG3fNu71c/W6X/hFv6odO/EJFYgZFyS3vv+wMRh8VtcNba+zPVwX11cH+HvXXq4L46uP8t4h8uPDUI1iVRxbXvPhMb2Bw1"
    "lCEtqfj2tvVyhvTdDkXZZ66pk4McjjKoOSwjKWncRoqlNCnCggt8yw3tR9t0eU/DjUT+IXNgDMOW4haiR+wgh1C3nIhc5aFSXCO8"
    "I6CbQ7rR8cZ/Ev7rxYdEPVwG5x9Hh4r4k6IkFSXZKvibp8zCISKBb0JEEZPVUE7MPVLnRV3lul3VcofAIinOPWi/h6p9+qqCZp++"
    "KlRsqMqCqz1gy8u7W7WYAF4SW4kEXnkz5JkWt0mcI3jtNnY/jXDDcOWlmZcYt3C2SUhsbrZ52exUszbaKzBRpafwtJxyMtU/KLRj"
    "ro7gpi1ZT0d0YVd0U9d1tz86EzuiW3rR7cBtWgQrX0YLRsKmfRn5J/qv59iy2nymf/VDiSfHb06j2QU+lM0n1x87l5fqoHjjK2JE"
    "mkith0mpndbJjad5Um435Xb79vAvzOb3bErKDdt7WUOv5YSUOjmk/Fzb93Nd6zNieFaupyuqOyzzdTnJVpW8XZBOVeRRJrbJDFMP"
    "cinfcVhNaCfC42fskT/DBkfVDDtIZ3P+NOHKgpvTQBy8V+yR5ju/GnjH876wQu+V+L/EFBq23zsPyroI0GJXVdjBctZCUkqZCspE"
    "3iXclYncgqOJ21m9L6EH85Zuv6J03baiJpUWbZtZBGG+qELACPUgF0Z4xG1hM504jh8+AgupWRCRUuMZatHdhUV3xiwj70Bu2ewT"
    "y6iJR038u4J/Syb+gefiae7MH9SUTv0sblNp7g/PMDvEfjB1wrdRjkn1+Bgz14Ev4s4b2DyFt92IA82mPvP3UOKNaEymuGDD1sA7"
    "Vlg7IF2cVMhbJKBWD+nVQ3S03AwWiSiPft3V47NnErfO6rEkqFaPnVs9fmTs/nxG9Pu8BSSuLF1DxryZpkftnl1HPs3EJCzmcpD1"
    "E1ywyYTP9PoM0ylx7pAOF7L7vBybuETcl/aEHgkFMm6CmM3/5lI2WWBI9J9dSRp7ywprSVOh6+tZRxoOANty4Drvzxzwy1LhBRIq"
    "7aBMFjx/ZMmpeUJILSE1Mz/YrN6JyJSgOgOnfIO5ZkJHD4DP2AhBTamBgOM2lTaZvMEZpMBChmnw/dwh/5tv70xxIO3QZw0Z1M/f"
    "pm5R5cv0xHOIA7X+lAILuJ/rDDFK8nebTb6s0pm5+ASPysTVWuthLEUBjNe4/9/2jrThUysw2mSgDdvvIbjrv4BVHSjcRPyWQVxs"
    "WlKHrhIi6sBVyv5ax4EreStYBdApI3l1Ls1m2NCxk5vPNq4sNZXHqWZSGSO4IYot6y26wxOX2MJbwjwbmUboWLf4YyEKzuF65tu3"
    "CHJAAO3F1a08c8Q6Hi6VQULZwq21hYOobk0yFcSS2N55xxqxLdS+o8HT8lloi49L7lUqgk0fl9y5I8PBFdSSBtdB9grr69Hg6gry"
    "nop7EiERanyp9fKCu52DwwvCFpakzz2WUclQalP2gXkkh3xCSLlK6uEuLFg51CMRhXk9zNURt297h64ux9r3Hm4JB9MhtqnPDvIc"
    "lX7NYamjMm7zHPVS3LFrjg/6VkiNFbNhFNMVhem3ivfRxfm3dnO/t4HrdGBQSSAcNN9DdJtJEcCoG1x2VtXFlBDZvItpOwvl2pxJ"
    "W13Mvv4fXGno8Q=="
)
