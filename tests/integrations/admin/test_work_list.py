"""*Needs you*: each line counts what its list shows."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Company, User
from integrations.admin import directory_verdicts
from integrations.models import Connection, SyncRun
from integrations.user_sync.applying import apply_plan
from integrations.user_sync.approving import approve
from integrations.user_sync.planning import plan_import
from tests.integrations.user_sync.builders import account, imported, mapped, people, person

from .browsing import HOME, home

State = Connection.State


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
