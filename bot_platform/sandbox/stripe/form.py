"""Decodes form parameters with brackets, as Stripe's clients send them, into nested dicts of strings."""

import re
from typing import Any
from urllib.parse import parse_qsl

from bot_platform.sandbox.stripe.errors import ApiError

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_MAX_DEPTH = 8


def decode(text: str) -> dict[str, Any]:
    """`a[b]=1&c[]=2&c[]=3` becomes `{"a": {"b": "1"}, "c": {"0": "2", "1": "3"}}`.

    Lists stay dicts keyed by position: only the endpoint's schema tells a list from a metadata key `0`.
    """
    decoded: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        _place(decoded, name, value)
    return decoded


def _place(target: dict[str, Any], name: str, value: str) -> None:
    match = _NAME.fullmatch(name)
    if match is None:
        raise ApiError(f"Invalid parameter name: {name}", param=name)
    steps = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
    if len(steps) > _MAX_DEPTH:
        raise ApiError(f"Parameter nested too deeply: {name}", param=name)
    for step in steps[:-1]:
        inner = target.setdefault(step or str(len(target)), {})
        if not isinstance(inner, dict):
            raise ApiError(f"Invalid parameter: {name} is both a value and a hash", param=name)
        target = inner
    target[steps[-1] or str(len(target))] = value
