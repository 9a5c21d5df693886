"""The sign-in: with the token, for twelve hours, until the sign-out."""

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
    SESSION_SECONDS,
    FailedAttempts,
    next_page,
)
from tests.makers import payments, running_service
from tests.web.operators import HOME, TOKEN, OperatorBrowser, StoppedClock, app
from tests.web.test_operator_pages import PAGES

DOWNLOADS = ["/purchases.csv", "/entries.csv", "/people.csv"]


async def _with_cookie(operator: OperatorBrowser, cookie: str, path: str = "") -> int:
    answer = await operator.app.test_client().get(HOME + path, headers={"Cookie": f"{COOKIE}={cookie}"})
    return answer.status_code


def _cookie(operator: OperatorBrowser) -> str:
    (cookie,) = [one for one in operator.browser.cookie_jar or () if one.name == COOKIE]
    return str(cookie.value)


async def test_the_token_opens_every_page_and_without_it_none_shows_anything(database: Database) -> None:
    operator = OperatorBrowser(database)
    for path in [*PAGES, *DOWNLOADS, "/nothing", "/people/1"]:
        assert (path, await operator.look(path)) == (path, 401)
        assert 'name="token"' in operator.page
        assert "Overview" not in operator.page
    assert await operator.sign_in(TOKEN) == 303
    assert operator.headers["Location"] == HOME
    for path in PAGES:
        await operator.read(path)


@pytest.mark.parametrize(
    "token", ["", "wrong", TOKEN + "x", TOKEN[:-1], TOKEN.upper(), None, "\0", "ü" * 5000]
)
async def test_a_wrong_token_and_a_missing_one_get_the_same_answer(
    sqlite_database: Database, token: str | None
) -> None:
    operator = OperatorBrowser(sqlite_database)
    assert await operator.sign_in(token) == 401
    assert "That is not the token." in operator.page
    assert "Set-Cookie" not in operator.headers
    assert (token or "?") not in operator.page or not token
    assert not await Action.all().count()


async def test_an_address_waits_after_too_many_wrong_tokens(sqlite_database: Database) -> None:
    clock = StoppedClock()
    operator = OperatorBrowser(sqlite_database)
    for _ in range(MAX_FROM_ADDRESS):
        assert await operator.sign_in("wrong") == 401
        clock.seconds += 1
    assert await operator.sign_in(TOKEN) == 429  # the right token too: the answer reveals nothing
    assert operator.headers["Retry-After"] == "55"
    assert "Wait 55 seconds" in operator.page
    clock.seconds += 55
    assert await operator.sign_in(TOKEN) == 303


@pytest.mark.parametrize(
    ("wrong_from", "own"),
    [
        ([f"10.0.0.{n}" for n in range(200)], "10.9.9.9"),
        ([f"2001:db8:{n:x}::1" for n in range(200)], "2001:db8::1:1"),
        ([f"2001:db8::{n:x}" for n in range(200)], "2001:db8:0:1::1"),
        (["this machine"] * 200, "10.9.9.9"),
    ],
)
def test_wrong_tokens_from_elsewhere_lock_nobody_out(wrong_from: list[str], own: str) -> None:
    StoppedClock()
    attempts = FailedAttempts()
    for address in wrong_from:
        attempts.add(address)
    assert attempts.delay_for(own) == 0


@pytest.mark.parametrize("address", ["2001:db8::1", "2001:db8::ffff:1", "2001:0db8:0000:0000:ffff::"])
def test_an_ipv6_network_is_one_client(address: str) -> None:
    StoppedClock()
    attempts = FailedAttempts()
    for number in range(MAX_FROM_ADDRESS):
        attempts.add(f"2001:db8::{number}")
    assert attempts.delay_for(address) == 60
    assert attempts.delay_for("2001:db8:0:2::1") == 0


def test_an_address_that_is_none_is_a_client_too() -> None:
    StoppedClock()
    attempts = FailedAttempts()
    for _ in range(MAX_FROM_ADDRESS):
        attempts.add("not:an:address")
    assert attempts.delay_for("not:an:address") == 60


async def test_a_signed_in_operator_is_never_locked_out(sqlite_database: Database) -> None:
    StoppedClock()
    async with OperatorBrowser(sqlite_database) as operator:
        stranger = OperatorBrowser(sqlite_database)
        stranger.browser = operator.app.test_client()
        while await stranger.sign_in("wrong") != 429:
            assert stranger.status == 401
        assert "Today" in await operator.read()


async def test_attempts_count_for_the_address_that_the_reverse_proxy_saw(
    sqlite_database: Database,
) -> None:
    StoppedClock()
    operator = OperatorBrowser(sqlite_database)
    for number in range(MAX_FROM_ADDRESS):
        made_up = f"10.0.0.{number}"
        await operator.sign_in("wrong", X_Forwarded_For=f"{made_up}, 203.0.113.5", X_Real_IP=made_up)
    assert await operator.sign_in(TOKEN, X_Forwarded_For="10.0.1.1, 203.0.113.5") == 429
    assert await operator.sign_in(TOKEN, X_Forwarded_For="203.0.113.6") == 303
    (entered,) = await Action.all()
    assert "203.0.113.6" in str(entered.details)


@pytest.mark.parametrize(
    ("address", "secure"), [("http://localhost:8000", False), ("https://pay.example.com", True)]
)
async def test_the_cookie_is_for_these_pages_alone(
    sqlite_database: Database, address: str, *, secure: bool
) -> None:
    operator = OperatorBrowser(sqlite_database, address=address)
    await operator.sign_in(TOKEN)
    name, *flags = operator.headers["Set-Cookie"].split("; ")
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


async def test_a_changed_or_expired_cookie_has_no_session(sqlite_database: Database) -> None:
    async with OperatorBrowser(sqlite_database) as operator:
        good = _cookie(operator)
        assert await _with_cookie(operator, good) == 200
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
            assert (bad, await _with_cookie(operator, bad)) == (bad, 401)
        assert await _with_cookie(operator, _forged("somebody", at=time.time() - SESSION_SECONDS + 60)) == 200


async def test_a_new_token_ends_every_session(sqlite_database: Database) -> None:
    async with OperatorBrowser(sqlite_database) as operator:
        later = app(payments(sqlite_database), "another token").test_client()
        answer = await later.get(HOME, headers={"Cookie": f"{COOKIE}={_cookie(operator)}"})
        assert answer.status_code == 401


async def test_after_a_sign_out_the_cookie_is_worthless(database: Database) -> None:
    async with OperatorBrowser(database) as operator:
        cookie = _cookie(operator)
        await operator.read()
        assert await operator.send("/sign-out") == 303
        assert f"{COOKIE}=;" in operator.headers["Set-Cookie"]
        assert await operator.look() == 401
        other_replica = OperatorBrowser(database)
        assert await _with_cookie(other_replica, cookie) == 401
        assert [(act.what, act.by) for act in await Action.all().order_by("id")] == [
            ("enter", "pages"),
            ("leave", "pages"),
        ]


async def test_signing_out_leaves_others_signed_in(sqlite_database: Database) -> None:
    async with OperatorBrowser(sqlite_database) as one, OperatorBrowser(sqlite_database) as other:
        await one.read()
        await one.send("/sign-out")
        await other.read()


async def test_a_form_that_our_pages_did_not_make_changes_nothing(sqlite_database: Database) -> None:
    async with OperatorBrowser(sqlite_database) as operator, OperatorBrowser(sqlite_database) as other:
        await other.read()
        theirs = other.page.partition('name="csrf" value="')[2].partition('"')[0]
        await operator.read()
        ours = operator.page.partition('name="csrf" value="')[2].partition('"')[0]
        assert theirs != ours
        for form in ({}, {"csrf": ""}, {"csrf": theirs}, {"csrf": "ü"}, {"csrf": ours[:-1]}):
            for path in ("/sign-out", "/audit", "/people/77/grant", "/inbox/1/replay", "/purchases/1/refund"):
                assert await operator.send_raw(path, form) == 403
                assert "no longer good" in operator.page
        for headers in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Sec_Fetch_Site": "cross-site"},
            {"Sec_Fetch_Site": "same-site"},
        ):
            assert await operator.send_raw("/sign-out", {"csrf": ours}, **headers) == 403
            assert await operator.send_raw("/sign-in", {"token": TOKEN}, **headers) == 403
        own = {"Origin": "http://localhost:8000", "Sec_Fetch_Site": "same-origin"}
        assert await operator.send_raw("/sign-out", {"csrf": ours}, **own) == 303


async def test_a_form_is_accepted_behind_a_reverse_proxy_with_another_host(sqlite_database: Database) -> None:
    async with OperatorBrowser(sqlite_database, address="https://pay.example.com") as operator:
        cookie = {"Cookie": f"{COOKIE}={_cookie(operator)}"}
        answer = await operator.app.test_client().get(HOME, headers=cookie)
        csrf = (await answer.get_data(as_text=True)).partition('name="csrf" value="')[2].partition('"')[0]
        sent = await operator.app.test_client().post(
            f"{HOME}/sign-out",
            form={"csrf": csrf},
            headers=cookie | {"Origin": "https://pay.example.com", "Host": "127.0.0.1:8000"},
        )
        assert sent.status_code == 303


async def test_the_sign_in_leads_to_the_requested_page(sqlite_database: Database) -> None:
    operator = OperatorBrowser(sqlite_database)
    await operator.look("/purchases", state="paid")
    assert 'name="way" value="/operator/purchases?state=paid"' in operator.page
    await operator.send_raw("/sign-in", {"token": TOKEN, "way": "/operator/purchases?state=paid"})
    assert operator.headers["Location"] == "/operator/purchases?state=paid"
    for elsewhere in (
        "//evil.example",
        "https://evil.example",
        "/operator//evil.example/../x",
        "/operator\\x",
        "/demo",
    ):
        assert next_page(elsewhere) == HOME


async def test_every_page_keeps_out_of_caches_frames_and_scripts(sqlite_database: Database) -> None:
    async with OperatorBrowser(sqlite_database) as operator:
        for path in [*PAGES, "/sign-in", "/nothing"]:
            await operator.look(path)
            assert operator.headers["Cache-Control"] == "no-store"
            policy = operator.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert operator.headers["X-Content-Type-Options"] == "nosniff"
            for forbidden in ("<script", " style=", " onclick=", "http://", "https://"):
                assert forbidden not in operator.page, (path, forbidden)
        assert await operator.look("/static/operator.css") == 200


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
