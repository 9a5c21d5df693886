"""No flow reads a large part of a table that grows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.statements import scans_refused


@pytest.fixture(autouse=True)
def _reads_no_large_table(sqlite_template: Path) -> Iterator[None]:
    """Refuse every statement of the product that would read a large part of a table that grows."""
    with scans_refused(sqlite_template):
        yield
