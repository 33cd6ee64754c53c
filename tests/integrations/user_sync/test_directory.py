"""Against the demo org on a real socket."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone
from django_q.models import OrmQ

from accounts.models import AuditEntry, User
from integrations.credentials import access_to
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, DirectoryUser, SyncRun
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.session import TimeLimits
from integrations.user_sync import directory
from integrations.user_sync.directory import accept_shrinking, refresh_directory, request_refresh
from integrations.user_sync.errors import RefreshRefused

from .builders import imported

State = SyncRun.State


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that gives up within two seconds."""

    def client_for(connection: Connection) -> SalesforceClient:
        limits = TimeLimits(connect=1, read=0.5, total=2)
        return SalesforceClient(access_to(connection), limits=limits)

    monkeypatch.setattr(directory, "client_for", client_for)


def refresh(connection: Connection, **options: Any) -> SyncRun:
    run = request_refresh(connection, by=None, **options)
    refresh_directory(run.pk)
    run.refresh_from_db()
    connection.refresh_from_db()
    return run


def versions() -> dict[str, str]:
    """Which transaction wrote each row."""
    with database.cursor() as cursor:
        cursor.execute("SELECT salesforce_id, xmin::text FROM integrations_directoryuser")
        return dict(cursor.fetchall())


def test_the_mirror_holds_every_salesforce_user(salesforce: Connection, org: DemoOrg) -> None:
    run = refresh(salesforce)
    assert (run.state, run.error) == (State.DONE, "")
    assert run.expected == run.read == run.added == len(org.users)
    assert (run.changed, run.missing, run.attempts) == (0, 0, 1)
    assert {user.salesforce_id for user in DirectoryUser.objects.all()} == {
        row["Id"] for row in org.users
    }


def test_a_user_has_everything_that_decisions_rest_on(salesforce: Connection, org: DemoOrg) -> None:
    refresh(salesforce)
    row = next(row for row in org.users if row["ManagerId"] and row["UserRoleId"])
    profile = org.store.get("Profile", row["ProfileId"]) or {}
    kept = DirectoryUser.objects.get(salesforce_id=row["Id"])
    assert {
        "username": kept.username,
        "email": kept.email,
        "name": kept.name,
        "title": kept.title,
        "department": kept.department,
        "profile": kept.profile_name,
        "license": kept.license_name,
        "role": kept.role_name,
        "user_type": kept.user_type,
        "manager": (kept.manager_id_in_salesforce, kept.manager_name),
        "active": kept.is_active,
        "stamp": kept.system_modstamp.replace(microsecond=0),
    } == {
        "username": row["Username"],
        "email": row["Email"],
        "name": row["Name"],
        "title": row["Title"] or "",
        "department": row["Department"] or "",
        "profile": profile["Name"],
        "license": (org.store.get("UserLicense", profile["UserLicenseId"]) or {})["Name"],
        "role": (org.store.get("UserRole", row["UserRoleId"]) or {})["Name"],
        "user_type": row["UserType"],
        "manager": (row["ManagerId"], (org.store.get("User", row["ManagerId"]) or {})["Name"]),
        "active": row["IsActive"],
        "stamp": row["SystemModstamp"].replace(microsecond=0),
    }
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


def test_use_of_the_api_is_kept(salesforce: Connection) -> None:
    refresh(salesforce)
    assert salesforce.api_calls_used
    assert salesforce.api_calls_allowed == 100_000
    assert salesforce.directory_refreshed_at is not None


class TestGuard:
    def test_an_empty_answer_is_held(self, salesforce: Connection, org: DemoOrg) -> None:
        refresh(salesforce)
        before = versions()
        org.faults.break_it("empty_directory")
        run = refresh(salesforce)
        assert run.state == State.HELD
        assert run.error.startswith("Salesforce answered with no users at all")
        assert versions() == before

    def test_an_empty_answer_is_held_the_first_time_too(
        self, salesforce: Connection, org: DemoOrg
    ) -> None:
        org.faults.break_it("empty_directory")
        assert refresh(salesforce).state == State.HELD

    def test_a_shrunken_answer_is_held_until_a_person_accepts_it(
        self, salesforce: Connection, org: DemoOrg, admin: User
    ) -> None:
        refresh(salesforce)
        before = versions()
        org.faults.break_it("shrunk_directory")
        held = refresh(salesforce)
        assert held.state == State.HELD
        assert f"of {len(org.users)} Salesforce users are missing" in held.error
        assert versions() == before
        accepted = accept_shrinking(held, by=admin)
        refresh_directory(accepted.pk)
        accepted.refresh_from_db()
        assert accepted.state == State.DONE
        assert accepted.missing == DirectoryUser.objects.filter(missing_since__isnull=False).count()
        assert accepted.missing > 5
        assert AuditEntry.objects.get(action="directory.shrinking_accepted").actor == admin
        org.faults.mend_everything()
        assert refresh(salesforce).changed == accepted.missing
        assert not DirectoryUser.objects.filter(missing_since__isnull=False).exists()

    def test_a_few_who_are_missing_are_marked_and_kept(
        self, salesforce: Connection, org: DemoOrg
    ) -> None:
        refresh(salesforce)
        for number in range(5):
            DirectoryUser.objects.create(
                company=salesforce.company,
                connection=salesforce,
                salesforce_id=f"005{number:015d}",
                username="gone",
                name="Gone",
                is_active=True,
                system_modstamp=timezone.now(),
                refreshed_at=timezone.now(),
            )
        assert refresh(salesforce).missing == 5
        gone = DirectoryUser.objects.filter(name="Gone", missing_since__isnull=False)
        assert gone.count() == 5

    def test_only_a_held_refresh_can_be_accepted(self, salesforce: Connection, admin: User) -> None:
        with pytest.raises(RefreshRefused, match="does not wait"):
            accept_shrinking(refresh(salesforce), by=admin)


class TestFaults:
    @pytest.mark.parametrize(
        "fault", ["unavailable", "html_page", "half_page", "empty_body", "reset", "token_expired"]
    )
    def test_in_passing_is_survived(self, salesforce: Connection, org: DemoOrg, fault: str) -> None:
        org.faults.break_it("small_pages", value="10")
        org.faults.break_it(fault, times=1, after=3)
        run = refresh(salesforce)
        assert (run.state, run.read) == (State.DONE, len(org.users))

    @pytest.mark.usefixtures("impatient")
    @pytest.mark.parametrize("fault", ["unavailable", "html_page", "half_page", "hang", "reset"])
    def test_for_ever_ends_in_words_and_is_tried_again_later(
        self, salesforce: Connection, org: DemoOrg, fault: str
    ) -> None:
        refresh(salesforce)
        before = versions()
        org.faults.break_it(fault, after=3)
        run = refresh(salesforce)
        assert run.state == State.FAILED
        assert run.error.endswith(".")
        assert versions() == before
        assert run.retry_at is not None
        assert timedelta(minutes=4) < run.retry_at - timezone.now() <= timedelta(minutes=5)
        assert salesforce.state == Connection.State.CONNECTED

    def test_the_org_s_limit_waits_for_an_hour(self, salesforce: Connection, org: DemoOrg) -> None:
        org.faults.break_it("request_limit")
        run = refresh(salesforce)
        assert (run.state, run.error_code) == (State.FAILED, "REQUEST_LIMIT_EXCEEDED")
        assert run.retry_at is not None
        assert run.retry_at - timezone.now() > timedelta(minutes=59)

    def test_an_access_that_was_taken_away_stops_the_connection(
        self, salesforce: Connection, org: DemoOrg
    ) -> None:
        org.faults.break_it("revoke_grant")
        run = refresh(salesforce)
        assert (run.state, run.retry_at) == (State.FAILED, None)
        assert salesforce.state == Connection.State.RECONNECT_REQUIRED
        with pytest.raises(RefreshRefused):
            request_refresh(salesforce, by=None)

    @pytest.mark.usefixtures("impatient")
    def test_after_five_attempts_it_is_no_longer_tried_by_itself(
        self, salesforce: Connection, org: DemoOrg
    ) -> None:
        run = request_refresh(salesforce, by=None)
        SyncRun.objects.filter(pk=run.pk).update(attempts=4)
        org.faults.break_it("unavailable")
        refresh_directory(run.pk)
        run.refresh_from_db()
        assert (run.state, run.attempts, run.retry_at) == (State.FAILED, 5, None)

    def test_waiting_for_the_org_s_limit_is_no_attempt(
        self, salesforce: Connection, org: DemoOrg
    ) -> None:
        run = request_refresh(salesforce, by=None)
        SyncRun.objects.filter(pk=run.pk).update(attempts=4)
        org.faults.break_it("request_limit")
        refresh_directory(run.pk)
        run.refresh_from_db()
        assert (run.state, run.attempts) == (State.FAILED, 0)
        assert run.retry_at is not None

    def test_a_refresh_that_kills_its_worker_is_given_up(self, salesforce: Connection) -> None:
        run = request_refresh(salesforce, by=None)
        SyncRun.objects.filter(pk=run.pk).update(attempts=5, state=State.RUNNING)
        refresh_directory(run.pk)
        run.refresh_from_db()
        assert run.state == State.FAILED
        assert run.error.startswith("It was interrupted 5 times")


class TestConnectingUser:
    @pytest.mark.parametrize(
        ("fault", "words"),
        [
            ("user_frozen", "is frozen in Salesforce"),
            ("no_view_all_users", "View All Users"),
        ],
    )
    def test_at_risk_needs_attention(
        self, salesforce: Connection, org: DemoOrg, fault: str, words: str
    ) -> None:
        org.faults.break_it(fault)
        refresh(salesforce, accepts_shrinking=True)
        assert salesforce.state == Connection.State.NEEDS_ATTENTION
        assert words in salesforce.state_reason

    def test_without_access_must_be_replaced(self, salesforce: Connection, org: DemoOrg) -> None:
        org.faults.break_it("user_inactive")
        assert refresh(salesforce).state == State.FAILED
        assert salesforce.state == Connection.State.RECONNECT_REQUIRED

    def test_in_order_says_nothing(self, salesforce: Connection) -> None:
        refresh(salesforce)
        assert salesforce.state == Connection.State.CONNECTED


def test_one_refresh_at_a_time(salesforce: Connection) -> None:
    first = request_refresh(salesforce, by=None)
    queued = OrmQ.objects.count()
    assert request_refresh(salesforce, by=None) == first
    assert OrmQ.objects.count() == queued


@pytest.mark.django_db(transaction=True)
def test_of_many_requests_at_the_same_moment_one_is_queued(connection: Connection) -> None:
    start = threading.Barrier(5)
    runs: list[int] = []

    def ask() -> None:
        start.wait(10)
        try:
            runs.append(request_refresh(connection, by=None).pk)
        finally:
            database.close()

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(runs) == 5
    assert len(set(runs)) == SyncRun.objects.count() == OrmQ.objects.count() == 1


@pytest.mark.parametrize("state", [Connection.State.PAUSED, Connection.State.TERMINATED])
def test_salesforce_is_not_asked_by_a_connection_without_access(
    connection: Connection, state: str
) -> None:
    queued = request_refresh(connection, by=None)
    connection.state = state
    connection.save()
    with pytest.raises(RefreshRefused, match=connection.get_state_display().lower()):
        request_refresh(connection, by=None)
    refresh_directory(queued.pk)
    queued.refresh_from_db()
    assert queued.state == State.FAILED


def test_an_import_of_the_real_thing(salesforce: Connection, admin: User) -> None:
    """From the org to accounts: everybody in scope, nobody else, and nobody twice."""
    refresh(salesforce)
    assert User.objects.count() == 1, "nobody gets an account by connecting"
    plan = imported(salesforce, salesforce.directory.order_by("pk"), by=admin)
    made = plan.changes.filter(outcome="done")
    assert made.count() == User.objects.count() - 1 > 20
    again = imported(salesforce, salesforce.directory.all(), by=admin)
    assert not again.changes.filter(outcome="done").exists()
