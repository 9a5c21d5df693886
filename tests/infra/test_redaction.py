"""Known secrets are taken out of texts, in every form in which a program may write them."""

import base64
import html
import io
import json
import logging
import sys
import traceback
from urllib.parse import quote, quote_plus

import pytest

from bot_platform.domain.inbox import Event
from bot_platform.infra import redaction, safe_errors
from bot_platform.infra.columns import ErrorText
from bot_platform.infra.redaction import Redactor

SECRET = "p\u00e4ss w\u00f6rd/<'%40\\\"&+"


@pytest.fixture
def redactor() -> Redactor:
    known = Redactor()
    known.learn([("TELEGRAM_BOT_TOKEN", "123456:AAsecret-half"), ("TELEGRAM_BOT_TOKEN", "AAsecret-half")])
    known.learn([("DATABASE_URL", SECRET), ("OPERATOR_TOKEN", "short")])
    return known


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
        repr(SECRET),
        repr({"password": SECRET}),
        ascii(SECRET),
        json.dumps({"password": SECRET}),
        json.dumps({"password": SECRET}, ensure_ascii=False),
        html.escape(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
    ],
)
def test_a_secret_is_replaced_by_its_name_in_every_form(redactor: Redactor, written: str) -> None:
    said = redactor.redact(f"cannot connect with {written} to the server")
    assert "[DATABASE_URL]" in said
    assert written not in said
    assert "w\u00f6rd" not in said
    assert "rd%2F" not in said


def test_the_half_of_a_token_is_a_secret_too(redactor: Redactor) -> None:
    assert redactor.redact("/bot123456:AAsecret-half/getMe") == "/bot[TELEGRAM_BOT_TOKEN]/getMe"
    assert redactor.redact("/bot123456%3AAAsecret-half/getMe") == "/bot[TELEGRAM_BOT_TOKEN]/getMe"
    assert redactor.redact("bot 123456, AAsecret-half") == "bot 123456, [TELEGRAM_BOT_TOKEN]"


def test_a_short_secret_leaves_ordinary_words_alone(redactor: Redactor) -> None:
    assert redactor.redact("in short, no") == "in short, no"


def test_every_text_of_a_json_value_is_redacted() -> None:
    redaction.learn([("AI_API_KEY", "key-of-test-redaction")])
    value = {"why": ["x key-of-test-redaction"], "n": 5, "none": None, "deep": {"a": "key-of-test-redaction"}}
    assert redaction.redact_all(value) == {
        "why": ["x [AI_API_KEY]"],
        "n": 5,
        "none": None,
        "deep": {"a": "[AI_API_KEY]"},
    }


@pytest.mark.parametrize("at", range(280, 302))
def test_a_secret_at_the_cut_is_not_cut_into_something_unknown(at: int) -> None:
    redaction.learn([("AI_API_KEY", "key-of-test-redaction")])
    error = ValueError("x" * at + "key-of-test-redaction")
    column = ErrorText()
    for said in (
        safe_errors.words(error),
        safe_errors.text(error),
        column.to_db_value("x" * 700 + str(error), Event),
    ):
        assert "key" not in said


def test_what_is_not_a_text_is_no_error_text() -> None:
    assert ErrorText(null=True).to_db_value(None, Event) is None


def test_a_stream_writes_no_secret_and_is_the_stream_otherwise() -> None:
    redaction.learn([("AI_API_KEY", "key-of-test-redaction")])
    stream = io.StringIO()
    safe = redaction.redacted(stream)
    assert redaction.redacted(safe) is safe
    print("a", "key-of-test-redaction", file=safe)
    safe.writelines(["key-of-test-redaction\n"])
    assert safe.isatty() is False
    safe.flush()
    assert stream.getvalue() == "a [AI_API_KEY]\n[AI_API_KEY]\n"


def test_a_traceback_with_its_chain_shows_no_secret() -> None:
    redaction.learn([("AI_API_KEY", "key-of-test-redaction")])
    stream = io.StringIO()
    try:
        try:
            raise KeyError("key-of-test-redaction")  # noqa: TRY301 -- the chain is what is tested
        except KeyError as error:
            raise RuntimeError("key-of-test-redaction again") from error
    except RuntimeError:
        traceback.print_exc(file=redaction.redacted(stream))
    assert "key-of-test" not in stream.getvalue()
    assert "RuntimeError: [AI_API_KEY] again" in stream.getvalue()


def test_a_log_call_that_fails_shows_no_secret(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # logging prints the arguments of a call whose line it cannot make to standard error.
    redaction.learn([("AI_API_KEY", "key-of-test-redaction")])
    monkeypatch.setattr(sys, "stderr", redaction.redacted(sys.stderr))
    logger = logging.Logger("test")  # noqa: LOG001 -- one without pytest's own handlers
    logger.addHandler(logging.StreamHandler(io.StringIO()))
    logger.error("%d is no number", "key-of-test-redaction")
    said = capsys.readouterr().err
    assert "is no number" in said
    assert "key-of-test" not in said
