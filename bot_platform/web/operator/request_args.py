"""Reads and checks the arguments of a request; a wrong one raises BadRequest (400)."""

from enum import StrEnum
from typing import TypeVar

from quart import request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from bot_platform.domain.ids import parse_id
from bot_platform.domain.listings import Place

S = TypeVar("S", bound=StrEnum)


def place() -> Place:
    """Read the place in a list at which a page begins."""
    return Place(older=_number("older"), newer=_number("newer"))


def state(kind: type[S]) -> S | None:
    """Read the state to list; None for all states."""
    given = request.args.get("state", "")
    if not given:
        return None
    if given not in set(kind):
        raise BadRequest
    return kind(given)


def choice(name: str, among: tuple[int, ...], usual: int) -> int:
    """Read one of the allowed numbers; `usual` if it is another."""
    given = request.args.get(name, "")
    return int(given) if given in {str(one) for one in among} else usual


def line(form: MultiDict[str, str], name: str, longest: int) -> str:
    """Read a text as one line; characters that cannot be printed become spaces."""
    shown = "".join(letter if letter.isprintable() else " " for letter in form.get(name, ""))
    return " ".join(shown.split())[:longest]


def _number(name: str) -> int | None:
    given = request.args.get(name)
    if given is None:
        return None
    number = parse_id(given)
    if number is None:
        raise BadRequest
    return number
