from __future__ import annotations

import io
import json
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from accounts.models import AuditEntry, Company, Team, User
from integrations.config_file.exporting import exported
from integrations.credentials import store_app_keys
from integrations.models import AttributeRule, Connection, ScopeRule, SyncPlan, UserMapping
from integrations.salesforce.tokens import AppKeys
from integrations.user_sync.scope import MOST_RULES
from tests.integrations.user_sync.builders import account, mapped, person, salesforce_id

from .running import Ran, run, run_json

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.json"


@pytest.fixture
def set_up(connection: Connection, company: Company) -> Connection:
    """A connection where something of each kind is set up."""
    team = Team.objects.create(company=company, name="North")
    ScopeRule.objects.create(
        company=company,
        connection=connection,
        position=1,
        field="Department",
        operator="in",
        value=["Sales", "Service"],
    )
    connection.match_rules.filter(rule="username").update(enabled=False)
    connection.attribute_rules.filter(attribute="title").update(policy="salesforce")
    Connection.objects.update(
        automatic_is_on=True, automatic_team_source="chosen", automatic_team=team
    )
    person(connection, 1, department="Sales")
    mapped(connection, 1, account(company, "mia@example.com"))
    connection.refresh_from_db()
    return connection


def bring_in(file: Path, values: dict[str, Any], *args: str) -> Ran:
    file.write_text(json.dumps(values))
    return run_json("config", "import", file, *args)


def test_what_was_exported_comes_in_unchanged(set_up: Connection, file: Path) -> None:
    assert run("config", "export", file).code == 0
    before = exported(set_up)
    ran = run_json("config", "import", file)
    assert (ran.code, ran.values) == (0, {"changes": {}})
    assert exported(Connection.objects.get()) == before
    assert not AuditEntry.objects.exists()


def test_a_changed_or_fresh_connection_becomes_like_the_file(
    set_up: Connection, file: Path, admin: User
) -> None:
    wanted = run_json("config", "export").values
    since = AttributeRule.objects.get(attribute="name").policy_since
    Connection.objects.update(automatic_is_on=False, automatic_team=None)
    ScopeRule.objects.all().delete()
    set_up.match_rules.update(enabled=True)
    set_up.attribute_rules.update(policy="never")
    ran = bring_in(file, wanted, "--by", admin.email)
    assert ran.code == 0
    assert set(ran.values["changes"]) == {
        "settings",
        "match_rules",
        "scope_rules",
        "attribute_rules",
    }
    assert exported(Connection.objects.get()) == wanted
    assert AttributeRule.objects.get(attribute="name").policy_since == since
    assert AuditEntry.objects.get(action="configuration.imported").actor == admin


def test_a_dry_run_shows_the_changes_and_makes_none(set_up: Connection, file: Path) -> None:
    before = exported(set_up)
    ran = bring_in(file, before | {"scope_rules": []}, "--dry-run")
    assert ran.values["changes"]["scope_rules"]["after"] == []
    assert exported(Connection.objects.get()) == before


def test_scope_rules_that_leave_out_most_people_must_be_confirmed(
    connection: Connection, file: Path
) -> None:
    for number in range(4):
        person(connection, number, department="Sales" if number == 1 else "Service")
    rule = {"field": "Department", "operator": "equals", "value": "Sales"}
    wanted = exported(connection) | {"scope_rules": [rule]}
    refused = bring_in(file, wanted)
    assert (refused.code, "of 4 people who are in now, they leave 1" in refused.error) == (2, True)
    assert not ScopeRule.objects.exists()
    assert bring_in(file, wanted, "--confirmed").code == 0
    assert ScopeRule.objects.get().value == "Sales"


def test_mappings_become_a_plan(set_up: Connection, file: Path, admin: User) -> None:
    person(set_up, 2)
    account(set_up.company, "noa@example.com")
    wanted = exported(set_up)
    wanted["mappings"].append(
        {"salesforce_user_id": salesforce_id(2), "account": "Noa@example.com"}
    )
    assert bring_in(file, wanted).code == 2, "somebody must say that mappings are right"
    ran = bring_in(file, wanted, "--by", admin.email)
    assert (ran.code, ran.values["plan"]["actions"]) == (3, {"map": 1})
    assert UserMapping.objects.count() == 1
    plan = SyncPlan.objects.get()
    assert run("plan", "approve", plan.pk, "--by", admin.email).code == 0
    assert run("plan", "apply", plan.pk).code == 0
    assert exported(Connection.objects.get())["mappings"][1]["account"] == "noa@example.com"


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        ("version", 2, "version: "),
        ("version", True, "version: "),
        ("version", 1.0, "version: "),
        ("mappings", [{"salesforce_user_id": 5, "account": "a@example.com"}], "must be texts"),
        ("secrets", {}, "secrets: unknown"),
        ("settings", [], "settings: must be an object"),
        ("settings", {"state": "connected"}, "settings.state: unknown"),
        ("settings", {"email_policy": "always"}, "settings.email_policy: "),
        ("settings", {"automatic_is_on": 1}, "settings.automatic_is_on: must be true or false"),
        ("settings", {"automatic_daily_limit": -1}, "settings.automatic_daily_limit: "),
        ("settings", {"automatic_team": "Nowhere"}, "there is no team “Nowhere”"),
        ("settings", {"automatic_daily_limit": 10_001}, "must be from 1 to 10000"),
        ("settings", {"deprovisioning_grace_days": 366}, "must be from 0 to 365"),
        ("settings", {"automatic_team": None}, "a chosen team must be named"),
        *(
            ("settings", {name: number}, f"settings.{name}: must be a whole number")
            for name in ("automatic_daily_limit", "deprovisioning_grace_days")
            for number in (inf, -inf, nan, True, 1.5, 1.0, "5", "٣", "1_0", None, [5])
        ),
        ("match_rules", [{"rule": "email", "enabled": True}], "“username” is missing"),
        ("scope_rules", [{"field": "X__c", "operator": "is_empty"}], "X__c is not read"),
        ("scope_rules", [{"field": "Title", "operator": "equals", "value": " "}], "not be empty"),
        ("scope_rules", [{"field": "Title", "operator": "in", "value": []}], "not be empty"),
        ("scope_rules", [{"field": "Title", "operator": "is_empty"}] * 21, "there are 21, and 20"),
        (
            "attribute_rules",
            [{"attribute": "title", "policy": "fill", "source": "X__c"}],
            "X__c is not read",
        ),
        ("match_rules", {}, "match_rules: must be a list"),
        ("match_rules", [{"rule": "shoe_size", "enabled": True}], "match_rules[1]: rule: "),
        ("match_rules", [{"rule": "email", "enabled": True}] * 2, "“email” is there twice"),
        ("match_rules", [{"rule": "email", "connection": 3}], "match_rules[1]: must have"),
        ("scope_rules", [{"field": "A", "operator": "like", "value": "x"}], "scope_rules[1]: "),
        ("scope_rules", [{"field": "A", "operator": "in", "value": "x"}], "needs a list of texts"),
        ("scope_rules", [{"field": "A", "operator": "equals", "value": [1]}], "needs a text"),
        ("attribute_rules", [{"attribute": "shoe"}], "attribute_rules[1]: "),
        (
            "attribute_rules",
            [{"attribute": "title", "policy": "fill", "source": "manager_team"}],
            "only a team comes from the manager",
        ),
        ("match_rules", [{"rule": ["email"], "enabled": True}], "match_rules[1]: rule: "),
        ("attribute_rules", [{"attribute": {}, "policy": []}], "attribute_rules[1]: "),
        ("settings", {"automatic_team": "West\x00"}, "cannot be kept"),
        ("mappings", [{"salesforce_user_id": "x", "account": "\x00"}], "cannot be kept"),
        ("mappings", ["x"], "mappings[1]: must have"),
        ("mappings", [{"salesforce_user_id": "x", "account": "mia@example.com"}], "mappings[1]: "),
        ("org_id", "00Dx0000000BV7yEAG", "another Salesforce org"),
    ],
)
def test_what_is_wrong_is_named_by_its_place_and_nothing_changes(
    set_up: Connection, file: Path, admin: User, part: str, value: object, said: str
) -> None:
    before = exported(set_up)
    ran = bring_in(file, before | {part: value}, "--by", admin.email)
    assert ran.code == 2
    assert said in ran.error
    assert exported(Connection.objects.get()) == before


def test_as_many_scope_rules_come_in_as_the_page_takes(connection: Connection, file: Path) -> None:
    rule = {"field": "Title", "operator": "is_empty"}
    assert bring_in(file, {"version": 1, "scope_rules": [rule] * MOST_RULES}).code == 0
    assert ScopeRule.objects.count() == MOST_RULES


def test_of_many_problems_the_first_are_told_and_how_many_more(
    connection: Connection, file: Path
) -> None:
    ran = bring_in(file, {"version": 1, "mappings": ["x"] * 5_000})
    assert ran.code == 2
    assert ran.error.startswith("mappings[1]: must have")
    assert "mappings[10]: must have" in ran.error
    assert "mappings[11]" not in ran.error
    assert ran.error.endswith("and 4,990 more")


def test_a_file_from_notepad_comes_in(
    connection: Connection, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = json.dumps({"version": 1, "settings": {"automatic_daily_limit": 7}})
    file.write_text(text, encoding="utf-8-sig")
    assert run("config", "import", file).code == 0
    assert Connection.objects.get().automatic_daily_limit == 7
    monkeypatch.setattr("sys.stdin", io.StringIO(f"\ufeff{text}"))
    assert run("config", "import").code == 0


def test_a_file_that_is_none_is_bad_use(connection: Connection, file: Path) -> None:
    assert run("config", "import", file).code == 2
    file.write_text("{")
    assert "is not JSON" in run("config", "import", file).error
    file.write_text("[" * 100_000)
    assert "nested too deeply" in run("config", "import", file).error
    assert run("config", "export", file.parent).code == 2


def test_no_secret_is_exported(set_up: Connection) -> None:
    store_app_keys(set_up, AppKeys("CanaryKey", "CanarySecret"))
    assert "Canary" not in run("config", "export").out
