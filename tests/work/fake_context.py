"""A job context without a database: a scripted model answers, and holds and messages are recorded."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot_platform.work.engine.kind import Order
from bot_platform.work.engine.model import Message, ModelFault, Rates
from bot_platform.work.kinds.build.prompts import FILE, PATH, PLAN, README

RATES = Rates(10, 40)
PLANNED = [("notes/__init__.py", "a package"), ("notes/store.py", "keeps notes"), ("main.py", "starts it")]
WRITTEN = {
    "notes/__init__.py": '"""Notes."""\n',
    "notes/store.py": "NOTES = []\n",
    "main.py": "from notes.store import NOTES\n",
    "README.md": "# Notes\n",
}


class Crash(Exception):
    """The process dies here."""


@dataclass
class Model:
    """Answers by `texts`: the answers to "plan" and to each path, in order; the last one is repeated."""

    texts: dict[str, Sequence[str | ModelFault]]
    asked: list[str] = field(default_factory=list)

    def __call__(self, prompt: tuple[Message, ...]) -> str:
        what = wanted(prompt)
        nth = self.asked.count(what)
        self.asked.append(what)
        answers = self.texts[what]
        answer = answers[min(nth, len(answers) - 1)]
        if isinstance(answer, ModelFault):
            raise answer
        return answer


@dataclass
class Ask:
    """One request to the model."""

    prompt: tuple[Message, ...]
    most_tokens: int

    @property
    def most(self) -> int:
        return RATES.most("".join(message.text for message in self.prompt), self.most_tokens)


@dataclass
class Step:
    """The price of a step and what it holds, and the requests made in it."""

    most: int
    first: int
    asks: list[Ask] = field(default_factory=list)


@dataclass
class FakeContext:
    """Records what the work does; crashes after `crash_after` checkpoints, or at an answer."""

    order: Order
    model: Callable[[tuple[Message, ...]], str]
    steps: list[Step]
    saved: Any = None
    crash_after: int = -1
    crash_at_answer: int = -1
    rates: Rates = RATES
    shown: list[tuple[int, int, str]] = field(default_factory=list)
    checkpoints: int = 0
    answers: int = 0

    async def answer(self, *messages: Message | str, most_tokens: int, show: bool = False) -> str:
        assert not show
        if self.answers == self.crash_at_answer:
            raise Crash
        self.answers += 1
        prompt = tuple(Message("user", m) if isinstance(m, str) else m for m in messages)
        self.steps[-1].asks.append(Ask(prompt, most_tokens))
        return self.model(prompt)

    async def progress(self, done: int, of: int, what: str) -> None:
        if self.shown[-1:] != [(done, of, what)]:  # a repeated one changes no message
            self.shown.append((done, of, what))

    async def checkpoint(self, saved: Any, *, most: int, first: int) -> None:
        self.saved = json.loads(json.dumps(saved, sort_keys=True))  # PostgreSQL changes the order of keys too
        self.steps.append(Step(most, first))
        self.checkpoints += 1
        if self.checkpoints == self.crash_after:
            raise Crash


def wanted(prompt: tuple[Message, ...]) -> str:
    """Return what a prompt asks for: "plan" or a path."""
    first = prompt[0].text.split("\n", maxsplit=1)[0]
    if first in {PLAN, README}:
        return "plan" if first == PLAN else "README.md"
    assert first == FILE
    return str(marked(prompt, PATH))


def marked(prompt: tuple[Message, ...], mark: str) -> Any:
    """Return the value of the first line with this mark."""
    line = next(line for line in prompt[1].text.split("\n") if line.startswith(mark))
    return json.loads(line.removeprefix(mark))


def plan_of(planned: list[tuple[str, str]], name: str = "Notes", summary: str = "Keeps notes.") -> str:
    """Return an answer with a plan, as models write it."""
    files = [{"path": path, "purpose": purpose} for path, purpose in planned]
    return f"Sure!\n```json\n{json.dumps({'name': name, 'summary': summary, 'files': files})}\n```"


def model(**changes: str | ModelFault | Sequence[str | ModelFault]) -> Model:
    """Script a model that writes the notes project, with `changes` to its answers."""
    texts: dict[str, Sequence[str | ModelFault]] = {"plan": [plan_of(PLANNED)]}
    texts |= {path: [f"````\n{text}````"] for path, text in WRITTEN.items()}
    return Model(texts | {key: [v] if isinstance(v, str | ModelFault) else v for key, v in changes.items()})
