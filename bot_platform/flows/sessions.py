"""An operator signs in to the pages and out again: both stand among the acts, and out is for good."""

from functools import partial

from bot_platform.domain import actions
from bot_platform.infra.database import Database

IN, OUT = "enter", "leave"


async def begin(database: Database, session: str, *, address: str) -> None:
    """Note that somebody signed in; `session` is a name nobody can guess and nothing can be done with."""
    await database.transact(
        partial(actions.record, actions.PAGES, IN, _subject(session), address=address), notify=False
    )


async def end(database: Database, session: str) -> None:
    """Let a session be worthless from now on, for whoever has its cookie and in every replica."""
    await database.transact(actions.record, actions.PAGES, OUT, _subject(session), notify=False)


async def has_ended(session: str) -> bool:
    """Whether somebody signed this session out."""
    return any(act.what == OUT for act in await actions.of([_subject(session)], limit=2))


def _subject(session: str) -> str:
    return f"session:{session}"
