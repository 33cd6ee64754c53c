"""Rules of a file on a field that is not read from Salesforce by itself, such as a custom one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from accounts.models import AuditEntry, User
from integrations.demo_org.org import DemoOrg
from integrations.management.commands import config
from integrations.management.working import refresh_now
from integrations.models import Connection, DirectoryUser, ScopeRule, SyncRun

from .running import Ran, run_json

pytestmark = pytest.mark.django_db(transaction=True)


def rule_on(field: str, value: str = "Maventech") -> dict[str, Any]:
    return {"scope_rules": [{"field": field, "operator": "equals", "value": value}]}


@pytest.fixture
def bring_in(tmp_path: Path, connected: Connection, admin: User) -> Any:
    """Bring a file in as Dana does."""

    def imported(values: dict[str, Any], *args: str) -> Ran:
        file = tmp_path / "config.json"
        file.write_text(json.dumps({"version": 1} | values))
        return run_json("config", "import", file, "--by", admin.email, *args)

    return imported


def test_the_field_is_read_and_the_rule_is_there(
    bring_in: Any, connected: Connection, org: DemoOrg, admin: User
) -> None:
    refused = bring_in(rule_on("CompanyName"))
    assert refused.code == 2
    assert "scope_rules[1].field: CompanyName is not read from Salesforce yet" in refused.error
    assert "--refresh" in refused.error
    assert bring_in(rule_on("CompanyName"), "--refresh").code == 0
    assert ScopeRule.objects.get().field == "CompanyName"
    assert DirectoryUser.objects.count() == len(org.users)
    assert AuditEntry.objects.get(action="connection.field_added").actor == admin


def test_a_team_comes_from_such_a_field(bring_in: Any, connected: Connection) -> None:
    team = {"attribute": "team", "policy": "salesforce", "source": "CompanyName"}
    refused = bring_in({"attribute_rules": [team]})
    assert "attribute_rules, team: CompanyName is not read" in refused.error
    assert bring_in({"attribute_rules": [team]}, "--refresh").code == 0
    assert connected.attribute_rules.get(attribute="team").source == "CompanyName"


@pytest.mark.parametrize("field", ["Shoe_Size__c", "companyname", "Name FROM User"])
def test_a_field_that_there_is_not_is_never_read(
    bring_in: Any, connected: Connection, field: str
) -> None:
    refused = bring_in(rule_on(field), "--refresh")
    assert (refused.code, f"shows no field {field} of users" in refused.error) == (2, True)
    connected.refresh_from_db()
    assert connected.extra_user_fields == []
    assert not SyncRun.objects.exists()


def test_a_refresh_that_began_without_the_field_is_followed_by_another(
    bring_in: Any, connected: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[SyncRun] = []

    def without_the_field_at_first(run: SyncRun) -> SyncRun:
        if not ended:
            Connection.objects.update(extra_user_fields=[])
        ended.append(refresh_now(run))
        Connection.objects.update(extra_user_fields=["CompanyName"])
        return ended[-1]

    monkeypatch.setattr(config, "refresh_now", without_the_field_at_first)
    assert bring_in(rule_on("CompanyName"), "--refresh").code == 0
    assert [run.state for run in ended] == ["done", "done"]


def test_a_dry_run_reads_nothing(bring_in: Any, connected: Connection) -> None:
    refused = bring_in(rule_on("CompanyName"), "--refresh", "--dry-run")
    assert (refused.code, "without --dry-run it would be read first" in refused.error) == (2, True)
    assert "--refresh" not in refused.error
    connected.refresh_from_db()
    assert connected.extra_user_fields == []
    assert not SyncRun.objects.exists()


def test_users_that_cannot_be_read_leave_the_rules_as_they_were(
    bring_in: Any, connected: Connection, org: DemoOrg
) -> None:
    assert bring_in(rule_on("CompanyName"), "--refresh").code == 0
    org.faults.break_it("empty_directory")
    held = bring_in(rule_on("Division"), "--refresh")
    assert (held.code, "could not be read" in held.values["waits_for"]) == (3, True)
    assert ScopeRule.objects.get().field == "CompanyName"


def test_a_paused_connection_reads_nothing(bring_in: Any, connected: Connection) -> None:
    Connection.objects.update(state=Connection.State.PAUSED, state_reason="We move.")
    refused = bring_in(rule_on("CompanyName"), "--refresh")
    assert (refused.code, "We move." in refused.error) == (1, True)
