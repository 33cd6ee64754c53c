"""The mirror of Salesforce users, against the demo org on a real socket."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, DirectoryUser, SyncRun
from integrations.user_sync import directory, directory_reading
from integrations.user_sync.directory_reading import Answer

from .builders import imported, person
from .mirroring import refresh, versions

State = SyncRun.State


def test_the_mirror_holds_every_salesforce_user(salesforce: Connection, org: DemoOrg) -> None:
    run = refresh(salesforce)
    assert (run.state, run.error) == (State.DONE, "")
    assert run.expected == run.read == run.added == len(org.users)
    assert (run.changed, run.missing, run.attempts) == (0, 0, 1)
    assert {user.salesforce_id for user in DirectoryUser.objects.all()} == {
        row["Id"] for row in org.users
    }


def name_of(org: DemoOrg, table: str, record_id: str) -> str:
    found = org.store.get(table, record_id)
    assert found is not None
    return str(found["Name"])


def test_a_user_has_everything_that_decisions_rest_on(salesforce: Connection, org: DemoOrg) -> None:
    refresh(salesforce)
    row = next(row for row in org.users if row["ManagerId"] and row["UserRoleId"])
    profile = org.store.get("Profile", row["ProfileId"]) or {}
    kept = DirectoryUser.objects.get(salesforce_id=row["Id"])
    assert (kept.username, kept.email, kept.name) == (row["Username"], row["Email"], row["Name"])
    assert (kept.title, kept.department) == (row["Title"] or "", row["Department"] or "")
    assert (kept.user_type, kept.is_active) == (row["UserType"], row["IsActive"])
    assert kept.profile_name == profile["Name"]
    assert kept.license_name == name_of(org, "UserLicense", profile["UserLicenseId"])
    assert kept.role_name == name_of(org, "UserRole", row["UserRoleId"])
    assert kept.manager_id_in_salesforce == row["ManagerId"]
    assert kept.manager_name == name_of(org, "User", row["ManagerId"])
    assert kept.system_modstamp.replace(microsecond=0) == row["SystemModstamp"].replace(
        microsecond=0
    )
    assert DirectoryUser.objects.get(salesforce_id=org.cast["frozen"].user_id).is_frozen


def test_who_can_open_the_tab_is_read_along(salesforce: Connection, org: DemoOrg) -> None:
    def can_open(role: str) -> bool | None:
        return DirectoryUser.objects.get(salesforce_id=org.cast[role].user_id).can_open_tab

    refresh(salesforce)
    assert (can_open("without_tab"), can_open("salesforce_admin")) == (False, True)
    (tab,) = (one for one in org.store.rows("PermissionSet") if one["Name"] == "Scoreline")
    without = org.cast["without_tab"].user_id
    org.insert("PermissionSetAssignment", PermissionSetId=tab["Id"], AssigneeId=without)
    refresh(salesforce)
    assert can_open("without_tab")
    org.update("PermissionSet", tab["Id"], Name="Another")
    refresh(salesforce)
    assert can_open("without_tab") is can_open("salesforce_admin") is None


def test_who_has_the_tab_through_a_group_of_permission_sets_can_open_it(
    salesforce: Connection, org: DemoOrg
) -> None:
    """Such an assignment names the group, and the set that the group is made into."""
    (tab,) = (one for one in org.store.rows("PermissionSet") if one["Name"] == "Scoreline")
    group = org.insert("PermissionSetGroup", DeveloperName="Sales", MasterLabel="Sales")
    made_into = org.insert("PermissionSet", Name="Sales", Label="Sales")
    org.insert(
        "PermissionSetGroupComponent", PermissionSetGroupId=group["Id"], PermissionSetId=tab["Id"]
    )
    without = org.cast["without_tab"].user_id
    org.insert(
        "PermissionSetAssignment",
        PermissionSetId=made_into["Id"],
        PermissionSetGroupId=group["Id"],
        AssigneeId=without,
    )
    refresh(salesforce)
    assert DirectoryUser.objects.get(salesforce_id=without).can_open_tab
    assert DirectoryUser.objects.get(
        salesforce_id=org.cast["salesforce_admin"].user_id
    ).can_open_tab


def test_a_second_refresh_of_unchanged_data_writes_no_row(salesforce: Connection) -> None:
    refresh(salesforce)
    before = versions()
    run = refresh(salesforce)
    assert (run.state, run.added, run.changed, run.missing) == (State.DONE, 0, 0, 0)
    assert versions() == before


def test_only_changed_people_are_written(salesforce: Connection, org: DemoOrg) -> None:
    refresh(salesforce)
    leaver = next(row for row in org.users if row["IsActive"] and row["ManagerId"])
    org.update("User", leaver["Id"], IsActive=False)
    run = refresh(salesforce)
    assert (run.added, run.changed) == (0, 1)
    assert not DirectoryUser.objects.get(salesforce_id=leaver["Id"]).is_active


def test_a_decision_to_ignore_outlives_every_refresh(
    salesforce: Connection, org: DemoOrg, admin: User
) -> None:
    refresh(salesforce)
    someone = next(row for row in org.users if row["IsActive"] and row["ManagerId"])
    kept = DirectoryUser.objects.filter(salesforce_id=someone["Id"])
    kept.update(ignored_at=timezone.now(), ignored_by=admin, ignored_reason="Contractor")
    org.update("User", someone["Id"], Title="New")
    refresh(salesforce)
    assert (kept.get().title, kept.get().ignored_reason) == ("New", "Contractor")
    assert kept.get().ignored_by == admin


def test_small_pages_make_the_same_mirror(salesforce: Connection, org: DemoOrg) -> None:
    org.faults.break_it("small_pages", value="3")
    assert refresh(salesforce).added == len(org.users)


def test_odd_text_survives(salesforce: Connection, org: DemoOrg) -> None:
    someone = next(row for row in org.users if row["IsActive"] and row["ManagerId"])
    org.update("User", someone["Id"], Title="a\x00b <\U0001f600>")
    assert refresh(salesforce).state == State.DONE
    assert DirectoryUser.objects.get(salesforce_id=someone["Id"]).title == "ab <\U0001f600>"


def test_who_is_looked_up_while_all_are_read_is_not_missing(
    salesforce: Connection, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_users(*args: Any) -> Answer:
        answer = directory_reading.read_users(*args)
        person(salesforce, 900)  # made after the page on which they would stand
        return answer

    monkeypatch.setattr(directory, "read_users", read_users)
    assert refresh(salesforce).missing == 0
    assert DirectoryUser.objects.get(name="Person 900").missing_since is None


def test_use_of_the_api_is_kept(salesforce: Connection) -> None:
    refresh(salesforce)
    assert salesforce.api_calls_used
    assert salesforce.api_calls_allowed == 100_000
    assert salesforce.directory_refreshed_at is not None


def test_an_import_of_the_real_thing(salesforce: Connection, admin: User) -> None:
    """From the org to accounts: everybody in scope, nobody else, and nobody twice."""
    refresh(salesforce)
    assert User.objects.count() == 1, "nobody gets an account by connecting"
    plan = imported(salesforce, salesforce.directory.order_by("pk"), by=admin)
    made = plan.changes.filter(outcome="done")
    assert made.count() == User.objects.count() - 1 > 20
    again = imported(salesforce, salesforce.directory.all(), by=admin)
    assert not again.changes.filter(outcome="done").exists()
