"""Who may see the operator's pages: whoever has the token, for twelve hours, until they leave."""

import hashlib
import time
from typing import Any

import pytest
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from bot_platform.domain.actions import Action
from bot_platform.infra.database import Database
from bot_platform.web.operator.sign_in import (
    COOKIE,
    MAX_FROM_ADDRESS,
    MAX_FROM_ALL,
    SESSION_SECONDS,
    FailedAttempts,
    next_page,
)
from tests.makers import payments, running_service
from tests.web.operators import HOME, TOKEN, Desk, StoppedClock, app
from tests.web.test_operator_pages import PAGES

DOWNLOADS = ["/purchases.csv", "/entries.csv", "/people.csv"]


async def _with_cookie(context: Desk, cookie: str, path: str = "") -> int:
    answer = await context.app.test_client().get(HOME + path, headers={"Cookie": f"{COOKIE}={cookie}"})
    return answer.status_code


def _cookie(context: Desk) -> str:
    (cookie,) = [one for one in context.browser.cookie_jar or () if one.name == COOKIE]
    return str(cookie.value)


async def test_the_token_opens_every_page_and_without_it_none_says_anything(database: Database) -> None:
    context = Desk(database)
    for path in [*PAGES, *DOWNLOADS, "/nothing", "/people/1"]:
        assert (path, await context.look(path)) == (path, 401)
        assert 'name="token"' in context.page
        assert "Overview" not in context.page
    assert await context.sign_in(TOKEN) == 303
    assert context.headers["Location"] == HOME
    for path in PAGES:
        await context.read(path)


@pytest.mark.parametrize(
    "token", ["", "wrong", TOKEN + "x", TOKEN[:-1], TOKEN.upper(), None, "\0", "ü" * 5000]
)
async def test_a_wrong_token_and_none_are_told_the_same(sqlite_database: Database, token: str | None) -> None:
    context = Desk(sqlite_database)
    assert await context.sign_in(token) == 401
    assert "That is not the token." in context.page
    assert "Set-Cookie" not in context.headers
    assert (token or "?") not in context.page or not token
    assert not await Action.all().count()


async def test_who_guesses_waits_and_so_do_all_together(sqlite_database: Database) -> None:
    clock = StoppedClock()
    context = Desk(sqlite_database)
    for _ in range(MAX_FROM_ADDRESS):
        assert await context.sign_in("wrong") == 401
        clock.seconds += 1
    assert await context.sign_in(TOKEN) == 429  # a right one tells a guesser nothing either
    assert context.headers["Retry-After"] == "55"
    assert "Wait 55 seconds" in context.page
    clock.seconds += 55
    assert await context.sign_in(TOKEN) == 303


def test_many_addresses_together_wait_too_and_only_as_long_as_they_must() -> None:
    clock = StoppedClock()
    tries = FailedAttempts()
    for number in range(MAX_FROM_ALL):
        assert tries.delay_for(f"10.0.0.{number}") == 0
        tries.add(f"10.0.0.{number}")
        clock.seconds += 0.5
    assert tries.delay_for("10.9.9.9") == 60 - MAX_FROM_ALL // 2
    clock.seconds += 60 - MAX_FROM_ALL / 2
    assert tries.delay_for("10.9.9.9") == 0


async def test_a_guesser_is_whom_the_web_server_in_front_heard_whatever_he_says_of_himself(
    sqlite_database: Database,
) -> None:
    StoppedClock()
    context = Desk(sqlite_database)
    for number in range(MAX_FROM_ADDRESS):
        made_up = f"10.0.0.{number}"
        await context.sign_in("wrong", X_Forwarded_For=f"{made_up}, 203.0.113.5", X_Real_IP=made_up)
    assert await context.sign_in(TOKEN, X_Forwarded_For="10.0.1.1, 203.0.113.5") == 429
    assert await context.sign_in(TOKEN, X_Forwarded_For="203.0.113.6") == 303
    (entered,) = await Action.all()
    assert "203.0.113.6" in str(entered.details)


@pytest.mark.parametrize(
    ("address", "secure"), [("http://localhost:8000", False), ("https://pay.example.com", True)]
)
async def test_the_cookie_is_for_these_pages_alone(
    sqlite_database: Database, address: str, *, secure: bool
) -> None:
    context = Desk(sqlite_database, address=address)
    await context.sign_in(TOKEN)
    name, *flags = context.headers["Set-Cookie"].split("; ")
    assert name.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/operator", f"Max-Age={SESSION_SECONDS}"} <= set(flags)
    assert ("Secure" in flags) is secure
    assert TOKEN not in name


def _forged(name: Any, token: str = TOKEN, at: float | None = None) -> str:
    class Signer(TimestampSigner):
        def get_timestamp(self) -> int:
            return int(time.time() if at is None else at)

    kept = URLSafeTimedSerializer(
        token, salt="operator's session", signer=Signer, signer_kwargs={"digest_method": hashlib.sha256}
    )
    made = kept.dumps(name)
    return made if isinstance(made, str) else made.decode()


async def test_a_cookie_that_was_changed_or_is_too_old_is_nobodys(sqlite_database: Database) -> None:
    async with Desk(sqlite_database) as context:
        good = _cookie(context)
        assert await _with_cookie(context, good) == 200
        name, stamp, signature = good.split(".")
        for bad in (
            "",
            "x",
            good[:-1],
            good + "x",
            f"{name}.{stamp}.{signature[::-1]}",
            f"{name[::-1]}.{stamp}.{signature}",
            f"{name}..{signature}",
            _forged("somebody", token="another token"),
            _forged(["not", "a", "name"]),
            _forged({"a": 1}),
            _forged("somebody", at=time.time() - SESSION_SECONDS - 5),
        ):
            assert (bad, await _with_cookie(context, bad)) == (bad, 401)
        assert await _with_cookie(context, _forged("somebody", at=time.time() - SESSION_SECONDS + 60)) == 200


async def test_another_token_signs_everybody_out(sqlite_database: Database) -> None:
    async with Desk(sqlite_database) as context:
        later = app(payments(sqlite_database), "another token").test_client()
        answer = await later.get(HOME, headers={"Cookie": f"{COOKIE}={_cookie(context)}"})
        assert answer.status_code == 401


async def test_who_signs_out_leaves_a_cookie_that_is_worthless_everywhere(database: Database) -> None:
    async with Desk(database) as context:
        cookie = _cookie(context)
        await context.read()
        assert await context.send("/sign-out") == 303
        assert f"{COOKIE}=;" in context.headers["Set-Cookie"]
        assert await context.look() == 401
        other_replica = Desk(database)
        assert await _with_cookie(other_replica, cookie) == 401
        assert [(act.what, act.by) for act in await Action.all().order_by("id")] == [
            ("enter", "pages"),
            ("leave", "pages"),
        ]


async def test_signing_out_leaves_others_signed_in(sqlite_database: Database) -> None:
    async with Desk(sqlite_database) as one, Desk(sqlite_database) as other:
        await one.read()
        await one.send("/sign-out")
        await other.read()


async def test_a_form_of_nobodys_making_changes_nothing(sqlite_database: Database) -> None:
    async with Desk(sqlite_database) as context, Desk(sqlite_database) as other:
        await other.read()
        theirs = other.page.partition('name="csrf" value="')[2].partition('"')[0]
        await context.read()
        ours = context.page.partition('name="csrf" value="')[2].partition('"')[0]
        assert theirs != ours
        for form in ({}, {"csrf": ""}, {"csrf": theirs}, {"csrf": "ü"}, {"csrf": ours[:-1]}):
            for path in ("/sign-out", "/audit", "/people/77/grant", "/inbox/1/replay", "/purchases/1/refund"):
                assert await context.send_raw(path, form) == 403
                assert "no longer good" in context.page
        for headers in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Sec_Fetch_Site": "cross-site"},
            {"Sec_Fetch_Site": "same-site"},
        ):
            assert await context.send_raw("/sign-out", {"csrf": ours}, **headers) == 403
            assert await context.send_raw("/sign-in", {"token": TOKEN}, **headers) == 403
        own = {"Origin": "http://localhost:8000", "Sec_Fetch_Site": "same-origin"}
        assert await context.send_raw("/sign-out", {"csrf": ours}, **own) == 303


async def test_a_form_goes_through_behind_a_server_that_names_another_host(sqlite_database: Database) -> None:
    async with Desk(sqlite_database, address="https://pay.example.com") as context:
        cookie = {"Cookie": f"{COOKIE}={_cookie(context)}"}
        answer = await context.app.test_client().get(HOME, headers=cookie)
        csrf = (await answer.get_data(as_text=True)).partition('name="csrf" value="')[2].partition('"')[0]
        sent = await context.app.test_client().post(
            f"{HOME}/sign-out",
            form={"csrf": csrf},
            headers=cookie | {"Origin": "https://pay.example.com", "Host": "127.0.0.1:8000"},
        )
        assert sent.status_code == 303


async def test_after_signing_in_one_is_where_one_wanted_to_be(sqlite_database: Database) -> None:
    context = Desk(sqlite_database)
    await context.look("/purchases", state="paid")
    assert 'name="way" value="/operator/purchases?state=paid"' in context.page
    await context.send_raw("/sign-in", {"token": TOKEN, "way": "/operator/purchases?state=paid"})
    assert context.headers["Location"] == "/operator/purchases?state=paid"
    for elsewhere in (
        "//evil.example",
        "https://evil.example",
        "/operator//evil.example/../x",
        "/operator\\x",
        "/demo",
    ):
        assert next_page(elsewhere) == HOME


async def test_every_page_keeps_out_of_caches_frames_and_scripts(sqlite_database: Database) -> None:
    async with Desk(sqlite_database) as context:
        for path in [*PAGES, "/sign-in", "/nothing"]:
            await context.look(path)
            assert context.headers["Cache-Control"] == "no-store"
            policy = context.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert context.headers["X-Content-Type-Options"] == "nosniff"
            for forbidden in ("<script", " style=", " onclick=", "http://", "https://"):
                assert forbidden not in context.page, (path, forbidden)
        assert await context.look("/static/operator.css") == 200


async def test_without_a_token_there_are_no_such_pages(sqlite_url: str) -> None:
    async with running_service(sqlite_url) as h:
        for path in ["", "/", "/sign-in", "/purchases", "/static/operator.css"]:
            async with h.http.get(h.url + HOME + path) as answer:
                assert (path, answer.status) == (path, 404)


async def test_the_built_service_has_the_pages_when_a_token_is_set(sqlite_url: str) -> None:
    async with running_service(sqlite_url, operator_token=TOKEN) as h:
        async with h.http.get(h.url + HOME) as answer:
            assert answer.status == 401
        form = {"token": TOKEN}
        async with h.http.post(f"{h.url}{HOME}/sign-in", data=form, allow_redirects=False) as answer:
            assert answer.status == 303
            cookie = answer.headers["Set-Cookie"].partition(";")[0]
        async with h.http.get(h.url + HOME, headers={"Cookie": cookie}) as answer:
            assert answer.status == 200
            assert "Needs a look" in await answer.text()
