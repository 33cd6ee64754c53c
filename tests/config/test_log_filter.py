"""The log: of a real web server, whose database is not there, and of the pages of the tests."""

from __future__ import annotations

import io
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from unittest import mock

import pytest
import requests
from django.conf import settings
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from psycopg.errors import DeadlockDetected

from accounts.models import User
from config.log_filter import FaultsInFull
from tests.accounts.conftest import company, member, team  # noqa: F401 - fixtures

TOKEN = "d2xk3f-0123456789abcdef0123456789abcdef"


@pytest.fixture
def web() -> Iterator[subprocess.Popen[str]]:
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "config.asgi:application", "--port=0", "--lifespan=off"],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "BASE_URL": "http://127.0.0.1",
            "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield server
    server.kill()
    server.wait()


def address_of(web: subprocess.Popen[str]) -> str:
    assert web.stderr
    for line in web.stderr:
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            return found[0]
    pytest.fail("The server ended before it said where it listens.")


def log_of(web: subprocess.Popen[str]) -> str:
    """All that was written from now on, once the server has ended."""
    web.terminate()
    assert web.stderr
    return web.stderr.read()


def test_no_code_and_no_link_is_in_the_log(web: subprocess.Popen[str]) -> None:
    url = address_of(web)
    callback, login = reverse("salesforce_callback"), reverse("login")
    requests.get(f"{url}{callback}?code=aPrxCanary&state=Canary", timeout=30)
    requests.get(f"{url}/invitation/MQ/{TOKEN}/", timeout=30)
    requests.get(f"{url}{login}", timeout=30)
    log = log_of(web)
    assert f'"GET {callback} HTTP/1.1" 400' in log
    assert "Service Unavailable: /invitation/MQ/…/" in log
    assert '"GET /invitation/MQ/…/ HTTP/1.1" 503' in log
    assert f'"GET {login} HTTP/1.1" 200' in log
    assert "Canary" not in log
    assert TOKEN not in log


def test_what_was_refused_and_a_database_that_is_away_are_a_line_each(
    web: subprocess.Popen[str],
) -> None:
    url = address_of(web)
    page = requests.get(f"{url}/invitation/MQ/{TOKEN}/", timeout=30)
    assert page.status_code == 503
    assert "Try again in a moment" in page.text
    session = {"sessionid": "0123456789abcdef"}
    for asked in ("/feed/", "/feed/live/?since=0", "/no/such/"):
        assert requests.get(f"{url}{asked}", cookies=session, timeout=30).status_code == 503, asked
    assert requests.get(f"{url}/no/such/", timeout=30).status_code == 404
    assert requests.post(f"{url}/login/", timeout=30).status_code == 403
    elsewhere = requests.get(f"{url}/login/", headers={"Host": "elsewhere.example"}, timeout=30)
    assert elsewhere.status_code == 400
    log = log_of(web)
    assert "the database is away: connection failed" in log
    assert "Not Found: /no/such/" in log
    assert "Forbidden (CSRF cookie not set.): /login/" in log
    assert "Invalid HTTP_HOST header: 'elsewhere.example'" in log
    assert "Traceback" not in log


@pytest.fixture
def log(db: None, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the tests' own process writes."""
    (console,) = (
        handler
        for handler in logging.getLogger().handlers
        if any(isinstance(one, FaultsInFull) for one in handler.filters)
    )
    written = io.StringIO()
    monkeypatch.setattr(console, "stream", written)
    return written


def test_a_page_that_is_not_for_somebody_is_one_line(
    log: io.StringIO,
    client: Client,
    member: User,  # noqa: F811
) -> None:
    client.force_login(member)
    assert client.get(reverse("admin:index"), follow=True).status_code == 403
    assert "Forbidden (Permission denied): /admin/login/" in log.getvalue()
    assert "Traceback" not in log.getvalue()


def deadlock() -> Exception:
    error = OperationalError("deadlock detected")
    error.__cause__ = DeadlockDetected()
    return error


@pytest.mark.parametrize("fault", [ZeroDivisionError(), deadlock()], ids=repr)
def test_a_fault_of_the_code_is_told_in_full(
    fault: Exception,
    log: io.StringIO,
    client: Client,
    member: User,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("accounts.views.render", mock.Mock(side_effect=fault))
    client.force_login(member)
    client.raise_request_exception = False
    page = client.get(reverse("account"))
    assert page.status_code == 500
    assert "It is our fault" in page.text
    assert "Internal Server Error: /account/" in log.getvalue()
    assert f"{type(fault).__name__}" in log.getvalue().splitlines()[-1]
