"""A statement of the product that reads a whole table is found, and those of a test are its own business."""

from pathlib import Path

import pytest

from bot_platform.domain import account_flags, jobs
from bot_platform.domain.jobs import Job
from bot_platform.infra.database import Database
from tests import statements
from tests.statements import scans_refused


async def test_what_reads_a_large_part_of_a_table_is_named(
    sqlite_url: str, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(sqlite_url)
    await database.open()
    try:
        with scans_refused(sqlite_template):
            await account_flags.broken_accounts()
            await jobs.open_of(1)
            await Job.all()
        monkeypatch.setattr(statements, "ALLOWED", {})
        with pytest.raises(AssertionError, match="domain/account_flags:broken_accounts: SEARCH account"):  # noqa: SIM117 -- what fails is the end of the block
            with scans_refused(sqlite_template):
                await account_flags.broken_accounts()
    finally:
        await database.close()
