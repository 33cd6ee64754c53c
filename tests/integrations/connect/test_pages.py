"""The page of a connection: what must be copied, what was found, and who changes what."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from accounts.models import AuditEntry, Company, User
from integrations.connecting.check import check
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection

from .conftest import page_of


def test_the_page_has_what_must_be_copied(browser: Client, new: Connection) -> None:
    page = browser.get(page_of(new)).content.decode()
    for value in (
        "http://testserver/salesforce/callback/",
        "api refresh_token id",
        "Salesforce Integration",
        "View All Records",
        "Proof Key for Code Exchange",
    ):
        assert value in page


def test_a_check_under_way_is_followed_and_a_silent_worker_is_said(
    browser: Client, connected: Connection
) -> None:
    page = browser.get(page_of(connected)).content.decode()
    assert 'data-state="checking"' in page
    assert "progress.js" in page
    long_ago = timezone.now() - timedelta(minutes=2)
    Connection.objects.update(check_requested_at=long_ago)
    page = browser.get(page_of(connected)).content.decode()
    assert "No worker has taken this up" in page
    assert "Check now" in page


@pytest.mark.parametrize("state", Connection.State)
def test_the_page_that_follows_a_check_always_finds_its_state(
    browser: Client, connected: Connection, state: str
) -> None:
    Connection.objects.update(state=state)
    assert browser.get(page_of(connected)).content.decode().count("data-state=") == 1


def test_the_page_says_what_the_check_found(
    browser: Client, connected: Connection, org: DemoOrg
) -> None:
    org.faults.break_it("no_view_all")
    check(connected.pk)
    page = browser.get(page_of(connected)).content.decode()
    assert 'data-state="checked"' in page
    assert "This user sees only opportunities shared with it" in page
    org.faults.mend_everything()
    check(connected.pk)
    assert re.search(
        r"All \d+ permissions are in place", browser.get(page_of(connected)).content.decode()
    )


def test_the_check_button_asks_the_worker(browser: Client, connected: Connection) -> None:
    check(connected.pk)
    OrmQ.objects.all().delete()
    assert browser.get(page_of(connected, "check")).status_code == 405
    browser.post(page_of(connected, "check"))
    assert OrmQ.objects.count() == 1


def test_settings_are_saved_and_audited(browser: Client, new: Connection) -> None:
    browser.post(page_of(new, "settings"), {"name": "Nordics", "email_policy": "never"})
    new.refresh_from_db()
    assert (new.name, new.email_policy) == ("Nordics", "never")
    entry = AuditEntry.objects.get(action="changed")
    assert entry.after == {"name": "Nordics", "email_policy": "never"}


def test_only_a_connection_that_never_was_can_be_deleted(
    browser: Client, connected: Connection
) -> None:
    never = Connection.objects.create(company=connected.company, name="Never")
    assert browser.post(page_of(connected, "delete"), {"post": "yes"}).status_code == 403
    assert browser.post(page_of(never, "delete"), {"post": "yes"}).status_code == 302
    assert list(Connection.objects.all()) == [connected]


def test_support_staff_adds_a_connection_for_a_company(client: Client, company: Company) -> None:
    support = User.objects.create_superuser(email="s@support.example", name="S")
    client.force_login(support)
    form = {"company": company.pk, "name": "Second"}
    response = client.post(reverse("admin:integrations_connection_add"), form)
    made = Connection.objects.get()
    assert made.company == company
    assert response["Location"] == page_of(made)


def test_a_name_turns_no_other_words_around(browser: Client, connected: Connection) -> None:
    form = {"name": " Acme\u202e\u2066 EMEA ", "email_policy": connected.email_policy}
    assert browser.post(page_of(connected, "settings"), form).status_code == 302
    connected.refresh_from_db()
    assert connected.name == "Acme EMEA"
    answer = browser.post(page_of(connected, "settings"), form | {"name": "\u202e"})
    assert "Give the connection a name that can be seen." in answer.content.decode()
    connected.refresh_from_db()
    assert connected.name == "Acme EMEA"


def test_a_new_connections_name_turns_no_other_words_around_either(
    client: Client, company: Company
) -> None:
    client.force_login(User.objects.create_superuser(email="sue@support.example", password="x"))
    form = {"company": company.pk, "name": " Acme\u202e\u2066 EMEA "}
    assert client.post(reverse("admin:integrations_connection_add"), form).status_code == 302
    assert Connection.objects.get(company=company).name == "Acme EMEA"
