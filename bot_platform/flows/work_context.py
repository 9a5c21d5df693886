"""What every story about paid work stands on, built once and handed down."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot_platform.infra.database import Database

# Cuts an answer into messages of the messenger, each what stands in its text.
Pages = Callable[[str], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class WorkContext:
    """Where work is ordered and handed out: its limits, and how long its texts are kept.

    `low_balance` in hundredths of a credit; 0 says that nobody is told of a low one.
    """

    database: Database
    pages: Pages
    for_one: int
    at_once: int
    low_balance: int
    keep_texts: timedelta
