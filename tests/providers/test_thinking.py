"""Reasoning is taken out of an answer, however its text is cut into pieces."""

import itertools
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot_platform.providers.openai.code_tracker import CodeTracker
from bot_platform.providers.openai.stream import AnswerStream
from bot_platform.providers.openai.thinking import ThinkFilter
from bot_platform.work.engine.model import Signal

PARTS = [
    "<think>",
    "</think>",
    "<THINKING>",
    "</thinking>",
    "</reasoning>",
    "<",
    "</",
    "think>",
    ">",
    " ",
    "\t",
]
PARTS += ["[THINK]", "[/THINK]", "[", ":", "(", ")", '"', "word"]
PARTS += ["\n", "\r\n", "\n\n", "a", "İ", "```", "~~~", "`", "    ", "> ", "- ", "answer"]

# What came, and what of it is the answer.
ANSWERS = [
    ("<think>secret</think>Hello", "Hello"),
    ("<think>one</think>\n\n<think>two</think>\n\nHello", "Hello"),
    ("secret\n</think>\n\nHello", "Hello"),
    ("secret</think>\nHello", "Hello"),
    ("secret</think>", ""),
    ("secret</think> \t", ""),
    ("the tag </think> ends it", "the tag </think> ends it"),
    ("the tag </think>ends it", "ends it"),
    ('{"draft": 1} no, better:</think>{"ok": 1}', '{"ok": 1}'),
    ("so. </think>Hello", "Hello"),
    ("so.</think> Hello", "Hello"),
    ('Okay. <think>{"draft": 1}</think>{"ok": 1}', 'Okay. {"ok": 1}'),
    ("Okay. <think>\nsecret\n</think>\nHello", "Okay. \nHello"),
    ("Okay:<think>secret</think> Hello", "Okay: Hello"),
    ("Okay<think>secret</think>Hello", "Hello"),
    ("[THINK]secret[/THINK]Hello", "Hello"),
    ("secret[/THINK]Hello", "Hello"),
    ("[think](https://x.org) [THINKING]", "[think](https://x.org) [THINKING]"),
    ("Say <think>, then </think>.", "Say <think>, then </think>."),
    (
        'It ends with "</think>" (</think>) or **</think>**.',
        'It ends with "</think>" (</think>) or **</think>**.',
    ),
    ("a List<Thought> and a Map<Thinking> of mine", "a List<Thought> and a Map<Thinking> of mine"),
    ("    <think>secret</think>Hello", "Hello"),
    ("Hello <think", "Hello <think"),
    ("Hello [", "Hello ["),
    ("Hello\n<think>a</think>\n[THINK]b[/THINK]\nyou", "Hello\n\n\nyou"),
    ("\n<think>x</think>\nHello", "Hello"),
    ("    code\nmore", "    code\nmore"),
    ("\n  \nHello", "\n  \nHello"),
    ("<think>İİİ güneş</think>İyi", "İyi"),
    ("İ güneş\n</think>\nİyi", "İyi"),
    ("Write `<think>` so", "Write `<think>` so"),
    ("```\n<think>\nx\n</think>\n```\ny", "```\n<think>\nx\n</think>\n```\ny"),
    ("````\n```\n<think>\n````\ny", "````\n```\n<think>\n````\ny"),
    ("- ```\n  <think>\n  ```\n", "- ```\n  <think>\n  ```\n"),
    ("Hello\n<think>never ends", "Hello\n"),
    ("Hello <", "Hello <"),
    ("Hello\n</thin", "Hello\n</thin"),
    ("<thİnk>x</thİnk>", "<thİnk>x</thİnk>"),
    ("a\n</think>\nb\n</think>\nc", "c"),
    ("<think>a</think>\nb\n</think>\n\nc", "c"),
    ("<think>a</think>\nb\n</think> c", "b\n</think> c"),
    ("<thought>secret</thought>\nHello", "Hello"),
    ("R1\n</think>\nV1\n<reasoning>SECRET</reasoning>V2", "V1\nV2"),
    ("<think>secret</think>ANSWER", "ANSWER"),
]


def answer(pieces: Sequence[str]) -> str:
    """Join what is shown of pieces of a stream."""
    reader, text = ThinkFilter(), ""
    for shown in [*map(reader.feed, pieces), reader.end()]:
        text = shown.text if shown.retracts else text + shown.text
    return text


def cuts(text: str) -> Iterator[list[str]]:
    """Cut a text in every way into up to three pieces, and into single signs."""
    for first, second in itertools.combinations_with_replacement(range(len(text) + 1), 2):
        yield [text[:first], text[first:second], text[second:]]
    yield list(text)


@pytest.mark.parametrize(("came", "shown"), ANSWERS)
def test_reasoning_is_left_out_however_it_is_cut(came: str, shown: str) -> None:
    assert {answer(pieces) for pieces in cuts(came)} == {shown}


@given(st.lists(st.sampled_from(PARTS), max_size=12), st.data())
@example(["a", "</think>", "answer"], None)
@example(["\n", "<think>", "a", "</think>", "\n", "answer"], None)
@example(["</think>", "\n", "    ", "```", "<think>"], None)
@example([" ", "`", "\n", "<think>", "</think>"], None)
def test_the_answer_does_not_depend_on_the_cuts(parts: list[str], data: st.DataObject | None) -> None:
    text = "".join(parts)
    whole = answer([text])
    assert answer(list(text)) == whole
    assert answer(parts) == whole
    if data:
        places = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
        assert answer([text[a:b] for a, b in itertools.pairwise([0, *places, len(text)])]) == whole


@given(st.lists(st.sampled_from(PARTS), max_size=12))
def test_how_an_answer_is_judged_does_not_depend_on_the_cuts(parts: list[str]) -> None:
    text = "".join(parts)
    assert judged(list(text)) == judged(parts) == judged([text])


def judged(pieces: Sequence[str]) -> tuple[str, bool, bool]:
    """Read a stream; return the answer, and whether there was text and reasoning."""
    stream, text = AnswerStream(), ""
    chunks = [{"choices": [{"delta": {"content": piece}}]} for piece in pieces]
    for came in [*(stream.take(chunk) for chunk in chunks), stream.end()]:
        for piece in came:
            if piece is Signal.RETRACTED:
                text = ""
            elif isinstance(piece, str):
                text += piece
    return text, stream.has_text, stream.has_reasoning


def test_reasoning_in_one_chunk_is_known_as_reasoning() -> None:
    assert judged(["<think>so</think>"]) == ("", False, True)
    assert judged(["<think>so</think>Hello"]) == ("Hello", True, True)


@given(st.lists(st.sampled_from(PARTS), max_size=12))
def test_code_is_followed_however_it_is_cut(parts: list[str]) -> None:
    by_part, by_sign = CodeTracker(), CodeTracker()
    for part in parts:
        by_part.add(part)
    for sign in "".join(parts):
        by_sign.add(sign)
    assert by_part == by_sign
