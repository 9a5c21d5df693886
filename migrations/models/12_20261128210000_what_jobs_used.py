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
    "eJztXWtz2za6/isYf2l3xseTyInTtXd2RrWZRI0jeWU56W7doSESklhRAMNLHJ89+e8HAO/ixQQl"
    "ipSCD01NEC9JPbi9eN4L/nu0IjoynZM7B9lH5+C/RxiuEP0jVX4MjqBlxaWswIVTk1f0aA1eAqeO"
    "a0PNpYUzaDqIFunI0WzDcg2CWdU+YJUvwIOLTDS34Uo19AdgOGASXP/kAEM/Bg9BMfFsB0CsA3eB"
    "AMHmE/0H0QvoAssmXw2dvhk4CJ2w1+tEo+838LzxN3nY+OIh1SVzRKsz2P74kxYbWEffkMMu/zjS"
    "bARdpKvQPfqT3bSW6sxApp7C2NDZ43i56j5ZvOxXYz7A7ltel/2qqaoR01vhuL715C4IjgQM7LLS"
    "OcLIZq9MwI890wyaKSzyv50WuLaHoo/W4wIdzaBnskY8+sfMwxprOzAlrmqZ0J0Re3WikxU08Alv"
    "95N/mHA11eE//xl8bEJcVYejiXqrTFT1KNMX2KetNVpQpBHM+hH9WQ4Ha86+9n/+3uudnr7pvTg9"
    "++X1qzdvXv/y4hdal/+07K033/2PiZH1H8XxHbwbDCfsgwjtrH4XZgXfuQx0oS/FmzFuqUQ3Emuy"
    "NcFdtV0I7543SNwAJsRzD9JXZ9D/TGzdyeCerL8GOv0xdUAPC2LU41kughjhxsbBCn5TTYTn7oJe"
    "nr4uQfRTf3z5vj/++fT139KwDoM7PX4rDfDUJNqSTlh0qOf0cEJMBHF+F1+TXEN7SkWbgjsqaQDv"
    "sh47Gl2zJ68c54vpd+G1/ju8+/irMv75JcefVjLcgm4Nbdv4yrB7yoL+AT1lsE7X32HHznbrrfXl"
    "ly9eVOjMtFZhb+b30sAm1t8MsFf0jmusUH53TkuuQawHoifhH40BXrD4GnhmwxONDbkTTB4bW3ZL"
    "WmQy+KjcTvofb1Jj4Ko/UdidHi99Wiv9+Wyt8aKHgM+DyXvALsF/RkOFY04cd27zN8b1Jv85Yt8E"
    "PZeo9IerUE8CFxaHRd+ZzjVbJtZyVjCF2vIR2rqauhN3GsuztQV0kJMzAwaibz+MEW0Lhma2dwQ6"
    "803wmKb6RoOL+/dwNISlgXKRGlt/kemGCP1GpocEDutbpEeKelv6VmLy1zTisWcXYjnCaELoP88j"
    "2vefVQHVQFfcC1BXvdUaqCuIqVanB49jwmsA5OxhE9gUb2NhotKzG9kJ3SXSdUI3XEBmfKvIdkPn"
    "7IJtIB+mkOqfGnqgG8wF/Xq+xaQTGrLp2g3oPA5sD2OKCngk9pLvO21E53vdye5km31Vla3s1CZL"
    "qtfufhsb9FS5EyrdmgYdQKwJEkLb2ZJWmUVeHEA7xLgvAlyrgx5KSMTrIe6gL2KABwIS73p4z2zy"
    "vz6hIcAGxEKSCBAgAqYQY5Q3n5QyL5FQ21jn60ldw9hXZAQxjoQkxhUwZsqpMEmeEJIEucBkXYvk"
    "QJh+/qYUh0If8nRIW/iUZkdMfUN83hO/mx8KPFmGIz3ks2iF1AUf8QP6vIL9xpqdea9GehFctNiG"
    "j9FOOTm/0V9Ofy/yp8+xcjsZDy7pUC7hiwR5EH9k5rAg0ZAt5kBQVOVZBoS2LFiRr2hFZRgX4VMU"
    "F5yTYFvVKXQQZxoc5ACXAG0B8RwBYgP/5wPDzXId23poDqvxR5LgYfuCPzM8R8j+spaiN/9gPGf0"
    "d6v2fEmEVCFCur89PJAmiCFf0l+bxfxyAW0Fe6vM1J9CP5TdnRFTHP6jmztmYrxVzkE4O9zjz8r1"
    "5egjLXpEpkZWtIRZId/RAlrBntPrsfJJGd/2r8/pZPUV2Q407/G7cX84OQdzG/r9S9hKelbFSLpu"
    "ZkvYSM/WTaRwFc6H1YdMLCNHTe1RE5CvKpy5eZpTBd42FpXNULsZNOg5ObR5nttFVHU7k1W7i3Xz"
    "zheB4iTUs2OZWl26Y1bNdno0Jm5lB7mwbqs+RI24xlXq0aclPfpUuhNJd6K0O1FKb/I3ksIzXFpO"
    "Lty1p7nkRl2oBdYE5UKzEdmcGRHZxnhLbGTMMVWpKtKA1d2YujYUqnKB6VmggA7M6+1bQFfAMbFj"
    "3bwqumsjvArbmjGgVPbkE2RmuU0gh5gNbQXFvOwirPEsLXvpe4qlHMCYz5jjIosxqhBQPZsRpuEN"
    "3xnsGLBv0sH0CRiuA/h2J0vPbvvhVZzP0sOFdnDalilyVpKxnSRj5RZQkhqHRWpIurS1Lm25np3r"
    "HFUCfVJKOgDWdLjky20G9mr2nUh4hwzTIu4JlU0875Xrq3PAJO/xZf9mcjdW6HXYfZgx51rp37Iy"
    "m6qSVLfUu2G+kZSUpKQkJSUJka42xFYJkXZ27BFfkrNrT3IpxTv3JHlTzakqlDgHD777k/MADAwW"
    "dCNNL92FcwwefLWSl68MTDfbtM3dnNixLTwv15UqTInCu23wt0o3+zlOVQnXt8Tm3YJPzMfLl2EF"
    "kbIAnSX3sUoVhk5YUUHSG8t/npG4yHyR5Ac6xw94efAzxbLAQzwX/WqqZB1e4JncN4bunGD0qNLP"
    "ai7xTdqq2ati1OwV2zR76/qjjSgcjqsuUcXcE2sCkjWowhpYdCHKTVtT3NcTIl32jauJ8tmrCiCf"
    "vSrEmN3KbITYsiZID8RCUu2tTRBITqwtTsyzbYS1nJm7eF5JyhzgxHJaZYEsXh8zE3dCx608cyf1"
    "4sNDuAEX5KJ9cjHGCZHDSH+1/QUxtQHKQDvyXIfeHRR331BuZ9r2znpw73WVvHm0ViHa/N66ihdv"
    "ZkXQTotJsCuB7YdYiNqCYiFpWf5hjEHEEs7GeTS6UYbngEne45vx6FK5vR0M352zJMAachzaKvf4"
    "g3IzUfu3gyvlHCyR5aqQjXBavz+4ojWhobO/x5Prf6t+IJDCi23XfFL9eCDfrBTeisuU328G3PqE"
    "vlkGNz697Q+uWcEMGmZXDE/h94qNwaRUi/bYF/s27KDropWVoyIVb7Biid0B/bLZua738tWbV7+c"
    "nr2KsI5KyiAuhLOG1TQt2ZbVtHmDzUEYRE0DL7MNPEHfCsZMWP8QtLCydlR+n6SaMJznf/7Y//1v"
    "qWa8Hg3fhdUT68Ll9ejX9dTcFDuVbskMU3RIpSW3MKT2qCX2bUQFhjnRSTOSkq3b5daVzkSyL8R8"
    "hlGnIyTE5Fjvcvt2I0XbD8OhlLiJ5WfOEvYRq5s7qxtjatvZs7qQ9q6bs1d51rswVc2GEI2Dxxws"
    "Sjx5+qYYsYcc0JAVOwFB0Asz6lE5XpjJ3lbshWkna1XywgwjF3XDsTyXp5ijP4Tl0b8AD4kgU55u"
    "n30v4NtYHuAYGHbYnSVdgzFYIDsnmrK511SJq0yZqte9MTOZ8NJenHMUuWPOA6dNlQSiK6ij2IHT"
    "YOtWsQtmZdezQ3U526KJrNjVUnoy7MAo0qIRuNtQN2IFbmUL0zF1RXr8/VDAs7y4gh0+EpHdfRPU"
    "c5T9Ush37FTcgIl7a9bWVtxUu9Zxm/RSjVTwmk453Q8zOBorb++GV8qVOhiq/WueU5dtmpCuGliF"
    "pslcaVgN9UYZXnFnHb+CaiGsc4ed8AmxaCRD/xsNlUiE/kcwuseD4b/uBuN/nwMDf/EM+ykqUS+v"
    "R9xpJ7ihaibhrjtXg9ubuwm7E+zlaFn/5kbpc/cdujVF0GRlVHxyDqiQyxyMlE/KkAtZbIuKudTn"
    "0fAcPBJM/+qPh+wm2xLyO/Sa/kB19EkZn4cbRZXOOPb65rKdiCJ/GyimGoQiUjOo75hnCB//FolI"
    "2OurBgHTIaaSxUJSKauLvGnM3FxduOwcp1io7XOc9upcMsNRZ749ShDvtGDbmOdTvR3DWjphSCO9"
    "zHHb5ipTYquXaVgPJA1rYHzNNSaGZtkyU2JU51lD4ke6l3xi51RNmaXP9dgujudGhcmsLFWTuWz8"
    "tCpmwUzKlZQpUOZSkblUZC4VmUulpVwq0vbU0oab7i4ckrMBzD9ZJq7dZV657tzRxOkyexdaC50l"
    "Ek602r/9wLlwJnuPfd7dp9u7GOWKbJvkuMworJjFkWXaIRI4BKPVrmPIguBKEVNrUuRgEjxvzfKK"
    "aRcVZqcTQgeD6K65aZYhuigasgz7NUGJf83EWJJDlRxqFzjUzqmxPy6J2rWmOAQW9TcyPcqhUFnx"
    "cRl/+ldQoVIUBq18AYJMnetJq9kk7Pg0p2kaDqJo6g6g06a7QIBRZVOK3E8O8KfMDJu6/cfXolej"
    "Aj/jjxOFTmTyZvPOgZeZu7SDqC7V2zjM4Znq4eNTN+k6Qj+Nv4y7T7FXSUa3k4yu5BN3wSeGo6Uq"
    "cR7WP0RaqylKPIvvb7ejYT6+CZF19dvQXPB/gE7Ee2i+LkGWYVHOpazTJmtqMnvAOpeyInmwlwcK"
    "5KIuFd3nZvAk34Jyo4JL2ZZARMJef7vfRjpQSbMcsSNfBbjasPrBwL01nnbvTD8WtGvYfv51p9wx"
    "Cw99kYf8/KgfgrSo3Bo0vhsO/dgND2MetFFsH2LH9A0vletr/5w+Coxp5mVP7YYdiW/ahKanUOJg"
    "BsuO56YZEo6HiEQk5htlqZX2u22tC9KO1G6HTvBxQvCn5ST69dD31QRh8FNiex2BvXN1nlgW+6ws"
    "3GUxPkmxtiN89iqqiqm1AktlWP1gppOtLZPsWAURpSOqL6Fch5IdZSHC1ob1JVVbn6qlt9j3C6Ae"
    "S0jcN8F9hVZTZAtHEacFd7jmhaa3vV3yYuuzANyxkFQvBLB2FzaCurDbU0pMBo7WVaaJzc7QWyHH"
    "gXNx37M8adkWddsi7QBTfeJJyclpvvrUAw2Ve31l8c4PFkrWP4zzPHuVXFV6Ja4qvZzQN0NFWLeI"
    "kRf/VohsUkSCWwiuS5YIOypb/AQXzLSgZJyqT8wBdBrUFqLm+4yoxF0Y90fbcF2Ul9PneeATshJ5"
    "YeSR4xorKJ6/Kk+87U1Rvut29zQSTdgjLiEklW8ZiyVjsTaNxYpCDgR7QlJOHivW5RaWx4p1JcpO"
    "HitWJbpuk2PFmoysU1gi6KOc2Dr/xnFZdB2KqlSKr+PVL8CDCTHiRwyx4DZtAV1AZgCCCcVkbsMV"
    "8Cw2xR6DxwVxUHDlAGgjsIBYN5HOAuU4cXkB6Cch/pPyY+6af6VQHB77DPb/MGBu/Tp4mYyVa1ur"
    "LI6Vk4dINXHCDocnA2txbFxY/wBj4xqJPQwnGgHHTriBE1DH9N529qMWfDJJHsdb7G6REJH+FvX9"
    "LfYuysVGGjK+ise5jJVLZfDJP2rEf8I9ft8fXvFYlUCZuMeDd8MRj1Sh+jjVynWZAW2vhojMgLYP"
    "/owyA5rMgPYj4h8uPDXI1jVRybvvPyubIDAEO0NaUnLvXWvlDAHcDl05JK6hoaMcvjK4c1xGWOK4"
    "TiXGMvCLZOQf5LThBTsRwUbMJ4GW8tPQaQFL6cWZxbC+yxjGR+gAB2E3n5nc3qOFGEj2poCGziQF"
    "CyPBE+ZQv4I3/QtpwUXiAfT3JGrFV5K5lMxlR4BvnlkLB0clZBOVJXNZDd/EfFN94kgISTtvfRey"
    "gHWpTMoH9Q+wa5+9qtCzz14Vdmx2Kwuu+hWaXt6B38UM8ZrYRizxxrslzzBdAzsn7LVtbI8aIY+/"
    "Itsx8o4fKZxtEhK7m21eNjvVbI0XqxuYJEOStpVrYc9sIcE56qKmkOg49ugc9ltlODnn26R7fKX0"
    "2VnpQeSENHZ0lwtpwtiRnxTtdgVNs8tp0TaPOTjtvTmLZhd2UTaf3H7sX1/LXFuNr4gRUSK0Hial"
    "9rpP7jxTrrTLSbvcj4e/TMrQrlXUMp9Ul4iBn5SS2NfHvuAogKLzQ4uOAdjToPVmaFgZXCfNv+2b"
    "f29ZEL7Hf3LGABzdOy4zATvJWpWMwOwcFhYuYiHbILqhgUdiLy/AA4XVYPV4XMmCPNJn2Mxwu4AO"
    "0MiKPo3bdmk35dEm7NQn8ojzrcENvON5s3ChnZb/PzPMi4n/sP7BWQy3RfsXG2XDBhZTFJJSUkGW"
    "G8N9wl1uDDsQvdvO6n3NWjBv6fZvlK7bZlSl0qJtExMBSBdV5juFPZZEky2Q7MqyiYYcx/ekYgup"
    "UeCiVeMZctHdh0V3QUw9L2a9bPaJZeTEIyf+fcG/IxP/yHPhPHfmD+6UTv0krlNp7qf1HUNHwEH2"
    "V0NDdBvlGFiL4/9pH/jGT9xlm6fwrF3mVbswtIW/h+JvBFM0hwUbtgbescHawfLM5zh3Fi8ekYBc"
    "PYRXD97QYjNYJCJZ3bqrxxfPQG6d1WNNUK4ee7d6/ErI8nKBtGXeAhLfLF1DprSaqkX1nl1HPi/4"
    "JMzncibrJ4Mhsxmd6bUFxHPkPACN0G7l83Jk5iJ+WvsTeESYkXEzQGz6N5WykQXZCYHZlaSxt2yw"
    "ljQVpLGddaRht8eWQzRoe+aAX5anM5BoOzXnXiUND0aWWDdPCMklpGZCFJvUCxROCcrQUGkbzFUT"
    "+loAfEZHCO6UKggwrlNpk+nXv+BLN5vPp9Bha/DMcxAP3PTnC7Y6+7n+ClnGug+qFPYZx5uxaE8Z"
    "mNnJVX8qtHWfbnHf3vZOsuEYq8dF3lpTDG1Y/wDBPe1VAPe0VwguuyUDX3fpcaUjFxqmUHBgQkQG"
    "BqY0pm0EBorrrdLlTaq1m7NfNoG6Bp3cJM3xzVLldpqqVkm/jUQuwAOcucjmpg3i2cDQQyu4SW8D"
    "ltgazBgLtSArAKNEJSxHSXB2S77iu/U3CCVCkfpwZ/XhwCNbrZywZE3g4GxajegXctfRYGaHLLQs"
    "qrcg5OaQ0mbsOrR378LbbQ/jGuHt47vhkIe3B/L3+HYyurlhSXwdl1gWy+p7RZWfc6ATP3F3+0Hu"
    "FiKWKWgpj2Vk4p7aRHut4/a6cc7eXuPOtVgx1CMRibk89U3u0uWpb7KFO8rDcC2StnGRkTF1/7iM"
    "jTHWaz5LyEy4f5B7DKZP0ZlVPznA0I8Dh1IIMHoE/NDWkDpx6OcxIbBEyHKyFMyWnik9jTq8TJbY"
    "HIl4Vs1YRurmtfWVAu/h8gWqyH9YailyDRNykUE2ndnzVq/gTum6BeM6z61YxQ275fXiR6HkN8w+"
    "VrwQFKY7LeaCi/Od7idnuYPzDdmgEkA4qH6A6DaTnIZgNziJtqqrREJk964S7Wz2tuYU0epi9v3/"
    "AW7JSes="
)
