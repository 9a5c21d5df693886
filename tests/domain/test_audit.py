# ruff: noqa: S608 -- a test writes the SQL it spoils rows with
"""The audit finds every row that breaks an invariant, names it, and reports no correct row."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from bot_platform.domain import ledger, purchases
from bot_platform.domain.checkout import CheckoutRef, PaymentConfirmed, PaymentReversed, Stage
from bot_platform.domain.errors import BooksBroken
from bot_platform.domain.ledger import Account, Entry, EntryKind, Hold
from bot_platform.domain.outbox import Notice
from bot_platform.domain.purchases import Offer, Purchase
from bot_platform.domain.users import User
from bot_platform.flows import provider_events, refund
from bot_platform.flows.audit import audit_books
from bot_platform.flows.context import PaymentContext
from bot_platform.flows.grant import grant
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from tests.makers import PRICES, payments, person

ADMIN = 900
TABLES = ("users", "account", "entry", "hold", "purchase", "reversal", "refund", "notice")


@dataclass
class Books:
    """Ann buys by the mock and works, Bob's bank asks, Cyd has a debt, Dan has nothing."""

    payments: PaymentContext
    ann: User
    bob: User
    cyd: User
    dan: User


def stripe_payment(purchase: Purchase, charged: int = 500) -> PaymentConfirmed:
    ref = CheckoutRef("stripe", f"cs_{purchase.id}", f"pi_{purchase.id}", purchase.id, purchase.user_id)
    return PaymentConfirmed(ref, amount=purchase.amount, charged=charged, currency=purchase.currency)


async def begun(database: Database, user: User, name: str) -> Purchase:
    offer = Offer.of(PRICES.get("buy_100"), user.id, "stripe")
    return await database.transact(purchases.begin, name, offer)


async def bought(books: PaymentContext, user: User, name: str, charged: int = 500) -> Purchase:
    """Let a user pay 5.00 USD for 100 credits by Stripe."""
    purchase = await begun(books.database, user, name)
    await provider_events.apply(books, stripe_payment(purchase, charged), "a look")
    return await purchases.get(purchase.id)


async def reversed_(
    books: PaymentContext, purchase: Purchase, key: str, stage: Stage, amount: int, as_of: int = 100
) -> None:
    """Let Stripe report a reversal of a payment."""
    currency = None if stage in {Stage.WARNED, Stage.WARNING_OVER} else "usd"
    said = PaymentReversed("stripe", f"stripe:{key}", f"pi_{purchase.id}", stage, amount, currency, as_of)
    await provider_events.apply(books, said, "a look")


async def locked(database: Database, user: User, do: Callable[[Account], Awaitable[object]]) -> None:
    async def story() -> None:
        await do(await ledger.lock(user.id))

    await database.transact(story)


async def hold(database: Database, user: User, amount: int, cause: str) -> None:
    await locked(database, user, lambda account: ledger.hold(account, amount, cause))


async def end_hold(database: Database, user: User, cause: str, captured: int | None) -> None:
    async def end(account: Account) -> None:
        held = await Hold.get(cause=cause)
        if captured is None:
            await ledger.release(account, held)
        else:
            await ledger.capture(account, held, captured)

    await locked(database, user, end)


async def real_books(database: Database) -> Books:
    """Make books with every kind of row."""
    t = payments(database, operators=(ADMIN,))
    ann, bob, cyd = [await person(database, telegram_id, 300) for telegram_id in (1, 2, 3)]
    books = Books(t, ann, bob, cyd, await person(database, 4))
    offer = Offer.of(PRICES.get("buy_100"), ann.id, "mock")
    mocked = await database.transact(purchases.begin, "ann", offer)
    paid = CheckoutRef("mock", "mock_1", "mock_1", mocked.id)
    await provider_events.apply(t, PaymentConfirmed(paid, 500, 500, "usd", "mock-success"), "a look")
    for amount, name in ((200, "given"), (-50, "taken")):
        await grant(database, ann, amount, "because", name)
    for cause in ("work:1", "work:2", "work:3"):
        await hold(database, ann, 60, cause)
    await end_hold(database, ann, "work:1", 25)
    await end_hold(database, ann, "work:2", None)

    partly = await bought(t, bob, "bob")
    await reversed_(t, partly, "re_1", Stage.REFUNDED, 250)
    await refund.request(t, mocked.id, amount=100, reason="asked", force=False)
    await reversed_(t, partly, "du_1", Stage.INQUIRY, 500)

    spent = await bought(t, cyd, "cyd")
    await hold(database, cyd, 5_000, "work:4")
    await end_hold(database, cyd, "work:4", 5_000)
    await reversed_(t, spent, "du_2", Stage.DISPUTED, 500)
    await begun(database, cyd, "cyd-open")
    return books


async def unlock(database: Database) -> None:
    """Remove what protects rows from being changed."""
    if database.name == "SQLite":
        for trigger in ("entry_no_update", "entry_no_delete", "entry_no_replace"):
            await query(f"DROP TRIGGER {trigger}")
        await query("PRAGMA foreign_keys = OFF")
        return
    for table in TABLES:
        await query(f"ALTER TABLE {table} DISABLE TRIGGER ALL")


async def proven(books: PaymentContext) -> set[tuple[str, str, int]]:
    """Audit the books; return what is broken."""
    return {
        (b.invariant, b.table, b.id)
        for b in await audit_books(books.database, books.operators, lambda _: None)
    }


# Rows by the names that the table below gives them.
BUYERS = {
    name: f"(SELECT id FROM purchase WHERE request_key = '{name[2:]}')"
    for name in ("p_ann", "p_bob", "p_cyd")
}
ROWS = {
    **{
        name: f"(SELECT a.id FROM account a JOIN users u ON u.id = a.user_id WHERE u.telegram_id = {n})"
        for n, name in enumerate(("ann", "bob", "cyd", "dan"), start=1)
    },
    **BUYERS,
    "p_open": "(SELECT id FROM purchase WHERE request_key = 'cyd-open')",
    "given": "(SELECT id FROM entry WHERE cause = 'grant:given')",
    "taken": "(SELECT id FROM entry WHERE cause = 'grant:taken')",
    "charged": "(SELECT id FROM entry WHERE cause = 'work:1:charge')",
    "sold": f"(SELECT id FROM entry WHERE kind = 'purchase' AND purchase_id = {BUYERS['p_ann']})",
    "back": f"(SELECT id FROM entry WHERE kind = 'reversal' AND purchase_id = {BUYERS['p_bob']})",
    "welcome": "(SELECT MIN(id) FROM entry WHERE kind = 'welcome')",  # Ann came first
    **{f"job_{n}": f"(SELECT id FROM hold WHERE cause = 'work:{n}')" for n in (1, 2, 3)},
    "asked": "(SELECT id FROM hold WHERE cause LIKE 'refund:%')",
    "refund": "(SELECT id FROM refund)",
}

# What is spoiled, and the invariant, the table and the row that the audit must name for it.
SPOILED = {
    "balance": (
        "UPDATE account SET balance = balance + 1 WHERE id = {ann}",
        "I1 account ann",
    ),
    "balance of nobody's entries": (
        "UPDATE account SET balance = 5 WHERE id = {dan}",
        "I1 account dan",
    ),
    "held": (
        "UPDATE account SET held = held - 1 WHERE id = {ann}",
        "I2 account ann",
    ),
    "held too much": (
        "UPDATE account SET held = held + 1 WHERE id = {ann}",
        "I2 account ann",
    ),
    "number": (
        "UPDATE account SET seq = seq + 1 WHERE id = {ann}",
        "I1 account ann",
    ),
    "number lost": (
        "UPDATE account SET seq = 0 WHERE id = {ann}",
        "I1 account ann",
    ),
    "frozen": (
        "UPDATE account SET frozen = (1 = 1) WHERE id = {ann}",
        "I5 account ann",
    ),
    "freed": (
        "UPDATE account SET frozen = (1 = 0) WHERE id = {bob}",
        "I5 account bob",
    ),
    "no debt": (
        "UPDATE account SET balance = -1 WHERE id = {dan}",
        "I3 account dan",
    ),
    "amount": (
        "UPDATE entry SET amount = amount + 1 WHERE id = {given}",
        "I1 entry given",
    ),
    "amount and the balance": (
        "UPDATE entry SET amount = amount + 1 WHERE id = {given}",
        "I1 account ann",
    ),
    "balance after": (
        "UPDATE entry SET balance_after = balance_after + 1 WHERE id = {charged}",
        "I1 entry charged",
    ),
    "number of the last entry": (
        "UPDATE entry SET seq = seq + 1 WHERE id = {charged}",
        "I1 account ann",
    ),
    "number of the first entry": (
        "UPDATE entry SET seq = 0 WHERE id = {welcome}",
        "I1 account ann",
    ),
    "purchase told as a gift": (
        "UPDATE entry SET kind = 'grant' WHERE id = {sold}",
        "I9 purchase p_ann",
    ),
    "gift told as a purchase": (
        "UPDATE entry SET kind = 'purchase' WHERE id = {given}",
        "I9 entry given",
    ),
    "reversal told as a grant": (
        "UPDATE entry SET kind = 'grant' WHERE id = {back}",
        "I5 purchase p_bob",
    ),
    "grant told as a charge": (
        "UPDATE entry SET kind = 'charge' WHERE id = {taken}",
        "I4 entry taken",
    ),
    "purchase of an entry": (
        "UPDATE entry SET purchase_id = NULL WHERE id = {sold}",
        "I9 purchase p_ann",
    ),
    "cause of a charge": (
        "UPDATE entry SET cause = 'x' WHERE id = {charged}",
        "I4 hold job_1",
    ),
    "entry of another account": (
        "UPDATE entry SET account_id = {dan} WHERE id = {charged}",
        "I4 hold job_1",
    ),
    "first entry removed": (
        "DELETE FROM entry WHERE id = {welcome}",
        "I1 account ann",
    ),
    "last entry removed": (
        "DELETE FROM entry WHERE id = {charged}",
        "I4 hold job_1",
    ),
    "middle entry removed": (
        "DELETE FROM entry WHERE id = {sold}",
        "I9 purchase p_ann",
    ),
    "entry added": (
        (
            "INSERT INTO entry (account_id, seq, kind, amount, balance_after, cause, note, created_at)"
            " SELECT {dan}, 1, 'grant', 5, 5, 'x', '', CURRENT_TIMESTAMP"
        ),
        "I1 account dan",
    ),
    "open hold's amount": (
        "UPDATE hold SET amount = amount + 1 WHERE id = {job_3}",
        "I2 account ann",
    ),
    "captured": (
        "UPDATE hold SET captured = captured + 1 WHERE id = {job_1}",
        "I4 hold job_1",
    ),
    "captured of an open hold": (
        "UPDATE hold SET captured = 1 WHERE id = {job_3}",
        "I4 hold job_3",
    ),
    "captured hold released": (
        "UPDATE hold SET state = 'released' WHERE id = {job_1}",
        "I4 hold job_1",
    ),
    "open hold released": (
        "UPDATE hold SET state = 'released' WHERE id = {job_3}",
        "I2 account ann",
    ),
    "open hold captured": (
        "UPDATE hold SET state = 'captured' WHERE id = {job_3}",
        "I2 account ann",
    ),
    "released hold open": (
        "UPDATE hold SET state = 'held' WHERE id = {job_2}",
        "I2 account ann",
    ),
    "open hold removed": (
        "DELETE FROM hold WHERE id = {job_3}",
        "I2 account ann",
    ),
    "captured hold removed": (
        "DELETE FROM hold WHERE id = {job_1}",
        "I4 entry charged",
    ),
    "refund's hold removed": (
        "DELETE FROM hold WHERE id = {asked}",
        "I2 account ann",
    ),
    "refund's hold released": (
        "UPDATE hold SET state = 'released' WHERE id = {asked}",
        "I6 refund refund",
    ),
    "paid as open": (
        "UPDATE purchase SET state = 'open' WHERE id = {p_ann}",
        "I9 entry sold",
    ),
    "paid as failed": (
        "UPDATE purchase SET state = 'failed' WHERE id = {p_ann}",
        "I9 entry sold",
    ),
    "paid as reversed": (
        "UPDATE purchase SET state = 'reversed' WHERE id = {p_ann}",
        "I5 purchase p_ann",
    ),
    "partly reversed as paid": (
        "UPDATE purchase SET state = 'paid' WHERE id = {p_bob}",
        "I5 purchase p_bob",
    ),
    "reversed as partly": (
        "UPDATE purchase SET state = 'partly_reversed' WHERE id = {p_cyd}",
        "I5 purchase p_cyd",
    ),
    "open as paid": (
        "UPDATE purchase SET state = 'paid' WHERE id = {p_open}",
        "I9 purchase p_open",
    ),
    "taken back": (
        "UPDATE purchase SET reversed = 4999 WHERE id = {p_bob}",
        "I5 purchase p_bob",
    ),
    "credits": (
        "UPDATE purchase SET credits = credits + 1 WHERE id = {p_ann}",
        "I9 purchase p_ann",
    ),
    "charged": (
        "UPDATE purchase SET charged = 400 WHERE id = {p_bob}",
        "I5 purchase p_bob",
    ),
    "buyer": (
        "UPDATE purchase SET user_id = (SELECT user_id FROM account WHERE id = {dan}) WHERE id = {p_ann}",
        "I9 purchase p_ann",
    ),
    "money of a reversal": (
        "UPDATE reversal SET amount = 300 WHERE key = 'stripe:re_1'",
        "I5 purchase p_bob",
    ),
    "stage of a refund": (
        "UPDATE reversal SET stage = 'refund_undone' WHERE key = 'stripe:re_1'",
        "I5 purchase p_bob",
    ),
    "stage of a dispute": (
        "UPDATE reversal SET stage = 'won' WHERE key = 'stripe:du_2'",
        "I5 purchase p_cyd",
    ),
    "stage of an inquiry": (
        "UPDATE reversal SET stage = 'inquiry_closed' WHERE key = 'stripe:du_1'",
        "I5 account bob",
    ),
    "purchase of a reversal": (
        "UPDATE reversal SET purchase_id = NULL WHERE key = 'stripe:re_1'",
        "I5 purchase p_bob",
    ),
    "another purchase of a reversal": (
        "UPDATE reversal SET purchase_id = {p_ann} WHERE key = 'stripe:re_1'",
        "I5 purchase p_ann",
    ),
    "person of a reversal": (
        "UPDATE reversal SET user_id = NULL WHERE key = 'stripe:re_1'",
        "I5 purchase p_bob",
    ),
    "person of an inquiry": (
        (
            "UPDATE reversal SET user_id = (SELECT user_id FROM account WHERE id = {dan})"
            " WHERE key = 'stripe:du_1'"
        ),
        "I5 account dan",
    ),
    "reversal removed": (
        "DELETE FROM reversal WHERE key = 'stripe:re_1'",
        "I5 purchase p_bob",
    ),
    "inquiry removed": (
        "DELETE FROM reversal WHERE key = 'stripe:du_1'",
        "I5 account bob",
    ),
    "freeze lifted by nobody": (
        "UPDATE reversal SET lifted = (1 = 1) WHERE key = 'stripe:du_1'",
        "I5 account bob",
    ),
    "refund done": (
        "UPDATE refund SET state = 'done'",
        "I6 hold asked",
    ),
    "refund failed": (
        "UPDATE refund SET state = 'failed'",
        "I6 hold asked",
    ),
    "refund removed": (
        "DELETE FROM refund",
        "I6 hold asked",
    ),
    "receipt removed": (
        "DELETE FROM notice WHERE key LIKE 'purchase:%:receipt'",
        "I8 purchase p_bob",
    ),
}


async def spoil(sql: str) -> None:
    await query(sql.format(**ROWS))


async def id_of(row: str) -> int:
    (found,) = await query(f"SELECT {ROWS[row]} AS id")
    return int(found["id"])


@pytest.mark.parametrize("spoiled", SPOILED)
async def test_a_wrong_row_is_named_and_its_account_spends_nothing_until_it_is_repaired(
    database: Database, spoiled: str
) -> None:
    sql, names = SPOILED[spoiled]
    invariant, table, row = names.split()
    books = await real_books(database)
    assert await proven(books.payments) == set()
    id_ = await id_of(row)
    await unlock(database)
    changed = sql.split()[1] if sql.startswith("UPDATE") else sql.split()[2]
    await query(f"CREATE TABLE kept AS SELECT * FROM {changed}")
    await spoil(sql)

    broken = await audit_books(database, books.payments.operators, lambda _: None)
    named = [b for b in broken if (b.invariant, b.table, b.id) == (invariant, table, id_)]
    assert named
    assert named[0].account is not None
    account = await Account.get(id=named[0].account)
    assert account.broken
    with pytest.raises(BooksBroken):
        await ledger.reserve(account, 1, "work")
    await proven(books.payments)
    assert await Notice.filter(text="operator-books-off").count() == 1

    await query(f"DELETE FROM {changed}")
    await query(f"INSERT INTO {changed} SELECT * FROM kept")
    await Account.filter(id=account.id).update(broken=True)
    assert await proven(books.payments) == set()
    assert not (await Account.get(id=account.id)).broken


async def test_a_user_without_an_account_is_named(database: Database) -> None:
    books = await real_books(database)
    await unlock(database)
    await spoil("DELETE FROM account WHERE id = {dan}")
    assert await proven(books.payments) == {("I1", "users", books.dan.id)}


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE account SET balance = balance + 100000 WHERE id = {ann}",
        "UPDATE account SET seq = seq + 1 WHERE id = {ann}",
        "UPDATE entry SET balance_after = balance_after + 1 WHERE id = {charged}",
        "DELETE FROM entry WHERE id = {charged}",
        "DELETE FROM entry WHERE account_id = {ann}",
    ],
)
async def test_a_hold_refuses_an_account_with_wrong_books_between_two_audits(
    database: Database, sql: str
) -> None:
    books = await real_books(database)
    await unlock(database)
    await spoil(sql)
    with pytest.raises(BooksBroken):
        await hold(database, books.ann, 1, "work:new")
    assert not await Hold.exists(cause="work:new")


async def test_operators_are_alerted_once_for_each_set_of_rows(database: Database) -> None:
    books = await real_books(database)
    await unlock(database)
    await spoil("UPDATE account SET balance = balance + 1 WHERE id = {ann}")
    for _ in range(3):
        await proven(books.payments)
    assert await Notice.filter(text="operator-books-off").count() == 1
    await spoil("UPDATE account SET balance = balance + 1 WHERE id = {bob}")
    await proven(books.payments)
    assert await Notice.filter(text="operator-books-off").count() == 2


async def test_operators_are_alerted_again_when_repaired_books_break_again(database: Database) -> None:
    books = await real_books(database)
    await unlock(database)
    for change in ("+ 1", "- 1", "+ 1"):
        await query(f"UPDATE account SET balance = balance {change} WHERE id = {ROWS['ann']}")
        await proven(books.payments)
    assert await Notice.filter(text="operator-books-off").count() == 2


async def test_a_transaction_commits_beside_a_reader(database: Database) -> None:
    user = await person(database, credits_=100)
    async with database.reader() as ask:
        assert await ask("SELECT balance FROM account WHERE user_id = ?", user.id) == [{"balance": 100}]
        await grant(database, user, 50, "because", "meanwhile")
        assert await ask("SELECT balance FROM account WHERE user_id = ?", user.id) == [{"balance": 150}]


async def test_an_audit_beside_busy_writers_delays_none_and_finds_nothing(database: Database) -> None:
    books = await real_books(database)

    async def write(n: int) -> None:
        await grant(database, books.ann, 10, "because", f"busy-{n}")
        await hold(database, books.ann, 5, f"busy:{n}")
        await end_hold(database, books.ann, f"busy:{n}", n % 5 if n % 2 else None)

    async def prove_on() -> list[set[tuple[str, str, int]]]:
        return [await proven(books.payments) for _ in range(5)]

    found, *_ = await asyncio.gather(prove_on(), *(write(n) for n in range(25)))
    assert found == [set()] * 5


async def test_charges_beyond_a_reversal_late_money_and_two_pages_are_in_order(database: Database) -> None:
    t = payments(database, operators=(ADMIN,))
    user = await person(database, 5)
    first = await bought(t, user, "first")
    await hold(database, user, 6_000, "work:1")
    await reversed_(t, first, "du_1", Stage.DISPUTED, 500)
    await end_hold(database, user, "work:1", 6_000)
    assert (await ledger.find_account(user.id)).available == -6_000
    assert await proven(t) == set()
    repaid = await bought(t, user, "second")
    assert await proven(t) == set()
    await reversed_(t, first, "du_1", Stage.WON, 500, as_of=200)
    assert (await ledger.find_account(user.id)).available == 14_000
    assert await proven(t) == set()

    other = stripe_payment(repaid)
    another_page = CheckoutRef("stripe", "cs_other", "pi_other", repaid.id, user.id)
    assert (await provider_events.apply(t, PaymentConfirmed(another_page, 500, 500, "usd"), "a look")).changed
    assert not (await provider_events.apply(t, other, "a look")).changed
    assert (await ledger.find_account(user.id)).available == 24_000
    late = await begun(database, user, "late")
    await Purchase.filter(id=late.id).update(state="expired")
    assert (await provider_events.apply(t, stripe_payment(late), "a look")).changed
    assert await proven(t) == set()


async def test_expired_failed_and_discounted_purchases_are_in_order(database: Database) -> None:
    t = payments(database, operators=(ADMIN,))
    user = await person(database, 5)
    for name in ("expired", "failed", "processing"):
        purchase = await begun(database, user, name)
        await Purchase.filter(id=purchase.id).update(state=name)
    cheap = await bought(t, user, "cheap", charged=1)
    await reversed_(t, cheap, "re_1", Stage.REFUNDED, 1)
    dear = await bought(t, user, "dear", charged=595)
    await reversed_(t, dear, "re_2", Stage.REFUND_PENDING, 500)
    await reversed_(t, dear, "re_2", Stage.REFUND_UNDONE, 500, as_of=101)
    await reversed_(t, dear, "wa_1", Stage.WARNED, 0)
    await reversed_(t, dear, "wa_1", Stage.WARNING_OVER, 0, as_of=101)
    assert await proven(t) == set()


async def test_a_reversal_that_came_before_its_payment_is_in_order_before_and_after(
    database: Database,
) -> None:
    t = payments(database, operators=(ADMIN,))
    user = await person(database, 5)
    purchase = await begun(database, user, "later")
    await reversed_(t, purchase, "re_1", Stage.REFUNDED, 200)
    assert await proven(t) == set()
    await provider_events.apply(t, stripe_payment(purchase), "a look")
    assert (await ledger.find_account(user.id)).available == 6_000
    assert await proven(t) == set()


async def test_a_refund_too_small_for_any_credit_is_in_order_while_it_is_asked_for(
    database: Database,
) -> None:
    books = await real_books(database)
    purchase = await Purchase.get(request_key="ann")
    await Purchase.filter(id=purchase.id).update(charged=40_000)
    await refund.request(books.payments, purchase.id, amount=1, reason="tiny", force=False)
    await refund.request(books.payments, purchase.id, amount=1, reason="tiny", force=False)
    assert await proven(books.payments) == set()


async def test_a_second_full_refund_known_only_from_its_charge_is_in_order(
    database: Database,
) -> None:
    t = payments(database, operators=(ADMIN,))
    user = await person(database, 5)
    purchase = await bought(t, user, "p")
    await reversed_(t, purchase, "re_1", Stage.REFUNDED, 500, as_of=100)
    await reversed_(t, purchase, "ch_1", Stage.REFUNDED_IN_ALL, 500, as_of=100)
    await reversed_(t, purchase, "re_1", Stage.REFUND_UNDONE, 500, as_of=105)
    assert (await ledger.find_account(user.id)).available == 10_000
    await reversed_(t, purchase, "ch_1", Stage.REFUNDED_IN_ALL, 500, as_of=110)
    assert await proven(t) == set()
    assert (await ledger.find_account(user.id)).available == 0


async def test_a_paid_purchase_without_what_was_charged_is_named(database: Database) -> None:
    books = await real_books(database)
    await spoil("UPDATE purchase SET charged = NULL WHERE id = {p_ann}")
    assert ("I9", "purchase", await id_of("p_ann")) in await proven(books.payments)


async def test_a_charge_with_the_kind_of_a_grant_is_named(database: Database) -> None:
    books = await real_books(database)
    await unlock(database)
    await spoil("UPDATE entry SET kind = 'grant' WHERE id = {charged}")
    assert await proven(books.payments) != set()


async def test_a_hold_refuses_an_account_with_lost_held_credit_between_two_audits(
    database: Database,
) -> None:
    user = await person(database, credits_=100)
    await hold(database, user, 100, "work:1")
    await query("UPDATE account SET held = 0")
    with pytest.raises(BooksBroken):
        await hold(database, user, 100, "work:2")


async def test_operators_are_alerted_when_all_accounts_are_wrong(database: Database) -> None:
    people = 5_000
    await query(
        "INSERT INTO users (id, telegram_id, language, blocked_bot, created_at)"
        f" WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {people})"
        " SELECT i, i, 'en', (1 = 0), CURRENT_TIMESTAMP FROM n"
    )
    await query(
        "INSERT INTO account (user_id, balance, held, seq, frozen, broken)"
        " SELECT id, 1, 0, 0, (1 = 0), (1 = 0) FROM users"
    )
    broken = await audit_books(database, (ADMIN,), lambda _: None)
    assert len(broken) == people
    assert await Account.filter(broken=True).count() == people
    assert await Notice.filter(text="operator-books-off").count() == 1


async def test_the_steps_of_an_audit_cover_all_rows_and_never_go_back(database: Database) -> None:
    books = await real_books(database)
    steps: list[tuple[int, int]] = []
    broken = list(await audit_books(database, (), lambda step: steps.append((step.done, step.rows))))
    assert broken == []
    assert steps == sorted(steps)
    assert steps[-1][0] == steps[-1][1]
    assert await Entry.filter(kind=EntryKind.PURCHASE).count() == 3
    assert books.payments.operators == (ADMIN,)
