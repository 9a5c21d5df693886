"""Finds every kind of paid work that ships with the platform."""

import importlib
import pkgutil
from collections.abc import Mapping

from bot_platform.work import kinds as kinds_package
from bot_platform.work.engine.kind import Kind


def found_kinds() -> Mapping[str, Kind]:
    """Find every kind of work in `bot_platform.work.kinds`, by its command.

    Raises ValueError when two have the same.
    """
    kinds: dict[str, Kind] = {}
    for module in pkgutil.iter_modules(kinds_package.__path__, f"{kinds_package.__name__}."):
        for thing in vars(importlib.import_module(module.name)).values():
            if isinstance(thing, Kind) and kinds.setdefault(thing.code, thing) is not thing:
                raise ValueError(f"two kinds of work are called /{thing.code}")
    return kinds
