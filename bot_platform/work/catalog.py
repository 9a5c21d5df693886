"""Finds every kind of paid work that ships with the platform."""

import importlib
import pkgutil
from collections.abc import Mapping

from bot_platform.work import kinds as kinds_package
from bot_platform.work.engine.kind import JobKind


def found_kinds() -> Mapping[str, JobKind]:
    """Return the kinds in `bot_platform.work.kinds` by their command.

    Raises ValueError when two kinds have the same command.
    """
    kinds: dict[str, JobKind] = {}
    for module in pkgutil.iter_modules(kinds_package.__path__, f"{kinds_package.__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, JobKind) and kinds.setdefault(value.code, value) is not value:
                raise ValueError(f"two kinds of work are called /{value.code}")
    return kinds
