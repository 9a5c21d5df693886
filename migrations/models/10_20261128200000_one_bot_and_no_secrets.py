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
    "UKJEKfgwGQtAk9LBq/t0o/Hfgxkzie0e3bnEOThD/z2geEb4H6nyQ3SA5/O4FAo8PLRFwwVvIUrw"
    "0PUcbHi8cIRtl/Aik7iGY809i1Fo2kHQ+Bw9eMQmYwfPdMt8QJaLBsHnn1xkmYfoIShmC8dFmJrI"
    "mxDEqP3E/yH8A/bQ3GFfLZO/GbmEHMHrTWbw91t03PibFtT6siC6x8aENwfY/viTF1vUJN+ICx//"
    "ODAcgj1i6tg7+BMq51N9ZBHbTGFsmfA4Ua57T3NR9qs1vqLeW9EWftVQN5i9mNG4/fzJmzAaCVjU"
    "g9IxocSBVybgpwvbDropLPK/Oy/wnAWJvrQZF5hkhBc2dOLBP0YLakDfoSHz9LmNvRFzZkcmm2GL"
    "Hol+P/qHjWdDE//zn8GXTYjrerc30G+1ga4fZMYCfLWlTguKDEZhHPGf5QqwxvBt/+fvx8cnJ2+O"
    "X5yc/vL61Zs3r3958QtvK35aturNd//LxMj6jxL4Xr276g7gCzE+WP0hDAXfhQz2sC8lujHuqcQw"
    "kuuyJcFN9V0I7453SNwBNqbjBeavzqD/mTmmm8E92X4JdP5j6oAeFsSox6tcBDGhjc2DGf6m24SO"
    "vQn/ePK6BNFPnf7F+07/55PXf0vD2g1qjkVVGuChzYwpX7D4VM8Z4YzZBNP8Ib4kuYT2kIs2BXdU"
    "0gDeZSO217uGJ89c94vtD+Gl8du9+/ir1v/5pcCfN7K8gmGNHcf6Ctg9ZUH/QJ4yWKfbb3BgZ4f1"
    "2sbyyxcvKgxm3qpwNIu6NLCJ/TcD7CWv8awZyR/OackliM1A9Cj8ozHACzZfi44cfGTAlDui7LGx"
    "bbekRwZXH7XbQefjTWoOXHYGGtQci9KnpdKfT5c6L3oI+nw1eI/gI/pPr6sJzJnrjR3xxrjd4D8H"
    "8J3wwmM6/+E6NpPAhcVh0XfQuUbTxF4OBUNsTB+xY+qpmnjQzBeOMcEucXNWwED07Yc+4X0BaGZH"
    "R6Az3wSPaWpsNLi5fw9nQ1gaKBepufUXG66I0G9suE/gwNhix6xotKWrEou/YbAFPLsQyx4lA8b/"
    "eR7Rjv+sCqgGuuJOgDo7ni2BOsOUa3Vm8DgQXgIgx4ZNYFNsxuJEo2cN2QG3Evk+YVoeYiNhKoI1"
    "dAYfwIB8GGKufxrkgRuYE/7thYnJFzTi8L0b8XUcOQtKOSrokTlTYXc6hK/3ppu1ZJt91fOm7MaN"
    "12B8Kvun1CANul2uCxJC6zFEq6wdL/agH2LcJwGu1UEPJRTi9RB3yRc5wAMBhXc9vEcO+1+fxpDg"
    "AGIhZf5LmP9DTCnJW09K+ZZIaNtY52tHbcPYYVPp8RwLKYwrYAwqqTQ1nhBStLjEYl2L2iCUf/1V"
    "iQ2NP+Rpnwz3lGbHbHNFfN4zf5jvCzxZXiM95bNohYSFmPFX/HkF9saSd3mnZnoRXLzYwY+RpZxc"
    "3/gv57+X+MtnX7sd9K8u+FQuYYkk2Q9/ZuZwH9GULWY+SNTkWd6D9yyasa9kxmWAgfCJiXPBRICp"
    "OsQuEfyCS1zkMWRMMB0TxBzk/3xkeVmGY10PzeEy/kjSOmAX/Jlx1IecL/QUr/wD2M3o76168RUR"
    "UoUIab95uCddEEM+5b82i/nFBDsaXcwyS38K/VB2c65LefgPbu7AsXirnaFwdbinn7Xri95HXvRI"
    "bIPNeAn4Ht/xAt7AGfPPfe2T1r/tXJ/xxeorcVxs39N3/U53cIbGDvbHl7Rv9LSKa3TZuZbwjJ4u"
    "O0bxLFwPq0+ZWEbNmtqzJiBfdTzy8jSnCrxtLKq6oXY3GHjh5tDmecEWUdP1LFbb3aybD7kIFCep"
    "kR3L1BrSLfNlbmdEU+ZVDosL2241cqiRgLhKI/qkZESfqCAiFUSUDiJK6U2+ISm9wqXl1MZde5lL"
    "GupSPbAkqDaalcjmzIzIdsZb5hBrTLlKVZEGrB681LapUJULTK8CBXRg3mhfA7oS4YgtG+ZV0V2a"
    "4VXY1owDpXL8niQzK3wCOcRs6Cso5mUnYYtnadkLPz4sFfYFkWKuR+bAqGLE9WwgTMMKPwTsEMF3"
    "MtHwCVmei4S5k6Vn1/3wKqen0tOFD3DelylyVpGxrSRjlQmoSI39IjUUXbq1IT33Fk5ucFQJ9Ekp"
    "FQBYM+BSbLcZ2Kv5dyLhDTJMk3gkVHbxvNeuL88QSN7Ti87N4K6v8c/h8AFnzrXWuYUyh6uSXLc0"
    "2+G+UZSUoqQUJaUIkbZ2xFoJke1Y7BFfkmO1J7mUYss9Sd5UC6oKJc7Qgx/+5D4gi6IJN6T5R2/i"
    "HqIHX60U5TOLcmOb97mXc2JsDc/LDaUKE6GIYRv8rXNjPyeoKhH6ljDe5/gJYrx8GSiIlAXsTkWM"
    "VaowDMKaY8uMarMvVjRA62iARR78oD8WBILnol9NY6xj/j+T2MYy3SNKHnX+tZrLapN2Xh5X8V0e"
    "F7suj5fVRIdwOFxPn5KKiSWWBBQ5UIUcmPP9JjcnTfFYT4i0OQSuJsqnryqAfPqqEGOoytg7sHtJ"
    "sgCxkNJua/MAivraFvW1cBxCjZyVu3hdScrs4cJyUmWDLN4fMwt3QpWtvHIn1d/9Q7iBSOMic7gY"
    "44TIfuS2Wv+GmDKAMtD2Fp7La6+Kh28otzFte2Mj+Ph1laR4vFUh2qJuWcWLbVYZtNNiCuxKYPsn"
    "KWRdPrGQciD/MD4fNpdOtXnQu9G6Zwgk7+lNv3eh3d5edd+dQYZfg7gu75V7+kG7Geid26tL7QxN"
    "ydzTMcxw3r5zdclbYsuEv/uD63/r/nkfTRQ7nv2k+8d+fO9RWBWXab/fXAknE/k2t4SP6W3n6hoK"
    "Rtiy2+JfCr+v3BxMSm3R7fpi16Yd9jwym+eoSMUGViyxOaBfNrvWHb989ebVLyenryKso5IyiAvh"
    "rOEcTUtuyznavF9mL/yetkWn2Q4ekG8FcyZsvw9aWFk/ar8PUl0YrvM/f+z8/rdUN173uu/C5ol9"
    "4eK69+ty3m2Onc5NMsuWnVJpyTVMqR3qiV2bUYH/TXbRjKRU77a5d1XMkBoLMZ9h1RkICTE119vc"
    "v+3IxPbDcCgl0WD5CbKkQ8Hqpshqx5xad5KsNmS3a+fqVZ7cLsxIsyJE/eAxe4uSyIy+KkbwkD2a"
    "snLXG0gGW0YjKifYMjnaioMtnWSrSsGW4QFF03LnC09kkuM/BJLkn6OHxFlSkUsfvi8SZqw4xxg4"
    "dqBmyvdgiibEyTk02dxrqhyfTLmql4MuMwnv0sGa4yBYc4ZNEsdkWrBHFYdbVg4z29fwsjW6w4rD"
    "KlXUwgYcIFt0+LYb6kY8vlsxV1qmmqjovh8KeEh1KzngIxE13FdBPUexL4V8wwHEDbiz1+ZZ3UpI"
    "atsGbpMRqb7mnYtupQCc9h8pOOhrb++6l9qlftXVO9ciTS4YSMTULapj24awGWih32jdSxGY4zfQ"
    "54SaIjgnfEIsGsnw/3pdLRLh/zFK7ulV9193V/1/nyGLfllYzlNUol9c90SATlChGzYTYTqXV7c3"
    "dwOoCew2Xta5udE6IlSHm6EE21DGxQdniAt5EEykfdK6QmgO5igVUp973TP0yCj/q9PvQiWYf6KG"
    "f+Y/UO990vpnoVGo8xXHWTYkt3N6CLs6y9F+S1WDUERpBvWD8CzpG90iEQV7fdUgYDrkVLJYSCll"
    "dZG3rZGXqwuXXc0UC237aqadumrMcvWR73uSxDstuG3M82ndlmGtAi6UQ16lrd3mLlPil1eZVfck"
    "s2rgaM11HIYu2DK3YdTmWafhR25LPsHVU0Pw6nkLsOJEulOcTLRSNT/Lyk+r4gLMZlFJuv1U3hSV"
    "N0XlTVF5U7aUN0X5nrZkcHPrwmU5BmD+ZTFx6zbzynXXjiYujNm5Y7TYnRLp3Kmd2w+CCwfZe+rz"
    "7j7d3sYTrcRxWE7IjAbFcGYs0w+RwD44rTZ9Xiw4SCnjak2K7E3O5rV5XikfotLsdEJobxDdNDcN"
    "SZ+LTj6WYb8kqPCvmQRLcaiKQ20Dh9o6NfbHJVHb1hX7wKL+xoYHORQqFB+W8ad/BQ0qnbjgjc9R"
    "kJVzOQ81LMKuT3PatuUSjqbpIr5sehOCgCobcuR+cpG/ZGbY1PU/vha9msl4LcYAnfq1vPN1j+tk"
    "AkIiYp7gaIWiYVtJwyoScBMk4NSiUmx32H4fuaimeOwsvr/d9rr5+CZElnVmy/DQ/yG+eu6gz7kE"
    "WcCinABZ5jqWdFt4wDIBMmN5sJdH9+eirrTT51bwJElCco/tllIkgYiCvb6Nvo18nYobOYCrVyUI"
    "1rD53sC9NnJ15/w1c+zUcNj86067A7cMf9GC+AlMPwR5S4ULp3/X7foHLhaUipMWxU4duC6ve6Fd"
    "X/v35XFgbDsvvWk7nD/CBJNankKJvZksG16bRkT6EEMkojBfKY2scrqta19Qzp/tDmh/D3Gl/Z5p"
    "OYV+PfR9NUEa/JTYTh+b3rg6z+Zz+FpZuMsO5iTFtn0sZ6eOQoFaK7FVhs33ZjlZ2zYJ9x7IKB1R"
    "ewXlMpRw14QMWxu2V1RtfaqWV8H3l0A9llC4r4L7jMyGxJE++psW3OCeF7rednbLGzFnTPL0uTK4"
    "YyGlXkhg7U0cgk3pWKWUmDrtWVeZZg5ccjcjrovH8gFjedKqL+r2RSrsRWLhScmpZV4lHlBBs/JB"
    "s1GYmeRISMqpux7a3MPqroe2hEOrux6qhEGvctdDkyHQGmTsO8gJgvYrDsvCoEnUpFIgtGh+jh5s"
    "TInI+w5RyMYEe4iNEEYDjsnYwTO0mMMSe4geJ8wlwScXYYegCaamTUyIaBbK6jniX4mIn5QfHN38"
    "K6UCpuFrwP/DwOnkZxUP3cp4aJXdv4nU5wKeDKzF8c9h+z2Mf24kvjxcWCSc93gFR0/L9NztGPxz"
    "/GQznLNYF1PqCRHFqdfn1HcuktEhBrG+yscy9rUL7eqTnwPaf8I9fd/pXop4xEBTuadX77o9EY3I"
    "9W/W2svWVWoKlZpih33WKjWFSk3xI+Ifbjw1yNUlUcWz7z4LG+gcNQZDWlJx7W3r5Qzhux16sss8"
    "yyAHOfxkUHNYRlDSuE0lhjLwfQPZhwVNeA6pah3y6FgeLxVXUvICyLUgmMSwvQeM4iN2kUuol89E"
    "ru/RUowjvCmgnUPS0V0M/yJGcLlloh5uETajWy/jT4qYVMRkS4BvnjgLJ0clZBONFTFZDd/EeiN1"
    "atpTbttVNXcvIFUqc+5B+z0c2qevKozs01eFAxuqsuDqX7G9yLtosZgAXhJbiQRe2RhaWLZnUfcI"
    "XrsN66cRbhjuR7fy0j4XrjYJic2tNi+bXWrWRnvVjS1VUaXrOi63Y66O4P5KWU9HdA1mdP/lrdYd"
    "nAkr6J5eah24o5Jg5ctowUzYtC8jP6/F7QzbdpszW6x+NPfk+M1ptLrAh7L15PZj5/papUtofEeM"
    "iBKp/TAptdNjcuPJzpTbTbndfjz81bm67To95/aT7jE58JNSCvv62Bdkcy26t6kok2uTVk7WvGk5"
    "DavOyinv7va9u7fGhJgL8ZMz/t2o7rDMw+smW1Xy8UIqbTj9MSeOxUzLQI/MmZ6jBw6rBe3EMZEJ"
    "e+TPcMAvO8EuMtiMP024buEmUhCHbPvskeY7ext4x/Ne30I/rfh/ZpoXE/9h+73zGK6L9i92yoYd"
    "LKcoJKWUgqwMw13CXRmGLTiMu53d+xp6MG/r9itK9207alJp03aYTRDmmyqERtEF5EGCDRI+zR1m"
    "ENf1A6VgI7UKIrBqPENturuw6U6YbeYdQS9bfWIZtfCohX9X8G/Jwt9beHicu/IHNaVLP4vbVFr7"
    "eXvXMglyifPVMgg3o1yLGvFxfj4GvombzsB4Cu84g6DZiWVMfBtKvBENyRgXGGwNvGOFvQNSheYE"
    "dxZvHpGA2j2kdw/R0XIrWCSiWN26u8eXhUW8OrvHkqDaPXZu9/iVsenFhBjTvA0krizdQ4a8mW5E"
    "7Z7dRz5PxCIs1nKQ9XO7sNGIr/TGBNMxcR+Qwfiw8nk5NvKIuCXzCT0SCmTcCDGH/82lHDLHcMlL"
    "didp7C0r7CVNHdJYzz7ScNjjlo9o8P7MAb8s+WMgoVLOyuR99GeW3DBPCKktpGa+E4fVOwecElQn"
    "P5VvMFdN6BgB8BkdIagpVRBw3KaSkem3P09djM334NHCJeJcpr9ewO7sp+4rZBnrPqjSqc74vJnK"
    "GNfaXX8oZboP12i3b9uSbPiM1eMkb68phjZsv4fgrv/SbHXwtdmIK5N42LKlDgcmRNTBwJTGtI6D"
    "gfJ6qwp5U2rt6uyXw7BpYDc353JcWarcDlPNKum3kcg5esAjjzjCtcEWDrLM0Atu82oEearRCFio"
    "CZshHOUhgRQkkKvEIwUulLW/QSrPidKHW6sPBxHZeuWEJUsCe+fTakS/UFZHg5kdstDCqd6CIzf7"
    "lDZj00d7d+54u7OgtMbx9v5dtyuOtwfy9/R20Lu5gRy94mZbSNp7yZWfMxRewLr9Q+5zwua2pKc8"
    "llGJe2oT7YFSJId8Qkg5OOrhLrRYOdQjEYV5PczVwbQf20pXl7jtew+3hIcRWiTv4yInY6r+sIyN"
    "sZZbPkvIDER8kHeIhk/RFVQ/ucgyD4OAUowoeUQemxIaUicu/3oghKaEzN0sBbOmZ6pIoxZvkyU+"
    "RyafVTOWUbp5bX2lIHq4fIMqih9WWoraw6RCZIjDV/a83SuoKd23cNzmuR2ruGPXvF/8KJT8itnH"
    "ijeCwnSnxVxwcb7T3eQsN3B9IUwqCYSD5nuIbjPJaRj1gotlq4ZKJEQ2HyqxHWNvbUERW93Mvv8/"
    "xDTvUQ=="
)
