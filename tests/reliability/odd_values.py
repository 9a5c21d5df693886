"""Values, headers, paths and raw bytes that have broken somebody's server before."""

from typing import Any

STRIPE, TELEGRAM = "/api/v1/stripe-webhook", "/api/v1/telegram-webhook"

ODD_VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1, 2**31, 2**63 - 1, 2**63, -(2**63) - 1, 10**30, 10**400, 0.5, -0.0, 1e308),
    *(float("nan"), float("inf"), "", " ", "0", "-1", "1", "9" * 19, "9" * 400, "\0", "\ud800", "\U0001f600"),
    *("a" * 256, "a" * 5000, "٣", "paid", "usd", "USD", "cs_test_1", "pi_1", "evt_1", "' OR 1=1 --", "{}"),
    *([], [None], [[[]]], {}, {"id": "pi_1"}, {"": ""}, {"a": {"b": {"c": []}}}, ["cs_test_1"] * 50),
]

_FROM = {"id": 5_000_000_001, "is_bot": False, "first_name": "Buyer", "language_code": "en"}
_CHAT = {"id": 5_000_000_001, "type": "private", "first_name": "Buyer"}
_MESSAGE = {"message_id": 7, "date": 1_790_000_000, "chat": _CHAT, "from": _FROM, "text": "/balance"}
_QUERY = {"id": "1", "from": _FROM, "message": _MESSAGE, "chat_instance": "1", "data": "buy_100"}
_PRE = {"id": "1", "from": _FROM, "currency": "XTR", "total_amount": 1, "invoice_payload": "x"}
UPDATES: dict[str, dict[str, Any]] = {
    "message": {"update_id": 1, "message": _MESSAGE},
    "callback_query": {"update_id": 1, "callback_query": _QUERY},
    "pre_checkout_query": {"update_id": 1, "pre_checkout_query": _PRE},
    "edited_message": {"update_id": 1, "edited_message": _MESSAGE},
}

METHODS = [
    *["GET"] * 6,
    *["POST"] * 3,
    "PUT",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "PATCH",
    "TRACE",
    "PROPFIND",
    "get",
    "X" * 30,
]
PLAIN = 20  # as often nothing follows a path
TAILS = [
    *[b""] * PLAIN,
    b"/",
    b"//",
    b"/..",
    b"/../..",
    b"/%2e%2e/%2e%2e/etc/passwd",
    b"%00",
    b"%ff",
    b"%",
    b"%zz",
    b"%C0%AE",
]
TAILS += [
    b";a=b",
    b"/" + b"a" * 300,
    b"?",
    b"?session_id=cs_test_1",
    b"?session_id=%00",
    b"?session_id=%ff%fe",
]
TAILS += [
    b"?session_id=cs_test_1&session_id=x",
    b"?" + b"a=b&" * 500,
    b"?session_id=" + b"9" * 5000,
    b"#x",
    b"?%",
]
NAMES = [
    b"Accept",
    b"Cookie",
    b"Content-Type",
    b"Authorization",
    b"X-Forwarded-For",
    b"Range",
    b"If-None-Match",
]
NAMES += [b"Stripe-Signature", b"X-Telegram-Bot-Api-Secret-Token", b"Accept-Encoding", b"If-Modified-Since"]
NAMES += [
    b"Forwarded",
    b"If-Range",
    b"Accept-Language",
    b"Content-Encoding",
    b"Referer",
    b"Origin",
    b"Cache-Control",
]
VALUES = [
    b"",
    b"\xff\xfe",
    "ü".encode(),
    b"a" * 5000,
    b"bytes=0-1",
    b"bytes=9-1",
    b"bytes=-1",
    b"t=,v1=",
    b"gzip",
]
VALUES += [
    b"t=99999999999999999999,v1=a",
    b"multipart/form-data",
    b"multipart/form-data; boundary=",
    b"; charset=x",
]
VALUES += [b"application/json; charset=utf-99", b"text/html;q=a", b"Basic !!!", b'W/"x', b"*", b"=;=;", b"0"]
VALUES += [b"Thu, 99 Foo 2026 00:00:00 GMT", b"application/x-www-form-urlencoded; charset=\xff"]

PAIRS = [
    *(
        (b"Range", value)
        for value in (b"bytes=0-1", b"bytes=9-1", b"bytes=-1", b"bytes=0-1,3-4", b"lines=1-2")
    ),
    (b"If-None-Match", b'W/"x'),
    (b"If-Modified-Since", b"Thu, 99 Foo 2026 00:00:00 GMT"),
    (b"Content-Type", b"multipart/form-data; boundary="),
    (b"Content-Type", b"application/x-www-form-urlencoded; charset=\xff"),
    (b"Content-Encoding", b"gzip"),
    (b"Accept-Encoding", b"gzip;q=x"),
    (b"Cookie", b"=;=;"),
    (b"Stripe-Signature", b"t=99999999999999999999,v1=a"),
    (b"Stripe-Signature", b"t=,v1="),
    (b"X-Telegram-Bot-Api-Secret-Token", b"\xff\xfe"),
]

_POST = b"POST %s HTTP/1.1\r\nHost: x\r\n" % STRIPE.encode()
_CHUNKED = _POST + b"Transfer-Encoding: chunked\r\n"
BROKEN = [
    _POST + b"Content-Length: 999999999\r\n\r\n{}",
    _POST + b"Content-Length: 100\r\n\r\n{",
    _POST + b"Content-Length: -1\r\n\r\n{}",
    _POST + b"Content-Length: x\r\n\r\n{}",
    _POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    _POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    _CHUNKED + b"\r\n2\r\n{}\r\n0\r\n\r\n",
    _CHUNKED + b"\r\nzz\r\n{}\r\n0\r\n\r\n",
    _CHUNKED + b"\r\nffffffffffffffff\r\n{}",
    _CHUNKED + b"\r\n2\r\n{}",
    _CHUNKED.replace(b"chunked", b"gzip, chunked") + b"\r\n2\r\n{}\r\n0\r\n\r\n",
    _POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
    _POST + b"Content-Length: 600000\r\n\r\n" + b" " * 600_000,
    _POST + b"X: " + b"a" * 70_000 + b"\r\n\r\n",
    _POST + b"".join(b"X-%d: a\r\n" % n for n in range(500)) + b"\r\n",
    _POST + b"no colon\r\n\r\n",
    _POST + b"Na me: x\r\n\r\n",
    _POST + b"X: a\0b\r\n\r\n",
    _POST + b"X: a\r\n folded\r\n\r\n",
    _POST + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n",
    _POST + b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: x\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 40,
    b"GET /healthz HTTP/1.0\r\n\r\n",
    b"GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n",
    b"GET /healthz\r\n\r\n",
    b"GET http://[::1/ HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET http://other.example/readyz HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET \xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n\r\n",
    b"GET /healthz HTTP/1.1\nHost: x\n\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"\r\n\r\n\r\n",
]
