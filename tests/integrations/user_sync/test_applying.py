"""Working off an approved plan: in batches, by one worker, killed and taken up again."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, transaction
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from integrations import leases
from integrations.models import Connection, Lease, PlannedChange, SyncPlan
from integrations.user_sync import applying, approving, batch, importing
from integrations.user_sync.applying import Ended
from integrations.user_sync.planning import plan_import

from .builders import approved, imported, notes, outcomes, people, person

State = SyncPlan.State


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
