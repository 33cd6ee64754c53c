import pytest
from django_q.models import OrmQ

from integrations.connecting.check import NOT_ASKED, check, connecting_user_problems, request_check
from integrations.credentials import client_for
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection

State = Connection.State


def checked(connection: Connection) -> dict[str, dict[str, str]]:
    """The findings of a check by title."""
    check(connection.pk)
    connection.refresh_from_db()
    return {finding["title"]: finding for finding in connection.check_findings}


def problems(connection: Connection) -> list[str]:
    with client_for(connection) as client:
        return [finding.title for finding in connecting_user_problems(connection, client)]


def test_with_everything_in_place_all_is_good(connected: Connection) -> None:
    found = checked(connected)
    assert {finding["level"] for finding in found.values()} == {"good"}
    assert {"API Enabled", "View All Users", "Read users", "View all tasks"} <= set(found)
    assert connected.state == State.CONNECTED
    assert connected.checked_at is not None


@pytest.mark.parametrize(
    ("fault", "value", "level", "title", "breaks"),
    [
        ("no_api", "", "error", "“API Enabled” is missing", "Nothing can be read"),
        ("no_view_all_users", "", "warning", "“View All Users” is missing", "are missing from"),
        ("no_view_all", "Opportunity", "warning", "“View All Records” is missing", "deals will be"),
        ("no_view_all", "Account", "warning", "missing for accounts", "customers will be missing"),
        ("no_view_all", "Opportunity", "warning", "“View All Data” is missing for tasks", "calls"),
        ("no_view_all", "Opportunity", "warning", "missing for events", "meetings will be missing"),
        ("no_read", "Opportunity", "error", "Opportunities can't be read", "No deals appear"),
        ("no_read", "Account", "error", "Accounts can't be read", "without their customer"),
        ("hidden_field", "Opportunity.Amount", "warning", "Opportunity.Amount", "stays empty"),
        ("hidden_field", "User.Department", "warning", "User.Department", "stays empty"),
        ("hidden_field", "Opportunity.OwnerId", "error", "Opportunity.OwnerId", "No deals appear"),
        ("user_frozen", "", "error", "is frozen", "stops answering"),
    ],
)
def test_what_is_missing_is_named_with_what_it_breaks(
    connected: Connection,
    org: DemoOrg,
    fault: str,
    value: str,
    level: str,
    title: str,
    breaks: str,
) -> None:
    org.faults.break_it(fault, value=value)
    found = [finding for name, finding in checked(connected).items() if title in name]
    assert len(found) == 1, connected.check_findings
    assert found[0]["level"] == level
    assert breaks in found[0]["breaks"]
    assert found[0]["fix"]
    assert connected.state == (State.NEEDS_ATTENTION if level == "error" else State.CONNECTED)


def test_view_all_data_stands_for_view_all_records(connected: Connection, org: DemoOrg) -> None:
    org.faults.break_it("no_view_all", value="Opportunity")
    for row in org.store.rows("PermissionSet"):
        org.update("PermissionSet", row["Id"], PermissionsViewAllData=True)
    assert {finding["level"] for finding in checked(connected).values()} == {"good"}


def test_a_mended_permission_mends_the_connection(connected: Connection, org: DemoOrg) -> None:
    org.faults.break_it("no_read")
    checked(connected)
    assert connected.state == State.NEEDS_ATTENTION
    assert "No deals appear" in connected.state_reason
    org.faults.mend_everything()
    checked(connected)
    assert (connected.state, connected.state_reason) == (State.CONNECTED, "")


def test_a_lost_permission_is_news_and_a_known_gap_is_not(
    connected: Connection, org: DemoOrg
) -> None:
    org.faults.break_it("hidden_field", value="User.Department")
    checked(connected)
    assert problems(connected) == []
    org.faults.break_it("no_view_all_users")
    assert problems(connected) == ["The permission “View All Users” is missing"]
    checked(connected)
    assert problems(connected) == []


def test_an_error_stays_news(connected: Connection, org: DemoOrg) -> None:
    org.faults.break_it("no_read")
    checked(connected)
    assert problems(connected) == ["Opportunities can't be read"]


def test_a_deactivated_connecting_user_requires_a_new_log_in(
    connected: Connection, org: DemoOrg
) -> None:
    org.faults.break_it("user_inactive")
    checked(connected)
    assert connected.state == State.RECONNECT_REQUIRED
    assert "deactivated" in connected.state_reason


def test_a_revoked_grant_requires_a_new_log_in(connected: Connection, org: DemoOrg) -> None:
    org.faults.break_it("revoke_grant")
    assert NOT_ASKED in checked(connected)
    assert connected.state == State.RECONNECT_REQUIRED


def test_a_salesforce_that_is_away_keeps_state_and_findings(
    connected: Connection, org: DemoOrg
) -> None:
    org.faults.break_it("no_view_all_users")
    checked(connected)
    org.faults.break_it("request_limit")
    for _ in range(2):
        found = checked(connected)
    assert next(iter(found)) == NOT_ASKED
    assert "The permission “View All Users” is missing" in found
    assert len(connected.check_findings) == len(found)
    assert connected.state == State.CONNECTED


def test_a_terminated_connection_is_not_brought_back_by_a_check(
    connected: Connection, org: DemoOrg
) -> None:
    Connection.objects.update(state=State.TERMINATED)
    org.faults.break_it("no_read")
    checked(connected)
    assert connected.state == State.TERMINATED


def test_the_task_holds_the_id_alone(connected: Connection) -> None:
    OrmQ.objects.all().delete()
    request_check(connected)
    task = OrmQ.objects.get().task
    assert task["args"] == (connected.pk,)
    assert not task["kwargs"]
