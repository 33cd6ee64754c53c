"""Every reason for the page between the ticks and the accounts."""

from __future__ import annotations

from django.test import Client

from accounts.models import Company, User
from integrations.models import Connection, SyncPlan
from tests.integrations.user_sync.builders import account, people, person

from .browsing import LIST, messages, page_of, press, shown, the_plan

State = SyncPlan.State


def test_an_import_without_what_was_shown_is_looked_at_first(
    client: Client, connection: Connection
) -> None:
    press(client, "import_users", [person(connection, 1)], shown=[])
    assert the_plan().state == State.DRAFT


def test_a_verdict_that_differs_from_the_one_shown_is_looked_at_first(
    client: Client, company: Company, connection: Connection
) -> None:
    one = person(connection, 1)
    before = shown(client)
    account(company, one.email)
    answer = press(client, "import_users", [one], shown=before)
    assert the_plan().state == State.DRAFT
    assert "1 person has changed since the list was shown" in messages(answer)


def test_a_conflict_is_looked_at_first(
    client: Client, company: Company, connection: Connection
) -> None:
    account(company, "person1@example.com", role=User.Role.ADMIN)
    answer = press(client, "import_users", [person(connection, 1)])
    assert the_plan().state == State.DRAFT
    assert "1 person needs a decision" in messages(answer)


def test_a_shortage_of_seats_is_looked_at_first(
    client: Client, company: Company, connection: Connection
) -> None:
    company.seat_limit = 2
    company.save()
    answer = press(client, "import_users", people(connection, range(1, 4)))
    plan = the_plan()
    assert plan.state == State.DRAFT
    assert "3 seats are needed, 1 free" in messages(answer)
    assert "3 seats needed, 1 of 2 free" in client.get(page_of(plan)).content.decode()


def test_everybody_who_matches_is_looked_at_first(client: Client, connection: Connection) -> None:
    people(connection, range(1, 4))
    one = person(connection, 9, name="Zoe Zimmer", email="zoe@example.com")
    answer = press(client, "import_users", [one], address=f"{LIST}?q=person", select_across="1")
    plan = the_plan()
    assert plan.state == State.DRAFT
    assert {row.person_name for row in plan.changes.all()} == {"Person 1", "Person 2", "Person 3"}
    assert "everybody who matches" in messages(answer)


def test_more_than_fifty_people_are_looked_at_first(client: Client, connection: Connection) -> None:
    chosen = people(connection, range(1, 52))
    press(client, "import_users", chosen)
    assert the_plan().state == State.DRAFT


def test_fifty_people_are_not_too_many(client: Client, connection: Connection) -> None:
    press(client, "import_users", people(connection, range(1, 51)))
    assert the_plan().state == State.QUEUED


def test_preview_always_leads_to_the_plan(client: Client, connection: Connection) -> None:
    answer = press(client, "preview_import", [person(connection, 1)])
    plan = the_plan()
    assert answer.url == page_of(plan)
    assert plan.state == State.DRAFT
    assert "Nothing has happened yet" in client.get(answer.url).content.decode()
