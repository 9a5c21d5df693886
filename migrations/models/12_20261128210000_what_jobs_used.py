"""A job keeps the model and the endpoint that worked for it, the tokens, and what these cost the operator.

Jobs of the version before have no tokens. A replica of that version writes none.
"""

from tortoise import BaseDBAsyncClient

from migrations.columns import is_there

RUN_IN_TRANSACTION = True

SQLITE = {"boolean": "INT", "false": "0"}
POSTGRES = {"boolean": "BOOL", "false": "FALSE"}

COLUMNS = (
    ("ai_model", "VARCHAR(200)"),
    ("ai_endpoint", "VARCHAR(200)"),
    ("tokens_read", "BIGINT NOT NULL DEFAULT 0"),
    ("tokens_cached", "BIGINT NOT NULL DEFAULT 0"),
    ("tokens_written", "BIGINT NOT NULL DEFAULT 0"),
    ("tokens_estimated", "{boolean} NOT NULL DEFAULT {false}"),
    ("ai_cost", "BIGINT"),
)


async def upgrade(db: BaseDBAsyncClient) -> str:
    kinds = SQLITE if db.capabilities.dialect == "sqlite" else POSTGRES
    new = [column for column in COLUMNS if not await is_there(db, "job", column[0])]
    adds = "".join(f'ALTER TABLE "job" ADD COLUMN "{name}" {kind};' for name, kind in new)
    return adds.format(**kinds) or "SELECT 1;"  # asyncpg cannot execute an empty script


async def downgrade(db: BaseDBAsyncClient) -> str:
    there = [name for name, _ in COLUMNS if await is_there(db, "job", name)]
    return "".join(f'ALTER TABLE "job" DROP COLUMN "{name}";' for name in there) or "SELECT 1;"


MODELS_STATE = (
    "eJztXWtz2za6/isYf2l3xseT2InTtXd2RrWZRI0jeSU56W7doSESklhRgMJLHJ89+e8HAO9XE5Qo"
    "Ugo+NLVAvKT0AATe93kv+O/RiujItE/ubGQdXYD/HmG4QvSPRPsxOILrddTKGhw4NXlHl/bgLXBq"
    "OxbUHNo4g6aNaJOObM0y1o5BMOvaA6zzJXhwkInmFlyphv4ADBtM/M8/2cDQj8GD30xcywYQ68BZ"
    "IECw+UT/QfQDdMDaIl8NnT4Z2AidsMfrRKPPN/C88Se52PjiItUhc0S7M9j++JM2G1hH35DNPv5x"
    "pFkIOkhXoXP0J7u4XqozA5l6AmNDZ7fj7arztOZtvxrzPnbe8r7sV01VjZjuCkf910/OguBQwMAO"
    "a50jjCz2yBj82DVNf5iCJu+70wbHclH4pfWoQUcz6JpsEI/+MXOxxsYOTImjrk3ozIi1OtHJChr4"
    "hI/7yT9MuJrq8J//9L9sTFxVB8OJOlYmqnqUmQvsq6UGzW/SCGbziP4sm4M1Z9/2f/5+enp29ub0"
    "xdn5L69fvXnz+pcXv9C+/KdlL7357n2ZCFnvVhzf/rv+YMK+EKGT1ZvCrOE7l4EO9KT4MEYjFZtG"
    "YkOWEtzV2AXw7vmARANgQjx3IX10Bv3PxNLtDO7x/inQ6Y+pA3rQEKEerXIhxAg39h6s4DfVRHju"
    "LOjHs9cliH7qja7e90Y/n73+WxLWgX/llF9KAjw1ibakCxZ91XNmOCEmgjh/iqckU2hPqWhTcIct"
    "DeBdNmOHwxt255VtfzG9KZyav4O7j78qo59fcvxpJ8MpmNbQsoyvDLunLOgf0FMG62T/HU7s7LTe"
    "2lx++eJFhclMexXOZn4tCWxs/80Ae02vOMYK5U/npGQKYt0XPQn+aAzwgs3XwDMLnmjslTvB5LGx"
    "bbdkRCb9j8p40vt4m3gHrnsThV055a1Pqdafz1ODF94EfO5P3gP2EfxnOFA45sR25hZ/YtRv8p8j"
    "9p2g6xCV/nAV6nHgguag6TvTuWbL2F7OGqZQWz5CS1cTV6JJs3YtbQFtZOesgL7o2w8jRMeCoZmd"
    "Hb7OfOvfpqm50eDm/j14G4JWX7lIvFt/kemGCP1GpocEDptb5JQUzbbkpdjir2nEZfcuxHKI0YTQ"
    "f55HtOfdqwKqvq64F6CuTlcpUFcQU61O92/HhFMA5NiwMWyKzVgY6/SsITuhViLdJ3TDAWTGTUVm"
    "DV2wD8yAfJhCqn9q6IEamAv67bmJSRc0ZNG9G9B1HFguxhQV8EisJbc7LUTXe93OWrLNPqqKKTu1"
    "yJLqtbs3Y/2ZKi2hUtPUnwBiQxAT2o5JWmUVeXEA4xDhvvBxrQ56ICERr4e4jb6IAe4LSLzr4T2z"
    "yP96hIYAGxAJSSJAgAiYQoxR3npSyryEQm1jna8ndQ1jT5ERxDgUkhhXwJgpp8IkeUxIEuQCi3Ut"
    "kgNh+vU3pTgUepOnQzLhE5odMfUN8XlPvGl+KPBkGY7kK59FK6Au+Bvfp/crsDdSfua9etOL4KLN"
    "FnwMLeX4+kZ/Of29yFs+R8p4Mupf0Ve5hC8S5EG8NzOHBQlf2WIOBIVdnmVA6MiCFfmKVlSGcREe"
    "RXHJOQlmqk6hjTjTYCMbOARoC4jnCBALeD8fGE6W69jWTXNYjT/iBA+zC/7M8BwB+8tGil78g/Gc"
    "4d+t+vMlEVKFCOm+eXggQxBBvqS/Nov51QJaCnZXmaU/gX4guzsnpjj8R7d3zMU4Vi5AsDrc48/K"
    "zdXwI216RKZGVrSFeSHf0QbawZrTzyPlkzIa924u6GL1FVk2NO/xu1FvMLkAcwt680vYS3pexUma"
    "drPFfKTnaRcpXAXrYfVXJpKRb03tt8YnX1U4c/I0pwq8bSQqh6H2MGjQtXNo87ywi7Drdhardjfr"
    "5oMvfMVJaGZHMrWmdMe8mu3MaEycygFyQd9WY4gaCY2rNKPPSmb0mQwnkuFEyXCihN7kGZLCK1xS"
    "Tm7ctZe5uKEuNAIpQbnRbEQ2Z96I7GC8JRYy5piqVBVpwOphTF17FapygclVoIAOzJvtW0BXIDCx"
    "Y9O8KrqpN7wK25pxoFSO5BNkZrlPIIeYDXwFxbzsIujxLC175UWKJQLAWMyY7aA1Y1QhoHo2I0yD"
    "C14w2DFg30kH0ydgODbg5k6Wnt32zasEnyVfFzrB6VgmyFlJxnaSjJUmoCQ1DovUkHRpa1N67bhW"
    "bnBUCfRxKRkAWDPgkm+3Gdir+XdC4R0yTItoJlR28bxXbq4vAJO8x1e928ndSKGfg+nDnDk3Sm/M"
    "2iyqSlLdUu+G+0ZSUpKSkpSUJES6OhBbJUTasdhDviTHao9zKcWWe5y8qRZUFUhcgAcv/Ml+AAYG"
    "C2pI04/Owj4GD55aydtXBqbGNh1zJyd3bAv3yw2lCkqi8Gnr/61SYz8nqCoW+hYz3tfwicV4eTKs"
    "IVQWoL3kMVaJxiAIK2yIR2N59zNiHzLfSPIDneMH3Dz4mWJZECGei341VbIOL/BM7RtDt08welTp"
    "12qu8E3Sq3laxal5WuzTPE3rjxaicNiOukQVa0+kBCRrUIU1WNONKLdsTfFcj4l0OTauJsrnryqA"
    "fP6qEGN2KWMIsW1NkB6IhKTaW5sgkJxYW5yYa1kIazkrd/G6Epc5wIXlrMoGWbw/ZhbumI5beeWO"
    "68WHh3ADIchFdnIxxjGRwyh/tf0NMWEAZaAduo5Nr/aLp28gtzNte2cz+PR1lbp5tFch2vxaWsWL"
    "jFkRtJNiEuxKYHspFqK+oEhIepZ/GGcQWQtX4zwa3iqDC8Ak7/HtaHiljMf9wbsLVgRYQ7ZNR+Ue"
    "f1BuJ2pv3L9WLsASrR0Vsjec9u/1r2lPaOjs79Hk5t+qlwik8GbLMZ9ULx/IcysFl6I25ffbPvc+"
    "oW9rgzuf3vb6N6xhBg2zK46n4PuKvYNxqRb9sS/27bWDjoNW6xwVqdjAiiR2B/TLZte605ev3rz6"
    "5ez8VYh12FIGcSGcNbymScm2vKbNO2wOwiFqGniZHeAJ+lbwzgT9D0ELKxtH5fdJYgiDdf7nj73f"
    "/5YYxpvh4F3QPbYvXN0Mf02X5qbYqdQkM0zRVyopuYVXao9GYt/eKN8xJ7pohlJydLs8ujKYSM6F"
    "iM8w6kyEmJh817s8vt0o0fbDcCglYWL5lbOEY8Tq1s7qxju17epZXSh7183Vq7zqXVCqZkOIRv5t"
    "DhYlXjx9U4zYTQ7olRU7AUEwCjOcUTlRmPHZVhyFacV7VYrCDDIXdcNeuw4vMUd/CKujfwkeYkmm"
    "vNw++76Am7E8wdF37LArS7oHY7BAVk42ZXOPqZJXmXBVp6MxM5XwklGccxSGY879oE2V+KIrqKMo"
    "gNNg+1ZxCGbl0LNDDTnboousONRSRjLswCnSohO421A34gVuxYTpmLoiI/5+KOBZXVzBCR+KyOm+"
    "Ceo5yn4p5DsOKm7Axb01b2srYapdm7hNRqmGKnjNoJzupxkcjZS3d4Nr5VrtD9TeDa+py4wmpKsG"
    "VqFpslAa1kO9VQbXPFjH66CuEdZ5wE5wh0g0lKH/DQdKKEL/Ixjd4/7gX3f90b8vgIG/uIb1FLao"
    "VzdDHrTjX1A1k/DQnev++PZuwq74thxt693eKj0evkNNUwRN1kbFJxeACjkswEj5pAy40JqZqJhL"
    "fR4OLsAjwfSv3mjALjKTkF+hn+kPVIeflNFFYCiqdMWx0sZlOxlFnhkophoEIlIzqB+YZwgf/xaK"
    "SNjrqwY+0yGmkkVCUimri7xpzJxcXbjsHKdIqO1znPbqXDLDVmeeP0oQ76Rg25jnU70dw1oGYUgn"
    "vaxx2+YuU+Krl2VYD6QMq+98zXUmBm7ZMldi2OdZR+JHaks+sXOqpszT57jMiuO1UWG8KkvVYi4b"
    "362KWzBTciXhCpS1VGQtFVlLRdZSaamWivQ9tWRwU+vCJjkGYP7JMlHvLvPKddeOJk6X2bvUWmgv"
    "kXCh1d74A+fCmew99nh3j27vYpYrsiySEzKjsGaWR5YZh1DgEJxWu84h85MrRVytcZGDKfC8Nc8r"
    "plNUmJ2OCR0MorvmplmF6KJsyDLsU4IS/5qFsSSHKjnULnConVNjf1wStWtDcQgs6m9kepRDobLm"
    "4zL+9C+/Q6UsDNr5EviVOtNFq9kibHs0p2kaNqJo6jagy6azQIBRZVOK3E828JbMDJu6/dvXolfD"
    "Bq/ijx2mTmTqZvPJgZeZq3SCqA7V2zjMwZnqwe0TF+k+Qr8afxgPn2KPkoxuJxldySfugk8M3paq"
    "xHnQ/xBpraYo8Sy+v42Hg3x8YyJp9dvQHPB/gC7Ee+i+LkGWYVHOpaRpk5SazG6Q5lJWJA/28kSB"
    "XNSlovvcCh7nW1BuVnAp2+KLSNjrm/ttlAOVNMsRO/JVgKsNuh8M3FvjaffO9bOGVg3fz7/ulDvm"
    "4aEPcpFXH/WDXxaVe4NGd4OBl7vhYsyTNor9Q+yYvsGVcnPjndNHgTHNvOqp3fAjcaNNaHkKJA7m"
    "Zdnx2jRDwvkQoYjEfKMqtdJ/t619QfqR2p3QMT5OCP6knES/HvqemiAMfkJsrzOwd67Ok/Wafa0s"
    "3GU5PnGxtjN89iqriqm1Altl0P1glpOtbZPsWAURpSPsL6FMQ8mOshBha4P+kqqtT9XSS+z7C6Ae"
    "SUjcN8F9hVZTZAlnEScFd7jnBa63vd3yIu+zANyRkFQvBLB2FhaCunDYU0JMJo7WVaaJxc7QWyHb"
    "hnPx2LM8aTkWdcciGQBTfeFJyMllvvrSAw2VR33luzQKmMCYzCEkT6QKYFYKXTktCV05zUmFM1SE"
    "9TUxBA9PTYpJsCuB7ZAlwrbKNkfBDTUpKBmp6gu3D50GtYWoez8jKnEXxv3RMhwH5dX8eR74mKxE"
    "Xhh5ZDvGCorXt8oTb9toyg/t7p7GoglHzMWEpHIuc7VkrtamuVphSoLgTIjLyWPHujzC8tixrmTh"
    "yWPHqmTfbXLsWJOZdworFH2Uk3vnXTguy75DYZdK+Xe8+yV4MCFG/AgilvymLaADyAxAMKGYzC24"
    "Au6aLbHH4HFBbOR/sgG0EFhArJtIZ4l0nNi8BPQrIf6T8nPymn+kUJ4e+xrs/0FCXfqz/zCZS9e2"
    "VlmcSycPmWriBB4OTwbWYuYx6H+AuXON5CYGC41A4CfcIEioY3pvO/boGj6ZJI/jLQ7HiInIeIz6"
    "8Rh7lwVjIQ0ZX8XzYEbKldL/5B1F4t3hHr/vDa55LouvTNzj/rvBkGeyUH2cauW6rJC2V6+IrJC2"
    "D/GOskKarJD2I+IfbDw1yNaUqOTd95+VjREYgpMhKSm5966NcoYAboeuHBDH0NBRDl/pXzkuIyxx"
    "1KcSY+nHTTLyD3La8JKdmGAhFpNAW/lp6bSBlfzizGLQ32EM4yO0gY2wk89Mbu/WQgwke5JPQ2eK"
    "hgWZ4jF3qNfBnf6FNP9D7Ab098R6RZ8kcymZy44A3zyzFrwclZCNdZbMZTV8Y+tN9YUjJiT9vPVD"
    "yHzWpTIp7/c/wKl9/qrCzD5/VTix2aUsuOpXaLp5B4IXM8QpsY1Y4o2tJdcwHQPbJ+yxbZhHjZDH"
    "X5FlG3nHkxSuNjGJ3a02L5tdarbGi9VNXJIpS9uqxbBnvhD/nHVRV0h4XHt4TvtYGUwuuJl0j6+V"
    "HjtL3c+ckM6O7nIhTTg78oumjVfQNLtcNm3znIOz0zfn4erCPpStJ+OPvZsbWYur8R0xJEqE9sO4"
    "1F7PyZ1X0pV+OemX+/Hwl0Ub2vWKrs0n1SFi4MelJPb1sS84KqDofNGiYwKatHKy5k3HaViZXCfd"
    "v+27f8csCd/lPznjAA6vHZe5gO14r0pOYHZOC0sXWSPLILqhgUdiLS/BA4XVYP14XsmCPNJ7WMxx"
    "u4A20MiK3o37duk05dkm7FQo8ojzvcENPON5t3Chn5b/P/OaFxP/Qf+D8xhui/YvdsoGAyymKMSl"
    "pIIsDcN9wl0ahh3I3m1n975hI5i3dXsXSvdtM+xSadO2iIkApJsqi53CLiuyyTZI9mltEQ3ZthdJ"
    "xTZSoyBEq8Y95Ka7D5vugph6Xs562eoTyciFRy78+4J/Rxb+oevAee7K718pXfpJ1KfS2k/724aO"
    "gI2sr4aGqBllG1iL8v/pHPjGT+RlxlNwFi+Lql0Y2sKzofgTwRTNYYHB1sAzNtg7WB36nODO4s0j"
    "FJC7h/DuwQdabAULRSSrW3f3+OIayKmze6QE5e6xd7vHr4QsrxZIW+ZtINHF0j1kSrupWtjv2X3k"
    "84IvwnwtZ7JeMRgym9GVXltAPEf2A9AInVYeL0dmDuKnuT+BR4QZGTcDxKJ/UykLrSE7QTC7kzT2"
    "lA32kqaSNLazjzQc9thyigYdzxzwy+p0+hJtl+bcq6Li/pslNs1jQnILqVkQxSL1EoUTgjI1VPoG"
    "c9WEnuYDn9ER/CulCgKM+lQyMr3+l3zrZuv5FNpsD565NuKJm956wXZnr9ZfIctY90aV0j6jfDOW"
    "7SkTMzu560+FTPfpFu32ti3JhnOsHhd5e00xtEH/AwT37LQCuGenheCySzLxdZcRVzpyoGEKJQfG"
    "RGRiYEJj2kZioLjeKkPepFq7OftlEahr0M4t0hxdLFVup4lulfTbUOQSPMCZgyzu2iCuBQw98IKb"
    "9DJgha3BjLFQC7ICMCxUwmqU+Ge35Cu+W3+CUCEUqQ93Vh/2I7LVygVLUgIH59NqRL+QVkeDlR2y"
    "0LKs3oKUm0Mqm7Hr1N69S2+3XIxrpLeP7gYDnt7uy9/j8WR4e8uK+NoOWa9ZVd9rqvxcAJ14hbvb"
    "T3JfI7I2BT3lkYws3FObaK913F43ztnba9y5FiuGeigiMZenvkkrXZ76Jke4ozwM1yLpGBc5GRPX"
    "j8vYGCPd81lCZsLjg5xjMH0Kz6z6yQaGfuwHlEKA0SPgh7YG1IlNvx4TAkuE1naWgtnSPWWkUYe3"
    "yRKfIxGvqhnJSN28tr5SED1cvkEVxQ9LLUXuYUIhMsiiK3ve7uVfKd23YNTnuR2reGC3vF/8KJT8"
    "htXHijeCwnKnxVxwcb3T/eQsd3C+IXupBBD2ux8gus0UpyHY8U+irRoqERPZfahEO8be1oIiWt3M"
    "vv8/gi9WWQ=="
)
