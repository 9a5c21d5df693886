"""Large books: the audit reads each row once, the log of SQLite stays short, and presses read indexes."""

import asyncio
import itertools
import time
from pathlib import Path

import pytest

from bot_platform.domain import job_texts, ledger
from bot_platform.domain.audit import CHUNK_ROWS
from bot_platform.domain.users import User
from bot_platform.flows.audit import audit_books
from bot_platform.flows.grant import grant
from bot_platform.infra.database import Database
from bot_platform.infra.postgres_client import PATIENT
from tests.makers import person
from tests.reliability.conftest import Size
from tests.reliability.large_books import fill
from tests.reliability.report import Report

MAX_LOG_BYTES = 16 * 2**20


@pytest.mark.timeout(3600)
async def test_an_audit_of_large_books_reads_each_row_once_and_keeps_the_log_short(
    database_url: str, size: Size, report: Report
) -> None:
    jobs = size(small=20_000, full=700_000)
    database = Database(database_url, limits=PATIENT)  # filling takes long
    await database.open()
    try:
        await fill(jobs)
        seller, steps, ended = await person(database, 77), [0], asyncio.Event()
        report.plan(jobs, "jobs audited beside sales")
        selling = asyncio.create_task(_sell(database, seller, ended))
        begun = time.monotonic()
        broken = await audit_books(database, (), lambda step: steps.append(step.done))
        took = time.monotonic() - begun
        ended.set()
        sold, longest_log = await selling
        report.did(jobs)
        report.note = f"{took:.1f} s, {sold} sales, log at most {longest_log / 2**20:.1f} MB"
        report.right([row.says for row in broken])
        assert max(after - before for before, after in itertools.pairwise(steps)) <= CHUNK_ROWS
        assert longest_log < MAX_LOG_BYTES
    finally:
        await database.close()


async def _forget(user_id: int) -> None:
    await ledger.lock(user_id)
    await job_texts.want_forgotten(user_id)


async def _sell(database: Database, seller: User, ended: asyncio.Event) -> tuple[int, int]:
    """Grant credits without a pause until the audit ends; give how often, and the longest log of SQLite."""
    sold = longest = 0
    while not ended.is_set():
        await grant(database, seller, 1, "because", f"sale:{sold}")
        sold += 1
        if database.file:
            longest = max(longest, await asyncio.to_thread(_size, Path(f"{database.file}-wal")))
    return sold, longest


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


@pytest.mark.timeout(3600)
async def test_what_a_person_asks_for_is_read_by_an_index_beside_very_many_jobs(
    database_url: str, size: Size, report: Report
) -> None:
    jobs = size(small=20_000, full=700_000)
    database = Database(database_url, limits=PATIENT)
    await database.open()
    try:
        await fill(jobs)
        report.plan(100, "times asked and forgotten")
        seconds = []
        for n in range(1, 101):
            begun = time.monotonic()
            assert len(await database.transact(job_texts.conversation, n, "ask", 20)) == 20
            await database.transact(_forget, n)
            assert not await database.transact(job_texts.conversation, n, "ask", 20)
            seconds.append(time.monotonic() - begun)
            report.did()
        report.note = f"{1000 * sorted(seconds)[50]:.1f} ms in the middle, {1000 * max(seconds):.1f} at most"
    finally:
        await database.close()
