"""Faults that change the org itself, seen from a client."""

import pytest

from integrations.demo_org import DemoOrg

from .client import USERS, Client, code_of


def test_all_tokens_expire_and_grants_live_on(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("expire_tokens")
    assert client.query(USERS).status_code == 401
    assert client.refresh().status_code == 200


def test_a_revoked_grant_is_over_for_good(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("revoke_grant")
    org.faults.mend_everything()
    assert client.query(USERS).status_code == 401
    assert client.refresh().json()["error"] == "invalid_grant"


def test_api_use_is_told_in_header_and_limits(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("api_usage", value="81")
    answer = client.get("/services/data/v66.0/limits")
    assert answer.headers["Sforce-Limit-Info"] == "api-usage=81000/100000"
    assert answer.json()["DailyApiRequests"]["Remaining"] == 19000


def test_the_directory_can_be_empty_or_smaller(client: Client, org: DemoOrg) -> None:
    everybody = client.query(USERS).json()["totalSize"]
    org.faults.break_it("shrunk_directory")
    assert client.query(USERS).json()["totalSize"] == pytest.approx(everybody * 0.7, abs=2)
    org.faults.break_it("empty_directory")
    assert client.query(USERS).json()["totalSize"] == 0
    org.faults.mend_everything()
    assert client.query(USERS).json()["totalSize"] == everybody


def test_a_deactivated_connecting_user_is_out(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("user_inactive")
    assert client.query(USERS).status_code == 401
    assert client.refresh().json() == {
        "error": "invalid_grant",
        "error_description": "inactive user",
    }
    org.faults.mend_everything()
    assert client.refresh().status_code == 200


def test_anybody_can_be_deactivated_by_name(client: Client, org: DemoOrg) -> None:
    member = org.cast["without_tab"]
    before = org.store.get("User", member.user_id)
    assert before is not None
    org.faults.break_it("user_inactive", value=before["Username"])
    row = client.records(f"SELECT IsActive, SystemModstamp FROM User WHERE Id = '{member.user_id}'")
    assert row[0]["IsActive"] is False


def test_a_frozen_user_works_until_the_token_ends(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("user_frozen")
    frozen = client.records(
        f"SELECT IsFrozen FROM UserLogin WHERE UserId = '{org.integration_user_id}'"
    )
    assert frozen[0]["IsFrozen"] is True
    assert client.refresh().status_code == 400


def test_without_api_enabled_every_request_is_refused(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("no_api")
    answer = client.query(USERS)
    assert (answer.status_code, code_of(answer)) == (403, "API_CURRENTLY_DISABLED")
    assert client.get("/services/oauth2/userinfo").status_code == 200


def test_without_view_all_users_one_sees_oneself(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("no_view_all_users")
    assert [row["Id"] for row in client.records(USERS)] == [org.integration_user_id]
    access = client.records("SELECT PermissionsViewAllUsers FROM UserPermissionAccess")
    assert access[0]["PermissionsViewAllUsers"] is False


@pytest.mark.parametrize(
    ("value", "unseen", "seen"),
    [
        ("Opportunity", {"Opportunity", "Task", "Event"}, {"Account"}),
        ("Task and Event", {"Task", "Event"}, {"Opportunity", "Account"}),
    ],
)
def test_without_view_all_other_peoples_records_are_missing(
    client: Client, org: DemoOrg, value: str, unseen: set[str], seen: set[str]
) -> None:
    org.faults.break_it("no_view_all", value=value)
    for name in unseen:
        assert client.query(f"SELECT COUNT() FROM {name}").json()["totalSize"] == 0, name
    for name in seen:
        assert client.query(f"SELECT COUNT() FROM {name}").json()["totalSize"] > 0, name
    org.faults.mend_everything()
    assert client.query("SELECT COUNT() FROM Task").json()["totalSize"] > 0


def test_without_read_the_object_does_not_exist(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("no_read", value="Opportunity")
    org.faults.break_it("no_view_all", value="Task and Event")
    assert code_of(client.query("SELECT Id FROM Opportunity")) == "INVALID_TYPE"
    assert client.get("/services/data/v66.0/sobjects/Opportunity/describe").status_code == 404


def test_a_hidden_field_is_gone_from_describe_and_query(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("hidden_field", value="opportunity.amount")
    described = client.get("/services/data/v66.0/sobjects/Opportunity/describe").json()
    assert "Amount" not in {field["name"] for field in described["fields"]}
    assert code_of(client.query("SELECT Amount FROM Opportunity")) == "INVALID_FIELD"
    org.faults.mend_everything()
    assert client.query("SELECT Amount FROM Opportunity").status_code == 200


def test_a_moved_org_answers_at_its_new_address_only(client: Client, org: DemoOrg) -> None:
    old = client.url
    org.faults.break_it("moved")
    assert client.query(USERS).status_code == 401
    client.tokens |= client.refresh().json()
    assert client.tokens["instance_url"] == old.replace("127.0.0.1", "localhost")
    assert client.query(USERS).status_code == 401
    client.url = client.tokens["instance_url"]
    assert client.query(USERS).status_code == 200
