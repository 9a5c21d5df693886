"""The past that `make size` measures is one that the product could have had, and everything is measured."""

from bot_platform.domain.ledger import Entry
from bot_platform.domain.outbox import Notice
from bot_platform.flows.audit import audit_books
from bot_platform.infra.database import Database
from tests.size import cases
from tests.size.filling import Size
from tests.size.measuring import compared, measured
from tests.size.past import FIRST_CHAT, live_through
from tests.size.waiting import BUSY, pile_up

SMALL = Size(2_000)
KINDS = {"claim": 5, "list": 15, "page": 15, "round": 10, "command": 4}  # at least
NAMED = {
    *(f"claim {rows}" for rows in ("updates", "events", "refunds", "jobs", "notices")),
    *(f"round: idle look for {rows}" for rows in ("updates", "events", "refunds", "jobs", "notices")),
    "list: history of a user",
    "list: /jobs of a user",
    "list: timeline of a user",
    "list: what needs a look",
    "list: the day",
    "list: search of a checkout",
    "page: home",
    "page: a user",
    "page: a purchase",
    "round: cleanup, retention",
    "round: trimming of events",
    "round: purchases to ask about",
    "command: audit",
    "command: events",
}


async def test_the_books_of_a_made_past_balance_and_all_workers_find_its_backlog(database: Database) -> None:
    await live_through(database, SMALL)
    assert await audit_books(database, (), lambda _: None) == []
    assert not any([await case.run() for case in cases.idle_looks(database)])
    await pile_up(database, SMALL)
    assert await audit_books(database, (), lambda _: None) == []
    assert all([await case.run() for case in cases.claims(database)])
    entries = await Entry.all().count()
    assert 0.9 * SMALL.entries < entries < 1.1 * SMALL.entries
    assert await Entry.filter(account_id=BUSY).count() > entries / 25  # one person did a lot of everything


async def test_every_claim_list_page_round_and_command_is_measured(database: Database) -> None:
    seconds = await measured(database, SMALL)
    lines = compared(dict.fromkeys(seconds, 0.001), seconds)
    assert not NAMED - {line.name for line in lines}
    for kind, least in KINDS.items():
        assert sum(name.startswith(kind) for name in seconds) >= least
    assert [line.ratio for line in lines] == sorted((line.ratio for line in lines), reverse=True)
    # What was claimed waits again.
    assert not await Notice.filter(chat_id=FIRST_CHAT + BUSY, lease_until__gt=0).exists()
