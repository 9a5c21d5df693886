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
    "eJztXW1z2zYS/isYf7nejM+T2InTs29uRrWVxK0jubLc9q7u0BAJSawoQOGLHd9d/vthwXfxxQQlSpSCD01NEEtSD4DF4tnF4r8H"
    "c2YQyzm6c4h9cIb+e0DxnPA/UuWH6AAvFnEpFLh4ZImKHq8hSvDIcW2su7xwjC2H8CKDOLptLlyTUajaQVD5HD24xCITG88103hA"
    "poOGwfVfHGQah+ghKGae7SBMDeROCWLUeub/EH6BXbSw2aNp8Dcjh5AjeL3BdP5+k04af5NHzc8e0Vw2Ibw6wPb7H7zYpAb5Qhy4"
    "/P1Atwl2iaFh9+APuLmYaWOTWEYKY9OAx4lyzX1eiLIfzMkVdd+LuvCrRprOLG9O4/qLZ3fKaCRgUhdKJ4QSG16ZgJ96lhU0U1jk"
    "fzsvcG2PRB9txAUGGWPPgkY8+MfYozq0HRoxV1tY2B0ze35ksDk26ZFo96N/WHg+MvA//xl8bEJc03r9oXbbHWraQaYvwKctNVpQ"
    "pDMK/Yj/LEeANYGv/dvfj49PTt4dvzo5/f7tm3fv3n7/6nteV/y07K13X/2PiZH1HyXwvfpw1RvCBzHeWf0uDAVfhQx2sS8lmjFu"
    "qUQ3kmuyJcFNtV0I7443SNwAFqYTD/NXZ9C/mGI7H/ukzBLw/AfVAT4siJGPNV0EM6GNjYU5/qJZhE7cKb88eVuC6i+dwcXHzuC7"
    "k7d/TUPbC+4ci1tpkEcW02dcafHhntPLGbMIpvlQL0kuoT3iok3BHZU0gHdZr+33r+HJc8f5bPndeKkP9+4+/dAdfPda4M8rmW5B"
    "18a2bT4Cds8ynTsttcHune3ca+vRr1+9qtClea3CPi3upeFNzMQZeC/5Hdeck3yI05JLEBuB6FH4R2OAF0zDJh3b+EiHgXdE2VNj"
    "E3BJiwyvPnVvh51PN6mRcNkZduHOsSh9Xir97nSp8aKHoF+vhh8RXKJ/93tdgTlz3Ikt3hjXG/77AL4Jey7T+A/XsJEELiwOi76C"
    "9TWeJWZ1KBhhffaEbUNL3Yk7zcKz9Sl2iJOjBwPR9z8NCG8LQDPbOwLr+SZ4TFN9o8Fp/ms4GsLSwMxIja0/2WhFhH5ko30CB/oW"
    "O2ZFvS19KzEF6Drz4NmFWPYpGTL+z8uIdvxnVUA1sBp3AtT58XwJ1Dmm3LYzgseB8BIAOavZBDbFC1qcqPTiknbI14t8njBMF7Gx"
    "WDTCuugMLmAp+TDC3ArVyQNfak7514vFJldoxOZzN+J6HNkepRwV9MTsmViB2oTre8PJrmmbfdXLi9qNL2OD/qlWQqVL06DZ5Zog"
    "IbSeJWkV3fFqD9ohxn0a4Fod9FBCIV4PcYd8lgM8EFB418N7bLP/+GSGBBMQCykSQIIEGGFKSZ4+KWVdIqFtY51vHbUNY5vNpPtz"
    "LKQwroAxmKTSJHlCSBHkEsq6FrVBKP/8VYmNLn/I8z4t3FOWHQPQVsLnI/O7+b7Ak+U10kM+i1ZIWIgRf8WfV7DeWPIz79RIL4KL"
    "F9v4KVopJ/Ub/+X89xJffQ66t8PB1QUfyiUskST74Y/MHO4jGrLFzAeJqrzIe/CWRXP2SOZcBhgIn5g4F0wELFVH2CGCX3CIg1yG"
    "9CmmE4KYjfyfj0w3y3Cs66E5XMbvSVoH1gV/ZFz2IecLLcVv/g7sZvT3Vv35igipQoS0f3m4J00QQz7jvzbfadml3jyj+lPoh7Kb"
    "c13Kw39wcweOxdvuGQq1wz39tXt90f/Ei56IpbM5LwHf4wdewCvYE3496P7SHdx2rs+4snoktoOte/ph0OkNz9DExn7/kvaNnlZx"
    "jS471xKe0dNlxyieh/qw+pCJZdSoqT1qAvJVw2M3z3KqwNvGoqoZajeDjj1HKp4oEliPytrulN184EVgPkn171imVsdumUdzO/2a"
    "MleqW4f1txpD1EiAXKVefVLSq09UOJEKJ0qHE6UsKH9JKa3l0nJqCq+t6pJLdqkWWBJUk81KtHNmRGQb4z2ziTmhP5HnioRg9TCm"
    "tg2FqqxgWgsUEIN5vX0N6EoEJrasm1dFd2mEV+FdM66UypF8khyt8A7kULSh16CYoZ2GNV4kaC/8SLFUABjEjDkuWQC3ihG3tYE6"
    "DW/4wWCHCL7JQKNnZLoOEkueLFG77odX2VGVHi68g/O2TNG0ipZtJS2rloGK3thHekPRp1vr2AvXs3ODpUqgT0qpgMCaAZhi0s1V"
    "KS/7eyLhDfJM07gnVHb5fOxeX54hkLynF52b4d2gy6/D7gPOnetu5xbKbG5QcgvTaIc7RxFTiphSxJSiRdraEGulRbazbo9Yk5y1"
    "e5JRKV6/JymcakFWocQZevDDoZwHZFI05ctpfulOnUP04JuVonxuUr7k5m3u5uwgW8PzckOrwhQpotsGf2t8yZ8TZJUIhUss4Rf4"
    "GWK+fBkoiIwF7MxEzFWqMAzKWmDTiO5mX6zIgNaRATbhUDiuNiNSyQ6WxNQCtcoCdcF1nmTGlIRIm8OyaqJ8+qYCyKdvCjGGWxmb"
    "GzSo5Eo0FlIWVu21qKJftkW/eLZNqC6lv5Mye6hYTqqEmRQHmWQUd8Kcqqy5kybY/iG8frokZS7WADqUqwV22xwUKayP31ZJLMZr"
    "FaIt7i0bI7GFL2WQpMQU2JXA9uPQZQnyWEg53b4ZhpwtpNMVHvRvur0zBJL39GbQv+je3l71PpxBplSdOA5vFV7eubrkJXyBDn8P"
    "htf/0vxdEV1RbLvWs+ZvjvA59fBWXNb97eZKUO/ky8IUzPv7ztU1FIyxabWFdQ+/V26sJaW26Ix6tWvDC7sumS9yrP5ikz+W2BzQ"
    "r5vVacev37x78/3J6ZsI66ikDOJCOGu4jNKS23IZNc9W74U3yDLpLNvAQ/KlYMyE9ffB2iprx+5vw1QThnr+u0+d3/6aasbrfu9D"
    "WD0xL1xc939YzlPMsdM86pqW7JBKS65hSO1QS+zaiAq8ErJKM5JSrdvm1lWRFKovxLyFWacjJMTUWG9z+7YjX9U3w5WUxMjkpxGS"
    "DpCpm0ioHWNq3amE2pADrJ3aqzwFWJi3Y0WIBsFj9hYlkT96VYzgIXs0ZOWSwEuGoEU9KicELdnbikPQ7GStSiFo4eYtw3QWnivy"
    "bfEfAqnEz9FDYp+dyDgO34vEMlbs8QocOHBnxudgiqbEztlQ1txrqmwtSzlPl0PRMmnB0iFsfOosDjaTDHPa1/CmNTq5ikPLlNd8"
    "E17z7blx2w11I37crSxOWmaIqOiybwr4rUSXta3LNxlc5pssuehWilBof3QwXwu/v+tddi+1q57WuRZZGMGyJIZmUg1bFsQbQA3t"
    "ptu7FJELfgVtQaghohfCJ8SikQz/r9/rRiL8P0bJPb3q/Xx3NfjXGTLpZ8+0n6MS7eK6LyIbghuabjER33B5dXtzN4Q7gcHLyzo3"
    "N92OiHHg9jvBFpRx8eEZ4kLuPf213ztDT4zyvzqDHtQDCxlqwTX/KVr/l+7gLLSbNfbo2zbSfe64Sqc7Lu51x5nd0o7GckyGUn0a"
    "iih1Wj8eyZQ+GigSUbDXht0yx25uTFDZSROx0LZPmtipk1OUt055c1Q+uG1qvhKnjkpZticpywKWPpd1Dvn7Ms45qvMi4/yJ29PP"
    "cLrDCChh1wP7VuQRw8m9y1W3PK/8tCr8cXZjcpIzVluR1VbkVjeHypW1Z50+2cmxw3KOvCvr36FEmzmeulxaExnBd27PD3ZmRDot"
    "Vuf2J8FLgew99Tkwn/pq47YcYtssxxNYHPMeCewDgbzpoPdgN0hOIMhL+3I2nAWh4XR8a9uYQ3k/zSU0yibMhNDeILpp3g7y+RVt"
    "3yjDfklQ4V/T+6e4PMXltYHLa50Z++2SeW1rin1g835ko4McKg+KD8t4vD+DCpXCRnnl8+AIV2c5xSAoYcen2yzLdAhH03AQV5vJ"
    "o17/4iBfZWZYvfU/vhbNl0lmKPoAnfl3eeNrLrfJBIRExB+o02MVHajowJJjYwvionfgqNi6jNTaI22CHpnF98fbfq+0E+dZzqbu"
    "ov8hrkN30ANagixgUU6DLDMeSxYuPGCZBpmzPNjLVHgooWzU2ktGSkjuDqRSoiQQUbDXX6lvI8WYYkgO4IQtCZo1rL43cK+NYt05"
    "r80C2zXcNj/fde/AOcNf5BE/F9tPQQo24cgZ3PV6fgi0R6mIfS527cB5KL2L7vW1fyAKB8ay8jK1tcMFJBZiUuoplNibwbJh3TQm"
    "0sHGkYjCfKWMeMr1tq55QbmAttuh/TnEkfZ+puUU+vXQ980EafBTYiqhaXW8HZctFvBZWbjLtookxdRmEYnNImDWSkyVYfW9USdr"
    "myYhhbOM0RHVV1AuQzkjeRmNi9nasL6iautTtfwWfL8E6rGEwn0V3OdkPiL5p/eWzXhpwQ3OeaHrbWenvDGzJyTPniuDOxZS5oUE"
    "1imXvwTcKTnVudXmXxUwKB8wGIXYSPaEpJxK1tvmFlbJetsSCqqS9VYJAV0lWW+T4Z/dRyK+ORMA6t84LAsBJVGVSkGgovo5erAw"
    "JSJxJ0Rg6lPsIjZGGA05JhMbz5G3ABV7iJ6mzCHBlYOwTdAUU8MiBkRzMtsg9jnin0TET8oPDG3+lVLBovAZ8P8waDR5rWJBWxkL"
    "qtK2NpfTUsAjAW5Yfw9jPxuJrQ3Vi4TjEq9AcrfM2t2OF2eBny2Gc1R2MZ2YEFF8Yn0+ceeiuGyiE/NRPo5r0L3oXv3iZ6T0n3BP"
    "P3Z6lyIWK7BX7unVh15fRGJxK5y19sxMtTlfbc7fYX+d2pyvNud/i/iHE08NinVJVLHtu8/FBjZHjc6QllSMe9taOUP7boek7DHX"
    "1MlBDksZ3DksoylpXKcSTzknjsO/Ayg/LMjCc0gaaZMn23R5qThZiBfAbnPBJ4b1XeAVn7CDHELdfD5yfY+W4h3hTQH5HFKPjjf6"
    "k3AkxEXiPhwG529OhxvxlaInFT3ZKvibp8/CISKBb0JEkZTVUE7oHqndo65y5K5qxUOYkRT/HtTfw659+qZCzz59U9ix4VYWXO0R"
    "W17e2arFZPCS2EqE8MoLI8+0XJM6R/DabayEGuGJ4chLMy8RbqG2SUhsTtu8blbVrI0CC0xUaRWellMOp/rbhnbM7RGcrCXr9YgO"
    "6IpO5rrt9oZnYkV0Ty+7HTg9i2Dl12jBSNi0XyN/f//tHFtWm3f4r75F8eT43WmkXeCiTJ/cfupcX6tt443PiBFpIjUfJqV2uk9u"
    "POmTcsEpF9y3h39hbr8XE1Ru2N7LGnotJ6TUPiLl89q+z+tWnxLDs3K9XtG9wzK/l5OsVcnzBclVITJ+QWyTGaaOnpg9O0cPHFYT"
    "6okQ+il74s+wwVs1xQ7S2Zw/TTi04KQ0EIcszOyJ5rvAGnjHy76wQu+V+L+ECg3r750HZV0EaLGrKmxgOWshKaVMBWUi7xLuykRu"
    "wUbF7cze19CCeVO3f6N03raiKpUmbZtZBGE+qULACPUgMwZMkHC1sJlOHMcPH4GJ1CyIS6nxDDXp7sKkO2WWkbc9t0z7xDJK8SjF"
    "vyv4t0Tx9z0XT3I1f3CnVPWzuE4l3c/rO6ZBkEPsR1MnfBnlmFSPtzrzPvBFnIADi6fw7BsIJZya+tRfQ4k3ohGZ4IIFWwPvWGHu"
    "gORxUiFvkYCaPaRnD9HQchosElEe/bqzx2fPJG6d2WNJUM0eOzd7/MDY7GJK9FneBBLfLJ1DRryapkf1XpxHfp0KJSx0Ocj6eS/Y"
    "eMw1vT7FdEKcB6TDAew+L8fGLhGnpz2jJ0KBjBsjZvO/uZRNFhjS/mdnksbessJc0lTo+nrmkYYDwLYcuM7bMwf8ssR4gYRKQiiT"
    "E88fWXLdPCGkppCaWSBsVm93ZEpQ7YdTvsFcM6GjB8BnbITgTqmBgOM6lRaZfv3z1IGpfA4eew4Ru9V8fQGzs5/WrJBlrPugSnvd"
    "4p03KptWa2f9kdTSfbTGdfu2V5IN7zZ5mubNNcXQhvX3ENz1H6OqNgJuIu7KIC42LanNUgkRtVEqZTetY6OUvPWqAt+Ucbs6B2Yz"
    "bOjYyc1KG98sNXFHqWqVrNxI5Bw94LFLbOHgYJ6NTCP0hVv8NoJMvmgMXNSUzRGOcjRAegbI4+CSAkfK2t8glQNCWcWttYqDuGxN"
    "MpnDktje+bcasTLUCqTB/e5ZaIs3PO5VMoFNb3jcuU2/wZHSkqbXQfZI6tth/+YGspiKcw8hrWl8SPXyrLudrb8LwhaWpNc8llHp"
    "TGqT7oFpJId8Qkg5O+rhLmxZOdQjEYV5PczVJrVve62uDrva9xZuCRvTIbapTw/yXI3+ncNSV2Nc5yUSprhh1xzh862QGivmsyim"
    "KwoTaBWvo4szaO3mem8Dh+PAoJJAOKi+h+g2s8mfUTc4vKyqsykhsnln03YmyrW5lbY6mX39P7RW1s8="
)
