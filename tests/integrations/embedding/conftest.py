from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

from accounts.models import Company, User
from integrations.credentials import store_app_keys
from integrations.demo_org.canvas_tab import canvas_payload, signed
from integrations.demo_org.org import CONSUMER_KEY, CONSUMER_SECRET, DemoOrg
from integrations.demo_org.server import run_in_thread
from integrations.models import Approach, Connection, UserMapping
from integrations.salesforce.tokens import AppKeys
from tests.accounts.conftest import make_company, make_user


@pytest.fixture(scope="session")
def org() -> Iterator[DemoOrg]:
    with run_in_thread(DemoOrg.believable(seed=5, people=12, with_work=False)) as running:
        yield running.org


@pytest.fixture(autouse=True)
def _nothing_believed(settings: Any) -> Iterator[None]:
    settings.SALESFORCE_ALLOW_LOOPBACK = True
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def company(db: None) -> Company:
    return make_company("Acme")


@pytest.fixture
def admin(company: Company) -> User:
    return make_user(company, "dana@acme.example", name="Dana Cole", role=User.Role.ADMIN)


@pytest.fixture
def connection(company: Company, org: DemoOrg) -> Connection:
    made = Connection.objects.create(
        company=company,
        login_url=org.url,
        instance_url=org.url,
        org_id=org.org_id,
        state=Connection.State.CONNECTED,
    )
    store_app_keys(made, AppKeys(CONSUMER_KEY, CONSUMER_SECRET))
    return made


@pytest.fixture
def salesforce_user(org: DemoOrg) -> str:
    """Somebody of the org who is active."""
    return str(org.user(org.logins[3].username)["Id"])


@pytest.fixture
def ann(company: Company, connection: Connection, salesforce_user: str) -> User:
    account = make_user(company, "ann@acme.example", name="Ann Able")
    UserMapping.objects.create(
        company=company,
        connection=connection,
        salesforce_user_id=salesforce_user,
        account=account,
        approach=Approach.ON_DEMAND,
    )
    return account


def signed_request(
    org: DemoOrg, user_id: str, secret: str = CONSUMER_SECRET, **changes: Any
) -> str:
    return signed(canvas_payload(org, user_id) | changes, secret)
