"""What the parser of Markdown says: events, and the bytes of the text that each stands for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import pyromark

Event = str | Mapping[str, Any]

OPTIONS = (
    pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH | pyromark.Options.ENABLE_TASKLISTS
)
# `>>>>` makes two events of each byte. Only a table makes many more: its rows are filled up with empty cells.
MAX_EVENTS_PER_CHAR, FREE_EVENTS = 3, 1000


class TooManyEvents(Exception):
    """The events of a text are so many that reading them would take seconds."""


@dataclass(frozen=True, slots=True)
class Found:
    """An event of the parser, and where it stands: `start` and `end` in bytes of UTF-8."""

    event: Event
    start: int
    end: int

    def becomes(self, event: Event) -> "Found":
        """Put another event in this one's place."""
        return Found(event, self.start, self.end)

    @property
    def opens(self) -> str:
        """The name of what begins here, or an empty text."""
        return _name(self.event, "Start")

    @property
    def closes(self) -> str:
        """The name of what ends here, or an empty text."""
        return _name(self.event, "End")

    @property
    def holds(self) -> Mapping[str, Any]:
        """What the event says of its content."""
        return self.event if isinstance(self.event, Mapping) else {}


def parse(text: str) -> Iterator[Found]:
    """Parse a text into events, in order; raises TooManyEvents."""
    most = MAX_EVENTS_PER_CHAR * len(text) + FREE_EVENTS
    for n, (event, where) in enumerate(pyromark.events_with_range(text, options=OPTIONS)):
        if n >= most:
            raise TooManyEvents
        yield Found(cast("Event", event), where["start"], where["end"])


def text_event(text: str) -> Event:
    """Make the event of a plain text."""
    return {"Text": text}


def _name(event: Event, edge: str) -> str:
    tag = event.get(edge) if isinstance(event, Mapping) else None
    return next(iter(tag), "") if isinstance(tag, Mapping) else str(tag or "")
