"""Finds every kind of paid work that ships with the platform."""

import importlib
import pkgutil
from collections.abc import Mapping

from bot_platform.work import kinds as kinds_package
from bot_platform.work.engine.kind import JobKind


def found_kinds() -> Mapping[str, JobKind]:
    """Find every kind of work in `bot_platform.work.kinds`, by its command.

    Raises ValueError when two have the same.
    """
    kinds: dict[str, JobKind] = {}
    for module in pkgutil.iter_modules(kinds_package.__path__, f"{kinds_package.__name__}."):
        for thing in vars(importlib.import_module(module.name)).values():
            if isinstance(thing, JobKind) and kinds.setdefault(thing.code, thing) is not thing:
                raise ValueError(f"two kinds of work are called /{thing.code}")
    return kinds
