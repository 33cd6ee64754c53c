from collections.abc import Iterator

import pytest
from pytest_django import Settings

from accounts.models import Company, User
from integrations import connection_states
from integrations.demo import seeding
from integrations.demo.seeding import seed
from integrations.demo_org.org import DemoOrg
from integrations.demo_org.server import Running, run_in_thread
from integrations.models import Connection

pytestmark = pytest.mark.django_db


@pytest.fixture
def org(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A demo org; nothing of it is read, for no worker runs here."""
    settings.SALESFORCE_ALLOW_LOOPBACK = True
    monkeypatch.setattr(seeding, "_wait_for", lambda run: None)
    with run_in_thread(DemoOrg.believable()) as running:
        yield running


def test_the_company_is_connected_to_the_org(org: Running) -> None:
    seeded = seed(org.url)
    connection = Connection.objects.get()
    assert connection.state == Connection.State.CONNECTED
    assert connection.org_id == seeded["org_id"] == org.org.org_id
    assert connection.connecting_username == seeded["salesforce_logins"][0]["username"]


def test_every_log_in_that_is_shown_works(org: Running) -> None:
    for login in seed(org.url)["logins"]:
        user = User.objects.get(email=login["email"])
        assert user.check_password(login["password"])
        assert user.is_active


def test_some_of_the_orgs_people_have_an_account_already(org: Running) -> None:
    seed(org.url)
    cast = org.org.cast
    accounts = {user.email: user for user in User.objects.filter(company__slug="demo")}
    assert accounts[cast["existing_account"].email].last_login is None
    assert accounts[cast["existing_logged_in"].email].last_login is not None
    assert accounts[cast["existing_admin"].email].is_company_admin


def test_the_next_start_finds_everything_and_adds_nothing(org: Running) -> None:
    first = seed(org.url)
    accounts = set(User.objects.values_list("pk", flat=True))
    second = seed(org.url)
    assert second["org_id"] == first["org_id"]
    assert set(User.objects.values_list("pk", flat=True)) == accounts
    assert Company.objects.count() == Connection.objects.count() == 1


def test_a_terminated_connection_stays_terminated(org: Running) -> None:
    seed(org.url)
    connection_states.terminated(Connection.objects.get(), by=None)
    seed(org.url)
    assert Connection.objects.get().state == Connection.State.TERMINATED
