"""Every client fails in every way with known secrets, and none of them is logged, stored or shown."""

import asyncio
import gc
import io
import json
import logging
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from aiogram import Bot

from bot_platform.config.settings import Settings
from bot_platform.domain.inbox import Event
from bot_platform.infra import logs, redaction, safe_errors
from bot_platform.infra.columns import ErrorText
from bot_platform.infra.database import Database
from bot_platform.infra.database_errors import reason_of
from bot_platform.infra.redaction import forms
from bot_platform.providers import choose
from bot_platform.providers.stripe.client import Client
from bot_platform.telegram.poll_health import PollHealth
from bot_platform.telegram.session import HttpSession
from bot_platform.work.engine.model import Message
from tests.doctor.makers import settings
from tests.providers.raw_server import Reader, Writer, http, listening, repeat_the_password

TOKEN = "4242424242:AAknownTokenOfThisTest_0123456789abc"
GIVEN = {
    "telegram_bot_token": TOKEN,
    "telegram_webhook_secret": "known-telegram-webhook-secret",
    "stripe_secret_key": "sk_test_knownKeyOfThisTest0123456789abcdef",
    "stripe_webhook_secret": "whsec_knownSecretOfThisTest0123456789",
    "ai_api_key": "sk-known-key-of-this-test-0123456789",
    "ai_model": "a-model",
    "operator_token": "known-operator-token",
}
PROXY_PASSWORD = "known-proxy pass/word"
DATABASE_PASSWORD = "known-database pass/word"
SECRETS = [*GIVEN.values(), TOKEN.partition(":")[2], PROXY_PASSWORD, DATABASE_PASSWORD]
SECRETS.remove("a-model")
WINDOW = 14  # no part of a secret that is as long may be seen


PARTS = {
    form[at : at + WINDOW]
    for secret in SECRETS
    for form in forms(secret)
    for at in range(max(1, len(form) - WINDOW + 1))
}


Answer = Callable[[str], bytes]


def leaked(text: str) -> list[str]:
    """List the parts of secrets, in any form, that are in the text."""
    return sorted(part for part in PARTS if part in text)


def _json(status: int) -> Answer:
    """Answer in the shape of all three services, with all that the request held in every field."""

    def answer(asked: str) -> bytes:
        error = {"message": asked, "type": "invalid_request_error", "code": asked, "param": asked}
        body = {
            "ok": False,
            "error_code": status,
            "description": asked,
            "error": error,
            "result": {"url": asked},
        }
        return http(status, json.dumps(body).encode())

    return answer


def _redirect(where: str) -> Answer:
    return lambda asked: http(
        302, b"", Location=where.format(path=asked.split(" ")[1], head=asked.split("\r\n")[0])
    )


WAYS: dict[str, Answer | None] = {
    **{f"JSON {status}": _json(status) for status in (200, 400, 401, 402, 403, 404, 409, 413, 429, 500, 503)},
    "a page 502": lambda asked: http(502, f"<h1>Bad gateway</h1>{asked}".encode(), Content_Type="text/html"),
    "a page 200": lambda asked: http(200, f"<h1>Log in</h1>{asked}".encode(), Content_Type="text/html"),
    "no HTTP": lambda asked: asked.encode(),
    "cut off": lambda asked: http(200, asked.encode(), missing=10),
    "closed": lambda _: b"",
    "not gzip": lambda asked: http(200, asked.encode(), Content_Encoding="gzip"),
    "a redirect to no address": _redirect("http://[{path}"),
    "a redirect to no host": _redirect("http://{path}"),
    "a redirect to another scheme": _redirect("ftp://h{path}"),
    "a redirect for ever": _redirect("{path}"),
    "no answer": None,
}


@asynccontextmanager
async def failing(way: Answer | None) -> AsyncIterator[str]:
    """Serve so; yields the address."""

    async def converse(reader: Reader, writer: Writer) -> None:
        while head := (await reader.readuntil(b"\r\n\r\n")).decode():
            if way is None:
                await asyncio.Event().wait()
                return
            writer.write(way(head))
            await writer.drain()
            writer.close()

    async with listening(converse) as address:
        yield f"http://{address}"


Call = Callable[[Settings, str], Awaitable[Any]]


async def _telegram(given: Settings, url: str) -> None:
    bot = Bot(given.telegram_bot_token.get_secret_value(), session=HttpSession(url, given.proxy_url))
    try:
        await bot.set_webhook("https://h/x", secret_token=given.telegram_secret, request_timeout=1)
    finally:
        await bot.session.close()


async def _stripe(given: Settings, url: str) -> None:
    assert given.stripe_secret_key
    key = given.stripe_secret_key.get_secret_value()
    client = Client(secret_key=key, api_base=url, proxy_url=given.proxy_url, timeout=0.3, try_timeout=0.1)
    try:
        await client.session("cs_test_1")
    finally:
        await client.close()


async def _model(given: Settings, _: str) -> None:
    model = choose.model(given)
    assert model
    try:
        async with asyncio.timeout(0.3):
            async for _part in model.answer([Message("user", "hello")], 10):
                pass
    finally:
        await model.close()


CALLS: dict[str, Call] = {"Telegram": _telegram, "Stripe": _stripe, "the model": _model}


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Write the log as the service does, and put everything back afterwards."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers, root.level
    logs.set_up("DEBUG", "json", stream)
    logging.captureWarnings(capture=True)
    yield stream
    logging.captureWarnings(capture=False)
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


async def report(error: BaseException) -> list[str]:
    """Tell of an error in every way that the service has; returns what is stored or shown."""
    log = structlog.get_logger()
    log.error("failed", error=str(error), shown=repr(error), exc_info=error, args=error.args)
    logging.getLogger("aiohttp").error("failed: %s", error, exc_info=error)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(str(error), stacklevel=1)

    async def unawaited() -> None:
        raise error

    task = asyncio.ensure_future(unawaited())
    await asyncio.wait([task])
    del task
    gc.collect(0)  # asyncio reports it: "Task exception was never retrieved"
    health = PollHealth(1)
    health.fail(error if isinstance(error, Exception) else RuntimeError(str(error)))
    return [
        safe_errors.words(error),
        safe_errors.text(error, 60),
        str(ErrorText().to_db_value(str(error), Event)),
        health._says,  # noqa: SLF001 -- shown only after a minute
    ]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("client", CALLS)
async def test_no_fault_of_a_client_shows_a_secret(client: str, way: str, logged: io.StringIO) -> None:
    async with failing(WAYS[way]) as url:
        given = settings(**GIVEN, stripe_api_base=url, telegram_api_base=url, ai_base_url=f"{url}/v1")
        caught: BaseException | None = None
        try:
            await CALLS[client](given, url)
        except Exception as error:  # noqa: BLE001 -- whatever it is
            caught = error
        if caught is None:
            assert way == "JSON 200"
            return
        shown = await report(caught)
        logs.set_up("DEBUG", "console", logged)
        shown += await report(caught)
    assert leaked(" ".join(shown)) == []
    assert "failed" in logged.getvalue()
    assert leaked(logged.getvalue()) == []


async def _bare_telegram(given: Settings, _: str) -> None:
    await _telegram(given, "http://api.example.com")


async def _bare_stripe(given: Settings, _: str) -> None:
    await _stripe(given, "http://api.example.com")


@pytest.mark.parametrize("call", [_bare_telegram, _bare_stripe], ids=["Telegram", "Stripe"])
@pytest.mark.parametrize("way", ["JSON 403", "JSON 407", "no HTTP", "closed", "cut off", "a page 200"])
@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_no_fault_of_a_proxy_shows_a_secret(
    call: Call, way: str, scheme: str, logged: io.StringIO
) -> None:
    async with failing(WAYS.get(way) or _json(407)) as url:
        proxy = url.replace("http://", f"{scheme}://user:{quote(PROXY_PASSWORD, safe='')}@")
        given = settings(**GIVEN, proxy_url=proxy)
        with pytest.raises(Exception) as caught:  # noqa: PT011 -- whatever it is
            await call(given, url)
        shown = await report(caught.value)
    assert leaked(" ".join(shown)) == []
    assert leaked(logged.getvalue()) == []


async def test_no_fault_of_the_database_shows_a_secret(logged: io.StringIO) -> None:
    async with listening(repeat_the_password) as address:
        url = f"postgres://bot:{quote(DATABASE_PASSWORD, safe='')}@{address}/bot?sslmode=disable"
        given = settings(**GIVEN, database_url=url)
        database = Database(given.database_url)
        with pytest.raises(Exception) as caught:  # noqa: PT011 -- whatever it is
            async with database.reader() as ask:
                await ask("SELECT 1")
        assert DATABASE_PASSWORD in reason_of(caught.value), "the words of the server come as they are"
        shown = await report(caught.value)
        shown.append(redaction.redact(reason_of(caught.value)))
    assert leaked(" ".join(shown)) == []
    assert leaked(logged.getvalue()) == []
