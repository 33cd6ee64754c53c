"""Two connections of a company that come to the same Salesforce org at the same moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Company, User
from integrations.connecting import logging_in
from integrations.connecting.attempts import LogInRefused
from integrations.credentials import CredentialStore, oauth_app
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection
from integrations.salesforce.errors import ReconnectRequired
from tests.activities.threads import in_own_connection, wait_until_somebody_waits_for_a_lock


@pytest.mark.django_db(transaction=True)
def test_the_second_connection_to_an_org_is_told_of_the_first(
    connection: Connection, org: DemoOrg
) -> None:
    first = Connection.objects.create(company=connection.company, login_url=org.url, name="First")
    tokens = oauth_app(connection).client_credentials()
    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            Connection.objects.filter(pk=first.pk).update(org_id=org.org_id)
            second = in_own_connection(
                pool, lambda: logging_in.connect_directly(connection, tokens)
            )
            wait_until_somebody_waits_for_a_lock()
        with pytest.raises(LogInRefused, match="already connected as “First”"):
            second.result()
    connection.refresh_from_db()
    assert (connection.state, connection.org_id) == (Connection.State.NOT_CONNECTED, "")
    with pytest.raises(ReconnectRequired):
        CredentialStore(connection).load()


def test_the_org_is_looked_at_again_before_it_is_replaced(
    connection: Connection, org: DemoOrg
) -> None:
    tokens = oauth_app(connection).client_credentials()
    stale = Connection.objects.get(pk=connection.pk)
    Connection.objects.update(org_id="00D000000000001EAA", org_name="Elsewhere")
    with pytest.raises(LogInRefused, match="another Salesforce org"):
        logging_in.connect_directly(stale, tokens)
    connection.refresh_from_db()
    assert connection.org_name == "Elsewhere"


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_connection(company: Company, admin: User) -> None:
    def click() -> int:
        client = Client()
        client.force_login(admin)
        return client.post(reverse("admin:integrations_connection_connect")).status_code

    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            Company.objects.select_for_update(no_key=True).get(pk=company.pk)
            clicks = [in_own_connection(pool, click) for _ in range(2)]
            wait_until_somebody_waits_for_a_lock()
        assert {one.result() for one in clicks} == {302}
    assert Connection.objects.count() == 1
