"""Indexes for what a person's press, an operator's page and the daily retention read: none scans a large table.

A replica of the version before works with them as well; it reads the old texts of jobs without an index.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

INDEXES = {
    "idx_account_broken_b757a4": '"account" ("broken")',
    "idx_event_handled_8c6855": '"event" ("handled_at")',
    "idx_job_has_tex_7a7648": '"job" ("has_texts", "forget", "ended_at")',
    "idx_job_state_4640cf": '"job" ("state", "expires_at")',
    "idx_job_user_id_951547": '"job" ("user_id", "has_texts", "kind", "id")',
    "idx_notice_state_738c5a": '"notice" ("state", "rank", "created_at")',
    "idx_purchase_state_5676d7": '"purchase" ("state", "created_at")',
    "idx_reversal_stage_28415f": '"reversal" ("stage", "as_of")',
}
# It finds nearly all jobs, and SQLite took it for those of one user.
OLD = {"idx_job_has_tex_190a15": '"job" ("has_texts", "ended_at")'}


async def upgrade(db: BaseDBAsyncClient) -> str:  # noqa: ARG001 -- aerich's signature
    return _change(add=INDEXES, drop=OLD)


async def downgrade(db: BaseDBAsyncClient) -> str:  # noqa: ARG001 -- as above
    return _change(add=OLD, drop=INDEXES)


def _change(*, add: dict[str, str], drop: dict[str, str]) -> str:
    adds = "".join(f'CREATE INDEX IF NOT EXISTS "{name}" ON {on};' for name, on in add.items())
    return adds + "".join(f'DROP INDEX IF EXISTS "{name}";' for name in drop)


MODELS_STATE = (
    "eJztXW1z2zYS/isYf7nejM+T2InTs29uRrWZRI0jubKc9q7u0BAJSawpQOFLHN9d/vthwXeJpAlK"
    "lCgFH5qaIJakHrztPrtY/Pdgxkxiu0e3LnEOztB/DyieEf5HpvwQHeD5PCmFAg+PbFHR5zVECR65"
    "noMNjxeOse0SXmQS13CsuWcxClU7CCqfo3uP2GTi4JlumffIctEwvP6LiyzzEN2Hxcx3XISpibwp"
    "QYzaT/wfwi+wh+YO+2KZ/M3IJeQIXm8yg7/fopPG3+RT67NPdI9NCK8OsP3+By+2qEm+Ehcufz8w"
    "HII9YurYO/gDbs4f9LFFbDODsWXC40S57j3NRdlP1qRLvbeiLvyqkW4w25/RpP78yZsyGgtY1IPS"
    "CaHEgVem4Ke+bYfNFBUF384LPMcn8UebSYFJxti3oREP/jH2qQFth0bM0+c29sbMmR2ZbIYteiTa"
    "/egfNp6NTPzPf4YfmxLX9V5/qN9oQ10/WOoL8GkLjRYWGYxCP+I/yxVgTeBr//b34+OTkzfHL05O"
    "f3z96s2b1z+++JHXFT9t+dabb8HHJMgGjxL4dt91e0P4IMY7a9CFoeCbkMEeDqREMyYtlepGck22"
    "ILiptovg3fEGSRrAxnTiY/7qJfQvptjJxz4tswA8/0F1gI8KEuSTmS6GmdDGxsIMf9VtQifelF+e"
    "vC5B9VNncPG+M/jh5PVfs9D2wjvH4lYW5JHNjAc+afHhntPLGbMJpvlQL0guoD3iok3BHZc0gHdZ"
    "r+33r+DJM9f9bAfdeKEP924//qQNfngp8OeVLK+ga2PHsb4Adk8ynTsrtcHuvdy519ajX754UaFL"
    "81qFfVrcy8KbWomX4L3kdzxrRvIhzkouQGyGokfRH40BXrAMW3Ts4CMDBt4RZY+NLcAlLTLsftRu"
    "hp2P15mRcNkZanDnWJQ+LZT+cLrQePFD0K/d4XsEl+jf/Z4mMGeuN3HEG5N6w38fwDdh32M6/+E6"
    "NtPARcVR0TfQvsYPqVUdCkbYeHjEjqln7iSdZu47xhS7xM2ZB0PRtx8GhLcFoLncO0Lt+Tp8TFN9"
    "o8Fl/ls0GqLSUM3IjK0/2WhFhH5mo30CB/oWO2ZFvS17K7UEGAbz4dmFWPYpGTL+z/OIdoJnVUA1"
    "1Bp3AtTZ8WwB1BmmXLczw8eB8AIAOdZsCptigxanKj1r0g65vcjXCdPyEBsLoxHsojO4AFPyfoS5"
    "FmqQe25qTvnXC2OTT2jE4Ws34vM4cnxKOSrokTkPwgJ1CJ/vTXfZpm32VVWM2pHDHrh2u3mDNuyp"
    "yiYqNVLDDiDXBCmh9RinVWaRF3vQDgnu0xDX6qBHEgrxeoi75LMc4KGAwrse3mOH/SegNSQ4gURI"
    "0QESdMAIU0ry5pNS/iUW2jbW+XpS2zAOFBlJjGMhhXEFjEE5labLU0KKKpeYrGuRHITyz1+V4tD4"
    "Q572yYTPaHYMQFsJn/cs6Ob7As8yw5Ed8stoRdSFGPFd/rwCe2PB47xTI70ILl7s4MfYUk7Pb/yX"
    "899LgulzoN0MB90LPpRL+CJJHiQYmTksSDxkizkQEld5lgHhLYtm7AuZcRngIgKK4lxwEmCqjrBL"
    "BNPgEhd5DBlTTCcEMQcFPx9Z3jLXsa6H5rAav6cJHrAL/ljiOSL2F1qK3/wdeM7476169hURUoUI"
    "ab95uCdNkED+wH9tvvtSo/5saerPoB/Jbs6JKQ//wfUtuBhvtDMUzQ539Fft6qL/kRc9EttgM14C"
    "Xsh3vIBXcCb8eqB90gY3naszPll9IY6L7Tv6btDpDc/QxMFB/5L2kp5WcZIuutlSPtLTRRcpnkXz"
    "YfUhk8ioUVN71ITkq47HXp7mVIG3TURVM9RuBgP7rlRkUSywnilru0t28yEYofok1b8TmVodu2W+"
    "ze30a8o8qW4d1d9qNFEjoXKVevVJSa8+UYFFKrAoG1iU0aACk1J6lsvKqSW89lSXNtmlWmBBUC02"
    "K9HOSyNiuTHeModYE/qBPFUkBKsHNLVtKFRlBbOzQAExmNfb14CuRIhiy7p5VXQXRngV3nXJlVI5"
    "pk+SoxXegRyKNvIaFDO006jGswTtRRAzlgkFg+gx1yNz4FYx4ro2UKfRjSAs7BDBN5lo9IQsz0XC"
    "5Fkmatf98CphaNnhwjs4b8sMTato2VbSssoMVPTGPtIbij7dWseee76TGyxVAn1aSgUE1gzAFItu"
    "7pTyvL8nFt4gzzRNekJll8977eryDIHkHb3oXA9vBxq/jroPOHeutM4NlDlcoeQaptkOd44iphQx"
    "pYgpRYu0tSHWSotsx26PWZMc2z3NqBTb72kKp1qQVSRxhu6DcCj3HlkUTbk5zS+9qXuI7gO1UpTP"
    "LMpNbt7mXs5esjU8Lze0KkqWIrpt+LfOTf6cIKtUKFzKhJ/jJ4j5CmSgIFYWsPsgYq4yhVFQVlyQ"
    "js4KnmelLpa+SLEErWMJ/Dz4i21VPxf9aqpkHXbgmaw4lukeUfKo889qLiVO1rd5XMW1eVzs2Txe"
    "1B8dwuFwPf2BSGWkWBBT3EEV7mDOlyPJtDYpkTZHzNVE+fRVBZBPXxViDLeWzCFY3CRJgkRIKb+1"
    "aQLFjG2LGfMdh1BDav5Oy+zhxHJSZZksXiWXJu6Uplt55k5rx/uHcAOByUXWcklerERkP5JirX9B"
    "zJhBNbpvJLcxnXtjPfj4dZWcerxWIdri3qKKl5i0UmpeRkyBXQnsYOOFrEcoEVJe5u/GJcTm0pk6"
    "D/rXWu8MgeQdvR70L7Sbm27v3RkkCTaI6/JWuaMftOuh3rnpXmpn6IHMPR27fNbk9TvdS14TWyb8"
    "PRhe/UsPtgdpotjx7Cc92CUUOJeiW0mZ9tt1V/igyNe5JVxQbzvdKygYY8tui/sp+l65MZiW2qJX"
    "9sWuDTvseWQ2z1GRig2sRGJzQL9sdq47fvnqzasfT05fxVjHJWUQF8JZw3ealdyW77R5t81euEVt"
    "iz4sN/CQfC0YM1H9fdDCytpR+22YacJonv/hY+e3v2aa8arfexdVT60LF1f9nxZTd3PsdG6SWbbs"
    "kMpKrmFI7VBL7NqICt1zspNmLKVat82tq0KKVF9I+AyrTkdIiamx3ub2bUfitu+GQykJFsvPpyUd"
    "KVY3o1Y7xtS6c2q1IRleO2ev8lx4UQKbFSEahI/ZW5RESvVVMYKH7NGQlTsXQTIWM+5RObGY6d5W"
    "HIvppGtVisWMdjGaljv3PZF4jv8QyK5/ju5TG05FEn74XiTMWLHZMXTswJ0HvgZTNCVOzs7K5l5T"
    "ZY9lxlW9GJO5lB8vG8s5IXFQ5iQM3dRZKDrDJknCOC1Yt4oDMSUD0PY18GyNjrLisEsVz7AB18gW"
    "XcHthroRX/BWDJmWKS0q7u+7Ah5y5kp2+FhEdfdVUM9R+Ush33BocQOO7rX5XLcSrNq2jttkrGqs"
    "iNcMzWn/ZoODgfb2tnepXerdnt65Evl2wXQipm5RHds2BNRADf1a612KkJ2ggj4n1BRhO9ETEtFY"
    "hv/X72mxCP+PUXJHu71fbruDf50hi372LecpLtEvrvoidCe8oRs2EwE8l92b69sh3AktOl7Wub7W"
    "OiKIhxuoBNtQxsWHZ4gLeRBmpH3SekJoDoYqFVK/9ntn6JFR/ldn0IObYBiKO/ya/0C9/0kbnEXm"
    "os5nHGfRxNzO7qLAGJRTDSIRpRnUD8+zpI+Gi0UU7PVVg5DvkFPJEiGllNVF3rbGXq4uXHbGUyK0"
    "7TOedurMMsvVx4FXShLvrOC2Mc8nfFuGtQrFUK56lfV2m6tMicdeJWbdk8SsoQs216UYOWfLHIpx"
    "nWfdiR+5LfkEZ1iNwN/n+WDFiWypOJ2hpWpil5WfVsU5uJR+JeMQVHlVVF4VlVdF5VVROVm/F4Uo"
    "28mxy3LMwLL+HUm0mWGuO4s0cfLMzm21xe4DkU6/2rn5IFhxkL2jAQMfEO9t3PVKHIflBM8UbymL"
    "BfbBfbXpPWXhZksZp2taZG/SPq/NB0t5P5XmqVNCe4PopllqyBtdtDuyDPsFQYV/zURZik1VbGob"
    "2NTWqbHfL53atqbYBz71ZzY6yCFTofiwjEn9M6xQaVcGr3yOwsydi6msYRJ2A8LTti2XcDRNF/Fp"
    "05sSBKTZiCP3FxcFU+YSr7r+x9ciWuOCIAOQG2+lWMqmLToHfVi6yzuI7nG9TcAcnbwePT5zk68j"
    "/NPEy0QgFbxKcbut5HYVs7g5ZjEaM5V3JYX195HcaooiX8b355t+r7QT5ynhluGh/yE+He+gO7sE"
    "WcCinFFZJE8WlGV4wCKjMmN5sJdvHMhFXam7z83jadaF5O4VLuVcQhEFe32jfxtJQhXZcgCHwkow"
    "tlH1vYF7bWztzjmA5tip4QH65Va7BT8Pf5FPgqypH8JkqcInNLjt9YK9HD6lYhNHsZcIjvDrXWhX"
    "V8EZfhwY287LqdoOb5Iw3aSmp0hibwbLhuemMZHeHxGLKMxXyl2rvHjrWheUN2m7HTrFyknBn5VT"
    "6NdDP1ATpMHPiO30juyNq/NsPofPWoa7bM9PWmzbO352apcVqLUSS2VUfW+mk7Utk3DYgozSEddX"
    "UC5CCQdcyLC1UX1F1danavkt+H4J1BMJhfsquM/IbEQc6V3FWcENrnmR621nl7zEBy0BdyKk1AsJ"
    "rL2pQ7ApHfyUEVMbSesq08yBk/VmxHXxRD4CLU9atUXdtsiGwVSfeDJyappXOQ1UFK58FG4cbCbZ"
    "E9Jy6oCJNrewOmCiLfHV6oCJKnHVqxww0WRMtQbJAA9yoqqDG4dlcdUkrlIpslpUP0f3NqZEJJuH"
    "sGZjij3ExgijIcdk4uAZ8ucwxR6ixylzSXjlIuwQNMXUtIkJIdJCWT1H/JOI+En50dbNv1IqAhs+"
    "A/4fhUovXocvU1HS21bji6Ok1XECzeVaF/BIgBvV38Oo6EaizqPpRsKlj1dw/7RM+90ODTDHTzbD"
    "OVN2MdGeElFMe32mfefiGx1iEOuLfITjQLvQup+CpNPBE+7o+07vUkQphirFHe2+6/VFjCLXyllr"
    "z31XGTBUBowd9mSrDBgqA8b3iH+08NSgXBdEFfu++9xsisaQ7AxZScXAt62Vl2jg7ZCWPeZZBjnI"
    "YS3DO4dltCVN6lTiLUOPOFCAWJCH55Ab1yGPjuXxUnE6Ji+AlA6CX4zqe8AzPmIXuYR6+fzk+h4t"
    "xUPCm0IyeikpRLQHKOUUDSr4oz+JEV6kHgAnHie1kivFXyr+slXwN8+vRUNEAt+UiGIxq6Gcmnuk"
    "Nl57yvO7qpoPcUlSBH1Yfw+79umrCj379FVhx4Zby+DqX7Dt5x0DWcwWL4itxBivbDn5lu1Z1D2C"
    "127DVGqESIZz3a28dNSFs01KYnOzzctmp5q1cWR1w1NVYOq6dtztmF8kPF1T1i0SH9IZn855o/WG"
    "Z8JkuqOXWgdO0CRYOT5aMBI27fjIT41xM8O23ebkGKvv7j05fnMazy5wUTaf3HzsXF2pjAuNr4gx"
    "aSK1HqaldrpPbjxfmvLRKR/d94e/2pq3XQ/p3H7SPSYHflpKYV8f+4KEsM9mNd6wpbNs4rScilVb"
    "7pQ7ePvu4BtjSkxf/OQlh3B877DMJeyma1VyCkNGbthEMieOxUzLQI/MeThH9xxWC+qJ3SZT9sif"
    "4YAjd4pdZLAZf5rw9cJZqSAOpwCwR5rvHW7gHc+7iQv9tuL/ElNoVH/vfIfrov6LnbRRA8spC2kp"
    "pSQr43CXcFfGYQv29G5n9b6CFsxbuoMbpeu2HVeptGg7zCYI80UVYqmoD+mUYIGEq7nDDOK6QWQV"
    "LKRWQchWjWeoRXcXFt0ps828nexls08ioyYeNfHvCv4tmfj7vocnuTN/eKd06mdJnUpzP6/vWiZB"
    "LnG+WAbhZpRrUSPJCsD7wFdxAhsYT9HZaxBlO7WMaWBDiTeiEZngAoOtgXessHZAxlGpYM9YQK0e"
    "0quHaGi5GSwWUcxu3dXjs28Rr87qsSCoVo+dWz1+YuzhYkqMh7wFJLlZuoaMeDXdiOs9u478OhWT"
    "sJjLQTZIEcPGYz7TG1NMJ8S9Rwbj3Srg5djYI+L0zif0SCiQcWPEHP43l3LIHMNZMcsrSWNvWWEt"
    "aWrTxnrWkYZDH7e8ZYO3Zw74ZTkkQwmVuVYmfWQwsuS6eUpILSE1E6Q4rN7G4Yyg2iqqfIO5akLH"
    "CIFf0hHCO6UKAk7qVDIyg/rnmQO7+Ro89l0iNnIG8wWszkEGwEKWse6DKm0DTfacwe5PtVGzlav+"
    "SMp0H63Rbt+2JdnwPqvHad5aUwxtVH8PwV3/2dtqC+wm4q5M4mHLltommBJRWwQzetM6tgjKa68q"
    "8E0pt6tzYA7DpoHd3ATOyc1SFXeUqVZJy41FztE9HnvEEQ4O5jvIMiNfuM1vI0h6jcbARU3ZDOE4"
    "fQlkLoEUJx4pcKSs/Q1S6VGUVtxarTiMy9Yl05gsiO2df6sRLUNZIA1meliGtnir716l0dj0Vt+d"
    "2+7u+JTW2O4+uO31xHb3UP6O3gz719eQ4FcclgsZfy+5CnSGojNdt7/pfU7Y3Jb0micyKpFPbdI9"
    "VI3kkE8JKWdHPdyFLiuHeiyiMK+Hudqk9n3b6upcuH1v4ZawMR3iWMb0IM/VGNw5LHU1JnWeI2GK"
    "G3bNET7fC6mxYiaXYrqiMHVcsR1dnDtuN+29DZwbBYNKAuGw+h6i28wmf0a98Jy/qs6mlMjmnU3b"
    "WSjX5lba6mL27f9hgCMs"
)
