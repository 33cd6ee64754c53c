from __future__ import annotations

import pytest

from accounts.models import AuditEntry, User
from integrations.models import AccessRequest, Connection, SyncPlan
from integrations.user_sync import requesting
from integrations.user_sync.planning import plan_import
from tests.integrations.user_sync.builders import imported, people

from .running import run, run_json

pytestmark = pytest.mark.django_db
State = SyncPlan.State


@pytest.fixture
def draft(connection: Connection, admin: User) -> SyncPlan:
    return plan_import(connection, people(connection, range(1, 4)), by=admin)


def test_a_plan_is_shown_in_words_and_in_json(draft: SyncPlan) -> None:
    shown = run("plan", "show", draft.pk)
    assert shown.code == 0
    assert "3 New account" in shown.out
    assert "Person 2" in shown.out
    values = run_json("plan", "show", draft.pk, "--rows", 2).values
    assert values["actions"] == {"create": 3}
    assert [row["name"] for row in values["rows"]] == ["Person 1", "Person 2"]
    assert values["address"].endswith(f"/syncplan/{draft.pk}/change/")


def test_an_approved_plan_is_applied_and_reverted_here_and_now(
    draft: SyncPlan, admin: User
) -> None:
    assert run("plan", "approve", draft.pk, "--by", admin.email).code == 0
    applied = run_json("plan", "apply", draft.pk)
    assert (applied.code, applied.values["outcomes"]) == (0, {"done": 3})
    assert User.objects.count() == 4
    reverting = run_json("plan", "revert", draft.pk, "--by", admin.email)
    assert (reverting.code, reverting.values["actions"]) == (3, {"remove": 3})
    revert_id = reverting.values["plan"]
    assert run("plan", "approve", revert_id).code == 0
    assert run("plan", "apply", revert_id).code == 0
    assert User.objects.get() == admin
    entry = AuditEntry.objects.filter(action="plan.approved").earliest("pk")
    assert entry.actor == admin


@pytest.mark.parametrize("what", ["approve", "revert"])
def test_a_dry_run_changes_nothing(draft: SyncPlan, admin: User, what: str) -> None:
    plan = draft
    if what == "revert":
        done = people(plan.connection, [9])
        plan = imported(plan.connection, done, admin)
    before = list(SyncPlan.objects.order_by("pk").values())
    ran = run("plan", what, plan.pk, "--dry-run")
    assert "nothing was changed" in ran.out
    assert list(SyncPlan.objects.order_by("pk").values()) == before


def test_a_plan_that_nobody_approved_is_not_applied(draft: SyncPlan) -> None:
    ran = run_json("plan", "apply", draft.pk)
    assert (ran.code, ran.values) == (2, {"error": ran.error})
    assert "plan approve" in ran.error
    assert User.objects.filter(company=draft.company).count() == 1


def test_a_plan_is_approved_once(draft: SyncPlan, admin: User) -> None:
    assert run("plan", "approve", draft.pk, "--by", admin.email).code == 0
    ran = run("plan", "approve", draft.pk)
    assert (ran.code, ran.error) == (1, "Dana Cole already approved this change.")


def test_a_stopped_plan_goes_on(draft: SyncPlan) -> None:
    SyncPlan.objects.filter(pk=draft.pk).update(state=State.STOPPED)
    assert run("plan", "apply", draft.pk).code == 0
    draft.refresh_from_db()
    assert draft.state == State.DONE


def test_a_requested_plan_is_approved_by_who_may(
    connection: Connection, admin: User, support: User
) -> None:
    people(connection, range(1, 3))
    plan = requesting.request(connection, by=admin).plan
    assert run("plan", "approve", plan.pk).code == 2, "somebody's decision must have a name"
    refused = run("plan", "approve", plan.pk, "--by", admin.email)
    assert refused.code == 1
    assert "manage.py company --company maventech --self-approve on" in refused.error
    assert run("plan", "approve", plan.pk, "--by", support.email).code == 0
    assert AccessRequest.objects.get().decided_by == support


def test_a_plan_that_needs_a_person_says_so(
    draft: SyncPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    SyncPlan.objects.filter(pk=draft.pk).update(state=State.QUEUED, attempts=5)
    ran = run("plan", "apply", draft.pk)
    assert ran.code == 3
    assert "interrupted 5 times" in ran.out


@pytest.mark.parametrize("args", [("show", "999"), ("destroy", "1"), ("show",), ("show", "x")])
def test_bad_use_has_its_own_exit_code(db: None, args: tuple[str, ...]) -> None:
    assert run("plan", *args).code in (1, 2)


def test_a_discarded_plan_is_never_applied(draft: SyncPlan) -> None:
    SyncPlan.objects.filter(pk=draft.pk).update(state=State.DISCARDED)
    ran = run("plan", "apply", draft.pk)
    assert (ran.code, "discarded" in ran.error) == (1, True)
