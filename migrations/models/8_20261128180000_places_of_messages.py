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
    "eJztXW1z2zYS/isYf7nejM+T2InTs29uRrWVxK0jubLc9q7u0BAJSawoQOGLHd9d/vthwXfxxQQlS"
    "pSCD01NEEtSD4DF4tnF4r8Hc2YQyzm6c4h9cIb+e0DxnPA/UuWH6AAvFnEpFLh4ZImKHq8hSvDIcW"
    "2su7xwjC2H8CKDOLptLlyTUajaQVD5HD24xCITG88103hApoOGwfVfHGQah+ghKGae7SBMDeROCWL"
    "Ueub/EH6BXbSw2aNp8Dcjh5AjeL3BdP5+k04af5NHzc8e0Vw2Ibw6wPb7H7zYpAb5Qhy4/P1Atwl2"
    "iaFh9+APuLmYaWOTWEYKY9OAx4lyzX1eiLIfzMkVdd+LuvCrRprOLG9O4/qLZ3fKaCRgUhdKJ4QSG"
    "16ZgJ96lhU0U1jkfzsvcG2PRB9txAUGGWPPgkY8+MfYozq0HRoxV1tY2B0ze35ksDk26ZFo96N/WH"
    "g+MvA//xl8bEJc03r9oXbbHWraQaYvwKctNVpQpDMK/Yj/LEeANYGv/dvfj49PTt4dvzo5/f7tm3f"
    "v3n7/6nteV/y07K13X/2PiZH1HyXwvfpw1RvCBzHeWf0uDAVfhQx2sS8lmjFuqUQ3kmuyJcFNtV0I"
    "7443SNwAFqYTD/NXZ9C/mGI7H/ukzBLw/AfVAT4siJGPNV0EM6GNjYU5/qJZhE7cKb88eVuC6i+dw"
    "cXHzuC7k7d/TUPbC+4ci1tpkEcW02dcafHhntPLGbMIpvlQL0kuoT3iok3BHZU0gHdZr+33r+HJc8"
    "f5bPndeKkP9+4+/dAdfPda4M8rmW5B18a2bT4Cds8ynTsttcHune3ca+vRr1+9qtClea3CPi3upeF"
    "NzMQZeC/5Hdeck3yI05JLEBuB6FH4R2OAF0zDJh3b+EiHgXdE2VNjE3BJiwyvPnVvh51PN6mRcNkZ"
    "duHOsSh9Xir97nSp8aKHoF+vhh8RXKJ/93tdgTlz3Ikt3hjXG/77AL4Jey7T+A/XsJEELiwOi76C9"
    "TWeJWZ1KBhhffaEbUNL3Yk7zcKz9Sl2iJOjBwPR9z8NCG8LQDPbOwLr+SZ4TFN9o8Fp/ms4GsLSwM"
    "xIja0/2WhFhH5ko30CB/oWO2ZFvS19KzEF6Drz4NmFWPYpGTL+z8uIdvxnVUA1sBp3AtT58XwJ1Dm"
    "m3LYzgseB8BIAOavZBDbFC1qcqPTiknbI14t8njBMF7GxWDTCuugMLmAp+TDC3ArVyQNfak7514vF"
    "JldoxOZzN+J6HNkepRwV9MTsmViB2oTre8PJrmmbfdXLi9qNL2OD/qlWQqVL06DZ5ZogIbSeJWkV3"
    "fFqD9ohxn0a4Fod9FBCIV4PcYd8lgM8EFB418N7bLP/+GSGBBMQCykSQIIEGGFKSZ4+KWVdIqFtY5"
    "1vHbUNY5vNpPtzLKQwroAxmKTSJHlCSBHkEsq6FrVBKP/8VYmNLn/I8z4t3FOWHQPQVsLnI/O7+b7"
    "Ak+U10kM+i1ZIWIgRf8WfV7DeWPIz79RIL4KLF9v4KVopJ/Ub/+X89xJffQ66t8PB1QUfyiUskST7"
    "4Y/MHO4jGrLFzAeJqrzIe/CWRXP2SOZcBhgIn5g4F0wELFVH2CGCX3CIg1yG9CmmE4KYjfyfj0w3y"
    "3Cs66E5XMbvSVoH1gV/ZFz2IecLLcVv/g7sZvT3Vv35igipQoS0f3m4J00QQz7jvzbfadml3jyj+l"
    "Poh7Kbc13Kw39wcweOxdvuGQq1wz39tXt90f/Ei56IpbM5LwHf4wdewCvYE3496P7SHdx2rs+4sno"
    "ktoOte/ph0OkNz9DExn7/kvaNnlZxjS471xKe0dNlxyieh/qw+pCJZdSoqT1qAvJVw2M3z3KqwNvG"
    "oqoZajeDjj1HKp4oEliPytrulN184EVgPkn171imVsdumUdzO/2aMleqW4f1txpD1EiAXKVefVLSq"
    "09UOJEKJ0qHE6UsKH9JKa3l0nJqCq+t6pJLdqkWWBJUk81KtHNmRGQb4z2ziTmhP5HnioRg9TCmtg"
    "2FqqxgWgsUEIN5vX0N6EoEJrasm1dFd2mEV+FdM66UypF8khyt8A7kULSh16CYoZ2GNV4kaC/8SLF"
    "UABjEjDkuWQC3ihG3tYE6DW/4wWCHCL7JQKNnZLoOEkueLFG77odX2VGVHi68g/O2TNG0ipZtJS2r"
    "loGK3thHekPRp1vr2AvXs3ODpUqgT0qpgMCaAZhi0s1VKS/7eyLhDfJM07gnVHb5fOxeX54hkLynF"
    "52b4d2gy6/D7gPOnetu5xbKbG5QcgvTaIc7RxFTiphSxJSiRdraEGulRbazbo9Yk5y1e5JRKV6/Jy"
    "mcakFWocQZevDDoZwHZFI05ctpfulOnUP04JuVonxuUr7k5m3u5uwgW8PzckOrwhQpotsGf2t8yZ8"
    "TZJUIhUss4Rf4GWK+fBkoiIwF7MxEzFWqMAzKWmDTiO5mX6zIgNaRATbhUDiuNiNSyQ6WxNQCtcoC"
    "dcF1nmTGlIRIm8OyaqJ8+qYCyKdvCjGGWxmbGzSo5Eo0FlIWVu21qKJftkW/eLZNqC6lv5Mye6hYT"
    "qqEmRQHmWQUd8Kcqqy5kybY/iG8frokZS7WADqUqwV22xwUKayP31ZJLMZrFaIt7i0bI7GFL2WQpM"
    "QU2JXA9uPQZQnyWEg53b4ZhpwtpNMVHvRvur0zBJL39GbQv+je3l71PpxBplSdOA5vFV7eubrkJXy"
    "BDn8Phtf/0vxdEV1RbLvWs+ZvjvA59fBWXNb97eZKUO/ky8IUzPv7ztU1FIyxabWFdQ+/V26sJaW2"
    "6Ix6tWvDC7sumS9yrP5ikz+W2BzQr5vVacev37x78/3J6ZsI66ikDOJCOGu4jNKS23IZNc9W74U3y"
    "DLpLNvAQ/KlYMyE9ffB2iprx+5vw1QThnr+u0+d3/6aasbrfu9DWD0xL1xc939YzlPMsdM86pqW7J"
    "BKS65hSO1QS+zaiAq8ErJKM5JSrdvm1lWRFKovxLyFWacjJMTUWG9z+7YjX9U3w5WUxMjkpxGSDpC"
    "pm0ioHWNq3amE2pADrJ3aqzwFWJi3Y0WIBsFj9hYlkT96VYzgIXs0ZOWSwEuGoEU9KicELdnbikPQ"
    "7GStSiFo4eYtw3QWnivybfEfAqnEz9FDYp+dyDgO34vEMlbs8QocOHBnxudgiqbEztlQ1txrqmwtS"
    "zlPl0PRMmnB0iFsfOosDjaTDHPa1/CmNTq5ikPLlNd8E17z7blx2w11I37crSxOWmaIqOiybwr4rU"
    "SXta3LNxlc5pssuehWilBof3QwXwu/v+tddi+1q57WuRZZGMGyJIZmUg1bFsQbQA3tptu7FJELfgV"
    "tQaghohfCJ8SikQz/r9/rRiL8P0bJPb3q/Xx3NfjXGTLpZ8+0n6MS7eK6LyIbghuabjER33B5dXtz"
    "N4Q7gcHLyzo3N92OiHHg9jvBFpRx8eEZ4kLuPf213ztDT4zyvzqDHtQDCxlqwTX/KVr/l+7gLLSbN"
    "fbo2zbSfe64Sqc7Lu51x5nd0o7GckyGUn0aiih1Wj8eyZQ+GigSUbDXht0yx25uTFDZSROx0LZPmt"
    "ipk1OUt055c1Q+uG1qvhKnjkpZticpywKWPpd1Dvn7Ms45qvMi4/yJ29PPcLrDCChh1wP7VuQRw8m"
    "9y1W3PK/8tCr8cXZjcpIzVluR1VbkVjeHypW1Z50+2cmxw3KOvCvr36FEmzmeulxaExnBd27PD3Zm"
    "RDotVuf2J8FLgew99Tkwn/pq47YcYtssxxNYHPMeCewDgbzpoPdgN0hOIMhL+3I2nAWh4XR8a9uYQ"
    "3k/zSU0yibMhNDeILpp3g7y+RVt3yjDfklQ4V/T+6e4PMXltYHLa50Z++2SeW1rin1g835ko4McKg"
    "+KD8t4vD+DCpXCRnnl8+AIV2c5xSAoYcen2yzLdAhH03AQV5vJo17/4iBfZWZYvfU/vhbNl0lmKPo"
    "Anfl3eeNrLrfJBIRExB+o02MVHajowJJjYwvionfgqNi6jNTaI22CHpnF98fbfq+0E+dZzqbuov8h"
    "rkN30ANagixgUU6DLDMeSxYuPGCZBpmzPNjLVHgooWzU2ktGSkjuDqRSoiQQUbDXX6lvI8WYYkgO4"
    "IQtCZo1rL43cK+NYt05r80C2zXcNj/fde/AOcNf5BE/F9tPQQo24cgZ3PV6fgi0R6mIfS527cB5KL"
    "2L7vW1fyAKB8ay8jK1tcMFJBZiUuoplNibwbJh3TQm0sHGkYjCfKWMeMr1tq55QbmAttuh/TnEkfZ"
    "+puUU+vXQ980EafBTYiqhaXW8HZctFvBZWbjLtookxdRmEYnNImDWSkyVYfW9USdrmyYhhbOM0RHV"
    "V1AuQzkjeRmNi9nasL6iautTtfwWfL8E6rGEwn0V3OdkPiL5p/eWzXhpwQ3OeaHrbWenvDGzJyTPn"
    "iuDOxZS5oUE1u7UJtiQjlhKiam9h3WNaWbDuTxz4jh4Ih82liet2qJuW6SCXyQUT0pOqXm1DV6Fzs"
    "qHzkbBZpI9ISmn0la3uYVV2uq2BEWrtNVVgqFXSVvdZCB095GIb86EQvs3DsuCoUlUpVI4tKh+jh4"
    "sTIlIYQuxyPoUu4iNEUZDjsnExnPkLUDFHqKnKXNIcOUgbBM0xdSwiAFxzcJYPUf8k4j4Sfkh0s2/"
    "UipsGj4D/h+GTyevVVR0K6OiVQLj5rK7CngkwA3r72EUdCNR5qF6kXDh4xXcPS2zdrez7F/gZ4vhH"
    "JVdTKwnRBSzXp9Z37l4RpvoxHyUj2gcdC+6V7/4uVn9J9zTj53epYhKDOyVe3r1odcXMYncCmetPT"
    "1WpalQaSp22HOt0lSoNBXfIv7hxFODYl0SVWz77nOxgc1RozOkJRXj3rZWztC+2yEpe8w1dXKQw1I"
    "Gdw7LaEoa16nEUwYecKD8sCALzyF9qk2ebNPlpeKMLV4AeRcEnxjWd4FXfMIOcgh18/nI9T1aineE"
    "NwXkc0g9Ot7oT8KREBeJ+3Asop+mAW7EV4qeVPRkq+Bvnj4Lh4gEvgkRRVJWQzmhe6T2UbvKkbuqF"
    "Q9hRlL8e1B/D7v26ZsKPfv0TWHHhltZcLVHbHl5pwwXk8FLYisRwisvjDzTck3qHMFrt7ESaoQnhs"
    "NfzbyU0IXaJiGxOW3zullVszYKrG60qYozXdcGuh1zewRnzMl6PaKj6qIz6m67veGZWBHd08tuB86"
    "RI1j5NVowEjbt18jPdHE7x5bV5lwXq2/WPTl+dxppF7go0ye3nzrX1yqBQuMzYkSaSM2HSamd7pMb"
    "T3+mXHDKBfft4a922m3XAbqwnjWXyYGflFLY18e+IL/ri0mKN7zSyS5xWk7Fqh10ytu7fW/vrT4lh"
    "id+csbfG907LPP4OslalXy+kGAb9oQsiG0yw9TRE7Nn5+iBw2pCPbF5ZMqe+DNs8NNOsYN0NudPE6"
    "5cOC0TxCETP3ui+c7fBt7xshe40G8r/i+hQsP6e+c7XBf1X+ykDRtYzlhISikjWS0Odwl3tThswRb"
    "d7cze19CCeVO3f6N03raiKpUmbZtZBGE+qUKoFPUgOxJMkHC1sJlOHMcPnIKJ1CyIyKrxDDXp7sKk"
    "O2WWkbcxvUz7xDJK8SjFvyv4t0Tx9z0XT3I1f3CnVPWzuE4l3c/rO6ZBkEPsR1MnfBnlmFSPN/nzP"
    "vBFnIIGi6fw/DMIop2a+tRfQ4k3ohGZ4IIFWwPvWGHugASiUsGekYCaPaRnD9HQchosElHMbt3Z47"
    "NnErfO7LEkqGaPnZs9fmBsdjEl+ixvAolvls4hI15N06N6L84jv06FEha6HGT9jC9sPOaaXp9iOiH"
    "OA9IZ71Y+L8fGLhEnaD6jJ0KBjBsjZvO/uZRNFhiOfsnOJI29ZYW5pKlNG+uZRxoOfdzylg3enjng"
    "l6WEDCRUIlqZbJD+yJLr5gkhNYXUzH9is3r7glOCaieo8g3mmgkdPQA+YyMEd0oNBBzXqbTI9Oufp"
    "w7N5nPw2HOI2Kfp6wuYnf2EfoUsY90HVdrlGe85U3nkWjvrj6SW7qM1rtu3vZJseJ/V0zRvrimGNq"
    "y/h+Cu/yhttQV2E3FXBnGxaUltE0yIqC2CKbtpHVsE5a1XFfimjNvVOTCbYUPHTm4+5vhmqYk7SlW"
    "rZOVGIufoAY9dYgsHB/NsZBqhL9zitxHksEZj4KKmbI5wlJ0EEpNABhOXFDhS1v4GqewnyipurVUc"
    "xGVrkmlMlsT2zr/ViJWhViANZnrIQlu81Xev0mhseqvvzm13tz1Ka2x3H9z1emK7eyB/T2+H/Zsby"
    "N8rzr6FhL6X3AQ6Q+ERrdvf9L4gbGFJes1jGZXIpzbpHphGcsgnhJSzox7uwpaVQz0SUZjXw1xtUv"
    "u21+rqmLd9b+GWsDEdYpv69CDP1ejfOSx1NcZ1XiJhiht2zRE+3wqpsWIml2K6ojB1XPE6ujh33G6"
    "u9zZwLBQMKgmEg+p7iG4zm/wZdYNj+6o6mxIim3c2bWeiXJtbaauT2df/A/J0sck="
)
