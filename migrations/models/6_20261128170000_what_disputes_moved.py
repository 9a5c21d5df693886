"""Reversals know what a dispute has moved, when they were made, and whether their payment is another shop's.

One text serves both databases, and every statement may run again, as in the first migration. Payloads of older
events are cut down by a periodic job: that needs the code that knows the fields.
"""

from tortoise import BaseDBAsyncClient

from migrations.columns import is_there

RUN_IN_TRANSACTION = True

SQLITE = {"boolean": "INT", "false": "0"}
POSTGRES = {"boolean": "BOOL", "false": "FALSE"}

COLUMNS = (
    ("moved", "BIGINT"),
    ("moves", "INT NOT NULL DEFAULT 0"),
    ("made_at", "BIGINT"),
    ("is_foreign", "{boolean} NOT NULL DEFAULT {false}"),
)


async def upgrade(db: BaseDBAsyncClient) -> str:
    kinds = SQLITE if db.capabilities.dialect == "sqlite" else POSTGRES
    new = [column for column in COLUMNS if not await is_there(db, "reversal", column[0])]
    adds = "".join(f'ALTER TABLE "reversal" ADD COLUMN "{name}" {kind};' for name, kind in new)
    return adds.format(**kinds) or "SELECT 1;"  # asyncpg executes no empty script


async def downgrade(db: BaseDBAsyncClient) -> str:
    there = [name for name, _ in COLUMNS if await is_there(db, "reversal", name)]
    return "".join(f'ALTER TABLE "reversal" DROP COLUMN "{name}";' for name in there)


MODELS_STATE = (
    "eJztXW1z2zYS/isYfbnejM+T2InTs29uRrWZRK0jubKcvrlDQyQksaIAhaTi+O7y3w8LvkskTVCiR"
    "Cn40NQEsCT1AAR2n10s/tuaMZPY7vGdS5zWOfpvi+IZ4X+kyo9QC8/ncSkUeHhoi4YL3kKU4KHrOd"
    "jweOEI2y7hRSZxDceaexaj0LSNoPEFevCITcYOnumW+YAsFw2C67+5yDKP0ENQzBaOizA1kTchiFH"
    "7if9D+AX20Nxhny2TPxm5hBzD401m8OdbdFz7kxbU+rQgusfGhDcH2P74kxdb1CRfiAuXf7QMh2CP"
    "mDr2Wn9C5XyqjyximymMLRNuJ8p172kuyn6wxh3qvRVt4VcNdYPZixmN28+fvAmjkYBFPSgdE0oce"
    "GQCfrqw7aCbwiL/3XmB5yxI9NJmXGCSEV7Y0Imtf40W1IC+Q0Pm6XMbeyPmzI5NNsMWPRb9fvwvG8"
    "+GJv73v4OXTYjrerc30G+1ga63VsYCvNpSpwVFBqMwjvjPcgVYY3jbf/zz5OT09M3Ji9Oz71+/evP"
    "m9fcvvudtxU9brXrz1X+ZGFn/VgLfzrtOdwAvxPhg9YcwFHwVMtjDvpToxrinEsNIrsuWBLfVdyG8"
    "e94hcQfYmI4XmD96Bf3LCXaysU/KLAHPf1AV4MOCGPl4potgJrS2b2GGv+g2oWNvwi9PXxeg+rHdv"
    "3zf7n93+vrvaWi7Qc2JqEqDPLSZMeWTFv/cM0Y5YzbBNBvqJckltIdctC64o5Ia8C4atb3eNdx55r"
    "qfbH8YL43h7t2HH7T+dy8F/ryR5eUMbew41mfA7klmcKeltji8Vwf3xkb0yxcvSgxp3ip3TIu6NLy"
    "JlXgF3ite41kzkg1xWnIJYjMQPQ7/qA3wnGXYoiMHHxvw4R1T9ljbAlzQI4POB+120P5wk/oSrtoD"
    "DWpOROnTUul3Z0udF90E/dIZvEdwiX7vdTWBOXO9sSOeGLcb/N6Cd8ILj+n8h+vYTAIXFodFX0H7G"
    "k0TqzoUDLExfcSOqadq4kEzXzjGBLvEzZgHA9G3P/UJ7wtAc3V0BNrzTXCbusZGjcv81/BrCEsDNS"
    "P1bf3Fhmsi9CMbHhI4MLbYCcsbbemqxBJgGGwB987FskfJgPF/nke07d+rBKqB1rgXoM5OZkugzjD"
    "lup0Z3A6ElwDIsGYT2OQbtDjR6FmTdsDtRb5OmJaH2EgYjWAXncMFmJIPQ8y1UIM8cFNzwt9eGJt8"
    "QiMOX7sRn8eRs6CUo4IemTMVFqhD+Hxvuqs2bb2Pet6o3boZG4xPZQkVmqZBt8t1QUJoMyZpmbnjx"
    "QH0Q4z7JMC1POihhEK8GuIu+SQHeCCg8K6G98hh//HJDAkmIBZSJIAECTDElJKs+aSQdYmEdo11tn"
    "bUNIwdNpUez7GQwrgExqCSSpPkCSFFkEtM1pWoDUL5669LbGj8Jk+HZLinNDsGoK2Fz3vmD/NDgWe"
    "V10h/8qtohYSF+OI7/H459saSn3mvvvQ8uHixgx8jSzk5v/Ffzn8v8afPvnY76Hcu+adcwBJJsh/+"
    "l5nBfUSfbD7zQaImz/IevGfRjH0mMy4DDIRPTFwIJgJM1SF2ieAXXOIijyFjgumYIOYg/+cjy1tlO"
    "DZ10wwu448krQN2wZ8rLvuQ84We4pV/ALsZ/b1Tf74iQsoQIc03Dw+kC2LIp/zXZjstNbqYrUz9Kf"
    "RD2e25LuXhb93cgWPxVjtH4exwT3/Rri97H3jRI7ENNuMl4Ht8xwt4A2fMr/vaR61/274+55PVZ+K"
    "42L6n7/rt7uAcjR3sjy9p3+hZGdfosnMt4Rk9W3aM4lk4H5b/ZGIZ9dVU/moC8lXHIy9LcyrB28ai"
    "qhsqd4OBF65UPFEksJkpa7dLdv2BF4H6JDW+Y5lKA7thHs3djGvKPKlhHbbfaQxRLQFypUb1acGoP"
    "lXhRCqcKB1OlNKgfJNSepZLy6klvPJUlzTZpXpgSVAtNmvRzitfxGpnvGUOscb0J/JUkhAsH8bUtE"
    "+hLCuYngVyiMGs0b4BdCUCExs2zMuiu/SFl+FdV1wppSP5JDla4R3IoGhDr0E+QzsJWzxL0F76kWK"
    "pADCIGXM9MgduFSOuawN1Glb4wWBHCN7JRMMnZHkuEibPKlG76ZuX2VGV/lz4AOd9maJpFS3bSFpW"
    "mYGK3jhEekPRpzsb2HNv4WQGSxVAn5RSAYEVAzDFops5pTzv74mEt8gzTeKRUNrl8167vjpHIHlPL"
    "9s3g7u+xq/D4QPOnWutfQtlDlcouYZpNsOdo4gpRUwpYkrRIk3tiI3SIrux2yPWJMN2TzIq+fZ7ks"
    "IpF2QVSpyjBz8cyn1AFkUTbk7zS2/iHqEHX60U5TOLcpOb97mXsYNsA/fLDK0KU6SIYRv8rXOTPyP"
    "IKhEKlzDh5/gJYr58GSiIlAXsTkXMVaowDMqaY8uMalcfrMiAxpEBDuFQuJ4+JVLJDpbElIFaxkCd"
    "8zlPMmNKQqTJYVkVUT57VQLks1e5GEPVis4NM6ikJRoLKQ2rsi2q6Jdd0S8LxyHUkJq/kzIHOLGcl"
    "gkzyQ8yWZm4E+pU6Zk7qYIdHsKbp0tS6mIFoEO5SmA3zUGRwvrkdZnEYrxVLtqiblkZiTV8KYUkJa"
    "bALgW2H4cuS5DHQsrp9s0w5Gwuna6w1bvRuucIJO/pTb93qd3edrrvziFTqkFcl/cKL293rngJN9D"
    "h7/7g+jfd3xWhiWLHs590f3OEz6mHVXGZ9utNR1Dv5MvcEsz723bnGgpG2LKbwrqH7yv3rSWlduiM"
    "erFvnxf2PDKbZ2j9+Sp/LLE9oF/WO6edvHz15tX3p2evIqyjkiKIc+Gs4DJKS+7KZVQ/W30Q3iDbo"
    "tPVDh6QLznfTNj+ELSton7Ufh2kujCc57/70P7176luvO5134XNE+vC5XXvh+U8xRw7fUE9y5b9pN"
    "KSG/ik9qgn9u2LCrwSspNmJKV6t8m9qyIp1FiIeQurykBIiKlvvcn924x8Vd8MV1IQI5OdRkg6QKZ"
    "qIqFmfFObTiXUhBxgzZy9ilOAhXk71oSoH9zmYFES+aPXxQhuckCfrFwSeMkQtGhEZYSgJUdbfgia"
    "k2xVKgQt3LxlWu584Yl8W/yHQCrxC/SQ2GcnMo7D+yJhxoo9XoEDB2qmfA2maEKcjA1l9T2mzNayl"
    "PN0ORRtJS1YOoSNL535wWaSYU6HGt60QSdXfmiZ8ppvw2u+Ozdus6GuxY+7E+OkYYqIii77poCH9J"
    "+SAz4SUcN9HdQz1PhCyLccwFqD83pjftSdhEQ2beDWGRHp69mZ6JYKq2l+SHurr729615pV3qnq7e"
    "vRepQMIeIqVtUx7YNQTLQQr/Rulci3MZvoM8JNUXITXiHWDSS4f/1ulokwv9jlNzTTvfnu07/t3Nk"
    "0U8Ly3mKSvTL654IxwkqdMNmIijnqnN7czeAmsBK42XtmxutLQJzuNFJsA1lXHxwjriQByFC2ketK"
    "4TmYHxSIfVLr3uOHhnlf7X7XagEY0/U8Gv+A/XeR61/HpqAOp9xnGWzsdRIPCkzFE/yx+LJysZ/V2"
    "cZ2m+hahCKKM2gemidJX3KVSSiYK+uGmCTZDrAClWyWEgpZVWRt62Rl6kLFx1XEwvt+riavTp+yXL"
    "1ke9pksQ7LbhrzLNJ3IZhrcIrlPtdJfDc5SpT4IVXOSYPJMdk4FbNdBOGDtciJ2HU5lkX4QduSz7B"
    "cTxD8OF5C7DiROJHnEw2UTZHxdp3K+PwW80kkXTyqdwRKndEo7tDJTc8sEGfHOTYZRlGSNH4DiWaz"
    "G9W5ZHrOMJh7zZpYndKpPMYtm9/EpwsyN5Tn//1ad8m7qMkjsMyQjfyNylFAofgPNn2LqVg+56Myy"
    "8pcjD5UzfmAaR8nEqzpAmhg0F02xwpJGDN229XhP2SoMK/YjIgxeUpLq8JXF7j1Nhvl8xrWlccApv"
    "3Ixu2Mqg8KD4q4vH+ChqUivPnjS+CM7fd5ZywMAm7Pt1m25ZLOJqmi/i0mTyb+28u8qfMFVZv87ev"
    "RPOtZJ8VY4BO/Vre+brHdTIBIRGxN+q4b0UHKjqw4JzvnI0se3C2d1VGauPxZMGIXMX3x9tet3AQZ"
    "2nOluGh/yE+h+6hB7QAWcCimAZZZjyWNFy4wTINMmNZsBfHmmeirnTU5+bxJFVCMreMFhIlgYiCvb"
    "qlvouckIohacGRiBI0a9j8YODeGMW6d16bOXYquG1+vtPuwDnDH7QgfvLMn4KcmcKR07/rdv3w/wW"
    "lIu4/37UDB1h1L7Xra/8EKw6MbWel1myGC0gYYlLTUyhxMB/LluemEZEOqY9EFOZrpTBVrrdNrQvK"
    "BbTbAe2vIa609zMtp9Cvhr6vJkiDnxLb6028W1fn2XwOr7UKd9E2kaTYrjeJ7NXGHFBrJZbKsPnBT"
    "CcbWyYh576M0hG1V1AuQzklWSno89nasL2iaqtTtbwK3l8C9VhC4b4O7jMyG5Ls49aLVry04BbXvN"
    "D1trdL3og5Y5KlzxXBHQsp9UIC65TLXwLulJwa3GrzrwoYlA8YjEJsJEdCUk5lV29yD6vs6k0JBVX"
    "Z1cuEgK6TXb3O8E8Nsma1MgJA/YqjohBQEjUpFQQqml+gBxtTIjItQwSmMcEeYiOE0YBjMnbwDC3m"
    "MMUeoccJc0lw5SLsEDTB1LSJCdGczDGJc4H4KxHxk7IDQ+t/pFSwKLwG/D8MGk1eq1jQRsaCqjzb9"
    "SUhFvBIgBu2P8DYz1pia8PpRcJxidcguRum7e7GizPHTzbDGVN2Pp2YEFF8YnU+ce+iuBxiEOuzfB"
    "xXX7vUOh/9bKz+He7p+3b3SsRiBfrKPe286/ZEJBbXwlljDzlWm/PV5vw99tepzflqc/63iH+48FS"
    "gWJdEFdu+/1xsoHNUGAxpScW4N62XV2jf3ZCUXeZZBmllsJRBzVERTUnjNqV4yhlxXf4eQPlhQRZe"
    "QNJIhzw6lsdLxVFwvAB2mws+MWzvAa/4iF3kEupl85Gbu7UU7whPCsjnkHp0F8O/CEdCXCTq4fROf"
    "3M6VMRXip5U9GSj4K+fPgs/EQl8EyKKpCyHcmLukdo96ilH7rpaPIQZSfHvQfsDHNpnr0qM7LNXuQ"
    "MbqlbB1T9je5F1/Fk+GbwkthYhvLZhtLBsz6LuMTx2F5ZQLTwxnFFsZSXCzZ1tEhLbm21e1jvVbIw"
    "CC1RU6Sk8LaccTtW3De2Z2yM4VU7W6xEdThedSnerdQfnwiK6p1daG06OI1j5NRrwJWzbr5G9v/92"
    "hm27yTv819+ieHry5iyaXeCiaD65/dC+vlbbxmtfESPSRGo9TErt9ZjcetIn5YJTLrhvD//c3H7PJ"
    "qjcsr63qug1nJBS+4iUz2v3Pq9bY0LMhZ3p9Yrqjor8Xm6yVSnPFyRXhcj4OXEsZloGemTO9AI9cF"
    "gtaCdC6Cfskd/DAW/VBLvIYDN+N+HQgpPSQByyMLNHmu0Cq+EZz/vCcr1X4v8SU2jY/uA8KJsiQPN"
    "dVWEHy2kLSSmlKigVeZ9wVypyAzYq7mb1voYezFq6/YrCdduOmpRatB1mE4T5ogoBI3QBmTFggYSr"
    "ucMM4rp++AgspFZOXEqFe6hFdx8W3QmzzaztuUWzTyyjJh418e8L/g2Z+HsLD48zZ/6gpnDqZ3GbU"
    "nM/b+9aJkEucT5bBuFmlGtRI97qzMfAF3ECDhhP4dk3EEo4sYyJb0OJJ6IhGeMcg62GZ6yxdkDyOK"
    "mQt0hArR7Sq4foaLkZLBJRHv2qq8enhUW8KqvHkqBaPfZu9fiBsenlhBjTrAUkrixcQ4a8mW5E7Z5"
    "dR36ZiElYzOUg6+e9YKMRn+mNCaZj4j4gAw5g93k5NvKIOD3tCT0SCmTcCDGH/82lHDLHkPZ/dSWp"
    "7SlrrCV1ha5vZh2pOQBsx4HrvD8zwC9KjBdIqCSEMjnx/C9LbpgnhNQSUjELhMOq7Y5MCar9cMo3m"
    "KkmtI0A+BUdIagpVBBw3KaUkem3v0gdmMrX4NHCJWK3mj9fwOrspzXLZRmr3qjUXrd4543KptXYVX"
    "8oZboPN2i379qSrHm3yeMka63JhzZsf4Dgbv4YVbURcBtxVybxsGVLbZZKiKiNUim9aRMbpeS1VxX"
    "4ppTb9Tkwh2HTwG5mVtq4slDFHaaaldJyI5EL9IBHHnGEg4MtHGSZoS/c5tUIMvmiEXBREzZDOMrR"
    "AOkZII+DR3IcKRt/glQOCKUVN1YrDuKydclkDktiB+ffqkXLUBZIjfvdV6HN3/B4UMkEtr3hce82/"
    "QZHSkuqXq3VI6lvB72bG8hiKs49hLSm8SHVy6vubrb+zgmb25Je81hGpTOpTLoHqpEc8gkh5eyohr"
    "vQZeVQj0QU5tUwV5vUvm1bXR12deg93BA2pk0cy5i0slyNfs1RoasxbvMcCZPfsRuO8PlWSI0181n"
    "k0xW5CbTy7ej8DFr7ae9t4XAc+KgkEA6aHyC69WzyZ9QLDi8r62xKiGzf2bSbhXJjbqWdLmZf/w/F"
    "/pw8"
)
