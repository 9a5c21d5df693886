"""Purchases and refunds get a random name for the provider; purchases keep the account that sells them.

Rows from before keep no name, because their provider knows them by their number: what was begun is continued
under it. Their account is not known. One text serves both databases, and it may run again.
"""

from tortoise import BaseDBAsyncClient

from migrations.columns import is_there

RUN_IN_TRANSACTION = True

COLUMNS = (
    ("purchase", "uid", "VARCHAR(32)"),
    ("purchase", "account", "VARCHAR(64) NOT NULL DEFAULT ''"),
    ("refund", "uid", "VARCHAR(32)"),
)


async def upgrade(db: BaseDBAsyncClient) -> str:
    missing = [one for one in COLUMNS if not await is_there(db, *one[:2])]
    add = "".join(f'ALTER TABLE "{table}" ADD COLUMN "{column}" {type_};' for table, column, type_ in missing)
    return add or "SELECT 1;"  # PostgreSQL's driver takes no empty script


async def downgrade(db: BaseDBAsyncClient) -> str:
    there = [one for one in COLUMNS if await is_there(db, *one[:2])]
    return "".join(f'ALTER TABLE "{table}" DROP COLUMN "{column}";' for table, column, _ in there)


MODELS_STATE = (
    "eJztXWtz2zYW/SsYf9l2xutJ7MTp2js7o9pKotaRXFnu0x0aIiGJFQUofNjxdvPfFxd8SyRNUKJEyfjQ1ARxSergdXHuA38fzJhBLOfo1i"
    "H2wRn6+4DiGeF/pMoP0QGez+NSKHDx0BIVPV5DlOCh49pYd3nhCFsO4UUGcXTbnLsmo1C1haDyObp3iUXGNp5ppnGPTAcNgut/OMg0DtF9"
    "UMw820GYGsidEMSo9cT/IfwCu2huswfT4G9GDiFH8HqD6fz9Jh3X/iaPmp89orlsTHh1gO2PP3mxSQ3yhThw+ceBbhPsEkPD7sGfcHM+1U"
    "YmsYwUxqYBjxPlmvs0F2Xfm+MOdd+LuvCrhprOLG9G4/rzJ3fCaCRgUhdKx4QSG16ZgJ96lhU0U1jkfzsvcG2PRB9txAUGGWHPgkY8+PfI"
    "ozq0HRoyV5tb2B0xe3ZksBk26ZFo96N/W3g2NPB//hN8bEJc07q9gXbTHmjawVJfgE9baLSgSGcU+hH/WY4Aawxf+89/HR+fnLw7fnVy+t"
    "3bN+/evf3u1Xe8rvhpy7feffU/JkbWf5TAt/Oh0x3ABzHeWf0uDAVfhQx2sS8lmjFuqUQ3kmuyBcFNtV0I7443SNwAFqZjD/NXL6F/McF2"
    "NvZJmQXg+Q+qAnxYECMfz3QRzITWNhZm+ItmETp2J/zy5G0Bqj+3+hcfW/1vTt5+m4a2G9w5FrfSIA8tpk/5pMWHe0YvZ8wimGZDvSC5gP"
    "aQi9YFd1RSA95FvbbXu4Inzxzns+V344U+3L399H27/81rgT+vZLo5XRvbtvkA2D3JdO601Aa793LnXluPfv3qVYkuzWvl9mlxLw1vYiVe"
    "gveS33HNGcmGOC25ALERiB6Ff9QGeM4ybNKRjY90GHhHlD3WtgAXtMig86l9M2h9uk6NhMvWoA13jkXp00LpN6cLjRc9BP3SGXxEcIl+73"
    "XbAnPmuGNbvDGuN/j9AL4Jey7T+A/XsJEELiwOi76C9jWaJlZ1KBhiffqIbUNL3Yk7zdyz9Ql2iJMxDwai73/sE94WgOZy7wi05+vgMXX1"
    "jRqX+a/haAhLAzUjNbb+YsMVEfqBDfcJHOhb7Jjl9bb0rcQSoOvMg2fnYtmjZMD4P88j2vKfVQLVQGvcCVBnx7MFUGeYct3OCB4HwgsAZO"
    "xmE9jkb2hxotKzW9oB3y/ydcIwXcRGYtMI+6IzuICt5P0Qcy1UJ/d8qznhXy82m3xCIzZfuxGfx5HtUcpRQY/MnoodqE34fG84y3vael/1"
    "/KZ249vYoH+qnVDh1jRodrkmSAitZ0taZu54tQftEOM+CXAtD3oooRCvhrhDPssBHggovKvhPbLZf30yQ4IJiIUUCSBBAgwxpSRrPilkXS"
    "KhbWOdrR01DWObTaX7cyykMC6BMaik0iR5QkgR5BKTdSVqg1D++asSG23+kKd92rinNDsGoK2Ez0fmd/N9gWeZ10gP+WW0QsJCjPgOf17O"
    "fmPBzrxTIz0PLl5s48dop5yc3/gv57+X+NNnv30z6Hcu+FAuYIkk2Q9/ZGZwH9GQzWc+SFTlWd6DtyyasQcy4zLAQPjExLlgImCrOsQOEf"
    "yCQxzkMqRPMB0TxGzk/3xkussMx7oemsFl/JGkdWBf8OeSyT7kfKGl+M0/gN2M/t6qPV8RIWWIkOZvD/ekCWLIp/zXZhst29SbLU39KfRD"
    "2c2ZLuXhP7i+BcPiTfsMhbPDHf2lfXXR+8SLHomlsxkvAdvjB17AK9hjft1v/9zu37Suzvhk9UBsB1t39EO/1R2cobGN/f4lbRs9LWMaXT"
    "SuJSyjp4uGUTwL58PyQyaWUaOm8qgJyFcNj9wszakEbxuLqmao3Aw69hwpf6JIYD1T1naX7PodLwL1Sap/xzKVOnbDLJrb6deUuVLdOqy/"
    "VR+iWhzkSvXqk4JefaLciZQ7UdqdKKVB+VtK6VkuLaeW8MpTXXLLLtUCC4JqsVmJdl4aEcuN8Z7ZxBzTH8lTSUKwvBtT04ZCWVYwPQvkEI"
    "NZvX0N6Eo4Jjasm5dFd2GEl+Fdl0wppT35JDlaYR3IoGhDq0E+QzsJazxL0F74nmIpBzDwGXNcMgduFSOuawN1Gt7wncEOEXyTgYZPyHQd"
    "JLY8y0Ttuh9eJqIqPVx4B+dtmaJpFS3bSFpWbQMVvbGP9IaiT7fWseeuZ2c6SxVAn5RSDoEVHTDFops5pTxv74mEN8gzTeKeUNrk87F9dX"
    "mGQPKOXrSuB7f9Nr8Ouw8Yd67arRsos7lCyTVMoxnmHEVMKWJKEVOKFmlqQ6yVFtnOvj1iTTL27klGJX//nqRwyjlZhRJn6N53h3LukUnR"
    "hG+n+aU7cQ7Rva9WivKZSfmWm7e5mxFBtobnZbpWhSlSRLcN/tb4lj/DySrhCpfYws/xE/h8+TJQECkL2JkKn6tUYeiUNcemEd1dfrEiAx"
    "pHBnhZ8OdvSb1M9MtpjFVIgGdS3piGc0TJo8Y/q758N2kT5nEZC+ZxvgHzeFFNtAmHw3G1KZFKN7EgpiiCMhTBnK86kjlrEiJNdoyriPLp"
    "mxIgn77JxRhuLe16YA2T5AJiIaXjVmYDFAG2LQLMs21Cdan5OymzhxPLSZllMn+VXJq4Ewpt6Zk7qQTvH8I1+B/nbYoLkl7FIvuR8Wr9C2"
    "JqG1Sh+4ZyG9O5N9aDj9+WSZjHa+WiLe4tqnjxzlVKzUuJKbBLge3HV8gafmIhZUx+MZYfNpdOw3nQu253zxBI3tHrfu+ifXPT6X44gwzA"
    "OnEc3iq8vNW55CXYNODv/uDqN82P9mmLYtu1njQ/6Me3FYW34rL2r9cdYVIiX+amsCi9b3WuoGCETasp1qTwe+XGWlJqi0bWV7s2vLDrkt"
    "k8QxXK30jFEpsD+nW9c9rx6zfv3nx3cvomwjoqKYI4F84KptC05LZMofVbYfbCymmZdLrcwAPyJWfMhPX3Qdsqasf2r4NUE4bz/DefWr9+"
    "m2rGq173Q1g9sS5cXPW+X8y/zbHT+NbLtGSHVFpyDUNqh1pi10ZUYG2TnTQjKdW6TW5d5SGk+kLMW5hVOkJCTI31JrdvM/KwvRiupMD3Kz"
    "s9lrTjV9UEWc0YU+tOkdWE3HbNnL2KU9uF+WhWhKgfPGZvURJ50VfFCB6yR0NW7nADSdfKqEdluFYme1u+a6WdrFXKtTIMSjRMZ+65Io8c"
    "/yGQIv8c3SfiR0UmffheJLaxInYxMODAnSlfgymaEDsjULK+15QJmUyZpBddLJfS3aVdM/nSme9EKek8tq9OY2s0cuW7TCpfhA2YO7Zoxm"
    "021LXYcbeyOWmYIqJ89l4U8Fvx2Wtal6/TZc9XWTLRLeWh0Hyfa74Xfn/bvWxfap2u1roS2UVBsySGZlINWxb4G0AN7brdvRSeC34FbU6o"
    "IbwXwifEopEM/6/XbUci/D9GyR3tdH+67fR/O0Mm/eyZ9lNUol1c9YRnQ3BD0y0m/BsuOzfXtwO4Eyi8vKx1fd1uCR8Hrr8TbEEZFx+cIS"
    "7k3tFfet0z9Mgo/6vV70I90JChFlzzn6L1fm73z0K9WWMPvm6z/XAK7GgsQ2UonE9DETWdVvdHMqWPvIpEFOyVYbfMkZvpE1R0gkostO0T"
    "VHbqRCBlrVPWHJXncJszX4FRR6Xi25NUfAFLn8k6h/x9Eecc1XmWcf7E9eknOLVkCJSw64F+K/Lj4WRMftlQ/pWfVoY/Xg64T3LGKsRehd"
    "irEHsVYq+y8L0UhSjdybHDMg7TLOrfoUSTWbaqs0gdZw3sXNQVdqZEOuFe6+ZHwQyC7B31WUiffGxiYBSxbZZhi82POogE9oHC33TYQRCP"
    "k+GK81xk1Iaze9Sc6HNtoVGU99NMSqlowUwI7Q2im2ZOIVNoXgBNEfYLggr/ivZXxaYqNrUJbGrj1NiXS6c2rSn2gU/9gQ0PMshUKD4sYl"
    "L/CiqUctzllc+Dw6GdxeSlMAk7PuFpWaZDOJqGg/i0mTxE+h8O8qfMJV51/Y+vRLQupUkVfYBO/bu88TWX62QCQiI8QNS51I0lZBUduDk6"
    "MP9A6hzP9B04hLppvPYyvj/c9LqFnThLczZ1F/0P8Tl0B23QBcgCFsU0yCLjsaDhwgMWaZAZy4K9aAoPJZSOWnnLSAnJjAErJEoCEQV79Z"
    "36NpK8KYbkAM7uk6BZw+p7A/faKNads9rMsV3BbPPTbfsWjDP8RR7xs+H9GCTBE4ac/m236zuhe5QK7/N80w6ctNS9aF9d+UctcWAsKytX"
    "XjNMQGIjJjU9hRJ7M1g2PDeNiLS7dySiMF8pJ6Eyva1rXVAmoO12aH8NcaStn2k5hX419H01QRr8lJhKKVseb8dl8zl81jLcRcE6STEVri"
    "MRrgNqrcRSGVbfm+lkbcskJNGWUTqi+grKRSinJCundD5bG9ZXVG11qpbfgu+XQD2WULivgvuMzIYk+1zwohUvLbjBNS80ve3skjdi9phk"
    "6XNFcMdCSr2QwDpl8peAOyWnOrcKv1YOg/IOg5GLjWRPSMqpdMlNbmGVLrkprqAqXXIZF9BV0iXX6f7ZfiDim5ccQP0bh0UuoCSqUsoJVF"
    "Q/R/cWpkSkTgUPTH2CXcRGCKMBx2Rs4xny5jDFHqLHCXNIcOUgbBM0wdSwiAHenMw2iH2O+CcR8ZOyHUPrf6WUsyh8Bvw/dBpNXitf0Eb6"
    "gqrEufVlFRXwSIAb1t9D389afGvD6UXCcIlXILkbpu1ux4ozx08WwxlTdj6dmBBRfGJ1PnHnvLhsohPzQd6Pq9++aHd+9nOC+k+4ox9b3U"
    "vhixXoK3e086HbE55YXAtnjT21VAXnq+D8HbbXqeB8FZz/EvEPF54KFOuCqGLbd5+LDXSOCp0hLakY96a18hLtux2SsstcUycHGSxlcOew"
    "iKakcZ1SPOWMOA7/DqD8sCALzyFtp00ebdPlpeJsJ14A0eaCTwzru8ArPmIHOYS62Xzk+h4txTvCmwLyOaQeHW/4F+FIiIvEfTiOzw9Ohx"
    "vxlaInFT3ZKPjrp8/CISKBb0JEkZTlUE7MPVLRo64y5K6qxYObkRT/HtTfw659+qZEzz59k9ux4dYyuNoDtrys023zyeAFsZUI4ZU3Rp5p"
    "uSZ1juC129gJ1cITw6GjZlYi3NzZJiGxudnmdb1TzdoosEBFlZ7C03LK4FQ9bGjHzB7B2WayVo/oiLTobLSbdndwJnZEd/Sy3YLzywhWdo"
    "0GjIRN2zWy4/tvZtiymhzhv3qI4snxu9NodoGLovnk5lPr6kqFjde+IkakidR6mJTa6T658aRPygSnTHAvD//c3H7PJqjcsL63rOg1nJBS"
    "cUTK5rV9m9eNPiGGZ2VavaJ7h0V2LydZq5TlC5Krgmf8nNgmM0wdPTJ7eo7uOawm1BMu9BP2yJ9hg7Vqgh2ksxl/mjBowVl1IA5ZmNkjzT"
    "aB1fCO521hudYr8X+JKTSsv3cWlHURoPmmqrCB5bSFpJRSFZSKvEu4KxW5AYGK21m9r6AFs5Zu/0bhum1FVUot2jazCMJ8UQWHEepBZgxY"
    "IOFqbjOdOI7vPgILqZnjl1LhGWrR3YVFd8IsIys8t2j2iWXUxKMm/l3BvyETf89z8Thz5g/uFE79LK5Tau7n9R3TIMgh9oOpE76Nckyqx6"
    "HOvA98ESfgwOYpPPsGXAknpj7x91DijWhIxjhnw1bDO1ZYOyB5nJTLWySgVg/p1UM0tNwMFokoi37V1eOzZxK3yuqxIKhWj51bPb5nbHox"
    "Ifo0awGJbxauIUNeTdOjes+uI79MxCQs5nKQ9fNesNGIz/T6BNMxce6RDgew+7wcG7lEnJ72hB4JBTJuhJjN/+ZSNpljSPu/vJLU9pYV1p"
    "K6XNfXs47U7AC2Zcd13p4Z4BclxgskVBJCmZx4/siS6+YJIbWEVMwCYbNq0ZEpQRUPp2yDmWpCSw+AX9IRgjuFCgKO65TaZPr1z1MHpvI1"
    "eOQ5RESr+fMFrM5+WrNclrHqg0rFusWRNyqbVmNX/aHU1n24xn37tneSNUebPE6y1pp8aMP6ewju+o9RVYGAm/C7MoiLTUsqWCohogKlUn"
    "rTOgKl5LVX5fimlNvVOTCbYUPHTmZW2vhmoYo7TFUrpeVGIufoHo9cYgsDB/NsZBqhLdzitxFk8kUj4KImbIZwlKMB0jNAHgeX5BhS1v4G"
    "qRwQSiturFYc+GVrkskcFsT2zr5Vi5ahdiA1xrsvQ5sf8LhXyQQ2HfC4c0G/wZHSkqrXwfKR1DeD3vU1ZDEV5x5CWtP4kOrFVXc7ob9zwu"
    "aWpNU8llHpTCqT7oFqJId8QkgZO6rhLnRZOdQjEYV5NcxVkNrL3qurw672vYUbwsa0iG3qk4MsU6N/57DQ1BjXeY6EyW/YNXv4vBRSY8V8"
    "Fvl0RW4Crfx9dH4Grd3c723gcBwYVBIIB9X3EN16gvwZdYPDy8oamxIimzc2bWehXJtZaauL2df/A26wOrI="
)
