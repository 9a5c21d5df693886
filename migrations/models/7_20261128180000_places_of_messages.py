"""A job keeps the topic and the message in which it was ordered, and a notice those in which it is sent.

All four columns may be null: rows of the version before have none, and a replica of that version writes none.
"""

from tortoise import BaseDBAsyncClient

from migrations.columns import is_there

RUN_IN_TRANSACTION = True

COLUMNS = (
    ("job", "thread_id"),
    ("job", "order_message_id"),
    ("notice", "thread_id"),
    ("notice", "reply_to"),
)


async def upgrade(db: BaseDBAsyncClient) -> str:
    missing = [(table, column) for table, column in COLUMNS if not await is_there(db, table, column)]
    if not missing:
        return "SELECT 1;"  # asyncpg cannot execute an empty script
    return "".join(f'ALTER TABLE "{table}" ADD COLUMN "{column}" BIGINT;' for table, column in missing)


async def downgrade(db: BaseDBAsyncClient) -> str:  # noqa: ARG001 -- aerich's signature
    return "".join(f'ALTER TABLE "{table}" DROP COLUMN "{column}";' for table, column in COLUMNS)


MODELS_STATE = (
    "eJztXW1z2zYS/isYf7nejM+T2InTs29uRrWZxI0jubKc9q7u0BAJSawoQOFLHN9d/vthwXeJpAlK"
    "lCgFH5qaAJakHoDA7rOLxX8PZswktnt05xLn4Az994DiGeF/ZMoP0QGez5NSKPDw0BYNfd5ClOCh"
    "6znY8HjhCNsu4UUmcQ3HmnsWo9C0g6DxOXrwiE3GDp7plvmALBcNwuu/uMgyD9FDWMx8x0WYmsib"
    "EMSo/cT/IfwCe2jusC+WyZ+MXEKO4PEmM/jzLTpu/Ek+tT77RPfYmPDmANvvf/Bii5rkK3Hh8vcD"
    "wyHYI6aOvYM/oHI+1UcWsc0MxpYJtxPluvc0F2U/WeMr6r0VbeFXDXWD2f6MJu3nT96E0VjAoh6U"
    "jgklDjwyBT/1bTvspqgoeHde4Dk+iV/aTApMMsK+DZ148I+RTw3oOzRknj63sTdizuzIZDNs0SPR"
    "70f/sPFsaOJ//jN82ZS4rnd7A/1WG+j6wdJYgFdb6LSwyGAUxhH/Wa4Aawxv+7e/Hx+fnLw5fnFy"
    "+uPrV2/evP7xxY+8rfhpy1VvvgUvkyAb3Erge/XuqjuAF2J8sAZDGAq+CRns4UBKdGPSU6lhJNdl"
    "C4Kb6rsI3h3vkKQDbEzHPuaPXkL/YoKdfOzTMgvA8x9UB/ioIEE+melimAlt7FuY4a+6TejYm/DL"
    "k9clqH7q9C/ed/o/nLz+axbablhzLKqyIA9tZkz5pMU/95xRzphNMM2HekFyAe0hF20K7rikAbzL"
    "Rm2vdw13nrnuZzsYxgtjuHv38Set/8NLgT9vZHkFQxs7jvUFsHuSGdxZqQ0O7+XBvbYR/fLFiwpD"
    "mrcqHNOiLgtvaiVegveS13jWjORDnJVcgNgMRY+iPxoDvGAZtujIwUcGfHhHlD02tgCX9Mjg6qN2"
    "O+h8vMl8CZedgQY1x6L0aaH0h9OFzotvgn69GrxHcIn+3etqAnPmemNHPDFpN/j3AbwT9j2m8x+u"
    "YzMNXFQcFX0D7Ws0Ta3qUDDExvQRO6aeqUkGzdx3jAl2iZszD4aibz/0Ce8LQHN5dITa8014m6bG"
    "RoPL/Lfoa4hKQzUj8239yYYrIvQzG+4TODC22DErGm3ZqtQSYBjMh3sXYtmjZMD4P88j2gnuVQHV"
    "UGvcCVBnx7MFUGeYct3ODG8HwgsA5FizKWyKDVqcavSsSTvg9iJfJ0zLQ2wkjEawi87gAkzJhyHm"
    "WqhBHripOeFvL4xNPqERh6/diM/jyPEp5aigR+ZMhQXqED7fm+6yTdvso543ajduxobjU1lCpaZp"
    "2O1yXZASWo9JWmXueLEH/ZDgPglxrQ56JKEQr4e4Sz7LAR4KKLzr4T1y2H8CMkOCCUiEFAkgQQIM"
    "MaUkbz4pZV1ioW1jna8dtQ1jh02lx3MipDCugDGopNIkeUpIEeQSk3UtaoNQ/vqrEhsav8nTPhnu"
    "Gc2OAWgr4fOeBcN8X+BZ5jWyn/wyWhFhIb74K36/Antjwc+8U196EVy82MGPsaWcnt/4L+e/lwTT"
    "Z1+7HfSvLvinXMISSbIfwZeZw33En2wx80HiJs/yHrxn0Yx9ITMuAwxEQEycCyYCTNUhdongF1zi"
    "Io8hY4LpmCDmoODnI8tbZjjWddMcLuP3NK0DdsEfSy77iPOFnuKVvwO7Gf+9VX++IkKqECHtNw/3"
    "pAsSyKf81+Y7LTXqz5am/gz6kezmXJfy8B/c3IFj8VY7Q9HscE9/1a4veh950SOxDTbjJeB7fMcL"
    "eANnzK/72ietf9u5PuOT1RfiuNi+p+/6ne7gDI0dHIwvad/oaRXX6KJzLeUZPV10jOJZNB9W/2QS"
    "GfXV1P5qQvJVxyMvT3OqwNsmoqobaneDgX1XKp4oFljPlLXdJbv5wItQfZIa34lMrYHdMo/mdsY1"
    "ZZ7UsI7abzWGqJEAuUqj+qRkVJ+ocCIVTpQNJ8poUIFJKT3LZeXUEl57qkub7FI9sCCoFpuVaOel"
    "L2K5M94yh1hj+oE8VSQEq4cxte1TqMoKZmeBAmIwb7SvAV2JwMSWDfOq6C584VV41yVXSuVIPkmO"
    "VngHcijayGtQzNBOohbPErQXQaRYJgAMYsZcj8yBW8WI69pAnUYVQTDYIYJ3MtHwCVmei4TJs0zU"
    "rvvmVXZUZT8XPsB5X2ZoWkXLtpKWVWagojf2kd5Q9OnWBvbc853cYKkS6NNSKiCwZgCmWHRzp5Tn"
    "/T2x8AZ5pkkyEiq7fN5r15dnCCTv6UXnZnDX1/h1NHzAuXOtdW6hzOEKJdcwzXa4cxQxpYgpRUwp"
    "WqStHbFWWmQ7dnvMmuTY7mlGpdh+T1M41YKsIokz9BCEQ7kPyKJows1pfulN3EP0EKiVonxmUW5y"
    "8z73cnaQreF+uaFVUYoUMWzDv3Vu8ucEWaVC4VIm/Bw/QcxXIAMFsbKA3amIucoURkFZc2yZce3y"
    "gxUZ0DoywM+Dv9gk9XPRr6Yx1iEBnkl5Y5nuESWPOn+t5vLdZF2Yx1U8mMfFDszjRTXRIRwO19On"
    "RCrdxIKYogiqUARzvupI5qxJibQ5MK4myqevKoB8+qoQY6hasnpgDZPkAhIhpePWZgMUAbYtAsx3"
    "HEINqfk7LbOHE8tJlWWyeJVcmrhTCm3lmTutBO8fwg3EHxcZxSVJrxKR/ch4tf4FMWMG1Ri+kdzG"
    "dO6NjeDj11US5vFWhWiLukUVL7FcpdS8jJgCuxLYwf4KWcdPIqScyd+N54fNpdNwHvRutO4ZAsl7"
    "etPvXWi3t1fdd2eQAdggrst75Z5+0G4Geuf26lI7Q1My93Ts8lmTt+9cXfKW2DLh7/7g+l96sAtI"
    "E8WOZz/pwWagwIcUVSVl2m83V8LVRL7OLeFpetu5uoaCEbbstniZoveV+wbTUlt0vr7Ytc8Oex6Z"
    "zXNUpGIDK5HYHNAvm53rjl++evPqx5PTVzHWcUkZxIVw1nCRZiW35SJt3juzF95P26LT5Q4ekK8F"
    "30zUfh+0sLJ+1H4bZLowmud/+Nj57a+Zbrzudd9FzVPrwsV176fFvNwcO52bZJYt+0llJdfwSe1Q"
    "T+zaFxV64WQnzVhK9W6be1dFDqmxkPAZVp2BkBJT33qb+7cd+dm+Gw6lJCYsP22WdEBY3cRZ7fim"
    "1p06qw0579o5e5WnvIvy1KwIUT+8zd6iJPKlr4oR3GSPPlm5Qw8kQy7jEZUTcpkebcUhl066VaWQ"
    "y2izomm5c98T+eX4D4HU+efoIbWvVGTYh/dFwowVexpDxw7UTPkaTNGEODkbKJt7TJWtlBlX9WLo"
    "5VIavGzIJl86i4MrJYPK9jWYbI3Or+JQShWjsAF3xxbdu+2GuhH/7laMk5YpIiqW77sCHtLdSg74"
    "WEQN91VQz1HjSyHfcLhwA87rtflRtxKA2raB22T8aaBn56JbKdym/RsIDvra27vupXapX3X1zrVI"
    "lQvmEDF1i+rYtiFIBlroN1r3UoThBA30OaGmCMWJ7pCIxjL8v15Xi0X4f4ySe3rV/eXuqv+vM2TR"
    "z77lPMUl+sV1T4TjhBW6YTMRlHN5dXtzN4Ca0ErjZZ2bG60jAnO40UmwDWVcfHCGuJAHoUPaJ60r"
    "hOZgfFIh9Wuve4YeGeV/dfpdqARjT9Twa/4D9d4nrX8WmYA6n3GcRbNxOzuGsKuzHO23VDWIRJRm"
    "UD/kzpI+1S0WUbDXVw2wSXIdYKUqWSKklLK6yNvWyMvVhcuOZ0qEtn08004dN2a5+ijwNEninRXc"
    "Nub5JG7LsFbhFcr9rhLWbnOVKfHCq5yqe5JTNXSr5roJI4drmZMwbvOsi/AjtyWf4PipIfjwPB+s"
    "OJHoFKeTq1TNybLy3ao4/JYzp6SdfCpXisqVonKlqFwpKp3q96IQZQc5dlmOGVg2viOJNjPMdWeR"
    "Jg6N2bnts9idEunMqZ3bD4IVB9l7GjDwAfHexp2sxHFYTvBM8TaxWGAf3Feb3icWbqCUcbqmRfYm"
    "Y/PafLCUj1NpnjoltDeIbpqlhpTPRTsey7BfEFT410x+pdhUxaa2gU1tnRr7/dKpbeuKfeBTf2bD"
    "gxwyFYoPy5jUP8MGlXZa8MbnKMzGuZiFGiZhNyA8bdtyCUfTdBGfNr0JQUCaDTlyf3FRMGUu8arr"
    "v30tonUp37UYA3Qa1PLO1z2ukwkIiYh+gnTWipBtJSGr6MDN0YFTi0qx31H7fWSkmuK1l/H9+bbX"
    "LR3EeZqzZXjof4jPoTvogy5BFrAop0EWGY8FDRdusEiDzFge7OXR/rmoKx31uXk8TZWQ3E27pURJ"
    "KKJgr2+pbyNbp2JIDuAQVgmaNWq+N3CvjWLdOa/NHDs13Da/3Gl34JzhD/JJkL70Q5i1VDhy+nfd"
    "brABw6dU7Lwodu3AkXndC+36OjgzjwNj23nJTdvhAhKGmNT0FEnszcey4blpRKQ3NcQiCvOVksgq"
    "19u61gXlAtrugA7WEFfa+5mVU+jXQz9QE6TBz4jt9DbqjavzbD6H11qGu2yjTlps29t0dmprFKi1"
    "Ektl1HxvppO1LZNw6oGM0hG3V1AuQgknTciwtVF7RdXWp2p5Fby/BOqJhMJ9FdxnZDYkjvRW4Kzg"
    "Bte8yPW2s0veiDljkqfPlcGdCCn1QgJrb+IQbEpHLGXE1O7Puso0c+CIuxlxXTyWDxvLk1Z9Ubcv"
    "MsEvEhNPRk5N8yoRgQqdlQ+djYPNJEdCWk6d9NDmHlYnPbQlKFqd9FAlGHqVkx6aDITWIIPfQU4o"
    "dFBxWBYMTeImlcKhRfNz9GBjSkTWd4hFNibYQ2yEMBpwTMYOniF/DlPsIXqcMJeEVy7CDkETTE2b"
    "mBDXLJTVc8RfiYiflB8i3fwjpcKm4TXg/1H4dPpaRUW3Mipa5fxvLiG6gEcC3Kj9HkZBNxJlHk0v"
    "Ei58vIK7p2Xa7nbM/jl+shnOmbKLifWUiGLW6zPrOxfP6BCDWF/kIxr72oV29SnIDB3c4Z6+73Qv"
    "RVRiqK/c06t33Z6ISeRaOGvtgesqTYVKU7HDnmuVpkKlqfge8Y8WnhoU64KoYtt3n4sNdY4agyEr"
    "qRj3tvXyEu27HZKyyzzLIAc5LGVYc1hGU9KkTSWeMvSAA+WHBVl4DglsHfLoWB4vFcdS8gLIuyD4"
    "xKi9B7ziI3aRS6iXz0eu79ZSvCM8KSSfI+rR9Yd/Eo6EuEjVw0nCQZoGqEiuFD2p6MlWwd88fRZ9"
    "IhL4pkQUSVkN5dTcI7WP2lOO3FW1eAgzkuLfw/Z7OLRPX1UY2aevCgc2VC2Dq3/Btp93FGMxGbwg"
    "thIhvLJh5Fu2Z1H3CB67DUuoEZ4Yzku38lJCF842KYnNzTYvm51q1kaB1Y02VXGm69pAt2Nuj/CE"
    "S1mvR3xQZnxC5q3WHZwJi+ieXmodOMWSYOXXaMGXsGm/Rn6mi9sZtu0257pYfbPuyfGb03h2gYuy"
    "+eT2Y+f6WiVQaHxFjEkTqfUwLbXTY3Lj6c+UC0654L4//NVOu+06QOf2k+4xOfDTUgr7+tgX5Hd9"
    "Nknxhi2dZROn5VSs2kGnvL3b9/beGhNi+uInL/l747rDMo+vm25VyecLCbZhT8icOBYzLQM9Mmd6"
    "jh44rBa0E5tHJuyR38MBP+0Eu8hgM3434cqF80pBHDLxs0ea7/xt4BnPe4EL/bbi/xJTaNR+73yH"
    "66L+i520UQfLKQtpKaUkK+Nwl3BXxmELtuhuZ/W+hh7MW7qDitJ1246bVFq0HWYThPmiCqFS1Ifs"
    "SLBAwtXcYQZx3SBwChZSqyAiq8Y91KK7C4vuhNlm3sb0stknkVETj5r4dwX/lkz8Pd/D49yZP6wp"
    "nfpZ0qbS3M/bu5ZJkEucL5ZBuBnlWtRINvnzMfBVnIIGxlN0/hkE0U4sYxLYUOKJaEjGuMBga+AZ"
    "K6wdkEBUKtgzFlCrh/TqITpabgaLRRSzW3f1+OxbxKuzeiwIqtVj51aPnxibXkyIMc1bQJLK0jVk"
    "yJvpRtzu2XXk14mYhMVcDrJBxhc2GvGZ3phgOibuAzIYH1YBL8dGHhEnaD6hR0KBjBsh5vC/uZRD"
    "5hiOflleSRp7ygprSVObNtazjjQc+rjlLRu8P3PAL0sJGUqoRLQy2SCDL0tumKeE1BJSM/+Jw+rt"
    "C84Iqp2gyjeYqyZ0jBD4JR0hrClVEHDSppKRGbQ/zxyazdfgke8SsU8zmC9gdQ4S+hWyjHVvVGmX"
    "Z7LnTOWRa+2qP5Qy3YdrtNu3bUk2vM/qcZK31hRDG7XfQ3DXf5S22gK7ibgrk3jYsqW2CaZE1BbB"
    "jN60ji2C8tqrCnxTyu3qHJjDsGlgNzcfc1JZquIOM80qabmxyDl6wCOPOMLBwXwHWWbkC7d5NYIc"
    "1mgEXNSEzRCOs5NAYhLIYOKRAkfK2p8glf1EacWt1YrDuGxdMo3Jgtje+bca0TKUBdJgpodlaIu3"
    "+u5VGo1Nb/Xdue3ujk9pje3u/btuV2x3D+Xv6e2gd3MD+XvF2beQ0PeSq0BnKDqidfub3ueEzW1J"
    "r3kioxL51CbdQ9VIDvmUkHJ21MNd6LJyqMciCvN6mKtNat+3ra6Oedv3Hm4JG9MhjmVMDvJcjUHN"
    "YamrMWnzHAlT3LFrjvD5XkiNFTO5FNMVhanjiu3o4txxu2nvbeBYKPioJBAOm+8hus1s8mfUC4/t"
    "q+psSols3tm0nYVybW6lrS5m3/4PlyjjQA=="
)
