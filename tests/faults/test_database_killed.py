"""The web process's database is killed, and comes back."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from django.conf import settings

from config import embedded_postgres
from config.embedded_postgres import EmbeddedPostgres
from tests.web_process import web_process

pytestmark = pytest.mark.faults

#: A page waits half a minute for the database, or for another page's connection to it.
ANSWERED_WITHIN = 40.0
FOUND_AGAIN_WITHIN = 15.0
#: Any page that asks the database.
PAGE = "/invitation/MQ/no-such-link/"


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="scoreline-") as parent:
        try:
            yield Path(parent) / "postgres"
        finally:
            embedded_postgres.remove(Path(parent) / "postgres")


@pytest.fixture
def database(folder: Path) -> Iterator[EmbeddedPostgres]:
    """A server of its own, with our tables."""
    server = embedded_postgres.start(folder)
    try:
        environment = {**os.environ, "DATABASE_URL": server.url}
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
        subprocess.run(migrate, cwd=settings.BASE_DIR, env=environment, check=True)
        yield server
    finally:
        server.stop()


def test_a_page_says_that_the_database_is_away_and_the_next_one_finds_it_when_it_is_back(
    folder: Path, database: EmbeddedPostgres
) -> None:
    with web_process(DATABASE_URL=database.url) as web:
        page = f"http://127.0.0.1:{web.port}{PAGE}"
        assert requests.get(page, timeout=ANSWERED_WITHIN).status_code == 200
        database.process.kill()
        database.process.wait()
        answer = requests.get(page, timeout=ANSWERED_WITHIN)
        assert answer.status_code == 503
        assert "Try again in a moment" in answer.text
        assert int(answer.headers["Retry-After"]) > 0
        with embedded_postgres.running(folder):
            assert requests.get(page, timeout=FOUND_AGAIN_WITHIN).status_code == 200
