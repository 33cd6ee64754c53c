from __future__ import annotations

from pathlib import Path

import pytest
from django.db import models
from django.utils import timezone
from django_q.models import Failure

from accounts.models import Company, Team, User
from integrations import leases
from integrations.credentials import store_app_keys
from integrations.models import AccessRequest, Connection, ScopeRule, SyncPlan, SyncRun, Workflow
from integrations.salesforce.tokens import AppKeys
from integrations.user_sync.planning import plan_import
from integrations.user_sync.progress import beat
from tests.integrations.user_sync.builders import account, mapped, people

from .running import run, run_json

pytestmark = pytest.mark.django_db
CANARY = "Canary"


def with_canaries(row: models.Model) -> None:
    """Every text of the row that is free: not a code out of a list, nor an id with a rule."""
    names = {
        field.name: CANARY
        for field in row._meta.concrete_fields
        if isinstance(field, (models.CharField, models.TextField))
        and not field.choices
        and field.name not in IDS_AND_CODES
    }
    type(row)._default_manager.filter(pk=row.pk).update(**names)


IDS_AND_CODES = {
    "salesforce_id",
    "salesforce_user_id",
    "org_id",
    "connecting_user_id",
    "object_name",
    "error_code",
    "time_zone",
    "currency",
    "slug",
    "key",
    "field",
    "bulk_job_id",
    "page_record_id",
}


@pytest.fixture
def busy(connection: Connection, company: Company, admin: User) -> Connection:
    """A row of everything, with a canary wherever somebody could have written something."""
    mapped(connection, 1, account(company, "canary@canary.example"))
    plan = plan_import(connection, people(connection, range(1, 4)), by=admin)
    request = AccessRequest.objects.create(
        company=company, connection=connection, plan=plan, planned_at=timezone.now()
    )
    run, rule = failed_run(connection), rule_of(connection)
    Connection.objects.update(
        login_url=f"https://{CANARY}.my.salesforce.com",
        check_findings=[{"level": "error", "title": CANARY, "breaks": CANARY, "fix": CANARY}],
    )
    team = Team.objects.create(company=company, name=CANARY)
    for row in (company, admin, team, connection, plan, request, run, rule, *plan.changes.all()):
        with_canaries(row)
    store_app_keys(connection, AppKeys("CanaryKey", "CanarySecret"))
    failed_task()
    beat()
    return connection


def failed_run(connection: Connection) -> SyncRun:
    return SyncRun.objects.create(
        company=connection.company,
        connection=connection,
        kind=SyncRun.Kind.DIRECTORY,
        state=SyncRun.State.FAILED,
        error_code="INVALID_SESSION_ID",
    )


def rule_of(connection: Connection) -> ScopeRule:
    return ScopeRule.objects.create(
        company=connection.company,
        connection=connection,
        position=1,
        field="Department",
        operator="equals",
        value=CANARY,
    )


def failed_task() -> None:
    now = timezone.now()
    Failure.objects.create(
        id="1",
        name=CANARY,
        func="integrations.tasks.apply_plan",
        started=now,
        stopped=now,
        success=False,
        result=f'Traceback:\n  File "x"\nKeyError: {CANARY}',
    )


def test_the_bundle_says_what_happened_by_ids_and_codes(busy: Connection) -> None:
    with leases.held_lease("plan:1"):
        values = run_json("support_bundle").values
    (about,) = values["connections"]
    assert (about["id"], about["org_id"], about["state"]) == (busy.pk, busy.org_id, "connected")
    assert about["runs"][0]["error_code"] == "INVALID_SESSION_ID"
    assert about["plans"][0]["actions"] == {"create": 2, "nothing": 1}
    assert about["mappings"] == {"manual": 1}
    assert about["findings"] == ["error"]
    (failure,) = values["queue"]["failures"]
    assert (failure["task"], failure["error"]) == ("integrations.tasks.apply_plan", "KeyError")
    assert values["queue"]["leases"][0]["name"] == "plan:1"
    assert values["versions"]["django"].startswith("5.2")
    assert any(name.startswith("integrations.0001") for name in values["versions"]["migrations"])


def test_no_name_or_secret_is_in_the_bundle(busy: Connection, tmp_path: Path) -> None:
    file = tmp_path / "bundle.json"
    assert run("support_bundle", "--file", file).code == 0
    text = file.read_text()
    assert "canary" not in text.lower()
    assert "@" not in text
    assert "Person" not in text
    assert "://" not in text


def test_the_canaries_are_where_people_write(busy: Connection) -> None:
    busy.refresh_from_db()
    assert busy.state_reason == CANARY
    assert SyncPlan.objects.get().problem == CANARY
    assert not Workflow.objects.exists()


def test_one_connection_can_be_asked_about(busy: Connection, other_company: Company) -> None:
    other = Connection.objects.create(company=other_company)
    values = run_json("support_bundle", "--connection", other.pk).values
    assert [about["id"] for about in values["connections"]] == [other.pk]
    assert len(run_json("support_bundle").values["connections"]) == 2


def test_a_file_that_cannot_be_written_is_bad_use(db: None, tmp_path: Path) -> None:
    assert run("support_bundle", "--file", tmp_path).code == 2
