"""The commands about the books, as an operator runs them."""

import json
from pathlib import Path

import pytest

from bot_platform.domain import ledger
from bot_platform.domain.checkout import PaymentReversed, Stage
from bot_platform.domain.ledger import Account
from bot_platform.domain.outbox import Notice
from bot_platform.domain.purchases import Purchase
from bot_platform.flows import provider_events
from bot_platform.telegram.texts import Texts
from tests.commands.shell import BUYER, operator
from tests.makers import balance, person


async def test_audit_says_that_the_books_balance(database_url: str, tmp_path: Path) -> None:
    async with operator(database_url, tmp_path) as op:
        await op.sell()
        done = await op.run("audit")
        assert done.code == 0
        assert done.out.startswith("The books balance (")
        assert done.err == ""
        done = await op.run("audit", "--json")
        assert (done.code, json.loads(done.out)) == (0, {"balanced": True, "broken": []})


async def test_audit_names_each_wrong_row_and_blocks_its_account(database_url: str, tmp_path: Path) -> None:
    async with operator(database_url, tmp_path) as op:
        purchase = await op.sell()
        await Account.filter(user_id=op.user.id).update(balance=10_001)
        await Purchase.filter(id=purchase.id).update(reversed=1)
        done = await op.run("audit")
        assert done.code == 1
        assert done.out.splitlines() == [
            "I1  account 1: balance 10001, but its 1 entries come to 10000; its last number is 1, theirs 1",
            "I5  purchase 1: 1 of 10000 credits taken back, state paid, but its entries took 0",
            "I5  purchase 1: 1 credits taken back, but its reversals come to 0",
            "rows that are wrong: 3",
        ]
        audited = await op.run("audit", "--json")
        assert audited.code == 1
        assert [row["table"] for row in json.loads(audited.out)["broken"]] == [
            "account",
            "purchase",
            "purchase",
        ]
        assert (await ledger.find_account(op.user.id)).broken
        await Account.filter(user_id=op.user.id).update(balance=10_000)
        await Purchase.filter(id=purchase.id).update(reversed=0)
        assert (await op.run("audit")).code == 0
        assert not (await ledger.find_account(op.user.id)).broken


async def test_grant_gives_and_takes_with_two_decimals_and_notifies_the_user(
    database_url: str, tmp_path: Path
) -> None:
    async with operator(database_url, tmp_path) as op:
        done = await op.run("grant", str(BUYER), "12.50", "--reason", "for the trouble")
        assert done.all == (0, f"Granted 12.50 credits to {BUYER}. Balance: 12.50 credits.\n", "")
        done = await op.run("grant", str(BUYER), "-0.05", "--reason", "a slip")
        assert done.all == (0, f"Granted -0.05 credits to {BUYER}. Balance: 12.45 credits.\n", "")
        assert await balance(op.user) == 1_245
        assert await Notice.filter(chat_id=BUYER, text="credits-granted").count() == 1
        assert await Notice.filter(chat_id=BUYER, text="credits-withdrawn").count() == 1
        done = await op.run("grant", str(BUYER), "-12.46", "--reason", "too much")
        assert done.code == 1
        assert done.err == "12.46 credits cannot be taken: 12.45 are available.\n"
        assert await balance(op.user) == 1_245
        assert (await op.run("audit")).code == 0


async def test_grant_with_an_id_grants_once(sqlite_url: str, tmp_path: Path) -> None:
    async with operator(sqlite_url, tmp_path) as op:
        for _ in range(3):
            done = await op.run("grant", str(BUYER), "5", "--reason", "once", "--id", "gift-1")
            assert done.code == 0
            assert "Balance: 5.00 credits." in done.out
        assert await balance(op.user) == 500
        for _ in range(2):
            done = await op.run("grant", str(BUYER), "-5", "--reason", "once", "--id", "back-1")
            assert done.code == 0
        assert await balance(op.user) == 0


async def test_grant_with_the_id_of_another_user_s_grant_does_not_print_granted(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with operator(sqlite_url, tmp_path) as op:
        await person(op.payments.database, 78)
        await op.run("grant", str(BUYER), "5", "--reason", "one", "--id", "gift-1")
        done = await op.run("grant", "78", "50", "--reason", "two", "--id", "gift-1")
        assert "Granted 50.00" not in done.out


async def test_grant_to_an_unknown_user_is_an_error_line(sqlite_url: str, tmp_path: Path) -> None:
    async with operator(sqlite_url, tmp_path) as op:
        done = await op.run("grant", "404", "1", "--reason", "who")
        assert done.all == (1, "", "There is no user with the Telegram id 404.\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["77", "1.234", "--reason", "x"],
        ["77", "1,5", "--reason", "x"],
        ["77", "1e3", "--reason", "x"],
        ["77", "0", "--reason", "x"],
        ["77", "-0.00", "--reason", "x"],
        ["77", "nan", "--reason", "x"],
        ["77", "9999999999999", "--reason", "x"],
        ["77", "", "--reason", "x"],
        ["77", "1"],
        ["77", "1", "--reason", " "],
        ["77", "1", "--reason", "x" * 301],
        ["77", "1", "--reason", "x", "--id", "i" * 65],
        ["x", "1", "--reason", "x"],
        ["-1", "1", "--reason", "x"],
        ["99999999999999999999", "1", "--reason", "x"],
        ["٣", "1", "--reason", "x"],
    ],
    ids=repr,
)
async def test_invalid_arguments_of_grant_print_its_usage(tmp_path: Path, arguments: list[str]) -> None:
    from tests.commands.shell import run_command  # noqa: PLC0415

    done = await run_command("grant", *arguments, folder=tmp_path, DATABASE_URL=f"sqlite://{tmp_path}/no.db")
    assert done.code == 2
    assert "usage: run.py grant" in done.err
    assert not (tmp_path / "no.db").exists()


async def test_unfreeze_lets_a_user_spend_again(database_url: str, tmp_path: Path) -> None:
    async with operator(database_url, tmp_path) as op:
        purchase = await op.sell()
        ref = purchase.payment_ref or ""
        asks = PaymentReversed("stripe", "stripe:du_1", ref, Stage.INQUIRY, 500, "usd", 1)
        await provider_events.apply(op.payments, asks, "a look")
        assert (await ledger.find_account(op.user.id)).frozen
        done = await op.run("unfreeze", str(BUYER))
        assert done.all == (0, f"{BUYER} may spend again.\n", "")
        assert not (await ledger.find_account(op.user.id)).frozen
        assert (await op.run("unfreeze", str(BUYER))).out == f"{BUYER} was not frozen.\n"
        assert (await op.run("unfreeze", "404")).code == 1
        assert (await op.run("audit")).code == 0


async def test_the_reason_of_a_grant_ends_as_a_sentence_in_the_notice(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with operator(sqlite_url, tmp_path) as op:
        await op.run("grant", str(BUYER), "5", "--reason", "for the trouble")
        (row,) = await Notice.filter(text="credits-granted")
        text = Texts().say(row.text, **row.text_values)
        assert "for the trouble Balance" not in text
