"""What an import makes of people: accounts, mappings, and what fills an account there is."""

from __future__ import annotations

import pytest
from django.db import transaction

from accounts.models import AuditEntry, Company, Team, User
from integrations.models import Approach, Connection, SyncPlan, UserMapping
from integrations.user_sync import applying
from integrations.user_sync.planning import plan_import
from integrations.user_sync.reviewing import Resolution, resolve_conflict

from .builders import account, applied, imported, mapped, notes, outcomes, people, person

State = SyncPlan.State


def test_an_import_makes_accounts_and_mappings(
    connection: Connection, company: Company, admin: User
) -> None:
    team = Team.objects.create(company=company, name="West")
    someone = person(connection, 1, name="Vicki Laflamme", title="Rep", department="West")
    plan = imported(connection, [someone], by=admin)
    assert plan.state == State.DONE
    vicki = User.objects.get(email="person1@example.com")
    assert (vicki.name, vicki.title, vicki.team, vicki.role, vicki.state) == (
        "Vicki Laflamme",
        "Rep",
        team,
        User.Role.MEMBER,
        User.State.ACTIVE,
    )
    assert not vicki.has_usable_password()
    mapping = UserMapping.objects.get()
    assert (mapping.account, mapping.salesforce_user_id) == (vicki, someone.salesforce_id)
    assert (mapping.approach, mapping.created_by) == (Approach.ON_DEMAND, admin)
    row = plan.changes.get()
    assert (row.outcome, row.account, row.account_name) == ("done", vicki, "Vicki Laflamme")


def test_every_new_account_is_in_the_audit_with_its_plan(
    connection: Connection, admin: User
) -> None:
    plan = imported(connection, people(connection, range(3)), by=admin)
    entries = AuditEntry.objects.filter(action="account.created")
    assert entries.count() == 3
    assert {entry.actor for entry in entries} == {admin}
    assert {(entry.after or {})["plan"] for entry in entries} == {plan.pk}


def test_a_mapped_account_is_filled_only_where_it_is_empty(
    connection: Connection, company: Company, admin: User
) -> None:
    west, east = (Team.objects.create(company=company, name=name) for name in ("West", "East"))
    full = account(company, "person1@example.com", title="Boss", team=east)
    bare = account(company, "person2@example.com")
    plan = imported(
        connection, people(connection, (1, 2), title="Rep", department="West"), by=admin
    )
    full.refresh_from_db()
    bare.refresh_from_db()
    assert (full.title, full.team) == ("Boss", east)
    assert (bare.title, bare.team) == ("Rep", west)
    assert plan.changes.get(account=bare).before == {
        "account": {"title": ["", "Rep"], "team_id": [None, west.pk]}
    }


def test_importing_again_makes_nothing(connection: Connection, admin: User) -> None:
    everybody = people(connection, range(5))
    imported(connection, everybody, by=admin)
    again = imported(connection, everybody, by=admin)
    assert User.objects.count() == 6
    assert set(outcomes(again).values()) == {"left"}
    assert set(notes(again).values()) == {"Already has an account"}


def test_my_own_row_maps_to_me(connection: Connection, admin: User) -> None:
    imported(connection, [person(connection, 1, email="dana@example.com")], by=admin)
    assert UserMapping.objects.get().account == admin


def test_seats_run_out_in_the_middle_and_never_over_the_limit(
    connection: Connection, company: Company, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "BATCH", 2)
    company.seat_limit = 4  # one is Dana's
    company.save()
    plan = imported(connection, people(connection, range(1, 6)), by=admin)
    assert list(plan.changes.order_by("position").values_list("outcome", flat=True)) == [
        *("done", "done", "done"),
        *("no_seat", "no_seat"),
    ]
    assert User.objects.in_a_seat().filter(company=company).count() == 4
    assert UserMapping.objects.count() == 3


def test_two_new_accounts_with_one_address_end_as_one(connection: Connection, admin: User) -> None:
    """Two plans, each resolved to a new account: the second finds the first one's account."""
    one, two = people(connection, (1, 2), email="shared@example.com")
    plans = [plan_import(connection, [someone], by=admin) for someone in (one, two)]
    for plan in plans:
        resolve_conflict(plan.changes.get(), Resolution.CREATE, by=admin)
    results = [outcomes(applied(plan, admin)) for plan in plans]
    assert results == [{"Person 1": "done"}, {"Person 2": "changed"}]
    assert User.objects.filter(email="shared@example.com").count() == 1


def test_an_account_whose_address_somebody_else_has_now_is_not_reopened(
    connection: Connection, company: Company, admin: User
) -> None:
    gone = account(company, "old@example.com", state=User.State.DEACTIVATED, federation_id="F-7")
    account(company, "old@example.com", name="Successor")
    plan = plan_import(connection, [person(connection, 1, federation_id="F-7")], by=admin)
    resolve_conflict(plan.changes.get(), Resolution.MAP, by=admin, account_id=gone.pk)
    applied(plan, admin)
    assert notes(plan) == {"Person 1": "Another account has Old's e-mail now."}
    assert outcomes(plan) == {"Person 1": "left"}


def test_an_account_has_one_current_mapping_a_connection(
    connection: Connection, company: Company
) -> None:
    vic = account(company, "vic@example.com")
    mapped(connection, 1, vic)
    with pytest.raises(Exception, match="one_current_mapping"), transaction.atomic():
        mapped(connection, 2, vic)
    mapped(connection, 3, vic, is_current=False)
    assert vic.mappings.count() == 2
