"""The pages about records need an org behind them, on a real socket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from accounts.models import Company
from integrations.demo_org.org import DemoOrg
from integrations.demo_org.server import run_in_thread
from integrations.models import Connection
from tests.integrations.record_sync.conftest import connected


@pytest.fixture(autouse=True)
def loopback(settings: Settings) -> None:
    settings.SALESFORCE_ALLOW_LOOPBACK = True
    settings.BASE_URL = "http://testserver"


@pytest.fixture
def org() -> Iterator[DemoOrg]:
    org = DemoOrg.empty()
    with run_in_thread(org):
        yield org


@pytest.fixture
def connection(company: Company, org: DemoOrg) -> Connection:
    return connected(company, org)
