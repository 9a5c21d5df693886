"""Bar charts of many days, in the units of a scalable picture: 10 wide for each day, 100 high."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from bot_platform.domain.amounts import credits_text, money_text
from bot_platform.domain.overview import Day

DAY_WIDTH, HEIGHT, GAP = 10, 100, 2


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; `series` counts from 0."""

    x: float
    y: float
    width: float
    height: float
    series: int


@dataclass(frozen=True, slots=True)
class Column:
    """One day: its bars, and their values as text."""

    day: date
    bars: Sequence[Bar]
    labels: Sequence[str]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: `totals` has the sum of each series as text, `peak` the value of the highest bar."""

    name: str
    provider: str
    totals: Sequence[str]
    peak: str
    columns: Sequence[Column]

    @property
    def width(self) -> int:
        """The width, in units."""
        return DAY_WIDTH * len(self.columns)


def takings(days: Sequence[Day]) -> Sequence[Chart]:
    """Chart the takings net of returned money, by provider and currency: two currencies have no sum."""
    kinds = sorted({kind for day in days for kind in day.net})

    def draw(provider: str, currency: str) -> Chart:
        values = [day.net.get((provider, currency), 0) for day in days]
        return _chart(currency.upper(), provider, days, [values], lambda n: money_text(n, currency))

    return [draw(*kind) for kind in kinds]


def credits_moved(days: Sequence[Day]) -> Chart:
    """Chart the credits sold beside the credits spent."""
    return _chart("", "", days, [[day.sold for day in days], [day.spent for day in days]], credits_text)


def _chart(
    name: str,
    provider: str,
    days: Sequence[Day],
    series: Sequence[Sequence[int]],
    label: Callable[[int], str],
) -> Chart:
    highest = max(max(values, default=0) for values in series)
    width = (DAY_WIDTH - GAP) / len(series)

    def bar(column: int, number: int, value: int) -> Bar:
        height = round(HEIGHT * max(0, value) / highest, 2) if highest > 0 else 0
        return Bar(column * DAY_WIDTH + GAP / 2 + number * width, HEIGHT - height, width, height, number)

    columns = [
        Column(
            day.date,
            [bar(at, number, values[at]) for number, values in enumerate(series)],
            [label(values[at]) for values in series],
        )
        for at, day in enumerate(days)
    ]
    return Chart(name, provider, [label(sum(values)) for values in series], label(highest), columns)
