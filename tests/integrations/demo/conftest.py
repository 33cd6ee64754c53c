import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import embedded_postgres


@pytest.fixture
def folder() -> Iterator[Path]:
    """A demo's folder; root's database, which lies elsewhere, is deleted with it."""
    with tempfile.TemporaryDirectory(prefix="scoreline-demo-") as path:
        yield Path(path)
        for database in Path(path).glob("*/postgres"):
            embedded_postgres.remove(database)
