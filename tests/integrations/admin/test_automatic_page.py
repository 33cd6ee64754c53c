"""The setting “Automatically sync users” and the workflows it takes people from."""

from __future__ import annotations

from typing import Any

from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Company, User
from activities.models import ActivityType
from integrations.models import (
    Connection,
    DirectoryUser,
    Evaluation,
    Workflow,
)
from tests.integrations.user_sync.builders import account, mapped, person, waiting_record

from .browsing import page


def _workflow(connection: Connection, name: str, **settings: Any) -> Workflow:
    kind, _ = ActivityType.objects.get_or_create(company=connection.company, name="Deal won")
    return Workflow.objects.create(
        company=connection.company,
        connection=connection,
        name=name,
        object_name="Opportunity",
        activity_type=kind,
        date_field="CloseDate",
        **settings,
    )


def _held(workflow: Workflow, person: DirectoryUser) -> None:
    """A record of this person's waits until they have an account."""
    waiting_record(
        workflow,
        person.pk,
        verdict=Evaluation.Verdict.HELD,
        hold=Evaluation.Hold.NOT_MAPPED,
        salesforce_user_id=person.salesforce_id,
    )


def test_automatic_is_turned_on_with_its_limits(client: Client, connection: Connection) -> None:
    form = {
        "automatic_is_on": "on",
        "automatic_accounts": "pending",
        "automatic_team_source": "from_salesforce",
        "automatic_daily_limit": "7",
    }
    form["workflows"] = str(_workflow(connection, "Deals").pk)
    client.post(page("automatic", connection), form)
    connection.refresh_from_db()
    assert (connection.automatic_is_on, connection.automatic_daily_limit) == (True, 7)
    assert "At most 7 a day" in client.get("/admin/").content.decode()
    client.post(page("automatic", connection), form | {"automatic_daily_limit": "0"})
    connection.refresh_from_db()
    assert connection.automatic_daily_limit == 7


def test_automatic_without_a_workflow_says_that_nobody_gets_an_account(
    client: Client, connection: Connection
) -> None:
    form = {
        "automatic_is_on": "on",
        "automatic_accounts": "pending",
        "automatic_team_source": "from_salesforce",
        "automatic_daily_limit": "7",
    }
    words = "On, but no workflow is chosen: nobody gets an account by it"
    answer = client.post(page("automatic", connection), form, follow=True)
    assert answer.content.decode().count(words) == 1
    assert "Turned on" not in answer.content.decode()
    assert words in client.get("/admin/").content.decode()


def test_automatic_is_offered_with_the_workflows_that_are_on(
    client: Client, connection: Connection
) -> None:
    _workflow(connection, "Off")
    on = _workflow(connection, "On", state=Workflow.State.ON)
    form = client.get(page("automatic", connection)).context["form"]
    assert form.initial["workflows"] == [on.pk]
    Connection.objects.update(automatic_is_on=True)
    form = client.get(page("automatic", connection)).context["form"]
    assert form.initial["workflows"] == []


def test_the_pending_people_are_those_of_the_page_behind(
    client: Client, company: Company, connection: Connection
) -> None:
    mapped(connection, 1, account(company, "p1@example.com", state=User.State.PENDING))
    account(company, "invited.by.hand@example.com", state=User.State.PENDING)
    assert client.get(page("automatic", connection)).context["pending"] == 1
    assert len(client.get(page("pending", connection)).context["listed"]) == 1


def test_who_is_ignored_waits_for_no_account(
    client: Client, connection: Connection, admin: User
) -> None:
    takes_part = _workflow(connection, "Deals", creates_accounts=True)
    Connection.objects.update(automatic_is_on=True)
    now = timezone.now()
    waits = person(connection, 1, wanted_since=now, wanted_workflow=takes_part)
    person(connection, 2, wanted_since=now, ignored_at=now, ignored_by=admin)
    assert client.get(page("automatic", connection)).context["waiting"] == [waits]
    assert "; 1 person waits" in client.get("/admin/").text


def test_while_it_is_off_it_says_who_would_get_an_account(
    client: Client,
    connection: Connection,
    admin: User,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    on = _workflow(connection, "On", state=Workflow.State.ON)
    off = _workflow(connection, "Off")
    address = page("automatic", connection)
    assert "without having an account" not in client.get(address).text
    _held(on, person(connection, 1))
    with CaptureQueriesContext(database) as with_one:
        assert "1 person owns records" in client.get(address).text
    for number in (2, 3, 4, 5, 6):
        _held(on, person(connection, number))
    _held(on, person(connection, 7, ignored_at=timezone.now(), ignored_by=admin))
    _held(off, person(connection, 8))
    Connection.objects.update(automatic_daily_limit=4)
    with django_assert_num_queries(len(with_one)):
        shown = client.get(address)
    assert "6 people own records" in shown.text
    assert "up to 4 of them get one today" in shown.text
    assert "Person 5</bdi> and others." in shown.text
    Connection.objects.update(automatic_is_on=True)
    assert "without having an account" not in client.get(address).text


def test_what_could_not_be_saved_is_not_shown_as_the_setting(
    client: Client, connection: Connection
) -> None:
    wrong = {"automatic_is_on": "on", "automatic_accounts": "pending", "automatic_daily_limit": "0"}
    shown = client.post(page("automatic", connection), wrong)
    assert "Choose between 1 and" in shown.content.decode()
    assert not shown.context["connection"].automatic_is_on
