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
    "5VIavGzI5jgM2ZxhkySRmRasUcVBl5LBZvsaZLZGp1hxiKWKXdiAG2SLbt92Q92I33crRkvLFBQV"
    "4/ddAQ9pcCUHfCyihvsqqOeo96WQbziMuAGn9tr8q1sJTG3bwG0yLjXQv3PRrRSG0/6NBQd97e1d"
    "91K71K+6eudapNAFM4mYukV1bNsQPAMt9ButeynCc4IG+pxQU4ToRHdIRGMZ/l+vq8Ui/D9GyT29"
    "6v5yd9X/1xmy6Gffcp7iEv3iuifCdMIK3bCZCNa5vLq9uRtATWi98bLOzY3WEQE73Bgl2IYyLj44"
    "Q1zIg5Ai7ZPWFUJzMEqpkPq11z1Dj4zyvzr9LlSCEShq+DX/gXrvk9Y/i0xDnc84zqI5uZ2dRNjV"
    "WY72W6oaRCJKM6gfimdJn/YWiyjY66sGId8hp5IlQkopq4u8bY28XF247NimRGjbxzbt1DFklquP"
    "Ag+UJN5ZwW1jnk/utgxrFXah3PIqke02V5kS77zKtbonuVZDd2uu+zByxJY5D+M2z7oOP3Jb8gmO"
    "pRqCb8/zwYoTCVBxOulK1VwtK9+tiiNwOaNK2vmncqioHCoqh4rKoaLSrH4vClF2kGOX5ZiBZeM7"
    "kmgzw1x3FmniMJmd21aL3SmRzqjauf0gWHGQvacBAx8Q723c4Uoch+UEzxRvH4sF9sF9ten9Y+HG"
    "Shmna1pkbzI5r80HS/k4leapU0J7g+imWWpIBV20E7IM+wVBhX/NpFiKTVVsahvY1Napsd8vndq2"
    "rtgHPvVnNjzIIVOh+LCMSf0zbFBpBwZvfI7CLJ2L2alhEnYDwtO2LZdwNE0X8WnTmxAEpNmQI/cX"
    "FwVT5hKvuv7b1yJal/JgizFAp0Et73zd4zqZgJCI6CfYaqEI2VYSsooO3BwdOLWoFPsdtd9HRqop"
    "XnsZ359ve93SQZynOVuGh/6H+By6gz7oEmQBi3IaZJHxWNBw4QaLNMiM5cFeHu2fi7rSUZ+bx9NU"
    "CcndzFtKlIQiCvb6lvo2sngqhuQADmeVoFmj5nsD99oo1p3z2syxU8Nt88uddgfOGf4gnwRpTT+E"
    "2UyFI6d/1+0GGzB8SsXOi2LXDhyl173Qrq+Ds/Q4MLadl/S0HS4gYYhJTU+RxN58LBuem0ZEelND"
    "LKIwXym5rHK9rWtdUC6g7Q7oYA1xpb2fWTmFfj30AzVBGvyM2E5vo964Os/mc3itZbjLNuqkxba9"
    "TWentkaBWiuxVEbN92Y6WdsyCachyCgdcXsF5SKUcAKFDFsbtVdUbX2qllfB+0ugnkgo3FfBfUZm"
    "Q+JIbwXOCm5wzYtcbzu75I2YMyZ5+lwZ3ImQUi8ksPYmDsGmdMRSRkzt/qyrTDMHjr6bEdfFY/mw"
    "sTxp1Rd1+yIT/CIx8WTk1DSvEhGo0Fn50Nk42ExyJKTl1AkQbe5hdQJEW4Ki1QkQVYKhVzkBoslA"
    "aA0y+B3khEIHFYdlwdAkblIpHFo0P0cPNqZEZIOHWGRjgj3ERgijAcdk7OAZ8ucwxR6ixwlzSXjl"
    "IuwQNMHUtIkJcc1CWT1H/JWI+En5IdLNP1IqbBpeA/4fhU+nr1VUdCujolXO/+YSogt4JMCN2u9h"
    "FHQjUebR9CLhwscruHtapu1ux+yf4yeb4Zwpu5hYT4koZr0+s75z8YwOMYj1RT6isa9daFefgszQ"
    "wR3u6ftO91JEJYb6yj29etftiZhEroWz1h7ErtJUqDQVO+y5VmkqVJqK7xH/aOGpQbEuiCq2ffe5"
    "2FDnqDEYspKKcW9bLy/RvtshKbvMswxykMNShjWHZTQlTdpU4ilDDzhQfliQheeQwNYhj47l8VJx"
    "XCUvgLwLgk+M2nvAKz5iF7mEevl85PpuLcU7wpNC8jmiHl1/+CcxwoMvU/VwwrAZn4iZXCl6UtGT"
    "rYK/efos+kQk8E2JKJKyGsqpuUdqH7WnHLmravEQZiTFv4ft93Bon76qMLJPXxUObKhaBlf/gm0/"
    "7yjGYjJ4QWwlQnhlw8i3bM+i7hE8dhuWUCM8MZyjbuWlhC6cbVISm5ttXjY71ayNAqsbbariTNe1"
    "gW7H3B7hCZeyXo/4oMz4hMxbrTs4ExbRPb3UOnCKJcHKr9GCL2HTfo38TBe3M2zbbc51sfpm3ZPj"
    "N6fx7AIXZfPJ7cfO9bVKoND4ihiTJlLrYVpqp8fkxtOfKReccsF9f/irnXbbdYDO7SfdY3Lgp6UU"
    "9vWxL8jv+myS4g1bOssmTsupWLWDTnl7t+/tvTUmxPTFT17y98Z1h2UeXzfdqpLPFxJsw56QOXEs"
    "ZloGemTO9Bw9cFgtaCc2j0zYI7+HA37aCXaRwWb8bsKVC+eVgjhk4mePNN/528AznvcCF/ptxf8l"
    "ptCo/d75DtdF/Rc7aaMOllMW0lJKSVbG4S7hrozDFmzR3c7qfQ09mLd0BxWl67YdN6m0aDvMJgjz"
    "RRVCpagP2ZFggYSrucMM4rpB4BQspFZBRFaNe6hFdxcW3QmzzbyN6WWzTyKjJh418e8K/i2Z+Hu+"
    "h8e5M39YUzr1s6RNpbmft3ctkyCXOF8sg3AzyrWokWzy52PgqzgFDYyn6PwzCKKdWMYksKHEE9GQ"
    "jHGBwdbAM1ZYOyCBqFSwZyygVg/p1UN0tNwMFosoZrfu6vHZt4hXZ/VYEFSrx86tHj8xNr2YEGOa"
    "t4AklaVryJA304243bPryK8TMQmLuRxkg4wvbDTiM70xwXRM3AdkMD6sAl6OjTwiTtB8Qo+EAhk3"
    "Qszhf3Mph8wxHP2yvJI09pQV1pKmNm2sZx1pOPRxy1s2eH/mgF+WEjKUUIloZbJBBl+W3DBPCakl"
    "pGb+E4fV2xecEVQ7QZVvMFdN6Bgh8Es6QlhTqiDgpE0lIzNof545NJuvwSPfJWKfZjBfwOocJPQr"
    "ZBnr3qjSLs9kz5nKI9faVX8oZboP12i3b9uSbHif1eMkb60phjZqv4fgrv8obbUFdhNxVybxsGVL"
    "bRNMiagtghm9aR1bBOW1VxX4ppTb1Tkwh2HTwG5uPuakslTFHWaaVdJyY5Fz9IBHHnGEg4P5DrLM"
    "yBdu82oEOazRCLioCZshHGcngcQkkMHEIwWOlLU/QSr7idKKW6sVh3HZumQakwWxvfNvNaJlKAuk"
    "wUwPy9AWb/XdqzQam97qu3Pb3R2f0hrb3ft33a7Y7h7K39PbQe/mBvL3irNvIaHvJVeBzlB0ROv2"
    "N73PCZvbkl7zREYl8qlNuoeqkRzyKSHl7KiHu9Bl5VCPRRTm9TBXm9S+b1tdHfO27z3cEjamQxzL"
    "mBzkuRqDmsNSV2PS5jkSprhj1xzh872QGitmcimmKwpTxxXb0cW543bT3tvAsVDwUUkgHDbfQ3Sb"
    "2eTPqBce21fV2ZQS2byzaTsL5drcSltdzL79HzS+6q0="
)
