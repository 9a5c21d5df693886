"""Sign-ins and sign-outs of operators at the web pages, both kept in the action log."""

from functools import partial

from bot_platform.domain import actions
from bot_platform.infra.database import Database

ENTER, LEAVE = "enter", "leave"  # names of the actions


async def begin(database: Database, session: str, *, address: str) -> None:
    """Record a sign-in; `session` is a random name that gives no access by itself."""
    await database.transact(
        partial(actions.record, actions.PAGES, ENTER, _subject(session), address=address), notify=False
    )


async def end(database: Database, session: str) -> None:
    """End a session in every replica: its cookie is not accepted any more."""
    await database.transact(actions.record, actions.PAGES, LEAVE, _subject(session), notify=False)


async def has_ended(session: str) -> bool:
    """Whether this session was signed out."""
    return any(action.what == LEAVE for action in await actions.of([_subject(session)], limit=2))


def _subject(session: str) -> str:
    return f"session:{session}"
