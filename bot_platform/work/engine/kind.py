"""A kind of work: a command, its price, and the coroutine that does it."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bot_platform.work.engine.model import Message, Rates

CODE = re.compile(r"[a-z][a-z0-9_]{0,31}")  # Telegram's rule for a command


@dataclass(frozen=True, slots=True)
class Quote:
    """A price in hundredths of a credit: at most `most` in all; `first` is held for the first step."""

    most: int
    first: int


@dataclass(frozen=True, slots=True)
class Order:
    """A user's request, the earlier turns of the conversation, and the text that the request is about.

    `quoted` is the message that the user replied to, or the part of it that they marked. Only a kind that
    `reads_quotes` gets it.
    """

    request: str
    before: tuple[Message, ...] = ()
    quoted: str = ""

    @property
    def prompt(self) -> str:
        """The request, and above it what it is about, as a quote in Markdown."""
        lines = [f"> {line}" for line in self.quoted.splitlines()]
        return "\n".join([*lines, "", self.request]) if lines else self.request


@dataclass(frozen=True, slots=True)
class Files:
    """A result that is sent as a ZIP: text files by their paths, and a caption in Markdown."""

    name: str
    files: Mapping[str, str]
    caption: str


class JobContext(Protocol):
    """What the coroutine of a kind gets: its order, the model, and ways to show and save progress."""

    order: Order
    saved: Any  # the object of the last checkpoint; None at the first start

    @property
    def rates(self) -> Rates:
        """The price of tokens."""

    async def answer(self, *messages: Message | str, most_tokens: int, show: bool = False) -> str:
        """Ask the model; with `show` the user reads the text while it is written. Raises ModelFault."""

    async def progress(self, done: int, of: int, what: str) -> None:
        """Show how far the work is."""

    async def checkpoint(self, saved: Mapping[str, Any], *, most: int, first: int) -> None:
        """Save what is finished, charge for it, and hold `first` for the next step.

        `saved` is a JSON object. When the job starts again it is in `context.saved`; until then the user
        can ask for its `files`. `most` is the price of all that is left. If the credits are not enough,
        this run ends, the job waits, and later starts again.
        """


Price = Callable[[Order, Rates], Quote]
Work = Callable[[JobContext], Awaitable[str | Files]]


class CannotDo(Exception):
    """Raised by a kind: the work ends without a result and without a charge, for a reason the user reads.

    `text` names a text of `telegram/locales`, `values` are the values in it (texts and whole
    numbers; credits in hundredths), `files` what was finished. For a name that is missing there the user
    reads `work-failed`.
    """

    def __init__(self, text: str, /, files: Files | None = None, **values: Any) -> None:
        super().__init__(text)
        self.text, self.files, self.values = text, files, values


@dataclass(frozen=True, slots=True)
class JobKind:
    """A paid command.

    `price` quotes an order. With `fixed` the quote is the price, whatever was used. A kind that
    `remembers` gets the user's last orders of this kind as `order.before`; one that `reads_quotes` gets
    what the order replies to as `order.quoted`.
    """

    code: str
    help: str
    work: Work
    price: Price
    fixed: bool
    needs_model: bool
    remembers: bool
    reads_quotes: bool = False


def kind(
    code: str,
    help: str,  # noqa: A002 -- the word of every command line for this text
    *,
    price: int | Price,
    needs_model: bool = True,
    remembers: bool = False,
    reads_quotes: bool = False,
) -> Callable[[Work], JobKind]:
    """Make a coroutine a paid command: `/code`, explained by `help`.

    `price` is a fixed number of hundredths of a credit, or a function that quotes an order; the work then
    costs what it used of the model. Raises ValueError for a bad code or price.
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

    def decorate(work: Work) -> JobKind:
        return JobKind(code, help, work, quote, fixed is not None, needs_model, remembers, reads_quotes)

    return decorate


def by_usage(most_tokens: int, *prompt: Message) -> Price:
    """Quote by what the model reads (`prompt`, earlier turns, request, quoted) and the most it may write."""

    def quote(order: Order, rates: Rates) -> Quote:
        texts = [order.prompt, *(turn.text for turn in (*prompt, *order.before))]
        most = rates.most("".join(texts), most_tokens)
        return Quote(most, most)

    return quote
