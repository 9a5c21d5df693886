"""The demo's model, with nobody behind it: it says that it does not think, and repeats itself exactly."""

import json
import math
from collections.abc import AsyncIterator, Sequence
from typing import Any

from bot_platform.sandbox.movable_clock import delay
from bot_platform.sandbox.offline_project import project, telling, words
from bot_platform.work.engine.model import BYTES_A_TOKEN, Message, Usage
from bot_platform.work.kinds.ask import WHO
from bot_platform.work.kinds.build import prompts
from bot_platform.work.kinds.build.prompts import PATH, REQUEST, clip

PIECES = 60  # of an answer, whatever its length: with the pause below about three seconds
PAUSE = 0.05  # seconds before each
QUOTED = 8  # words of a question that stand in an answer
BOLD = 3
SECTIONS = 22  # of an answer that is to be long: two messages

ANSWER = """**I am the demo's offline model.** I do not think and know nothing: I play with your words, so \
that you can see how an answer is written, paid for and remembered. Nothing you write leaves this computer.

You asked about {about}. A model that thinks would now

- say in one sentence what it comes to,
- explain **{longest}** with an example,
- and name what is often got wrong.

What I can really do is count letters:

```python
words = {words!r}
print(max(words, key=len))  # {longest}
```

{remembers}"""
FIRST = (
    "This is the first turn of our conversation. *Ask on*, and I am given this one again; ask for something"
    " _long_, and the answer takes several messages."
)
LATER = (
    "I was given **{turns} earlier turns** of our conversation; the last question was about **{last}**."
    " With /new I forget them."
)
SECTION = """

### {n}. {word}

Here a model that thinks would go on about **{word}**. I only repeat myself, so that you see where a long \
answer is cut: between two paragraphs, never inside `a word` or a format."""
OTHER = (
    "I am the demo's offline model and do not think. I read {count} words, the longest is **{longest}**;"
    " a real model would now do what they say."
)


class OfflineModel:
    """Answers at once and for nothing; `pause` is the seconds before each piece of an answer."""

    name = "offline"

    def __init__(self, pause: float = PAUSE) -> None:
        self._pause = pause

    async def answer(self, messages: Sequence[Message], most_tokens: int) -> AsyncIterator[str | Usage]:
        """Write an answer piece by piece, and report four bytes as a token."""
        text = clip(_answer(messages), most_tokens * BYTES_A_TOKEN)
        length = max(1, math.ceil(len(text) / PIECES))
        for start in range(0, len(text), length):
            await delay(self._pause)
            yield text[start : start + length]
        yield Usage(_tokens(*(message.text for message in messages)), _tokens(text))

    async def close(self) -> None:
        """Let go of nothing."""


def _answer(messages: Sequence[Message]) -> str:
    if messages[0] == WHO:
        return _chat(messages[1:])
    match messages[0].text.partition("\n")[0]:
        case prompts.PLAN:
            return _plan(_marked(messages, REQUEST))
        case prompts.FILE:
            return _file(_marked(messages, REQUEST), _marked(messages, PATH))
        case prompts.README:
            return _fenced(project(_marked(messages, REQUEST)).readme)
    said = words(" ".join(message.text for message in messages)) or ["nothing"]
    return OTHER.format(count=len(said), longest=max(said, key=len))


def _chat(turns: Sequence[Message]) -> str:
    """Answer a question with its own words; `turns` are the conversation, the question last."""
    *before, question = (turn.text for turn in turns)
    about = telling(question)[:QUOTED] or ["nothing"]
    remembers = LATER.format(turns=len(before), last=_longest(before[-2])) if before else FIRST
    text = ANSWER.format(
        about=_listed([f"**{word}**" for word in about[:BOLD]]),
        longest=max(about, key=len),
        words=about,
        remembers=remembers,
    )
    more = SECTIONS if "long" in about else 0
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


def _marked(messages: Sequence[Message], mark: str) -> str:
    """Read the first marked line; what stands behind the mark is a JSON string."""
    lines = (line for message in messages for line in message.text.split("\n") if line.startswith(mark))
    found: Any = json.loads(next(lines, f'{mark}""').removeprefix(mark))
    return str(found)


def _longest(text: str) -> str:
    return max(telling(text), key=len, default="nothing")


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _tokens(*texts: str) -> int:
    return math.ceil(sum(len(text.encode(errors="replace")) for text in texts) / BYTES_A_TOKEN)
