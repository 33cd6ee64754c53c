"""The admin's first page, as a company's admin and as support staff."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Company, User
from activities.models import ActivityType
from integrations.admin import directory_verdicts
from integrations.models import Connection, SyncPlan, SyncRun, Watermark, Workflow
from integrations.user_sync.applying import apply_plan
from integrations.user_sync.approving import approve
from integrations.user_sync.planning import plan_import
from tests.integrations.user_sync.builders import account, imported, mapped, people, person

from .conftest import logged_in

HOME = "/admin/"
State = Connection.State


def home(client: Client) -> str:
    answer = client.get(HOME)
    assert answer.status_code == 200
    return str(answer.content.decode())


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


def test_a_quiet_hour_is_no_fault_of_what_is_asked_each_minute(
    client: Client, connection: Connection
) -> None:
    people(connection, range(1, 4))
    kind = ActivityType.objects.create(company=connection.company, name="Deal won")
    Workflow.objects.create(
        company=connection.company,
        connection=connection,
        name="Deals",
        object_name="Opportunity",
        activity_type=kind,
        date_field="CloseDate",
        state=Workflow.State.ON,
    )
    now = timezone.now()
    Watermark.objects.create(
        company=connection.company,
        connection=connection,
        object_name="Opportunity",
        polled_at=now - timedelta(seconds=45),
    )
    SyncRun.objects.create(
        company=connection.company,
        connection=connection,
        kind=SyncRun.Kind.POLL,
        state=SyncRun.State.DONE,
        finished_at=now - timedelta(minutes=59),
    )
    assert "All is well: last asked 45\xa0seconds ago." in home(client)


def test_a_failed_refresh_is_not_called_well(client: Client, connection: Connection) -> None:
    people(connection, range(1, 4))
    Connection.objects.update(directory_refreshed_at=timezone.now())
    assert "All is well" in home(client)
    run = SyncRun.objects.create(
        company=connection.company,
        connection=connection,
        kind=SyncRun.Kind.DIRECTORY,
        state=SyncRun.State.FAILED,
        finished_at=timezone.now(),
        error="Salesforce is not available just now.",
    )
    html = home(client)
    assert "All is well" not in html
    assert f"People could not be read now. {run.error}" in html
    SyncRun.objects.update(state=SyncRun.State.DONE)
    assert "All is well" in home(client)


def test_with_a_list_the_next_step_is_to_choose(
    client: Client, company: Company, connection: Connection
) -> None:
    people(connection, range(1, 4))
    account(company, "person1@example.com")
    account(company, "person2@example.com", role=User.Role.ADMIN)
    html = home(client)
    assert "Choose from 3" in html  # the conflict too
    work = client.get(HOME).context["work"]
    assert {line.kind: line.count for line in work} == {"create": 1, "map": 1, "conflict": 1}
    for line in work:
        listed = client.get(line.address).context["cl"]
        assert listed.result_count == line.count


def test_more_possible_matches_than_are_looked_at_are_no_exact_number(
    client: Client, company: Company, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(connection, range(1, 4))
    for number in range(1, 4):
        account(company, f"person{number}@example.com")
    monkeypatch.setattr(directory_verdicts, "LOOKED_AT", 2)
    (line,) = client.get(HOME).context["work"]
    assert (line.kind, line.count, line.is_capped) == ("map", 2, True)


def test_of_many_possible_matches_the_start_page_counts_once_a_minute(
    client: Client, company: Company, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory_verdicts, "COUNTED_ANEW", 2)
    people(connection, range(1, 4))
    for number in range(1, 4):
        account(company, f"person{number}@example.com")
    assert client.get(HOME).context["work"][0].count == 3
    monkeypatch.setattr(directory_verdicts, "counterparts", None)
    assert client.get(HOME).context["work"][0].count == 3


def test_a_line_about_changes_leads_to_those_of_its_connection(
    client: Client, company: Company, connection: Connection, admin: User
) -> None:
    second = Connection.objects.create(
        company=company, login_url=connection.login_url, state=State.CONNECTED
    )
    mine = plan_import(second, [person(second, 1)], by=admin)
    plan_import(connection, [person(connection, 2)], by=admin)
    work = client.get(HOME, {"connection": second.pk}).context["work"]
    (line,) = [line for line in work if line.kind == "draft"]
    assert list(client.get(line.address).context["cl"].queryset) == [mine]


def test_when_everybody_is_decided_there_is_nothing_to_do(
    client: Client, admin: User, connection: Connection
) -> None:
    imported(connection, [person(connection, 1)], admin)
    html = home(client)
    assert "Nothing to do" in html
    assert "Imported 1 user" in html


def test_rows_that_ended_otherwise_are_work_until_the_person_has_an_account(
    client: Client, company: Company, admin: User, connection: Connection
) -> None:
    plan = plan_import(connection, people(connection, [1, 2]), by=admin)
    approve(plan, by=admin)
    plan.changes.filter(person_name="Person 1").update(outcome="failed")
    apply_plan(plan.pk)
    line = next(line for line in client.get(HOME).context["work"] if line.kind == "failed")
    assert line.count == 1
    assert "Person 1" in client.get(line.address).content.decode()
    mapped(connection, 1, account(company, "by.hand@example.com"))
    assert "Failed" not in home(client)


def test_a_refresh_that_is_held_needs_somebody(client: Client, connection: Connection) -> None:
    SyncRun.objects.create(
        company=connection.company,
        connection=connection,
        kind=SyncRun.Kind.DIRECTORY,
        state=SyncRun.State.HELD,
        error="Only 3 of 40.",
    )
    assert "The list of people came out shorter" in home(client)


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


def test_one_company_sees_nothing_of_another(
    client: Client, connection: Connection, other_connection: Connection, other_admin: User
) -> None:
    people(other_connection, range(1, 4))
    imported(other_connection, [person(other_connection, 9)], other_admin)
    html = home(client)
    assert "Read the list" in html
    assert "Otto" not in html
    assert "Imported" not in html


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
