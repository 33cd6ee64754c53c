"""The admin's first page: the next step, the cards, all companies for support, what it costs."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Company, User
from integrations.models import Connection, SyncPlan
from integrations.user_sync.planning import plan_import
from tests.integrations.user_sync.builders import account, imported, mapped, people, person

from .browsing import HOME, home
from .conftest import logged_in

State = Connection.State


def test_without_a_connection_the_next_step_is_to_connect(client: Client, admin: User) -> None:
    html = home(client)
    assert html.count("btn primary") == 1
    assert "Connect Salesforce" in html
    assert "Needs you" not in html


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.NOT_CONNECTED, "Continue connecting"),
        (State.RECONNECT_REQUIRED, "Reconnect"),
        (State.TERMINATED, "Connect again"),
        (State.PAUSED, "Resume"),
        (State.CONNECTED, "Read the list"),
        (State.NEEDS_ATTENTION, "Read the list"),
    ],
)
def test_each_state_has_its_next_step(
    client: Client, connection: Connection, state: str, words: str
) -> None:
    Connection.objects.update(state=state)
    html = home(client)
    assert words in html
    assert html.count("btn primary") == 1


def test_the_first_steps_of_a_demo_stay_when_its_access_is_revoked(
    client: Client, connection: Connection
) -> None:
    Connection.objects.update(state=State.RECONNECT_REQUIRED)
    assert "The first five minutes" not in home(client)
    Connection.objects.update(login_url="http://127.0.0.1:8200")
    html = home(client)
    assert "The first five minutes" in html
    assert "Smaller directory" in html


def test_the_first_steps_explain_somebody_who_shares_an_address(
    client: Client, connection: Connection
) -> None:
    Connection.objects.update(login_url="http://127.0.0.1:8200")
    person(connection, 1, name="Aaron Alone", is_frozen=True)
    person(connection, 2, name="Twin One", email="twin@example.com")
    person(connection, 3, name="Twin Two", email="Twin@example.com")
    html = home(client)
    assert "Explain Twin One" in html
    assert "Explain Aaron Alone" not in html


def test_after_a_revoked_grant_what_was_done_stays_done(
    client: Client, company: Company, connection: Connection
) -> None:
    mapped(connection, 1, account(company, "one@example.com"))
    person(connection, 1)
    Connection.objects.update(state=State.RECONNECT_REQUIRED)
    steps = client.get(HOME).context["steps"]
    assert [(step.is_done, step.words) for step in steps] == [
        (False, "Salesforce no longer lets us in."),
        (True, "1 person has an account."),
        (False, "Comes next."),
        (False, "Comes next."),
    ]


def test_a_plan_under_way_is_among_the_last_changes(
    client: Client, admin: User, connection: Connection
) -> None:
    plan_import(connection, [person(connection, 1)], by=admin)
    SyncPlan.objects.update(state=SyncPlan.State.APPLYING)
    assert "Under way" in home(client)


def test_seats_are_shown_where_there_is_a_limit(
    client: Client, company: Company, connection: Connection
) -> None:
    assert "Seats" not in home(client)
    company.seat_limit = 5
    company.save()
    assert "1 of 5 used, 4 free" in home(client)


@pytest.mark.parametrize("configured", [True, False])
def test_it_says_when_no_mail_is_set_up(
    client: Client, connection: Connection, settings: LazySettings, configured: bool
) -> None:
    settings.EMAIL_CONFIGURED = configured
    assert ("No mail is set up" in home(client)) is not configured


def test_one_company_sees_nothing_of_another(
    client: Client, connection: Connection, other_connection: Connection, other_admin: User
) -> None:
    people(other_connection, range(1, 4))
    imported(other_connection, [person(other_connection, 9)], other_admin)
    html = home(client)
    assert "Read the list" in html
    assert "Otto" not in html
    assert "Imported" not in html


def test_support_staff_see_all_companies_the_troubled_first(
    support: User, connection: Connection, other_connection: Connection
) -> None:
    third = Company.objects.create(
        name="Quiet", slug="quiet", time_zone="Europe/Oslo", currency="NOK"
    )
    other_connection.state = State.RECONNECT_REQUIRED
    other_connection.state_reason = "The access was revoked in Salesforce."
    other_connection.save()
    html = home(logged_in(support))
    assert html.index("Other") < html.index("Maventech")
    assert "The access was revoked in Salesforce." in html
    assert third.name in html


def _count(client: Client) -> int:
    client.get(HOME)
    with CaptureQueriesContext(database) as captured:
        client.get(HOME)
    return len(captured)


def test_the_number_of_queries_does_not_grow_with_people_and_plans(
    client: Client, company: Company, admin: User, connection: Connection
) -> None:
    people(connection, range(1, 11))
    account(company, "person1@example.com")
    for number in range(2, 8):
        plan_import(connection, connection.directory.filter(name=f"Person {number}"), by=admin)
    few = _count(client)
    people(connection, range(11, 1_001))
    for number in range(20, 40):
        plan_import(connection, connection.directory.filter(name=f"Person {number}"), by=admin)
        account(company, f"person{number}@example.com")
    assert _count(client) <= few
