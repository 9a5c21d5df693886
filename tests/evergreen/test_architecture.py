"""The house keeps its own rules: who imports whom, who opens transactions, what handlers may ask for."""

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiogram import Bot, Dispatcher, Router
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.dispatcher.event.telegram import TelegramEventObserver
from aiogram.filters import Command
from aiogram.types import Update

from bot_platform.domain import packages
from bot_platform.infra.database import Database
from bot_platform.sandbox.telegram import SandboxSession
from bot_platform.sandbox.telegram_state import Person
from bot_platform.sandbox.telegram_world import TelegramWorld
from bot_platform.telegram.dispatcher import dispatcher
from bot_platform.telegram.middleware import PROVIDED
from bot_platform.telegram.texts import Texts
from tests.makers import orders, payments, person

ROOT = Path(__file__).parents[2]
HOUSE = sorted((ROOT / "bot_platform").rglob("*.py"))
EVERYTHING = [*HOUSE, ROOT / "run.py", *sorted((ROOT / "migrations").rglob("*.py"))]
EVERYTHING += sorted((ROOT / "tests").rglob("*.py"))

MAY_CATCH = {
    # What repeats for ever outlives whatever its step meets, a job's own work is a stranger's, a check that
    # breaks is a line among the others, and an update that cannot be stored must not hold up the others.
    "Exception": {
        "bot_platform/infra/worker.py",
        "bot_platform/infra/transactions.py",
        "bot_platform/work/engine/runner.py",
        "bot_platform/doctor/checks.py",
        "bot_platform/telegram/update_inbox.py",
    },
    "BaseException": set(),
}


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def test_nobody_imports_whom_they_should_not() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    said = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr


def test_only_flows_open_transactions() -> None:
    opened = [
        f"{_name(path)}:{node.lineno} {node.attr}"
        for path in HOUSE
        if path.parent.name != "flows" and path.name != "database.py"
        for node in _nodes(path)
        if isinstance(node, ast.Attribute) and node.attr == "transact"
    ]
    assert opened == []


def test_a_transaction_has_one_way_in() -> None:
    imported = [
        f"{_name(path)}:{node.lineno}"
        for path in HOUSE
        if path.name != "transactions.py"
        for node in _nodes(path)
        if isinstance(node, ast.ImportFrom) and node.module == "tortoise.transactions"
    ]
    assert imported == []


def _caught(node: ast.AST) -> Iterator[str]:
    """Name what an `except` or a `suppress` catches; a bare `except` catches everything."""
    if isinstance(node, ast.ExceptHandler):
        if isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None:
            return  # it lets the error go on
        kinds = [ast.Name("BaseException")] if node.type is None else [node.type]
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
        kinds = list(node.args)
    else:
        return
    for kind in kinds:
        yield from (ast.unparse(k) for k in (kind.elts if isinstance(kind, ast.Tuple) else [kind]))


def test_only_loops_catch_everything() -> None:
    greedy = [
        f"{_name(path)}:{getattr(node, 'lineno', 0)} {kind}"
        for path in HOUSE
        for node in _nodes(path)
        for kind in _caught(node)
        if kind in MAY_CATCH and _name(path) not in MAY_CATCH[kind]
    ]
    assert greedy == []


def test_no_log_line_but_one_for_debugging_has_the_words_of_an_error() -> None:
    said = [
        f"{_name(path)}:{node.lineno}"
        for path in HOUSE
        for node in _nodes(path)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).startswith("log.")
        and ast.unparse(node.func) != "log.debug"
        and (
            ast.unparse(node.func) == "log.exception"
            or any(keyword.arg == "exc_info" for keyword in node.keywords)
        )
    ]
    assert said == [], "it may quote a user; safe_errors.describe has its class and its place"


@pytest.mark.parametrize("path", EVERYTHING, ids=_name)
def test_a_module_opens_with_its_promise_in_one_sentence(path: Path) -> None:
    promise = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert promise, "there is no docstring"
    sentence, *more = promise.split("\n\n")
    assert sentence.endswith("."), sentence
    assert not re.search(r"[.!?]\s+[A-Z]", sentence), "more than one sentence"
    assert not more or path.is_relative_to(ROOT / "migrations"), "more than one paragraph"


@pytest.fixture
async def feeding(sqlite_url: str) -> AsyncIterator[tuple[Dispatcher, Bot]]:
    """Build the dispatcher as the platform does, with somebody who has an account."""
    world = TelegramWorld()
    world.say(Person(id=77, first_name="Somebody"), "/start")  # a bot may write only to whom it knows
    bot = Bot(world.token, session=SandboxSession(world))
    database = Database(sqlite_url)
    await database.open()
    try:
        await person(database, 77)
        built = dispatcher(
            database=database,
            payments=payments(database, operators=(77,)),  # whom every screen answers
            orders=orders(database)[0],
            prices=packages.BUILT_IN,
            texts=Texts(),
            welcome_credits=0,
        )
        yield built, bot
    finally:
        await bot.session.close()
        await database.close()


SENDER = {"id": 77, "is_bot": False, "first_name": "Somebody", "language_code": "en"}
MESSAGE = {
    "message_id": 1,
    "date": 1,
    "chat": {"id": 77, "type": "private", "first_name": "Somebody"},
    "from": SENDER,
    "text": "anything",
}
SAMPLES: dict[str, dict[str, Any]] = {
    "message": {"message": MESSAGE},
    "callback_query": {
        "callback_query": {
            "id": "1",
            "from": SENDER,
            "chat_instance": "1",
            "message": MESSAGE,
            "data": "buy_100",
        }
    },
}


@contextmanager
def _first(observer: TelegramEventObserver, spy: Any) -> Iterator[None]:
    observer.handlers.insert(0, HandlerObject(spy))
    yield
    del observer.handlers[0]


async def _provided(built: Dispatcher, bot: Bot, router: Router, kind: str) -> set[str]:
    """Feed an update and see by which names the first handler of an observer could ask for what."""
    seen: set[str] = set()

    async def spy(_event: object, **given: object) -> None:
        seen.update(given)

    async def broken(_event: object) -> None:
        raise RuntimeError

    if kind == "error":
        (seller,) = (r for r in built.sub_routers if r.name == "shop")
        press = SAMPLES["callback_query"]["callback_query"]
        for data in ("buy_100", "anything"):  # a fault of the shop's own, and one of nobody's
            update = Update(update_id=1, callback_query=press | {"data": data})
            with _first(seller.callback_query, broken), _first(router.errors, spy):
                await built.feed_update(bot, update, request_key="tg:1")
    else:
        update = Update(update_id=1, **SAMPLES[kind])
        with _first(router.observers[kind], spy):
            await built.feed_update(bot, update, request_key="tg:1")
    return seen


def _registered(built: Dispatcher) -> Iterator[tuple[Router, str, HandlerObject]]:
    for router in built.chain_tail:
        for kind, observer in router.observers.items():
            if kind != "update":  # aiogram's own way in
                yield from ((router, kind, handler) for handler in observer.handlers)


async def test_handlers_ask_only_for_what_they_are_given(feeding: tuple[Dispatcher, Bot]) -> None:
    built, bot = feeding
    unknown = []
    for router, kind, handler in _registered(built):
        given = await _provided(built, bot, router, kind)
        if any(isinstance(f.callback, Command) for f in handler.filters or ()):
            given.add("command")
        _, *asked = inspect.signature(handler.callback).parameters
        unknown += [f"{handler.callback.__name__}: {name}" for name in asked if name not in given]
        if not given:
            unknown.append(f"{handler.callback.__name__}: no {kind} ever reaches it")
    assert unknown == []


async def test_the_middlewares_provide_what_they_say(feeding: tuple[Dispatcher, Bot]) -> None:
    built, bot = feeding
    given: set[str] = set()
    for router, kind, _ in _registered(built):
        given |= await _provided(built, bot, router, kind)
    plain = Dispatcher(disable_fsm=True)
    given_by_aiogram = await _provided(plain, bot, plain, "message") - {
        "request_key"
    }  # comes with the update
    assert given - given_by_aiogram - set(built.workflow_data) == PROVIDED
