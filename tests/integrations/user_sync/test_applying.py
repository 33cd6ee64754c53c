from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.db import OperationalError, transaction
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts import audit
from accounts.models import AuditEntry, Company, Team, User
from integrations import leases
from integrations.models import (
    Approach,
    Connection,
    DirectoryUser,
    Lease,
    PlannedChange,
    SyncPlan,
    UserMapping,
)
from integrations.user_sync import applying, approving, batch, importing
from integrations.user_sync.applying import Ended
from integrations.user_sync.planning import plan_ignore, plan_import, plan_stop_ignoring
from integrations.user_sync.reviewing import Resolution, resolve_conflict

from .builders import (
    NOON,
    account,
    applied,
    imported,
    mapped,
    notes,
    outcomes,
    people,
    person,
)

State = SyncPlan.State


def approved(plan: SyncPlan, by: User) -> SyncPlan:
    approving.approve(plan, by=by)
    return plan


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


CHANGES: list[tuple[Callable[[DirectoryUser], Any], str]] = [
    (lambda p: _set(p, is_active=False), "has left Salesforce"),
    (lambda p: _set(p, is_frozen=True), "frozen in Salesforce"),
    (lambda p: _set(p, missing_since=NOON), "no longer visible to the connecting user"),
    (lambda p: _set(p, email="new@example.com"), "another e-mail in Salesforce"),
    (lambda p: _set(p, department="Sales"), "another department in Salesforce"),
    (lambda p: _set(p, ignored_at=NOON), "ignored"),
    (lambda p: person(p.connection, 99, email=p.email), "2 people in Salesforce share the e-mail"),
    (
        lambda p: account(p.company, "PERSON1@example.com", name="Vic"),
        "Vic may be this person",
    ),
    (
        lambda p: mapped(p.connection, 1, account(p.company, "x@example.com", name="Xenia")),
        "has the account Xenia",
    ),
]


def _set(person: DirectoryUser, **fields: Any) -> None:
    DirectoryUser.objects.filter(pk=person.pk).update(**fields)


@pytest.mark.parametrize(("change", "words"), CHANGES, ids=[words for _, words in CHANGES])
def test_what_changed_since_the_preview_is_not_applied_and_says_what(
    connection: Connection, admin: User, change: Callable[[DirectoryUser], Any], words: str
) -> None:
    someone = person(connection, 1)
    plan = approved(plan_import(connection, [someone], by=admin), admin)
    change(someone)
    before = User.objects.count()
    applying.apply_plan(plan.pk)
    assert outcomes(plan) == {"Person 1": "changed"}
    assert notes(plan) == {"Person 1": f"Since the preview: {words}."}
    assert User.objects.count() == before


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"role": "admin"}, "Vic is now a company admin"),
        ({"state": "pending"}, "Vic is now pending"),
        ({"protected": True}, "Vic is now protected from every sync"),
        ({"last_login": NOON}, "Vic has logged in"),
        ({"email": "else@example.com"}, "Vic no longer matches"),
    ],
)
def test_a_candidate_who_changed_is_not_mapped(
    connection: Connection, company: Company, admin: User, fields: dict[str, Any], words: str
) -> None:
    vic = account(company, "person1@example.com", name="Vic")
    plan = approved(plan_import(connection, [person(connection, 1)], by=admin), admin)
    User.objects.filter(pk=vic.pk).update(**fields)
    applying.apply_plan(plan.pk)
    assert notes(plan) == {"Person 1": f"Since the preview: {words}."}
    assert not UserMapping.objects.exists()


def test_a_changed_row_says_who_changed_the_account(
    connection: Connection, company: Company, admin: User
) -> None:
    vic = account(company, "person1@example.com", name="Vic")
    plan = approved(plan_import(connection, [person(connection, 1)], by=admin), admin)
    User.objects.filter(pk=vic.pk).update(role=User.Role.ADMIN)
    audit.record("account.changed", vic, by=account(company, "erin@example.com", name="Erin"))
    applying.apply_plan(plan.pk)
    assert "Vic is now a company admin (Erin, " in notes(plan)["Person 1"]


def test_a_team_that_was_deleted_is_said(
    connection: Connection, company: Company, admin: User
) -> None:
    team = Team.objects.create(company=company, name="West")
    plan = approved(
        plan_import(connection, [person(connection, 1, department="West")], by=admin), admin
    )
    team.delete()
    applying.apply_plan(plan.pk)
    assert notes(plan) == {"Person 1": "The team West is gone."}


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


def test_one_row_that_breaks_fails_alone(
    connection: Connection, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_account = importing.create_and_map

    def break_on_person_2(batch: batch.Batch) -> None:
        if any(row.person_name == "Person 2" for row in batch.changes):
            raise ZeroDivisionError
        make_account(batch)

    monkeypatch.setattr(applying, "EFFECTS", (break_on_person_2, *applying.EFFECTS[1:]))
    plan = imported(connection, people(connection, range(1, 5)), by=admin)
    assert plan.state == State.DONE
    assert outcomes(plan) == {
        "Person 1": "done",
        "Person 2": "failed",
        "Person 3": "done",
        "Person 4": "done",
    }
    assert notes(plan)["Person 2"] == (
        "Something unexpected went wrong; nothing of this row was changed. Retry it."
    )
    assert User.objects.count() == 4


def test_ignoring_and_stopping_to(connection: Connection, admin: User) -> None:
    someone = person(connection, 1)
    applied(plan_ignore(connection, [someone], by=admin, reason="Contractor"), admin)
    someone.refresh_from_db()
    assert (someone.ignored_by, someone.ignored_reason) == (admin, "Contractor")
    assert notes(imported(connection, [someone], by=admin)) == {"Person 1": "Ignored: Contractor"}
    applied(plan_stop_ignoring(connection, [someone], by=admin), admin)
    someone.refresh_from_db()
    assert (someone.ignored_at, someone.ignored_by, someone.ignored_reason) == (None, None, "")
    assert outcomes(imported(connection, [someone], by=admin)) == {"Person 1": "done"}


def test_two_new_accounts_with_one_address_end_as_one(connection: Connection, admin: User) -> None:
    """Two plans, each resolved to a new account: the second finds the first one's account."""
    one, two = people(connection, (1, 2), email="shared@example.com")
    plans = [plan_import(connection, [someone], by=admin) for someone in (one, two)]
    for plan in plans:
        resolve_conflict(plan.changes.get(), Resolution.CREATE, by=admin)
    results = [outcomes(applied(plan, admin)) for plan in plans]
    assert results == [{"Person 1": "done"}, {"Person 2": "changed"}]
    assert User.objects.filter(email="shared@example.com").count() == 1


def test_a_plan_that_another_worker_has_is_left_to_it(connection: Connection, admin: User) -> None:
    plan = approved(plan_import(connection, [person(connection, 1)], by=admin), admin)
    with leases.held_lease(leases.of_plan(plan.pk), holder="somebody else"):
        assert applying.apply_plan(plan.pk) == Ended.NOT_MINE
    assert outcomes(plan) == {"Person 1": "waiting"}


def test_a_worker_that_lost_its_lease_writes_nothing_more(
    connection: Connection, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose_the_lease(_: batch.Batch) -> None:
        Lease.objects.update(token=1_000, holder="somebody else")

    monkeypatch.setattr(applying, "EFFECTS", (*applying.EFFECTS, lose_the_lease))
    plan = approved(plan_import(connection, people(connection, range(3)), by=admin), admin)
    with transaction.atomic():
        assert applying.apply_plan(plan.pk) == Ended.NOT_MINE
    assert set(outcomes(plan).values()) == {"waiting"}
    assert User.objects.count() == 1


def test_a_plan_that_gets_nowhere_needs_a_person_after_five_attempts(
    connection: Connection, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def go_away(_: batch.Batch) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(applying, "EFFECTS", (go_away,))
    # The test's own transaction must outlive this.
    monkeypatch.setattr("integrations.user_sync.applying.connection.close", lambda: None)
    plan = approved(plan_import(connection, [person(connection, 1)], by=admin), admin)
    ends = [applying.apply_plan(plan.pk) for _ in range(6)]
    assert ends == [*[Ended.INTERRUPTED] * 5, Ended.NEEDS_A_PERSON]
    plan.refresh_from_db()
    assert plan.state == State.NEEDS_A_PERSON
    assert plan.problem.startswith("The worker was interrupted 5 times")
    monkeypatch.undo()
    approving.resume(plan, by=admin)
    assert applying.apply_plan(plan.pk) == Ended.DONE
    assert outcomes(plan) == {"Person 1": "done"}


def test_progress_gives_a_plan_its_attempts_back(connection: Connection, admin: User) -> None:
    plan = approved(plan_import(connection, [person(connection, 1)], by=admin), admin)
    SyncPlan.objects.filter(pk=plan.pk).update(attempts=4)
    assert applying.apply_plan(plan.pk) == Ended.DONE
    plan.refresh_from_db()
    assert plan.attempts == 0


def test_a_long_plan_gives_its_worker_back_in_time(
    connection: Connection, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "LONGEST_SECONDS", -1.0)
    plan = approved(plan_import(connection, [person(connection, 1)], by=admin), admin)
    assert applying.apply_plan(plan.pk) == Ended.INTERRUPTED
    assert leases.is_free(leases.of_plan(plan.pk))
    plan.refresh_from_db()
    assert plan.state == State.APPLYING


class TestInvitations:
    @pytest.fixture(autouse=True)
    def mail_server(self, settings: Settings) -> None:
        settings.EMAIL_CONFIGURED = True

    def test_none_are_sent_unless_asked_for(self, connection: Connection, admin: User) -> None:
        imported(connection, people(connection, range(3)), by=admin)
        assert mail.outbox == []

    def test_one_each_once_all_rows_are_done(
        self, connection: Connection, company: Company, admin: User
    ) -> None:
        account(company, "person2@example.com")
        everybody = people(connection, range(1, 4))
        imported(connection, everybody, by=admin, send_invitations=True)
        assert sorted(message.to[0] for message in mail.outbox) == [
            "person1@example.com",
            "person3@example.com",
        ]

    def test_somebody_invited_before_the_worker_died_is_not_invited_again(
        self, connection: Connection, admin: User
    ) -> None:
        everybody = people(connection, range(1, 4))
        plan = imported(connection, everybody, by=admin, send_invitations=True)
        mail.outbox.clear()
        User.objects.filter(email="person2@example.com").update(invited_at=None)
        SyncPlan.objects.filter(pk=plan.pk).update(state=State.APPLYING)
        applying.apply_plan(plan.pk)
        assert [message.to[0] for message in mail.outbox] == ["person2@example.com"]

    def test_a_mail_server_that_refuses_ends_the_plan_and_is_said(
        self, connection: Connection, admin: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("accounts.invitations._mail", lambda *_, **__: False)
        everybody = people(connection, range(12))
        plan = imported(connection, everybody, by=admin, send_invitations=True)
        assert plan.state == State.DONE
        assert plan.problem.count("12 people were not invited: the mail server did not take") == 1
        assert not User.objects.exclude(invited_at=None).exists(), "they can be invited again"

    def test_without_mail_nobody_counts_as_invited(
        self, connection: Connection, admin: User, settings: Settings
    ) -> None:
        settings.EMAIL_CONFIGURED = False
        imported(connection, [person(connection, 1)], by=admin, send_invitations=True)
        assert User.objects.get(email="person1@example.com").invited_at is None


def test_500_rows_are_written_in_few_statements(connection: Connection, admin: User) -> None:
    plan = approved(plan_import(connection, people(connection, range(500)), by=admin), admin)
    with CaptureQueriesContext(database) as queries:
        applying.apply_plan(plan.pk)
    assert User.objects.count() == 501
    statements = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert len(statements) < 40, "\n".join(statement[:100] for statement in statements)


def test_what_was_decided_can_no_longer_be_changed(connection: Connection, admin: User) -> None:
    plan = imported(connection, [person(connection, 1)], by=admin)
    row = plan.changes.get()
    changes: list[dict[str, Any]] = [{"outcome": "waiting"}, {"values": {}}, {"action": "map"}]
    for fields in changes:
        with pytest.raises(Exception, match="planned change"), transaction.atomic():
            PlannedChange.objects.filter(pk=row.pk).update(**fields)


def test_an_account_has_one_current_mapping_a_connection(
    connection: Connection, company: Company
) -> None:
    vic = account(company, "vic@example.com")
    mapped(connection, 1, vic)
    with pytest.raises(Exception, match="one_current_mapping"), transaction.atomic():
        mapped(connection, 2, vic)
    mapped(connection, 3, vic, is_current=False)
    assert vic.mappings.count() == 2
