"""Commands are known in any case, and with the name of this bot behind them."""

from typing import Any

from aiogram.filters import Command


def command(*names: str, magic: Any = None) -> Command:
    """Match `/name`, `/Name` and `/name@this_bot`; `magic` as in aiogram's filter."""
    return Command(*names, ignore_case=True, magic=magic)
