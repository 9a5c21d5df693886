"""Waiting notices and updates are marked when they stand behind others; partial indexes hold what waits.

A replica of the version before writes no mark and removes none: docs/decisions/0027-heads-of-lanes.md. The
indexes are small, because nearly all rows have ended. A broadcast keeps how many of its messages were sent, for
the time after its notices are deleted.
"""

from tortoise import BaseDBAsyncClient

from migrations.columns import is_there

RUN_IN_TRANSACTION = True

SQLITE = {"boolean": "INT", "false": "0"}
POSTGRES = {"boolean": "BOOL", "false": "FALSE"}
COLUMNS = (
    ("notice", "behind", "{boolean} NOT NULL DEFAULT {false}"),
    ("event", "behind", "{boolean} NOT NULL DEFAULT {false}"),
    ("broadcast", "sent", "BIGINT"),
    ("broadcast", "unreached", "BIGINT"),
)
INDEXES = {
    "idx_notice_candidates": "notice (rank, (message_id IS NOT NULL), id) WHERE state = 'pending' AND NOT behind",
    "idx_notice_lanes": "notice (chat_id, (rank = 2), (message_id IS NOT NULL), id) WHERE state = 'pending'",
    "idx_notice_behind": "notice (chat_id) WHERE state = 'pending' AND behind",
    "idx_event_events": "event (id) WHERE state = 'received' AND lane IS NULL",
    "idx_event_candidates": "event (id) WHERE state = 'received' AND lane IS NOT NULL AND NOT behind",
    "idx_event_lanes": "event (lane, id) WHERE state = 'received' AND lane IS NOT NULL",
    "idx_event_behind": "event (lane) WHERE state = 'received' AND lane IS NOT NULL AND behind",
    "idx_job_queued": "job (id) WHERE state = 'queued'",
    "idx_job_queued_of": "job (user_id, rank, id) WHERE state || '' = 'queued'",
    "idx_job_running_of": "job (user_id) WHERE state = 'running'",
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    types = SQLITE if db.capabilities.dialect == "sqlite" else POSTGRES
    missing = [one for one in COLUMNS if not await is_there(db, *one[:2])]
    columns = "".join(
        f'ALTER TABLE "{table}" ADD COLUMN "{column}" {type_.format(**types)};\n'
        for table, column, type_ in missing
    )
    indexes = "".join(f'CREATE INDEX IF NOT EXISTS "{name}" ON {on};\n' for name, on in INDEXES.items())
    return columns + indexes


async def downgrade(db: BaseDBAsyncClient) -> str:  # noqa: ARG001 -- aerich's signature
    indexes = "".join(f'DROP INDEX "{name}";\n' for name in INDEXES)
    columns = (f'ALTER TABLE "{table}" DROP COLUMN "{column}";\n' for table, column, _ in COLUMNS)
    return indexes + "".join(columns)


MODELS_STATE = (
    "eJztXWtz2ziy/Ssof3GmyteV2HnM2nu3SmMziSaO5JXlZHbHUzREQhJHFKHwEcd3Jv/9osG3+DBB"
    "iRKl4MNkLABNggfPPt1o/HUwpzoxneNbh9gHZ+ivAwvPCfsjlX6EDvBiEadCgotHJi/osRI8BY8c"
    "18aayxLH2HQIS9KJo9nGwjWoBUU7CAqfo3uXmGRi47lq6PfIcNAw+H3oIEM/QvdBMvVsB2FLR+6U"
    "IGqZj+wfwn5gFy1s+tXQ2ZuRQ8gxvF6nGnu/YU0af5NnGV88orp0QlhxgO33P1iyYenkG3Hg5+8H"
    "mk2wS3QVuwd/QOZipo4NYuopjA0dHsfTVfdxwdN+MSZdy33Ly8JXjVSNmt7cissvHt0ptSIBw3Ih"
    "dUIsYsMrE/BbnmkGzRQm+XVnCa7tkajSepygkzH2TGjEg3+OPUuDtkMj6qoLE7tjas+PdTrHhnXM"
    "2/34nyaej3T8r38FlU2Iq2qvP1RvlKGqHmT6AlRtqdGCJI1a0I/YZzkcrAnU9n/+cXJyevrm5Pnp"
    "659fvXzz5tXPz39mZfmnZbPefPcrEyPrP4rj233X7Q2hQpR1Vr8LQ8J3LoNd7EvxZoxbKtGNxJps"
    "SXBTbRfCu+MNEjeAia2Jh9mrM+h/prbuZHBPll8CnX1MHdDDhBj1eJaLICZWY+Ngjr+pJrEm7pT9"
    "PH1VguinzuDifWfw7PTVT2lYe0HOCc9KAzwyqTZjExYb6jk9nFKTYCu/iy9JLqE9YqJNwR2lNIB3"
    "WY/t96/gyXPH+WL6XXip//ZuP/6iDJ694PizQoZb0K2xbRtfAbvHLOgfyGMG63T5DXbsbLdeW19+"
    "8fx5hc7MShX2Zp6XBjax/maAvWQ5rjEn+d05LbkEsR6IHod/NAZ4weJrWGMbH2sw5I4t+tDYslvS"
    "IsPuR+Vm2Pl4nRoDl52hAjknPPVxKfXZ66XGix6CPneH7xH8RP/t9xSOOXXcic3fGJcb/vcA6oQ9"
    "l6rsw1WsJ4ELk8Ok77DnGs8SazkkjLA2e8C2rqZy4k6z8Gxtih3i5MyAgejbDwPC2gLQzPaOYM98"
    "HTymqb7R4OL+PRwNYWqwuUiNrT/paEWEfqWjfQIH+hY9oUW9LZ2VmPw1jXrw7EIs+xYZUvbP04h2"
    "/GdVQDXYK+4EqPOT+RKoc2yxXZ0ePA6ElwDI0WET2BSrsThR6ElFdsi0RLZO6IaL6JiriqANncEP"
    "UCDvR5jtPzVyzxTMKas9VzHZhEZstnYjNo8j27Mshgp6oPaM6502YfO97mQ12WZfVUWVHdl0xva1"
    "m1djg54qNaFS1TToAGJNkBBaj0paZRZ5vgftEOM+DXCtDnooIRGvh7hDvogBHghIvOvhPbbp//mE"
    "hgAbEAtJIkCACBhhyyJ580kp8xIJbRvr/H1S2zD2NzKCGEdCEuMKGMPmVJgkTwhJglxgsq5FchCL"
    "VX9VikNhD3ncJxU+tbOjpr4iPu+p3833BZ4sw5Ee8lm0QuqCj/gue16BvrFkZ96pkV4EF0u28UOk"
    "KSfnN/bl7HuJP30OlJvhoHvBhnIJXyTIg/gjM4cFiYZsMQdCoiJPMiCsZdGcfiVzJgNchE9RnHNO"
    "AlTVEXYIZxoc4iCXIm2KrQlB1Eb+5yPDzXId63poDqvxe5LgAb3gjwzPEbK/0FIs83fgOaO/t2rP"
    "l0RIFSKk/erhnjRBDPmMfW0W84spthXLm2em/hT6oezmjJji8B9c34KJ8UY5Q+HscGd9Vq4u+h9Z"
    "0gMxNTpnKWCFfMcSWAF7wn4PlE/K4KZzdcYmq6/EdrB5Z70bdHrDMzSxsd+/hK2kr6sYSZfNbAkb"
    "6etlEymeh/Nh9SETy8hRU3vUBOSrisdu3s6pAm8bi8pmqN0MGvacHNo8z+0iKrqeyWq7i3XzzhfB"
    "xkmoZ8cytbp0y6ya2+nRFnUrO8iFZbfqQ9SIa1ylHn1a0qNPpTuRdCdKuxOl9k2+Iik8w6Xl5MJd"
    "e5pLKupCLbAkKBealcjmzIjINsZbahNjYrEtVUUasLobU9uGQlUuMD0LFNCBeb19DegKOCa2rJtX"
    "RXdphFdhWzMGlMqefILMLLcJ5BCzoa2gmJedhiWepGUvfE+xlAMY+Iw5LlkAo4oR22cDYRpm+M5g"
    "RwjqpKPRIzJcB3F1J0vPrvvhVZzP0sOFdXDWlilyVpKxrSRjpQooSY39IjUkXbq1Lr1wPTvXOaoE"
    "+qSUdACs6XDJl9sM7NXsO5HwBhmmadwTKpt43itXl2cIJO+si8718HagsN9h9wFjzpXSuYE0m20l"
    "2d5Sb4f5RlJSkpKSlJQkRNraEGslRLajsUd8SY7WnuRSijX3JHlTzakqlDhD9777k3OPDAtNmSLN"
    "frpT5wjd+9tKnj43LKZsszZ3c86OreF5ua5UYUgU3m2Dv1Wm7Oc4VSVc3xLK+wI/go+XLwMJ0WYB"
    "OzPuY5VKDJ2wooSkN5b/PCPxI1MjyQ+0jh/w8uCHjWWBh3gu+tW2knV4gSdi3xi6c2yRB5VVq7nA"
    "N2mr5kkVo+ZJsU3zZHn/aBMGh+OqM1Ix9sSSgGQNqrAGC7YQ5YatKe7rCZE2+8bVRPn1ywogv35Z"
    "iDFkZRQhWNYE6YFYSG57axMEkhPbFifm2TaxtJyZu3heScrs4cRyWmWBLF4fMxN3Yo9beeZO7ov3"
    "D+EGXJCL9ORijBMi+xH+av0LYkoBykDb91yH5XaLu28ot7Hd9sZ68MmrKnHzWKlCtHne8hYvVmZF"
    "0E6LSbArge0fsRC1BcVC0rL8wxiD6EI4GudB/1rpnSGQvLOuB/0L5eam23t3BkGANeI4rFXurA/K"
    "9VDt3HQvlTM0IwtXxTDCWflO95KVxIYOfw+GV/9R/YNACk+2XfNR9c8D+WalMCtOU3677nLrE/m2"
    "MLjx6W2newUJY2yYbTE8hfUVG4NJqS3aY5/v2rDDrkvmi5wtUrGCFUtsDugXzc51Jy9evnn58+nr"
    "lxHWUUoZxIVw1rCapiW3ZTVt3mCzFwZR07Bm2QYekm8FYyYsvw+7sLJ2VH4bppownOeffez89lOq"
    "Ga/6vXdh8cS6cHHV/2U5NDfDTmUqmWGKDqm05BqG1A61xK6NqMAwJzppRlKyddvcutKZSPaFmM8w"
    "6nSEhJgc621u33aEaPthOJQSN7H8yFnCPmJ1Y2e1Y0ytO3pWG8LetXP2Ko96F4aqWRGiQfCYvUWJ"
    "B09fFSN4yB4NWbEbEAS9MKMeleOFmextxV6YdrJUJS/M8OSibjgLz+Uh5tiHQBz9c3SfOGTKw+1D"
    "fRFXY/kBx8CwAzkztgZbaErsnNOUzb2myrnKlKl62RszEwkv7cU5IZE75iRw2lRpIDrHOokdOA1Y"
    "t4pdMCu7nu2ry9kaTWTFrpbSk2EDRpEtGoHbDXUjVuCtqDAt265Ij78fCniIiyvY4SMR2d1XQT1n"
    "s18K+Yadihswca/N2roVN9W2ddwmvVSjLXhNp5z2HzM4GChvb3uXyqXa7amdKx5TF5QmoquGpWLT"
    "BFcaKKFeK71L7qzjF1AXxNK5w074hFg0kmH/9XtKJML+oxa5s7q9f992B/85Q4b1xTPsxyhFvbjq"
    "c6edIEPVTMpddy67N9e3Q8gJdDmW1rm+VjrcfYeppgSbkMbEh2eICbngYKR8UnpcaAEqqsWlPvd7"
    "Z+iBWuyvzqAHmaAS8hz2m32g2v+kDM5CRVFlM469rFxu50SRrwaKbQ1CEbkzqO+YZwhf/xaJSNjr"
    "bw0CpkNsSxYLyU1ZXeRNY+zm7oXL7nGKhbZ9j9NO3UtmOOrYt0cJ4p0W3Dbm+VRvy7CWThjSSC9j"
    "3G5zlSmx1cswrHsShjUwvuYaE0OzbJkpMSrzpCHxI9MlH+GeqhFY+lwPtDgeGxUno7JUDeay8tOq"
    "mAUzIVdSpkAZS0XGUpGxVGQslS3FUpG2py0p3Ey7cGiOAph/s0xcus28ct25o4nbZXbuaC12ZkQ4"
    "0Grn5gPnwkH2zvJ5d59ub+MpV2LbNMdlRoFkOEeWaYdIYB+MVps+QxYcrhQxtSZF9ibA89osrxbr"
    "osLsdEJobxDdNDcNEaKLTkOWYb8kKPGvGRhLcqiSQ20Dh9q6beyPS6K2rSn2gUX9lY4OcihUSD4q"
    "40//DApUOoXBCp+jIFLnctBqmIQdn+Y0TcMhDE3dQWzadKcEAVU2YsgdOsifMjNs6vofX4tejRL8"
    "iD9OdHQiEzebdw5rlsllHUR12b6NwxzeqR4+PpXJ1hFWNf4y7j7lv+qvg3SLs4rYEOmIdU5ICh6V"
    "YHq/qXBPE/tUz1fVwnHpfwVrVfiBPr9XBgriVUf/iw794of+zXblLwy+7QjB5x6h0vcHzkNPV+Hv"
    "v9HhYb2K5L7e9izf+ari+9mbA5FDf8RKGr11NLokcTdB4oZTVFVrRVh+H7nEpuwQWXx/ven38vFN"
    "iCzrPIbmor8RW/120GegBFnAopzAWuaqlnQTeMAygTWnebCXn87IRV1qF0/N4EmSi+QexS6luAIR"
    "CXt9jmUbMVglt3UA9+wKEORh8b2Be23k+M7Z2xbYrmFw+/etcgtmNV/n4UFpPwSxaLkJbnDb6/kH"
    "ZnzVpMwoB3cj9i6Uqyv/ckQGjGnmhaxth/GOa8pC01MosTeDZcNz05gIH0KJRCTmK4UGlkbTda0L"
    "0ni33Q6dIEGF4E/LSfTroR9QqqLgp8R2+tj7xrfzdLGAamXhLjtYlRTb9rGqnTrKBttagaUyLL43"
    "08nalkm4y0Jk0xGVl1AuQwn3h4iwtWF5SdXWp2pZFtRfAPVYQuK+Cu5zMh8RW/jodlpwg2teaHrb"
    "2SUvNvkLwB0Lye2FANbu1CZYF/Y1S4nJ07p1N9PUhosL58Rx8ETc4S9PWrZF3bZIex1Vn3hScnKa"
    "l4EjpNOzuNNz5Nsn2BOScvL+jja3sLy/oy3u7PL+jipu7Kvc39GkC7sCERcPcpzY/YyjMjd2EhWp"
    "5MjOi5+jexNbhMfyBy9ybYpdRMcIoyHDZGLjOfIWMMUeoYcpdUjwy0HYJmiKLd0kOnik883qOWJV"
    "IvyT8p3bm3+lkMM7VAP+H3qmL/8OXlbfKZ1/r/+v31SVfLKJRoyvRD9End4lgjqh7g3q3V5dVXEQ"
    "L6yFxj7G4ECuWpP+kNeGJ8KPEZmCP2yFysEjcr3n/SpC9rpqV7U6BVUJvmmNSIUoSUf7Vjray2s/"
    "mrgTgcOTgbXYsT4sv4eO9Y0cXAhXLAGvELyCBbFlCtR2mKQFfjQpzpmsi201CRFprKlvrNk5F9lw"
    "WyDIETEt5ELpfvKDw/tPuLPes00Ed3QNdqV3Vvddr8/dXJlix9Q7Xcas2akhImPW7IIzhIxZI2PW"
    "/Ij4xwqwgLEsFtq2lT6f92qZiSxc3GtYRpZEpZFs900oCbZRsDOkJaWhrG2tnLHWbMe20KOuoZGD"
    "HONCkHNUZl2w4jKVzAuB4wow9Zhz/OcQJ9wmDzabD5HB7whmCRDohpsBwvIumAMesIMcYrn5ZoT1"
    "PVrIXABvCmxGmVA54VG9hO+CX8Ab/Um04EfiAXDve1wq+esp0tqPQPMs9gtKMs0/5bLrftPVsQAE"
    "15Ud1uD6g49lVYUas4ed/FSv2mJWgbDGAlUserGgDSCFlWT7W7CblWz/ZtnocLKrhGyisGT7q+Gb"
    "WD+qTxwJIelkU1sddgOmsrIhKyi/h1379csKPfv1y8KODVlZcNWv2PTyrjUutqosia1kWVlZ+/UM"
    "0zUs5xheuw11txGDy1diw25JgExOSGxutnnR7FSzNi657kkAeQZgXYebd8x+GKgUoubD6NLp6Lbp"
    "G6U3PONq7511qXTgRmiCpYGwBSNh0wbC/ChEN3Nsmm2OQ7R6IIXTkzevo9kFfpTNJzcfO1dXMrhN"
    "4ytiRHwJrYdJqZ3ukxsPTSlt2dvAXdqypS17323Z8qT5di9DXJiPqkvFwE9KSezrY18Q37zoJsqi"
    "2OZNapJZFbLlVLc8PS5dJrbvMnGjTYnu8U/OOE1EeUdlbhNOslQlxwm4XALOQy6IbVDd0NADtWfn"
    "6J7BakA5fnBySh/YM2xwdphiB2l0zp7G/SHgbnUQh/uD6IOV70HRwDuedqUotIXz/2eGebFxJSy/"
    "d1bZdZlWig3fYQOLbRSSUlIJkcr3LuEule8WhKfYzup9BS2Yt3T7GaXrthkVqbRo29QkCLNFFfwN"
    "LQ8iA8ICCb8WNtWI4/jeh7CQGgVujTWeIRfdXVh0p9TU84KylM0+sYyceOTEvyv4t2Ti73sunuTO"
    "/EFO6dRP4zKV5n5W3jF0ghxifzU0wtQox7C0OMAN6wPf+N2toDyFt7aCJ/rU0Ka+DsXfiEZkggsU"
    "tgbescLaAcGzcxxoixePSECuHsKrB29osRksEpGsbt3V44tnELfO6rEkKFePnVs9fqF0djEl2ixv"
    "AYkzS9eQESumalG5J9eRz1M+CfO5HGT9aGd0PGYzvTbF1oQ490ijrFv5vBwdu4Tf+/2IHogFZNwY"
    "UZv9zaRsssBw7Vl2JWnsLSusJU0dhFnPOtKwa+mWj8Gw9hS0igcS2zaJ71YkZH9kiXXzhJBcQmoG"
    "arJpvcP1KUF5nFraBnO3CR0tAD6zRwhySjcIOC5TScn0y5/zpRvm8xF2YA0eew7hh539+QJWZz+Y"
    "bSHLWPdBlY5Kx2f64FitPPzaylV/JKS6j9aot29bk2z4HNvDNG+tKYY2LL+H4J6eVAD39KQQXMiS"
    "h4s36XGlExcbptABzISIPHyZ2jGt4/Cl+L5VurzJbe3q7JdNsa5hJ/cWgjizdHM7ShWrtL+NRM7R"
    "PR67xOamDerZyNBDK7jJshHc3IDGwEJN6RzhKLgPxPWBAEAuKTChrP0NQsGD5H64tfvhwCNbrRwU"
    "Zklg72xajewvpNbRYPSMLLRwcrrgyM0+hSbZ9PHpnQshYHuWVSOEwOC21+MhBAL5O+tm2L++huDi"
    "/K53iDZ+yTY/Zyi8knz7gQQWhC5MQUt5LCODI9Um2oNNkRjyCSFp4KiHO9/FiqEeiUjMa8aQCe5Y"
    "E3DGCSSkL05dzD3LJhjOUYkBnxKT6NdFXx7F/LF5KXmR7763cEuYR643sTYuMqun8o/K+EdjueST"
    "FOSQe8S5R2j0GF1DeuggiF/tu1BjZJEH5NIZsUKy0GHVAyE0I2ThZEnHNT1T+ta1eJkssbJT8Vi9"
    "sYzURuvv0PP95csXqCKPeblLkWuYkFMYsdnMnrd6BTml6xaOyzy1YhU37JrXix/FCLViTMPihaAw"
    "iHKx9aM4ivJusvQbuGkYBpUAwkHxPUS3mXBM1HJzia9i56CEyOadg7aj7K3NDWiri9n3/wf+0qck"
)
