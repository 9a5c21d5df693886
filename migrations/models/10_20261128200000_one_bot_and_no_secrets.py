"""A database belongs to one bot; and texts of errors lose the addresses of the Bot API that they may quote.

An earlier version stored what an HTTP client said of a failed call as it came. A part of that address is the
bot's token, so the whole text goes: no statement of both databases could cut the token out. Whoever may have
read the database or a backup of it may have read the token: docs/upgrade.md says what to do.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

TABLE = """
CREATE TABLE IF NOT EXISTS "installation" (
    "id" BIGINT NOT NULL PRIMARY KEY,
    "bot_id" BIGINT NOT NULL,
    "since" {time} NOT NULL
);
"""
ERASED = "removed: it may have held the bot's token"
TEXTS = """
UPDATE "notice" SET "error" = '{erased}' WHERE "error" LIKE '%/bot%';
UPDATE "event" SET "error" = '{erased}' WHERE "error" LIKE '%/bot%';
UPDATE "refund" SET "error" = '{erased}' WHERE "error" LIKE '%/bot%';
UPDATE "notice" SET "text_values" = '{{"user": "", "about": "", "error": "{erased}"}}'
WHERE "text" = 'operator-notice-lost' AND CAST("text_values" AS TEXT) LIKE '%/bot%';
"""


async def upgrade(db: BaseDBAsyncClient) -> str:
    time = "TIMESTAMP" if db.capabilities.dialect == "sqlite" else "TIMESTAMPTZ"
    return (TABLE + TEXTS).format(time=time, erased=ERASED.replace("'", "''"))


async def downgrade(db: BaseDBAsyncClient) -> str:  # noqa: ARG001 -- aerich's signature
    return 'DROP TABLE IF EXISTS "installation";'


MODELS_STATE = (
    "eJztXWtz2ziy/Ssof5nZKl9XYifOrL21VRqbSTxxJK8sJ7M7nqIhEpI4ogCFpOL47s1/v2jwLT5M"
    "UKJEKfgwGRNEk9TBq/t0o/Hfgxkzie0e3bnEOThD/z2geEb4H6nyQ3SA5/O4FAo8PLRFxQWvIUrw"
    "0PUcbHi8cIRtl/Aik7iGY809i1Go2kFQ+Rw9eMQmYwfPdMt8QJaLBsH1Ty6yzEP0EBSzheMiTE3k"
    "TQhi1H7i/xB+gT00d9hXy+RvRi4hR/B6kxn8/RYdN/6mBbW+LIjusTHh1QG2P/7kxRY1yTfiwuUf"
    "B4ZDsEdMHXsHf8LN+VQfWcQ2UxhbJjxOlOve01yU/WqNr6j3VtSFXzXUDWYvZjSuP3/yJoxGAhb1"
    "oHRMKHHglQn46cK2g2YKi/xv5wWesyDRR5txgUlGeGFDIx78Y7SgBrQdGjJPn9vYGzFndmSyGbbo"
    "kWj3o3/YeDY08T//GXxsQlzXu72BfqsNdP0g0xfg05YaLSgyGIV+xH+WK8Aaw9f+z9+Pj09O3hy/"
    "ODn95fWrN29e//LiF15X/LTsrTff/Y+JkfUfJfC9enfVHcAHMd5Z/S4MBd+FDPawLyWaMW6pRDeS"
    "a7IlwU21XQjvjjdI3AA2puMF5q/OoP+ZOaabwT1Zfwl0/mPqgB4WxKjHs1wEMaGNjYMZ/qbbhI69"
    "Cb88eV2C6KdO/+J9p//zyeu/pWHtBneOxa00wEObGVM+YfGhntPDGbMJpvldfElyCe0hF20K7qik"
    "AbzLemyvdw1PnrnuF9vvwkv9t3v38Vet//NLgT+vZHkF3Ro7jvUVsHvKgv6BPGWwTtffYMfOduu1"
    "9eWXL15U6My8VmFvFvfSwCbW3wywl/yOZ81IfndOSy5BbAaiR+EfjQFesPhadOTgIwOG3BFlj40t"
    "uyUtMrj6qN0OOh9vUmPgsjPQ4M6xKH1aKv35dKnxooegz1eD9wgu0X96XU1gzlxv7Ig3xvUG/zmA"
    "b8ILj+n8h+vYTAIXFodF30HnGk0TazkUDLExfcSOqafuxJ1mvnCMCXaJmzMDBqJvP/QJbwtAM9s7"
    "Ap35JnhMU32jwcX9ezgawtJAuUiNrb/YcEWEfmPDfQIH+hY7ZkW9LX0rMfkbBlvAswux7FEyYPyf"
    "5xHt+M+qgGqgK+4EqLPj2RKoM0y5VmcGjwPhJQBybNgENsVmLE5UetaQHXArka8TpuUhNhKmIlhD"
    "Z3ABBuTDEHP90yAP3MCc8K8XJiaf0IjD127E53HkLCjlqKBH5kyF3ekQPt+bbtaSbfZVVUzZocOm"
    "XK/dvBkb9FRlCZWapkEHkGuChNB6TNIqs8iLPWiHGPdJgGt10EMJhXg9xF3yRQ7wQEDhXQ/vkcP+"
    "1yc0JNiAWEgRARJEwBBTSvLmk1LmJRLaNtb5elLbMPYVGUmMIyGFcQWMQTmVJskTQoogl5isa5Ec"
    "hPLPX5Xi0PhDnvbJhE9pdsw2V8TnPfO7+b7Ak2U40kM+i1ZIXYgRf8WfV2BvLPmZd2qkF8HFix38"
    "GFnKyfmN/3L+e4k/ffa120H/6oIP5RK+SJIH8UdmDgsSDdliDoREVZ5lQHjLohn7SmZcBrgIn6I4"
    "F5wEmKpD7BLBNLjERR5DxgTTMUHMQf7PR5aX5TrW9dAcVuOPJMEDdsGfGZ4jZH+hpfjNP4DnjP7e"
    "qj9fESFViJD2m4d70gQx5FP+a7OYX0ywo9HFLDP1p9APZTfnxJSH/+DmDlyMt9oZCmeHe/pZu77o"
    "feRFj8Q22IyXgBfyHS/gFZwxv+5rn7T+bef6jE9WX4njYvuevut3uoMzNHaw37+kvaSnVZyky262"
    "hI/0dNlFimfhfFh9yMQyatTUHjUB+arjkZenOVXgbWNR1Qy1m8HACzeHNs8Lu4iqrmey2u5i3Xzw"
    "RaA4SfXsWKZWl26ZV3M7PZoyr3KAXFh3qzFEjYTGVerRJyU9+kSFE6lwonQ4UUpv8g1J6RkuLacW"
    "7trTXNJQl2qBJUG10KxENmdGRLYx3jKHWGPKVaqKNGD1MKa2DYWqXGB6FiigA/N6+xrQlQhMbFk3"
    "r4ru0givwrZmHCiVI/kkmVnhE8ghZkNfQTEvOwlrPEvLXviRYqkAMIgZcz0yB0YVI65nA2Ea3vCD"
    "wQ4RfJOJhk/I8lwkzJ0sPbvuh1cJPksPF97BeVumyFlFxraSjFUmoCI19ovUUHTp1rr03Fs4ucFR"
    "JdAnpVQAYM2AS7HcZmCv5t+JhDfIME3inlDZxfNeu748QyB5Ty86N4O7vsavw+4DzpxrrXMLZQ5X"
    "JbluabbDfaMoKUVJKUpKESJtbYi1EiLbsdgjviTHak9yKcWWe5K8qRZUFUqcoQc//Ml9QBZFE25I"
    "80tv4h6iB1+tFOUzi3Jjm7e5l7N3bA3Pyw2lClOiiG4b/K1zYz8nqCoR+pYw3uf4CWK8fBkoiJQF"
    "7E5FjFWqMAzCigqS0Vj+86zEReaLFD/QOn5gkQc/KJYFEeK56FdTJevwAs/kvrFM94iSR51/VnOJ"
    "b9JezeMqTs3jYp/m8bL+6BAOh+vpU1Ix98SSgGINqrAGc74Q5aatKe7rCZE2x8bVRPn0VQWQT18V"
    "Ygy3MoYQLGuS9EAspNTe2gSB4sS2xYktHIdQI2fmLp5XkjJ7OLGcVFkgi9fHzMSd0HErz9xJvXj/"
    "EG4gBLnITi7GOCGyH+mv1r8gpgygDLS9hefyu1fF3TeU25i2vbEefPy6St48XqsQbXFvWcWLjVkZ"
    "tNNiCuxKYPtbLGR9QbGQ8iz/MM4gNpfOxnnQu9G6Zwgk7+lNv3eh3d5edd+dQRJgg7gub5V7+kG7"
    "Geid26tL7QxNydzTMYxwXr9zdclrYsuEv/uD63/r/kYgTRQ7nv2k+/uBfLdSeCsu036/uRLeJ/Jt"
    "bgnn09vO1TUUjLBlt8XxFH6v3BhMSm3RH/ti14Yd9jwym+eoSMUGViyxOaBfNjvXHb989ebVLyen"
    "ryKso5IyiAvhrOE1TUtuy2vavMNmLxyitkWn2QYekG8FYyasvw9aWFk7ar8PUk0YzvM/f+z8/rdU"
    "M173uu/C6ol14eK69+tyam6Onc5NMsuWHVJpyTUMqR1qiV0bUYFjTnbSjKRU67a5dVUwkeoLMZ9h"
    "1ekICTE11tvcvu1I0fbDcCglYWL5mbOkY8Tq5s5qx5had/asNqS9a+fsVZ71LkxVsyJE/eAxe4uS"
    "SJ6+KkbwkD0asnInIEhGYUY9KicKM9nbiqMwnWStSlGY4c5F03LnC0+kmOM/BPLon6OHxCZTkW4f"
    "vhcJM1ZscAwcO3BnytdgiibEydlN2dxrquyrTLmql6MxM5nw0lGcYxKFY46DoE2dBaIzbJI4gNOC"
    "das4BLNy6Nm+hpyt0UVWHGqpIhk24BTZohO43VA34gXeignTMnVFRfz9UMBDXlzJDh+JqO6+Cuo5"
    "yn4p5BsOKm7Axb02b+tWwlTb1nGbjFKNVPCaQTnt32Zw0Nfe3nUvtUv9qqt3rkVOXTCaiKlbVMe2"
    "DaE0UEO/0bqXIljHr6DPCTVFwE74hFg0kuH/9bpaJML/Y5Tc06vuv+6u+v8+Qxb9srCcp6hEv7ju"
    "iaCd4IZu2EyE7lxe3d7cDeBOYMvxss7NjdYR4TvcNCXYhjIuPjhDXMiDACPtk9YVQnMwUamQ+tzr"
    "nqFHRvlfnX4XboJJKO7wa/4D9d4nrX8WGoo6n3GcZeNyOzuKfDNQTjUIRZRmUD8wz5I+/i0SUbDX"
    "Vw0CpkNOJYuFlFJWF3nbGnm5unDZOU6x0LbPcdqpc8ksVx/5/ihJvNOC28Y8n+ptGdYqCEM56VWO"
    "222uMiW+epWGdU/SsAbO11xnYuiWLXMlRnWedSR+5LbkE5xTNQRPn7cAK07kRsXJrCxVk7ms/LQq"
    "bsFMypWUK1DlUlG5VFQuFZVLZUu5VJTvaUsGN7cuXJZjAOafLBPXbjOvXHfuaOJ0mZ3bWovdKZFO"
    "tNq5/SC4cJC9pz7v7tPtbdzlShyH5YTMaFAM+8gy7RAJ7IPTatN7yILNlTKu1qTI3iR4XpvnlfIu"
    "Ks1OJ4T2BtFNc9OQIbpoN2QZ9kuCCv+aibEUh6o41DZwqK1TY39cErVtTbEPLOpvbHiQQ6FC8WEZ"
    "f/pXUKHSLgxe+RwFmTqXk1bDJOz6NKdtWy7haJou4tOmNyEIqLIhR+4nF/lTZoZNXf/ja9GrUYGf"
    "8ceNtk5k8maLzkGnmbu8g+ge19sEzOGZ6uHjUzf5OsI/TbxMhE/BqxSj20pGV/GJm+ATw9FSlTgP"
    "6+8jrdUUJZ7F97fbXjcf34TIsvptGR76P8Qn4h10X5cgC1iUcynLtMmSmgwPWOZSZiwP9vKNArmo"
    "K0X3uRk8ybeQ3F3BpWxLIKJgr2/ubyMdqKJZDuDIVwmuNqy+N3CvjafdOdfPHDs1fD//utPuwMPD"
    "X7Qgfn7UD0FaVOEN6t91u/7ejQWlYtNGsX8IjunrXmjX1/45fRwY287LntoOP5Iw2qSmp1BibwbL"
    "huemEZHeDxGJKMxXylKr/HfrWheUH2m7HTrBx0nBn5ZT6NdD31cTpMFPie30DuyNq/NsPofPysJd"
    "tscnKbbtHT47tasK1FqJpTKsvjfTydqWSThWQUbpiOorKJehhKMsZNjasL6iautTtfwWfL8E6rGE"
    "wn0V3GdkNiSO9C7itOAG17zQ9bazS17sfZaAOxZS6oUE1t7EIdiUDntKiamNo3WVaebAGXoz4rp4"
    "LB97liet2qJuW6QDYKpPPCk5Nc2rHAYq/lY+/jYKM5PsCUk5dZREm1tYHSXRlshqdZRElYjqVY6S"
    "aDKaWoPkfwc58dT+jcOyiGoSVakUUy2qn6MHG1Mi0spDQLMxwR5iI4TRgGMydvAMLeYwxR6ixwlz"
    "SXDlIuwQNMHUtIkJwdFCWT1H/JOI+En5cdbNv1Iq9ho+A/4fBkkvXwcvU/HR21bji+Oj1cEBTWRV"
    "F/BkYC2Ohw7r72E8dCPx5uFEI+HMxys4flqm926HAJjjJ5vhnMm6mGJPiCiOvT7HvnORjQ4xiPVV"
    "Praxr11oV5/89NL+E+7p+073UsQnBsrEPb161+2J6ESuj7PWnu2usl6orBc77MNWWS9U1osfEf9w"
    "4alBti6JKt5991nZBIEh2RnSkop7b1srZwjg7dCVXeZZBjnI4SuDO4dlhCWN61RiLANfOJB/WNCG"
    "55AF1yGPjuXxUnECJi+ANA6CWQzre8AwPmIXuYR6+czk+h4txUDCmwIaOpMIItz9k3CH+hUWw7+I"
    "EVwkHgCnGse14ivFXCrmsiXAN8+shYOjErKJyoq5rIZvYr6R2mbtKT/vqqq9F7AulUn5oP4edu3T"
    "VxV69umrwo4Nt7Lg6l+xvcg75LGYIV4SW4klXtlaWli2Z1H3CF67DfOoEfIYzmu38lJOF842CYnN"
    "zTYvm51q1saL1Q1GVWGo69pft2O+kODsTFlXSHQEZ3T25q3WHZwJM+meXmodOB+TYOXsaMFI2LSz"
    "Iz8Rxu0M23abU2Gsvpf35PjNaTS7wEXZfHL7sXN9rfIrNL4iRkSJ1HqYlNrpPrnx7GjKL6f8cj8e"
    "/moj3na9onP7SfeYHPhJKYV9fewL0r8WnRlVlPq1SSsna960nIZVm+uU+3f77t9bY0LMhfjJGQdw"
    "dO+wzAXsJmtVcgJD7m3YLjInjsVMy0CPzJmeowcOqwX1xL6SCXvkz3DAcTvBLjLYjD9N+HbhFFQQ"
    "h0z/7JHme4MbeMfzbuFCP634f2aYFxP/Yf298xiui/YvdsqGDSynKCSllIKsDMNdwl0Zhi3Yvbud"
    "1fsaWjBv6fZvlK7bdlSl0qLtMJsgzBdViJ2iC0icBAskXM0dZhDX9SOpYCG1CkK0ajxDLbq7sOhO"
    "mG3m7Vkvm31iGTXxqIl/V/BvycTfW3h4nDvzB3dKp34W16k09/P6rmUS5BLnq2UQbka5FjXi/f+8"
    "D3wTp6yB8RSerwZRtRPLmPg2lHgjGpIxLjDYGnjHCmsH5BbNCe4sXjwiAbV6SK8eoqHlZrBIRLG6"
    "dVePLwuLeHVWjyVBtXrs3OrxK2PTiwkxpnkLSHyzdA0Z8mq6EdV7dh35PBGTsJjLQdZPBsNGIz7T"
    "GxNMx8R9QAbj3crn5djII+KEzif0SCiQcSPEHP43l3LIHMOpMNmVpLG3rLCWNLVJYz3rSMNhj1ve"
    "osHbMwf8smyRgYTKUSuTKNIfWXLdPCGklpCaCVEcVm+jcEpQbQ1VvsFcNaFjBMBndITgTqmCgOM6"
    "lYxMv/556lBuvgaPFi4RGzf9+QJWZz/XXyHLWPdBlbZ9xvvNYLen2pjZylV/KGW6D9dot2/bkmx4"
    "j9XjJG+tKYY2rL+H4K7/lG218bXZiCuTeNiypTYHJkTUxsCUxrSOjYHyeqsKeVNq7ersl8OwaWA3"
    "N0lzfLNUuR2mqlXSbyORc/SARx5xhGuDLRxkmaEX3Oa3ESS2RiNgoSZshnCUqARylEAyE48UuFDW"
    "/gapRChKH26tPhxEZOuVE5YsCeydT6sR/UJZHQ1mdshCC7t6C7bc7FPajE1v7d257e3OgtIa29v7"
    "d92u2N4eyN/T20Hv5gaS+IqjcCGr7yVXfs5QeGLr9je5zwmb25Ke8lhGJe6pTbQHSpEc8gkh5eCo"
    "h7vQYuVQj0QU5vUwVxvTfmwrXZ36tu8t3BIeRmiRvI2LnIyp+4dlbIy1XPNZQmYg4oO8QzR8is6s"
    "+slFlnkYBJRiRMkj8tiU0JA6cfnngRCaEjJ3sxTMmp6pIo1avEyW+ByZfFbNWEbp5rX1lYLo4fIF"
    "qih+WGkpag2TCpEhDp/Z81av4E7puoXjOs+tWMUNu+b14keh5FfMPla8EBSmOy3mgovzne4mZ7mB"
    "8w1hUEkgHFTfQ3SbSU7DqBecRFs1VCIhsvlQie0Ye2sLitjqYvb9/wFdAyfQ"
)
