"""A kind of work: a command, its price at most, and the coroutine that does it."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bot_platform.work.engine.model import Message, Rates

CODE = re.compile(r"[a-z][a-z0-9_]{0,31}")  # what Telegram takes for a command


@dataclass(frozen=True, slots=True)
class Quote:
    """A price in hundredths of a credit: `most` in all, of which `first` is held to begin."""

    most: int
    first: int


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants: their words, and the turns of the conversation before."""

    request: str
    before: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Files:
    """A result that is delivered as a ZIP: text files by their paths, and a caption in Markdown."""

    name: str
    files: Mapping[str, str]
    caption: str


class JobContext(Protocol):
    """What a piece of work sees of the house while it runs."""

    order: Order
    kept: Any  # what the last checkpoint kept; None at the first start

    @property
    def rates(self) -> Rates:
        """What tokens cost."""

    async def answer(self, *messages: Message | str, most_tokens: int, show: bool = False) -> str:
        """Ask the model; `show` lets the person read along. Raises ModelFault."""

    async def progress(self, done: int, of: int, what: str) -> None:
        """Say how far the work is."""

    async def checkpoint(self, kept: Mapping[str, Any], *, most: int, first: int) -> None:
        """Keep what is finished, charge for it, and hold `first` for the next step.

        `kept` is a JSON object, and comes back as `kept` when the work goes on; its `files` can be fetched
        meanwhile. `most` is what all that is left can cost. When the credits do not reach, the work
        ends here, waits, and starts again from `kept`.
        """


Price = Callable[[Order, Rates], Quote]
Work = Callable[[JobContext], Awaitable[str | Files]]


class CannotDo(Exception):
    """The work ends without a result, for a reason its person can read; nothing is charged for it.

    `text` names a text of `telegram/locales`; `values` stand in it. `files` are what was finished.
    """

    def __init__(self, text: str, files: Files | None = None, **values: Any) -> None:
        super().__init__(text)
        self.text, self.files, self.values = text, files, values


@dataclass(frozen=True, slots=True)
class JobKind:
    """A paid command: `price` quotes it, `fixed` says that the quote is the price whatever was used.

    One that `remembers` builds on the same person's last orders of its kind.
    """

    code: str
    help: str
    work: Work
    price: Price
    fixed: bool
    needs_model: bool
    remembers: bool


def kind(
    code: str,
    help: str,  # noqa: A002 -- what a command's help is called
    *,
    price: int | Price,
    needs_model: bool = True,
    remembers: bool = False,
) -> Callable[[Work], JobKind]:
    """Make a coroutine a paid command: `/code`, explained by `help`.

    `price` is a fixed number of hundredths of a credit, or a function that quotes an order, whose
    work then costs what it used of the model. Raises ValueError for what cannot be a command.
    """
    if not CODE.fullmatch(code):
        raise ValueError(f"{code!r} cannot be a command: 1 to 32 of a-z, 0-9 and _, a letter first")
    fixed = price if isinstance(price, int) else None
    if fixed is not None and fixed <= 0:
        raise ValueError(f"/{code} costs {fixed}, but paid work costs at least 0.01 credits, which is 1")

    def quote(order: Order, rates: Rates) -> Quote:
        if callable(price):
            return price(order, rates)
        return Quote(price, price)

    def made(work: Work) -> JobKind:
        return JobKind(code, help, work, quote, fixed is not None, needs_model, remembers)

    return made


def by_usage(most_tokens: int, *said: Message) -> Price:
    """Quote by the length of all that the model reads, `said` included, and the most it may write."""

    def quote(order: Order, rates: Rates) -> Quote:
        words = [order.request, *(turn.text for turn in (*said, *order.before))]
        most = rates.most("".join(words), most_tokens)
        return Quote(most, most)

    return quote
