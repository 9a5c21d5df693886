"""The demo's offline model: deterministic answers built from the words of the question."""

import json
import math
from collections.abc import AsyncIterator, Sequence
from typing import Any

from bot_platform.sandbox.movable_clock import delay
from bot_platform.sandbox.offline_project import keywords, project, words
from bot_platform.work.engine.model import BYTES_PER_TOKEN, Message, ModelFault, Usage
from bot_platform.work.kinds.ask import SYSTEM_PROMPT
from bot_platform.work.kinds.build import prompts
from bot_platform.work.kinds.build.prompts import PATH, REQUEST, clip

PIECES_PER_ANSWER = 60  # with the pause below an answer takes about three seconds
PAUSE_SECONDS = 0.05  # before each piece
MAX_QUOTED_WORDS = 8
MAX_BOLD_WORDS = 3
LONG_ANSWER_SECTIONS = 22  # enough for two messages

CHAT_ANSWER = """**I am the demo's offline model.** I do not think and know nothing: I play with your words, \
so that you can see how an answer is written, paid for and remembered. Nothing you write leaves this computer.

You asked about {about}. A model that thinks would now

- say in one sentence what it comes to,
- explain **{longest}** with an example,
- and name what is often got wrong.

What I can really do is count letters:

```python
words = {words!r}
print(max(words, key=len))  # {longest}
```

{memory}"""
FIRST_TURN = (
    "This is the first turn of our conversation. *Ask on*, and I am given this one again; ask for something"
    " _long_, and the answer takes several messages."
)
LATER_TURN = (
    "I was given **{turns} earlier turns** of our conversation; the last question was about **{last}**."
    " With /new I forget them."
)
SECTION = """

### {n}. {word}

Here a model that thinks would go on about **{word}**. I only repeat myself, so that you see where a long \
answer is cut: between two paragraphs, never inside `a word` or a format."""
OTHER_ANSWER = (
    "I am the demo's offline model and do not think. I read {count} words, the longest is **{longest}**;"
    " a real model would now do what they say."
)


THOUGHT = "<think>\nA first draft, which is rejected: **{word}** is a fish.\n</think>\n\n"


class OfflineModel:
    """A model without network and cost; `pause` is the seconds before each piece of an answer.

    Faults: with `thinks` a rejected draft stands in the text before the answer, as `<think>...</think>`; with
    `breaks_off` the stream ends half-way. Both can be set at any time and count from the next answer on.
    """

    name = "offline"
    endpoint = "here"

    def __init__(self, pause: float = PAUSE_SECONDS) -> None:
        self._pause = pause
        self.thinks = False
        self.breaks_off = False

    async def answer(self, messages: Sequence[Message], most_tokens: int) -> AsyncIterator[str | Usage]:
        """Yield an answer in pieces, then its usage, with four bytes as one token.

        Raises ModelFault if the stream breaks off.
        """
        breaks_off = self.breaks_off
        thought = THOUGHT.format(word=_longest(messages[-1].text)) if self.thinks else ""
        text = clip(thought + _answer(messages), most_tokens * BYTES_PER_TOKEN)
        length = max(1, math.ceil(len(text) / PIECES_PER_ANSWER))
        for start in range(0, len(text), length):
            if breaks_off and start > len(text) // 2:
                raise ModelFault("model-cut", "the stream broke off")
            await delay(self._pause)
            yield text[start : start + length]
        yield Usage(_tokens(*(message.text for message in messages)), _tokens(text))

    async def close(self) -> None:
        """Do nothing: the model holds no resources."""


def _answer(messages: Sequence[Message]) -> str:
    if messages[0] == SYSTEM_PROMPT:
        return _chat(messages[1:])
    match messages[0].text.partition("\n")[0]:
        case prompts.PLAN:
            return _plan(_marked_value(messages, REQUEST))
        case prompts.FILE:
            return _file(_marked_value(messages, REQUEST), _marked_value(messages, PATH))
        case prompts.README:
            return _fenced(project(_marked_value(messages, REQUEST)).readme)
    prompt_words = words(" ".join(message.text for message in messages)) or ["nothing"]
    return OTHER_ANSWER.format(count=len(prompt_words), longest=max(prompt_words, key=len))


def _chat(turns: Sequence[Message]) -> str:
    """Answer the last of `turns`; the others are the earlier conversation."""
    *before, question = (turn.text for turn in turns)
    about = keywords(question)[:MAX_QUOTED_WORDS] or ["nothing"]
    memory = LATER_TURN.format(turns=len(before), last=_longest(before[-2])) if before else FIRST_TURN
    text = CHAT_ANSWER.format(
        about=_enumerate([f"**{word}**" for word in about[:MAX_BOLD_WORDS]]),
        longest=max(about, key=len),
        words=about,
        memory=memory,
    )
    more = LONG_ANSWER_SECTIONS if "long" in about else 0
    return text + "".join(SECTION.format(n=n + 1, word=about[n % len(about)]) for n in range(more))


def _plan(request: str) -> str:
    made = project(request)
    files = [{"path": path, "purpose": file.purpose} for path, file in made.files.items()]
    summary = f"A plan of work for: {made.title}"
    return json.dumps({"name": made.name, "summary": summary, "files": files}, ensure_ascii=False)


def _file(request: str, path: str) -> str:
    file = project(request).files.get(path)
    return _fenced(file.text if file else f"Nothing is known of {path} here.\n")


def _fenced(text: str) -> str:
    return f"````\n{text}````"


def _marked_value(messages: Sequence[Message], marker: str) -> str:
    """Return the JSON string after the marker in the first line that starts with it."""
    lines = (line for message in messages for line in message.text.split("\n") if line.startswith(marker))
    found: Any = json.loads(next(lines, f'{marker}""').removeprefix(marker))
    return str(found)


def _longest(text: str) -> str:
    return max(keywords(text), key=len, default="nothing")


def _enumerate(items: Sequence[str]) -> str:
    *others, last = items
    return f"{', '.join(others)} and {last}" if others else last


def _tokens(*texts: str) -> int:
    return math.ceil(sum(len(text.encode(errors="replace")) for text in texts) / BYTES_PER_TOKEN)
