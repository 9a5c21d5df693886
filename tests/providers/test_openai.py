"""A model behind an endpoint: streamed text, its usage, and named faults."""

import asyncio
import json
import logging
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot_platform.providers.openai import OpenAIModel
from bot_platform.work.engine.model import Message, Model, ModelFault, Piece, Signal, Usage
from tests.work.model_server import (
    Answer,
    Behaviour,
    Cut,
    Ending,
    Events,
    ModelServer,
    Refuses,
    Reset,
    Rubbish,
    Silence,
    Status,
    error,
    finish,
    model_server,
    piece,
    usage,
)

KEY = "sk-made-up-and-secret"
PROMPT = "Why is the sky blue, privately?"
TEXT = "Because it confides in nobody."
ASKED = [Message("system", "Be brief."), Message("user", PROMPT)]


@asynccontextmanager
async def model(url: str, **changed: Any) -> AsyncIterator[OpenAIModel]:
    """Make a model for an endpoint at another address."""
    given: dict[str, Any] = {"base_url": url, "api_key": KEY, "model": "some-model", "read_timeout": 5}
    made = OpenAIModel(**(given | changed))
    try:
        yield made
    finally:
        await made.close()


async def told(asked: Model, into: list[Piece] | None = None, most_tokens: int = 100) -> list[Piece]:
    """Listen to an answer; what came before a fault is left in `into`."""
    into = [] if into is None else into
    async for part in asked.answer(ASKED, most_tokens):
        into.append(part)
    return into


async def heard(*behaviours: Behaviour, **changed: Any) -> list[Piece]:
    """Ask an endpoint that behaves so."""
    async with model_server() as server, model(server.url, **changed) as asked:
        server.will(*behaviours)
        return await told(asked)


async def fault(*behaviours: Behaviour, **changed: Any) -> tuple[list[Piece], str, str]:
    """Ask an endpoint that fails; gives what it told before, the fault's text and what it says."""
    async with model_server() as server:
        server.will(*behaviours)
        return await fault_at(server.url, **changed)


async def fault_at(url: str, **changed: Any) -> tuple[list[Piece], str, str]:
    into: list[Piece] = []
    async with model(url, **changed) as asked:
        with pytest.raises(ModelFault) as caught:
            await told(asked, into)
    assert len(str(caught.value)) <= 300
    # A log would print these: each error of the library contains the request with its key.
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    printed = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert not [secret for secret in (KEY, PROMPT, TEXT) if secret in printed]
    return into, caught.value.text, str(caught.value)


async def test_an_answer_comes_in_pieces_and_its_usage_last() -> None:
    async with model_server() as server, model(server.url) as asked:
        server.will(Answer("Hello ", "world", usage=(12, 3)))
        assert await told(asked, most_tokens=77) == ["Hello ", "world", Usage(12, 3)]
    (request,) = server.requests
    assert request.key == KEY
    assert request.body == {
        "model": "some-model",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": PROMPT}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 77,
    }
    assert asked.name == "some-model"


@pytest.mark.parametrize(
    ("base_url", "endpoint"),
    [
        (None, "api.openai.com/v1"),
        ("https://user:secret@models.example/api/v1/", "models.example/api/v1"),
        ("http://127.0.0.1:8080/v1", "127.0.0.1:8080/v1"),
    ],
)
async def test_an_endpoint_is_named_without_its_password(base_url: str | None, endpoint: str) -> None:
    async with model("", base_url=base_url) as asked:
        assert asked.endpoint == endpoint


async def test_a_piece_is_delivered_before_the_next_one_is_written() -> None:
    async with model_server() as server, model(server.url) as asked:
        server.will(Silence("Hello"))
        answer = asked.answer(ASKED, 100)
        assert await anext(answer) == "Hello"
        await answer.aclose()


async def test_a_slow_answer_is_whole_while_no_pause_is_too_long() -> None:
    assert await heard(Answer("a", "b", "c", "d", delay=0.2), read_timeout=0.5) == ["a", "b", "c", "d"]


async def test_several_answers_at_once_are_not_mixed_up() -> None:
    async with model_server() as server, model(server.url) as asked:
        server.will(*(Answer(f"{n} ", f"{n}", usage=(n, n), delay=0.01) for n in range(8)))
        answers = await asyncio.gather(*(told(asked) for _ in range(8)))
    assert sorted(map(str, answers)) == sorted(str([f"{n} ", f"{n}", Usage(n, n)]) for n in range(8))


async def test_an_answer_without_usage_is_no_fault() -> None:
    assert await heard(Answer("Hello")) == ["Hello"]


@pytest.mark.parametrize(
    "empty",
    [
        Answer(),
        Answer(" \n", "\t", usage=(40, 900)),
        Answer(usage=(40, 0)),
        Events({"choices": [{"text": "Paris"}]}, finish()),
        Events(piece([{"type": "image_url", "image_url": {"url": "data:"}}]), finish()),
        Events({"choices": [{"delta": {"tool_calls": [{"id": "1"}]}}]}, finish()),
        Events(usage(5, 9)),
        Events({"choices": []}),
        Events(),
    ],
    ids=["nothing", "blanks", "counted", "another API", "no text", "a call", "a count", "no choice", "done"],
)
async def test_an_ended_answer_without_a_text_is_a_fault_of_its_own(empty: Behaviour) -> None:
    assert (await fault(empty))[1] == "model-empty"


@pytest.mark.parametrize(
    "reason", ["SAFETY", "RECITATION", "BLOCKLIST", "SPII", "PROHIBITED_CONTENT", "sensitive"]
)
async def test_an_answer_that_a_filter_ended_is_refused(reason: str) -> None:
    assert (await fault(Answer(reason=reason)))[1] == "model-refused"


@pytest.mark.parametrize("reason", ["length", "max_tokens", "MAX_TOKENS", "model_length"])
async def test_an_answer_cut_at_its_limit_says_so(reason: str) -> None:
    cut = Answer("Hel", usage=(5, 100), reason=reason)
    assert await fault(cut) == (["Hel", Usage(5, 100)], "model-length", reason.lower())


@pytest.mark.parametrize("reason", ["stop", "STOP", "eos", "end_turn", "stop_sequence"])
async def test_a_whole_answer_ends_with_any_of_the_known_words(reason: str) -> None:
    assert await heard(Answer("Hello", reason=reason)) == ["Hello"]


@pytest.mark.parametrize(
    "reason", ["abort", "error", "insufficient_system_resource", "tool_calls", "a new one"]
)
async def test_an_unknown_ending_means_that_the_answer_is_cut(reason: str) -> None:
    assert (await fault(Answer("Hel", reason=reason)))[:2] == (["Hel"], "model-cut")


async def test_an_answer_that_ends_by_done_alone_is_whole() -> None:
    assert await heard(Events(piece("Hello"))) == ["Hello"]


COUNTED = usage(5, 0)["usage"]


@pytest.mark.parametrize(
    "events",
    [
        [piece("Half a") | {"usage": COUNTED}, piece(" sentence wi")],
        [piece("Half a") | {"usage": COUNTED}, piece(" sentence wi") | {"usage": COUNTED}],
        [piece("Half a sentence wi"), usage(5, 7)],
        [usage(5, 0), piece("Half a sentence wi")],
        [{"choices": [{"delta": {"content": "Half a"}, "finish_reason": "stop"}]}, piece(" sentence wi")],
        [{"choices": [{"delta": {"content": "Half a sentence wi"}, "finish_reason": "null"}]}],
    ],
    ids=[
        "in the first chunk",
        "in each chunk",
        "last",
        "before",
        "a reason in the middle",
        "no reason in words",
    ],
)
async def test_a_count_of_tokens_ends_no_answer(events: list[object]) -> None:
    came, text, _ = await fault(Events(*events, ending=Ending.CLOSED))
    assert text == "model-cut"
    assert "".join(part for part in came if isinstance(part, str)) == "Half a sentence wi"


async def test_a_reason_that_says_nothing_cuts_no_answer() -> None:
    silent = {"choices": [{"delta": {"content": "Hello"}, "finish_reason": "null"}]}
    assert await heard(Events(silent, finish())) == ["Hello"]
    assert await heard(Events(silent)) == ["Hello"]


async def test_reasoning_is_progress_and_never_a_part_of_the_answer() -> None:
    fields = [{"choices": [{"delta": {name: "secret"}}]} for name in ("reasoning_content", "reasoning")]
    assert await heard(Events(*fields, piece("Hello"), finish())) == [Signal.THINKING] * 2 + ["Hello"]
    tagged = Events(piece("<think>se"), piece("cret</th"), piece("ink>\n\nHello"), finish())
    assert [part for part in await heard(tagged) if isinstance(part, str)] == ["Hello"]


async def test_text_before_a_closing_tag_alone_is_taken_back() -> None:
    late = Events(piece("secret"), piece("\n</think>\n"), piece("Hello"), finish())
    told_ = await heard(late)
    assert told_[told_.index(Signal.RETRACTED) + 1 :] == ["Hello"]


async def test_reasoning_that_takes_the_whole_limit_has_a_fault_of_its_own() -> None:
    thought = Events(piece("<think>and so on"), finish("length"), usage(5, 100))
    assert (await fault(thought))[1] == "model-thought"
    assert (await fault(Events({"choices": [{"delta": {"reasoning": "hm"}}]}, finish())))[
        1
    ] == "model-thought"


async def test_content_in_parts_is_joined() -> None:
    parts = [
        {"type": "thinking", "thinking": "secret"},
        {"type": "text", "text": "Hel"},
        {"type": "output_text", "text": "lo"},
    ]
    assert await heard(Events(piece(parts), finish())) == [Signal.THINKING, "Hello"]


@pytest.mark.parametrize("kind", ["thinking", "reasoning", "reasoning.text"])
@pytest.mark.parametrize("reason", ["stop", "length"])
async def test_reasoning_in_parts_is_progress_and_has_its_own_fault(kind: str, reason: str) -> None:
    thought = piece([{"type": kind, "thinking": [{"type": "text", "text": "secret"}]}])
    came, text, _ = await fault(Events(thought, thought, finish(reason)))
    assert (came, text) == ([Signal.THINKING] * 2, "model-thought")


@pytest.mark.parametrize(
    "last",
    [
        {"message": {"content": "Hello, you"}},
        {"delta": {}, "message": {"content": "Hello, you"}},
        {"delta": {"content": None}, "message": {"content": "Hello, you"}},
        {"delta": {"role": "assistant", "content": ""}, "message": {"content": "Hello, you"}},
    ],
    ids=str,
)
async def test_an_answer_that_the_last_chunk_repeats_is_read_once(last: dict[str, Any]) -> None:
    repeated = {"choices": [last | {"finish_reason": "stop"}]}
    assert await heard(Events(piece("Hello,"), piece(" you"), repeated)) == ["Hello,", " you"]


async def test_an_answer_that_came_as_reasoning_and_a_message_is_read_once() -> None:
    whole = {"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}
    thought = {"choices": [{"delta": {"reasoning_content": "hm"}}]}
    assert await heard(Events(thought, whole)) == [Signal.THINKING, "Hello"]


async def test_usage_in_the_first_chunk_alone_is_kept_as_it_came() -> None:
    first = {"choices": [{"delta": {"role": "assistant"}}], "usage": usage(5, 0)["usage"]}
    assert await heard(Events(first, piece("Hello"), finish())) == ["Hello", Usage(5, 0)]


async def test_without_done_and_with_a_reason_an_answer_is_whole() -> None:
    assert await heard(Events(piece("Hello"), finish(), ending=Ending.SILENT), read_timeout=0.3) == ["Hello"]


@pytest.mark.parametrize("later", [(0, 0), (0, 7), (5, 0)])
async def test_a_later_count_of_nothing_replaces_no_real_one(later: tuple[int, int]) -> None:
    counts = Events(piece("Hello"), usage(5, 7), finish(), usage(*later))
    assert await heard(counts) == ["Hello", Usage(5, 7)]


async def test_tokens_read_may_be_counted_first_and_those_written_last() -> None:
    assert await heard(Events(usage(5, 0), piece("Hello"), finish(), usage(0, 7))) == ["Hello", Usage(5, 7)]


async def test_cached_tokens_and_the_cost_are_kept_with_the_count() -> None:
    counted = {
        "choices": [],
        "usage": {
            "prompt_tokens": 10,
            "completion_tokens": 2,
            "prompt_tokens_details": {"cached_tokens": 8},
            "cost": 0.0125,
        },
    }
    assert await heard(Events(piece("Hello"), finish(), counted)) == [
        "Hello",
        Usage(10, 2, cached=8, cost=0.0125),
    ]


@pytest.mark.parametrize(
    ("status", "says", "times"),
    [
        (400, "Developer instruction is not enabled for models/gemma", 1),
        (400, "Conversation roles must alternate user/assistant/user/assistant/...", 1),
        (400, "Only user and assistant roles are supported!", 1),
        (422, "Unsupported value: 'messages[0].role' does not support 'system' with this model.", 1),
        (500, "While executing CallExpression\nError: Jinja Exception: System role not supported", 3),
    ],
    ids=["gemma", "vllm", "mistral", "openai", "llama.cpp"],
)
async def test_where_a_system_message_is_refused_the_first_question_carries_it(
    status: int, says: str, times: int
) -> None:
    with capture_logs() as logs:
        async with model_server() as server, model(server.url) as asked:
            server.will(*[Status(status, error(says))] * times, Answer("Hello"), Answer("Hello"))
            assert await told(asked) == ["Hello"]
            assert await told(asked) == ["Hello"]
    roles = [[m["role"] for m in r.body["messages"]] for r in server.requests]
    assert roles == [["system", "user"]] * times + [["user"]] * 2
    assert server.requests[-1].body["messages"][0]["content"] == f"Be brief.\n\n{PROMPT}"
    assert [(line["event"], line["has_system"]) for line in logs] == [("ai.asks_without", False)]


async def test_what_the_system_says_is_a_question_where_there_is_none() -> None:
    async with model_server() as server, model(server.url) as asked:
        server.will(Status(400, error("System role not supported")), Answer("Hello"))
        assert [part async for part in asked.answer([Message("system", "Greet.")], 10)] == ["Hello"]
    assert server.requests[-1].body["messages"] == [{"role": "user", "content": "Greet."}]


@pytest.mark.parametrize(
    ("status", "says", "text"),
    [
        (402, "This requires more credits, or fewer max_tokens. You can only afford 12.", "out-of-credit"),
        (400, "input length and `max_tokens` exceed context limit: 9 + 9 > 10", "too-long"),
        (400, "flagged: asks for the system prompt", "refused"),
    ],
    ids=["purse", "too long", "refused"],
)
async def test_a_refusal_of_the_request_that_names_a_parameter_is_no_refusal_of_the_parameter(
    status: int, says: str, text: str
) -> None:
    async with model_server() as server:
        server.will(Status(status, error(says)))
        assert (await fault_at(server.url))[1] == f"model-{text}"
    assert len(server.requests) == 1


async def test_of_a_usage_that_grows_with_every_chunk_only_the_last_one_is_reported() -> None:
    chunks = [piece(str(n)) | {"usage": usage(5, n)["usage"]} for n in range(3)]
    assert await heard(Events(*chunks, finish(), usage(5, 3))) == ["0", "1", "2", Usage(5, 3)]
    assert await heard(Events(*chunks, finish() | {"usage": None})) == ["0", "1", "2", Usage(5, 2)]


@pytest.mark.parametrize(
    "counts",
    [
        usage(-1, 5),
        usage(5, -1),
        usage(1.5, 5),
        usage(True, 5),  # noqa: FBT003 -- as JSON has it
        usage(None, 5),
        usage(5, 10**400),
        {"usage": {"prompt_tokens": 5}},
        {"usage": [5, 5]},
        {"usage": 5},
    ],
    ids=str,
)
async def test_an_invalid_usage_is_not_reported(counts: object) -> None:
    assert await heard(Events(piece("Hello"), finish(), counts)) == ["Hello"]
    assert await heard(Events(piece("Hello"), usage(5, 1), finish(), counts)) == ["Hello", Usage(5, 1)]


async def test_usage_in_digits_counts() -> None:
    assert await heard(Events(piece("Hello"), finish(), usage("5", "2"))) == ["Hello", Usage(5, 2)]


@pytest.mark.parametrize(
    "quirk",
    [
        {"choices": []},
        {"choices": None},
        {"choices": "none"},
        {"choices": [None]},
        {"choices": [{}]},
        {"choices": [{"delta": None}]},
        {"choices": [{"delta": "text"}]},
        {},
        None,
        [],
        5,
        "text",
        piece(None),
        piece(""),
        piece(["text"]),
        {"error": None, "choices": []},
    ],
    ids=str,
)
async def test_a_chunk_of_an_unexpected_shape_is_ignored(quirk: object) -> None:
    events = [quirk, piece("Hel"), quirk, piece("lo"), quirk, finish(), quirk, usage(1, 2), quirk]
    assert await heard(Events(*events)) == ["Hel", "lo", Usage(1, 2)]


async def test_an_answer_in_any_script_comes_whole_whatever_separates_its_lines() -> None:
    text = "Gr\u00fc\u00dfe, \u4f60\u597d\u2028\x85 \U0001f642\n"
    raw = json.dumps(piece(text), ensure_ascii=False).encode()
    assert await heard(Answer(text)) == [text]
    assert await heard(Events(raw, finish())) == [text]


async def test_an_endpoint_may_keep_the_line_open_by_comments_and_end_its_lines_as_it_likes() -> None:
    lines = [
        ": OPENROUTER PROCESSING",
        "",
        f"data:{json.dumps(piece('Hello'))}",
        "",
        f"data: {json.dumps(finish())}",
    ]
    for end in ("\n", "\r\n", "\r"):
        body = end.join([*lines, "", "data: [DONE]", "", ""]).encode()
        assert await heard(Rubbish(body, "text/event-stream")) == ["Hello"]


async def test_half_a_surrogate_pair_in_a_prompt_is_sent_as_a_question_mark() -> None:
    async with model_server() as server, model(server.url) as asked:
        parts = [part async for part in asked.answer([Message("user", "Smile \ud83d!")], 10)]
    assert parts == ["An answer."]
    assert server.requests[0].body["messages"][0]["content"] == "Smile ?!"


async def test_an_endpoint_without_keys_works() -> None:
    async with model_server() as server, model(server.url, api_key="") as asked:
        assert await told(asked) == ["An answer."]


async def test_a_key_pasted_with_its_line_end_is_the_key() -> None:
    async with model_server() as server, model(server.url, api_key=f" {KEY}\n") as asked:
        await told(asked)
    assert server.requests[0].key == KEY


@pytest.mark.parametrize("status", [400, 422])
async def test_after_a_refused_max_tokens_max_completion_tokens_is_used_from_then_on(status: int) -> None:
    async with model_server() as server, model(server.url) as asked:
        server.always(Refuses("max_tokens", Answer("Hello", usage=(1, 2)), status))
        assert await told(asked) == ["Hello", Usage(1, 2)]
        assert await told(asked) == ["Hello", Usage(1, 2)]
    first, *others = server.requests
    assert first.body["max_tokens"] == 100
    assert [other.body["max_completion_tokens"] for other in others] == [100, 100]
    assert not [other for other in others if "max_tokens" in other.body]


async def test_after_refused_stream_options_they_are_left_out_from_then_on() -> None:
    async with model_server() as server, model(server.url) as asked:
        server.always(Refuses("stream_options", Answer("Hello", usage=(1, 2))))
        assert await told(asked) == ["Hello"]
        assert await told(asked) == ["Hello"]
    assert ["stream_options" in request.body for request in server.requests] == [True, False, False]


async def test_an_endpoint_may_refuse_both_parameters() -> None:
    async with model_server() as server, model(server.url) as asked:
        server.always(Refuses("max_tokens", Refuses("stream_options", Answer("Hello"))))
        assert await told(asked) == ["Hello"]
        assert await told(asked) == ["Hello"]
    assert len(server.requests) == 4


async def test_a_parameter_refused_in_every_form_is_tried_twice_and_nothing_is_remembered() -> None:
    async with model_server() as server, model(server.url) as asked:
        server.always(Status(400, error("max_tokens is too large", param="max_tokens")))
        for _ in range(2):
            with pytest.raises(ModelFault) as caught:
                await told(asked)
            assert caught.value.text == "model-unclear"
    limits = [("max_tokens" in r.body, "max_completion_tokens" in r.body) for r in server.requests]
    assert limits == [(True, False), (False, True)] * 2


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (400, "model-unclear"),
        (401, "model-misconfigured"),
        (402, "model-out-of-credit"),
        (403, "model-misconfigured"),
        (404, "model-misconfigured"),
        (405, "model-misconfigured"),
        (408, "model-down"),
        (413, "model-too-long"),
        (422, "model-unclear"),
        (429, "model-busy"),
        (500, "model-down"),
        (503, "model-busy"),
        (529, "model-down"),
    ],
)
async def test_a_fault_has_the_status_its_type_and_its_code_and_nothing_else(status: int, text: str) -> None:
    refusal = Status(status, error(f"{KEY} may not ask: {PROMPT}", type="some_error", code="some.code-1"))
    assert await fault(refusal, refusal, refusal) == ([], text, f"{status} some_error some.code-1")


@pytest.mark.parametrize(
    ("says", "said"),
    [
        ({"error": PROMPT}, "400"),
        ({"error": {"message": PROMPT, "type": PROMPT, "code": 1113}}, "400 1113"),
        ({"error": {"type": f"bad-{KEY}", "code": "x" * 81}}, "400"),
        ({"error": {"type": ["a"], "code": {"b": 1}}}, "400"),
        ({"detail": [{"type": "missing"}]}, "400"),
        ({"type": "error", "code": None}, "400 error"),
    ],
    ids=str,
)
async def test_a_fault_contains_single_words_only(says: dict[str, Any], said: str) -> None:
    assert await fault(Status(400, says)) == ([], "model-unclear", said)


async def test_a_busy_or_failing_endpoint_is_tried_again_twice() -> None:
    async with model_server() as server, model(server.url) as asked:
        server.will(Status(429), Status(500), Answer("Hello"))
        assert await told(asked) == ["Hello"]
    assert len(server.requests) == 3


async def test_an_answer_that_has_begun_is_never_asked_for_again() -> None:
    async with model_server() as server:
        server.will(Cut())
        assert await fault_at(server.url) == ([], "model-down", "RemoteProtocolError")
    assert len(server.requests) == 1


async def test_a_refusal_whose_body_breaks_off_is_a_fault_too() -> None:
    assert await fault(Status(400, missing=5)) == ([], "model-down", "RemoteProtocolError")


async def test_a_refused_connection_is_a_model_that_is_down() -> None:
    async with model_server() as gone:
        url = gone.url
    assert await fault_at(url) == ([], "model-down", "ConnectError")


async def test_a_host_without_an_address_is_a_model_that_is_down() -> None:
    # DNS allows labels of 63 letters, so no name server is asked.
    assert (await fault_at(f"http://{'x' * 64}/v1"))[:2] == ([], "model-down")


async def test_a_connection_that_is_reset_is_a_model_that_is_down() -> None:
    async with model_server() as server:
        server.always(Reset())
        assert (await fault_at(server.url))[:2] == ([], "model-down")
    assert len(server.requests) == 3


async def test_an_endpoint_that_never_begins_is_a_model_that_is_down_and_is_asked_once() -> None:
    async with model_server() as server:
        server.always(Silence())
        assert await fault_at(server.url, read_timeout=0.2) == ([], "model-down", "TimeoutError")
    assert len(server.requests) == 1


async def test_a_stream_that_begins_and_sends_nothing_is_a_model_that_is_down() -> None:
    assert await fault(Events(ending=Ending.SILENT), read_timeout=0.2) == ([], "model-down", "ReadTimeout")


@pytest.mark.parametrize("base_url", ["127.0.0.1:1/v1", "ftp://127.0.0.1/v1"])
async def test_an_invalid_url_is_a_misconfiguration(base_url: str) -> None:
    assert await fault_at(base_url) == ([], "model-misconfigured", "UnsupportedProtocol")


async def test_a_wrong_path_is_a_misconfiguration() -> None:
    async with model_server() as server:
        assert await fault_at(server.url + "/v2") == ([], "model-misconfigured", "404")


@pytest.mark.parametrize("key", ["sk-\u043a\u043b\u044e\u0447", "sk-two\nlines", "sk-nul\0"])
async def test_a_key_that_cannot_be_sent_in_a_header_is_a_misconfiguration(
    key: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with model_server() as server:
        into, text, says = await fault_at(server.url, api_key=key)
    assert (into, text) == ([], "model-misconfigured")
    assert key not in says
    assert "sk-" not in caplog.text
    assert server.requests == []


@pytest.mark.parametrize(
    "rubbish",
    [
        Rubbish(b"data: \xff\xfe\x00\n\n", "text/event-stream"),
        Rubbish(b"", "text/event-stream"),
        Events(b"<html>"),
        Events(b'{"choices":'),
        Events(b"[" * 200_000),
        Events(b"1" * 5_000),
        Events(b"\xff"),
    ],
    ids=lambda rubbish: type(rubbish).__name__,
)
async def test_an_unreadable_answer_is_a_model_that_is_down(rubbish: Behaviour) -> None:
    assert (await fault(rubbish))[:2] == ([], "model-down")


@pytest.mark.parametrize(
    "other",
    [
        Rubbish(),
        Rubbish(content_type="text/event-stream"),
        Rubbish(b"\xff\xfe\x00\n\n", "text/event-stream"),
        Rubbish(b"It works!", "text/plain"),
        Rubbish(b'{"status": "ok"}', "application/json"),
        Rubbish(b"[]", "application/json"),
        Rubbish(b'{"message": {"content": "Hi"}}\n{"done": true}', "application/x-ndjson"),
        Rubbish(b"", "text/html"),
        Events({"type": "message_start"}, ending=Ending.CLOSED),
        Events({"choices": 7}),
    ],
    ids=["page", "wrong header", "bytes", "text", "JSON", "list", "lines", "nothing", "another API", "odd"],
)
async def test_a_success_that_is_no_completion_is_a_misconfiguration(other: Behaviour) -> None:
    assert await fault(other) == ([], "model-misconfigured", "no completion came")


WHOLE = {"choices": [{"message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}]}


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream", "text/plain"])
@pytest.mark.parametrize("indent", [None, 2])
async def test_an_endpoint_that_ignores_the_stream_and_sends_a_whole_answer_is_read(
    kind: str, indent: int | None
) -> None:
    counted = WHOLE | usage(5, 2) | {"choices": WHOLE["choices"]}
    body = b"\r\n" + json.dumps(counted, indent=indent).encode()
    assert await heard(Rubbish(body, kind)) == ["Hello", Usage(5, 2)]
    cut = json.dumps(WHOLE).replace("stop", "length").encode()
    assert (await fault(Rubbish(cut, kind)))[:2] == (["Hello"], "model-length")
    without = json.dumps(WHOLE).replace("stop", "").encode()
    assert await heard(Rubbish(without, kind)) == ["Hello"]
    assert await heard(Rubbish(body + b"data: [DONE]\n", kind)) == ["Hello", Usage(5, 2)]
    refused = json.dumps(error("Model Not Exist")).encode()
    assert (await fault(Rubbish(refused, kind)))[1] == "model-misconfigured"
    events = f"data: {json.dumps(WHOLE)}\n\n".encode()
    assert await heard(Rubbish(events, kind)) == ["Hello"]


async def test_an_error_in_the_stream_is_a_model_that_is_down() -> None:
    broken = error(f"Failed at {PROMPT}", type="server_error", code=502)
    assert await fault(Events(broken)) == ([], "model-down", "APIError server_error 502")
    assert (await fault(Events({"error": PROMPT})))[:2] == ([], "model-down")


@pytest.mark.parametrize(
    "broken",
    [
        {"error": "Model Not Exist"},
        error("Model Not Exist"),
        error("x", code="invalid_api_key"),
        {"object": "error", "message": "Model Not Exist", "type": "NotFoundError", "code": 404},
        {"choices": None, "error_type": "NotFound", "error_message": "Model Not Exist"},
    ],
    ids=["text", "message", "code", "flat", "other names"],
)
async def test_an_error_in_the_stream_is_whose_it_says(broken: object) -> None:
    assert (await fault(Events(broken)))[:2] == ([], "model-misconfigured")
    assert (await fault(Events(piece(TEXT), broken)))[0] == [TEXT]


@pytest.mark.parametrize(
    "ending",
    [
        Cut(TEXT),
        Events(piece(TEXT), ending=Ending.CLOSED),
        Events(piece(TEXT), error(TEXT)),
        Events(piece(TEXT), b"{"),
        Events(piece(TEXT), finish("error")),
    ],
    ids=["broken", "closed", "error", "rubbish", "finished by an error"],
)
async def test_any_fault_after_some_text_is_a_cut_answer(ending: Behaviour) -> None:
    assert (await fault(ending))[:2] == ([TEXT], "model-cut")


async def test_silence_after_some_text_is_a_cut_answer() -> None:
    silent = Events(piece(TEXT), ending=Ending.SILENT)
    assert (await fault(silent, read_timeout=0.5))[:2] == ([TEXT], "model-cut")


async def test_the_usage_of_a_cut_answer_is_reported() -> None:
    counting = piece(TEXT) | {"usage": usage(5, 2)["usage"]}
    broken = Events(counting, ending=Ending.BROKEN)
    assert await fault(broken) == ([TEXT, Usage(5, 2)], "model-cut", "RemoteProtocolError")


@pytest.mark.parametrize("ending", [Ending.CLOSED, Ending.BROKEN, Ending.SILENT])
async def test_an_answer_that_said_it_was_finished_is_whole_however_its_stream_ends(ending: Ending) -> None:
    assert await heard(Events(piece("Hello"), finish(), ending=ending), read_timeout=2) == ["Hello"]


@pytest.mark.parametrize(
    "late", [error(TEXT), {"error": TEXT}, error("x", code="invalid_api_key"), b"{"], ids=str
)
async def test_an_error_after_the_last_word_takes_nothing_away(late: object) -> None:
    assert await heard(Events(piece("Hello"), finish(), late)) == ["Hello"]


async def test_a_content_filter_is_a_refusal_that_keeps_what_was_written_and_counted() -> None:
    filtered = Answer(TEXT, usage=(5, 1), reason="content_filter")
    assert await fault(filtered) == ([TEXT, Usage(5, 1)], "model-refused", "content_filter")
    assert await fault(Answer(reason="content_filter")) == ([], "model-refused", "content_filter")


async def test_a_refusal_in_the_models_own_words_is_a_refusal() -> None:
    refusal = {"choices": [{"delta": {"refusal": TEXT}, "finish_reason": None}]}
    assert await fault(Events(refusal, finish())) == ([], "model-refused", "refusal")


async def test_closing_an_answer_early_closes_its_connection() -> None:
    async with model_server() as server, model(server.url) as asked:
        server.will(Silence("Hello"))
        answer = asked.answer(ASKED, 100)
        await anext(answer)
        await answer.aclose()
        await server.requests[0].left.wait()


async def test_cancelling_an_answer_closes_its_connection() -> None:
    begun = asyncio.Event()

    async def listen(asked: OpenAIModel) -> None:
        async for _ in asked.answer(ASKED, 100):
            begun.set()

    async with model_server() as server, model(server.url) as asked:
        server.will(Silence("Hello"))
        task = asyncio.create_task(listen(asked))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.requests[0].left.wait()


async def everything(server: ModelServer) -> None:
    """Answer, fail, break off and retry, with secrets in every answer of the endpoint."""
    secret = error(f"{KEY} {PROMPT}", type=PROMPT)
    server.will(Answer(TEXT), Status(429, secret), Status(500, secret), Status(400, secret))
    server.will(Cut(TEXT), Events(piece(TEXT), secret), Refuses("max_tokens", Answer(TEXT)))
    async with model(server.url, read_timeout=0.3) as asked:
        for _ in range(6):
            try:
                await told(asked)
            except ModelFault:
                logging.getLogger("here").exception("A fault")


async def test_no_log_holds_the_key_or_a_prompt_or_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    for name in ("", "openai", "httpcore2.http11"):
        caplog.set_level(logging.DEBUG, name)
    async with model_server() as server:
        await everything(server)
    assert "Sending HTTP Request: POST" in caplog.text
    assert "A fault" in caplog.text
    assert not [secret for secret in (KEY, PROMPT, TEXT, server.url) if secret in caplog.text]
