"""The log of a real web server, whose database is not there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests
from django.conf import settings
from django.urls import reverse

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


def test_no_code_and_no_link_is_in_the_log(web: subprocess.Popen[str]) -> None:
    assert web.stderr
    url = ""
    for line in web.stderr:
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            url = found[0]
            break
    callback, login = reverse("salesforce_callback"), reverse("login")
    requests.get(f"{url}{callback}?code=aPrxCanary&state=Canary", timeout=30)
    requests.get(f"{url}/invitation/MQ/{TOKEN}/", timeout=30)
    requests.get(f"{url}{login}", timeout=30)
    web.terminate()
    log = web.stderr.read()
    assert f'"GET {callback} HTTP/1.1" 400' in log
    assert "Internal Server Error: /invitation/MQ/…/" in log
    assert '"GET /invitation/MQ/…/ HTTP/1.1" 500' in log
    assert f'"GET {login} HTTP/1.1" 200' in log
    assert "Canary" not in log
    assert TOKEN not in log
