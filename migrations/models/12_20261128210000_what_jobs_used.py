"""A job keeps the model and the endpoint that worked for it, the tokens, and what these cost the operator.

Jobs of the version before have no tokens. A replica of that version writes none.
"""

from tortoise import BaseDBAsyncClient

from migrations.columns import is_there

RUN_IN_TRANSACTION = True

SQLITE = {"boolean": "INT", "false": "0"}
POSTGRES = {"boolean": "BOOL", "false": "FALSE"}

COLUMNS = (
    ("ai_model", "VARCHAR(200) NOT NULL DEFAULT ''"),
    ("ai_endpoint", "VARCHAR(200) NOT NULL DEFAULT ''"),
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
    "eJztXWtz27a2/SsYf3E64+tJ7Dx67HPPjGoziRpH8pHlpOfUHRoiIYkVBSgkFce3zX+/2OBbfJig"
    "XpSCD00tEJsEF0AAe+0H/jqYMpPY7vGtS5yDM/TXAcVTwv9IlR+hAzybxaVQ4OGBLSrOeQ1Rggeu"
    "52DD44VDbLuEF5nENRxr5lmMQtUWgsrn6N4jNhk5eKpb5j2yXNQPfh+6yDKP0H1QzOaOizA1kTcm"
    "iFH7kf9D+A/soZnDvlomfzJyCTmGx5vM4M+36GjtT5pT68uc6B4bEV4dYPv9D15sUZN8Iy78/P3A"
    "cAj2iKlj7+APuDib6EOL2GYKY8uE24ly3XucibJfrFGbem9FXXirgW4wez6lcf3ZozdmNBKwqAel"
    "I0KJA49MwE/nth10U1jkt50XeM6cRI024wKTDPHchk48+OdwTg3oOzRgnj6zsTdkzvTYZFNs0WPR"
    "78f/tPF0YOJ//StobEJc1zvdvn6j9XX9IDMWoGkLnRYUGYzCOOKv5QqwRtDa//nHycnp6ZuT56ev"
    "f3718s2bVz8//5nXFa+WvfTmu9+YGFn/VgLf9rt2pw8NYnyw+kMYCr4LGexhX0p0Y9xTiWEk12UL"
    "gpvquxDeHe+QuANsTEdzzB+dQf8zc0w3g3uy/gLo/GXqgB4WxKjHs1wEMaFr+w6m+JtuEzryxvzn"
    "6asSRD+1ehfvW71np69+SsPaCa6ciEtpgAc2MyZ8wuKfes4IZ8wmmOYP8QXJBbQHXHRdcEcla8C7"
    "bMR2u1dw56nrfrH9Ibwwfju3H3/Res9eCPx5JcsrGNbYcayvgN1jFvQP5DGDdbr+Bgd2dlivbCy/"
    "eP68wmDmtQpHs7iWBjax/maAveRXPGtK8odzWnIBYjMQPQ7/WBvgBYuvRYcOPjbgkzum7GFty25J"
    "j/TbH7WbfuvjdeobuGz1NbhyIkofF0qfvV7ovOgm6HO7/x7BT/TfbkcTmDPXGzniiXG9/n8PoE14"
    "7jGdv7iOzSRwYXFY9B32XMNJYi2HggE2Jg/YMfXUlXjQzOaOMcYucXNmwED07Yce4X0BaGZHR7Bn"
    "vg5us66xscbF/Xv4NYSlweYi9W39yQZLIvQrG+wTODC22AkrGm3pS4nJ3zDYHO5diGWXkj7j/zyN"
    "aMu/VwVUg73iToA6PZkugDrFlO/qzOB2ILwAQI4Om8CmWI3FiUpPKrJ9riXydcK0PMSGQlUEbegM"
    "foACeT/AfP9pkHuuYI5564WKySc04vC1G/F5HDlzSjkq6IE5E6F3OoTP96ab1WTX+6gqquzAYRO+"
    "r928GhuMVKUJlaqmwQCQ64KE0GpU0iqzyPM96IcY93GAa3XQQwmFeD3EXfJFDvBAQOFdD++hw/7P"
    "JzQk2IBYSBEBEkTAAFNK8uaTUuYlEto21vn7pKZh7G9kJDGOhBTGFTCGzak0SZ4QUgS5xGRdi+Qg"
    "lDd/WYpD4zd53CcVPrWzY7a5JD7vmT/M9wWeLMOR/uSzaIXUhfji2/x+BfrGgp15p770Irh4sYMf"
    "Ik05Ob/xN+fvS/zps6fd9HvtC/4pl/BFkjyI/2XmsCDRJ1vMgZCoypMMCO9ZNGVfyZTLABfhUxTn"
    "gpMAVXWAXSKYBpe4yGPIGGM6Iog5yH99ZHlZrmNVN81hNX5PEjygF/yR4TlC9hd6il/8HXjO6O+t"
    "2vMVEVKFCGm+ergnXRBDPuFvm8X8Yowdjc6nmak/hX4ouzkjpjz8B9e3YGK80c5QODvc0c/a1UX3"
    "Iy96ILbBprwErJDveAGv4Iz47572SevdtK7O+GT1lTgutu/ou16r0z9DIwf740vaSvq6ipF00cyW"
    "sJG+XjSR4mk4H1b/ZGIZ9dXU/moC8lXHQy9v51SBt41FVTfU7gYDz90c2jzP7SKquprJaruL9fqd"
    "L4KNk9TIjmVqDemGWTW3M6Ip8yo7yIV1t+pDtBbXuEoj+rRkRJ8qdyLlTpR2J0rtm3xFUnqGS8up"
    "hbv2NJdU1KV6YEFQLTRLkc2ZLyLbGW+ZQ6wR5VuqijRgdTempn0KVbnA9CxQQAfmjfYVoCvhmNiw"
    "YV4V3YUvvArbmjGgVPbkk2RmhU0gh5gNbQXFvOw4rPEkLXvhe4qlHMDAZ8z1yAwYVYz4PhsI0/CC"
    "7wx2hKBNJho8IstzkVB3svTsqm9exfks/bnwAc77MkXOKjK2kWSsUgEVqbFfpIaiS7c2pGfe3Ml1"
    "jiqBPimlHABrOlyK5TYDezX7TiS8QYZpHI+Eyiae99rV5RkCyTt60bru3/Y0/jscPmDMudJaN1Dm"
    "8K0k31uazTDfKEpKUVKKklKESFM7YqWEyHY09ogvydHak1xKseaeJG+qOVWFEmfo3nd/cu+RRdGY"
    "K9L8pzd2j9C9v60U5VOLcmWb97mXEzu2gvvlulKFKVHEsA3+1rmyn+NUlXB9SyjvM/wIPl6+DBRE"
    "mwXsToSPVaowdMKKCpLeWP79rMSPTIsUP9A4fmCeBz9sLAs8xHPRr7aVrMMLPJH7xjLdY0oedN6s"
    "9SW+SVs1T6oYNU+KbZoni/tHh3A4XE+fkIq5JxYEFGtQhTWY8YUoN21N8VhPiDTZN64myq9fVgD5"
    "9ctCjOFSRhGCZU2SHoiF1La3NkGgOLFtcWJzxyHUyJm5i+eVpMweTiynVRbI4vUxM3En9riVZ+7k"
    "vnj/EF6DC3KRnlyMcUJkP9JfrX5BTClAGWi7c8/lV9vFwzeU29hue2Mj+ORVlbx5vFYh2uLa4hYv"
    "VmZl0E6LKbArge2HWMjagmIhZVn+YYxBbCadjfOge611zhBI3tHrXvdCu7lpd96dQRJgg7gu75U7"
    "+kG77uutm/aldoYmZObpGL5wXr/VvuQ1sWXC373+1X90PxBIE8WOZz/qfjyQb1YKL8Vl2m/XbWF9"
    "It9mljA+vW21r6BgiC27KYansL1y32BSaov22Oe79tlhzyPTWc4WqVjBiiU2B/SL9c51Jy9evnn5"
    "8+nrlxHWUUkZxIVw1rCapiW3ZTVdv8FmLwyitkUn2Q7uk28F30xYfx92YWX9qP3WT3VhOM8/+9j6"
    "7adUN151O+/C6ol14eKq+8tiam6Onc5VMsuW/aTSkiv4pHaoJ3btiwoMc7KTZiSlerfJvaucidRY"
    "iPkMq85ASIipb73J/duMFG0/DIdS4iaWnzlL2kesbu6sZnxTq86e1YS0d82cvcqz3oWpapaEqBfc"
    "Zm9REsnTl8UIbrJHn6zcCQiSXpjRiMrxwkyOtmIvTCdZq5IXZhi5aFrubO6JFHP8RSCP/jm6TwSZ"
    "inT70F4k1FgR4BgYduDKhK/BFI2JkxNNub7HVImrTJmqF70xM5nw0l6cIxK5Y44Cp02dBaJTbJLY"
    "gdOCdavYBbOy69m+upyt0ERW7GqpPBk2YBTZohG42VCvxQq8FRWmYdsV5fH3QwEPeXElB3wkoob7"
    "MqjnbPZLId+wU/EaTNwrs7ZuxU21aQN3nV6q0Ra8plNO88MMDnra29vOpXaptzt660rk1AWliZi6"
    "RXVs2+BKAzX0a61zKZx1/Ar6jFBTOOyEd4hFIxn+X7ejRSL8P0bJHW13/n3b7v3nDFn0y9xyHqMS"
    "/eKqK5x2ggu6YTPhunPZvrm+7cOVQJfjZa3ra60l3He4akqwDWVcvH+GuJAHDkbaJ60jhGagolIh"
    "9bnbOUMPjPK/Wr0OXASVUFzhv/kL6t1PWu8sVBR1PuM4i8rldiKKfDVQbmsQiqidQX3HPEv6+LdI"
    "RMFef2sQMB1yW7JYSG3K6iJvW0Mvdy9cdo5TLLTtc5x26lwyy9WHvj1KEu+04LYxz6d6G4a1csJQ"
    "RnqV43abq0yJrV6lYd2TNKyB8TXXmBiaZctMiVGdJw2JH7ku+QjnVA3A0ufNQYsTuVFxMitL1WQu"
    "S9+tilkwk3IlZQpUuVRULhWVS0XlUtlSLhVle9qSws21C5flKID5J8vEtZvMK9edO9ZxuszOhdZi"
    "d0KkE622bj4ILhxk76jPu/t0exOjXInjsByXGQ2KIY4s0w+RwD4YrTYdQxYEV8qYWpMie5PgeWWW"
    "V8qHqDQ7nRDaG0Q3zU1DhuiiaMgy7BcEFf41E2MpDlVxqE3gUBu3jf1xSdSmdcU+sKi/ssFBDoUK"
    "xUdl/OmfQYVKURi88jkKMnUuJq2GSdj1aU7btlzC0TRdxKdNb0wQUGUDjtyhi/wpM8Omrv72tejV"
    "qMDP+ONGoROZvNlicNBJ5iofILrH920C5vBM9fD2qYt8HeFNEw8T7lP+o/46SPc4b4gDmY744ISi"
    "4FYJpvebDuc08Ved+6pa+F36b8F7FX6gz++1noZE09H/okO/+qF/sl35A4N3O0Lwukeo9PmB89DT"
    "Tfj7b3R4WK8huY935tR3vqr4fP7kQOTQ/2IVjd44Gl2RuJsgccMpqqq1Iqy/j1ziuuwQWXx/vel2"
    "8vFNiCzqPJbhob8RX/120GegBFnAopzAWuSqFnQTuMEigTVlebCXR2fkoq60i6dm8CTJRXJDsUsp"
    "rkBEwV6fY9lGDlbFbR3AObsSBHlYfW/gXhk5vnP2thl2ahjc/n2r3YJZzdd5RFLaD0EuWmGC6912"
    "On7AjK+alBnl4GzEzoV2deUfjsiBse28lLXNMN4JTVlqegol9uZj2fDcNCTSQSiRiMJ8qdTAymi6"
    "qnVBGe+2O6ATJKgU/Gk5hX499ANKVRb8lNhOh71vfDvPZjNoVhbussCqpNi2w6p2KpQNtrUSS2VY"
    "fW+mk5Utk3CWhcymI6qvoFyEEs4PkWFrw/qKqq1P1fJL0H4J1GMJhfsyuE/JdEAc6dDttOAG17zQ"
    "9LazS15s8peAOxZS2wsJrL2xQ7Ap7WuWElPRunU308yBgwunxHXxSN7hL09a9UXdvkh7HVWfeFJy"
    "apqvPvVgSxeudlm88yO0kvX34xDVk0quKiclrionOfGGlk6oOWNWXtBhIbJJEQVuIbgemxDq6rD4"
    "SS6YaUHFOFWfmAPoDGyMZc33GVGFuzTuD47leSQvkdLTwCdkFfLSyBPXs6ZYPmlYnvi2laJ8f/nm"
    "7UgMaY+4hJDafKsAOBUAt2wAXBTnITkSknLqLLcm97A6y60poY3qLLcqIY3LnOW2znBGDbJvH+QE"
    "NPoXjspCGklUpVJQo6h+ju5tTIk41wkiCo0x9hAbIoz6HJORg6doPoMp9gg9jJlLgl8uwg5BY0xN"
    "m5gQnSiIy3PEm0TEK+UHOq7/kVLBj9AM+H8Ypbj4O3hY/QBF8b7+v35XVYrPIwaxvhLzELU6lwja"
    "hNo3qHN7dVUlWLCwFQZ/GUsAuWxLun3RGlEIPwZkDLFRFRoHt8iNpPSbCJdX1bqqzSloSvBOK0Qq"
    "REkFXTYy6FIdAbeO87EEPBlYi4Msw/p7GGS5liDWcMWS8BDGS3iTNUyB2g6xMcOPNsszFhT77SRE"
    "lONOfcednQuXCrcFkhwR10IutPYn/6Ag/w539D3fRIigp2BXekfb7zpdEfLEFTuu3pkqf+FOfSIq"
    "f+EuOMaq/IUqf+GPiH+sAEuYKWMhZZysYJwMF/calpEFUWUk230TSoJtlBwMaUllKGtaL2esNdux"
    "LXSYZxnkIMe4EFw5KrMu0LhOJfNC4MQMTD0WHP85nBnjEHAg4qWeoP8ZgqSHwgwQ1vfAHPCAXeQS"
    "6uWbEVZ3aylzATwpsBll0iaGaRsSvgt+hfngT2IEPxI34O+TqJX89RRp7WcjfBb7iCeZ5p9y2XW/"
    "6+pYAIKjaw9rcP3By/KmQov5zU5+qtdsOatA2GKJJhY9WNIGkMJKsf0N2M0qtn+zbHQ42VVCNlFZ"
    "sf3V8E2sH9UnjoSQcrKp778bMJWVDVlB/T0c2q9fVhjZr18WDmy4lAVX/4rtOcnhLYutKgtiS1lW"
    "ltZ+55btWdQ9hsduQ91di8HlK3FgtyRBJickNjfbvFjvVLMyLrluVKiKB11Vopsdsx8GKoWs+fBa"
    "61yKfIqB/B290Tr9M6H23tFLrXV5hswgbE0ZCJvLba3DQJifkfJmim27yTkplw/4Oj158zqaXeBH"
    "2Xxy87F1daUSHa59RYyIL6n1MCm102Ny42nKlS17G7grW7ayZe+7LVtlHdruwdgz+1H3mBz4SSmF"
    "fX3sC866KTqVvOicmx3NyrIeqltFjyuXie27TNxAlpm5eOWM00R07ajMbcJN1qrkOAEHjUE85Iw4"
    "FjMtAz0wZ3KO7jmsFtQTgZNj9sDv4YCzwxi7yGBTfjfhD8GHqQinhLMk2QPN96BYwzOedqUotIWL"
    "/2c+82LjSlh/76yyqzKtFBu+ww6W2ygkpZQSopTvXcJdKd8NSE+xndX7Cnowb+n2L5Su23ZUpdKi"
    "7TCbIMwXVfA3pHPIEg0LJPyaOcwgrut7H8JCahW4Nda4h1p0d2HRHTPbzEvKUjb7xDJq4lET/67g"
    "35CJvzv38Ch35g+ulE79LK5Tae7n9V3LJMglzlfLIFyNci1qxAlu+Bj4hoBsAOXJJbxzTBeBJ/rY"
    "Msa+DiWeiAZkhAsUtjU8Y4m1Aw5SyXGgLV48IgG1ekivHqKj5WawSESxunVXjy9zi3h1Vo8FQbV6"
    "7Nzq8Qtjk4sxMSZ5C0h8sXQNGfBquhHVe3Id+TwWk7CYy0HWz3bGhkM+0xtjTEfEvUcG48PK5+XY"
    "0CMUaj+iB0KBjBsi5vC/uZRDZhiOwM2uJGt7yhJryboCYVazjqzZtXTLYTC8PyWt4oHEtk3iO3Uq"
    "RvBlyQ3zhJBaQmomanJYveD6lKAKp1a2wdxtQssIgM/sEYIrpRsEHNeppGT69c/F0g3z+QC7sAYP"
    "5y4Rwc7+fAGrs5/MtpBlrHujSqHScUwfhNWq4NdGrvoDKdV9sEK9fdua5Jrj2B7GeWtNMbRh/T0E"
    "9/SkArinJ4XgwiUVXLxJjyuTeNiypQIwEyIq+DK1Y1pF8KX8vlW5vKlt7fLsl8OwaWA39xSC+GLp"
    "5naQqlZpfxuJnKN7PPSII0wbbO4gywyt4Da/jODkBjQEFmrMpghHyX0gr09wOFn+xnflT5BKHqT2"
    "w43dDwce2XrlpDALAntn01rL/kJpHWvMnpGFFiKnC0Ju9ik1yabDp3cuhYAzp7RGCoHebacjUggE"
    "8nf0pt+9vobk4q7HZjPINn7JNz9nyGT+gQLbTyQwI2xmS1rKYxmVHKk20V7rPNlmHCS707iLXawc"
    "6pGIwrxmDhmSdwh7qTMOyT2DXfniVMZ8Th1S46jwlJhCvy76KhTzx+al1EG++97DDWEehd7E+7jI"
    "rJ66flTGP1qLNZ+kIPvCI847QoPH6BjSQxdB/mrfhRojSh6QxyaEhmShy5sHQmhCyMzNko4ruqfy"
    "rWvwMlliZWfyuXpjGaWN1t+h5/vLly9QRR7zapei1jAppzDi8Jk9b/UKrpSuWziu89SKVdyxK14v"
    "fhQj1JI5DYsXgsIkysXWj+IsyrvJ0m/gpGH4qCQQDqrvIbrrScfEqJdLfBU7ByVENu8ctB1lb2Vu"
    "QFtdzL7/P1XdyT8="
)
