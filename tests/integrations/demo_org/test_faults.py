"""Every switch of *Break it*, seen from a client."""

import time
from collections.abc import Callable

import pytest
import requests

from integrations.demo_org import DemoOrg
from integrations.demo_org.fault_kinds import KINDS
from integrations.demo_org.fault_types import UnknownFault

from .conftest import PATIENCE, Client

USERS = "SELECT Id FROM User"


def code_of(answer: requests.Response) -> str:
    code: str = answer.json()[0]["errorCode"]
    return code


def test_a_fault_strikes_as_often_as_it_was_told_and_not_before(
    client: Client, org: DemoOrg
) -> None:
    org.faults.break_it("server_error", times=2, after=1)
    statuses = [client.query(USERS).status_code for _ in range(4)]
    assert statuses == [200, 500, 500, 200]


def test_a_fault_without_an_end_lasts_until_it_is_mended(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("server_error")
    assert {client.query(USERS).status_code for _ in range(5)} == {500}
    org.faults.mend("server_error")
    assert client.query(USERS).status_code == 200


def test_a_fault_strikes_only_where_it_was_told(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("server_error", where="login")
    assert client.query(USERS).status_code == 200
    assert client.refresh().status_code == 500
    org.faults.break_it("server_error", where="/describe")
    assert client.query(USERS).status_code == 200
    assert client.get("/services/data/v66.0/sobjects/User/describe").status_code == 500


def test_an_expired_session_is_mended_by_a_refresh(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("token_expired", times=1)
    for _ in range(2):
        answer = client.query(USERS)
        assert (answer.status_code, code_of(answer)) == (401, "INVALID_SESSION_ID")
    client.tokens |= client.refresh().json()
    assert client.query(USERS).status_code == 200


def test_all_tokens_expire_and_grants_live_on(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("expire_tokens")
    assert client.query(USERS).status_code == 401
    assert client.refresh().status_code == 200


def test_a_revoked_grant_is_over_for_good(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("revoke_grant")
    org.faults.mend_everything()
    assert client.query(USERS).status_code == 401
    assert client.refresh().json()["error"] == "invalid_grant"


def test_unavailable_says_when_to_come_back_or_does_not(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("unavailable", times=1, value="7")
    answer = client.query(USERS)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert code_of(answer) == "SERVER_UNAVAILABLE"
    org.faults.break_it("unavailable", times=1)
    answer = client.query(USERS)
    assert answer.status_code == 503
    assert "Retry-After" not in answer.headers
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("limit", ["TotalRequests", "ConcurrentPerOrgLongTxn"])
def test_a_limit_is_told_by_name(client: Client, org: DemoOrg, limit: str) -> None:
    org.faults.break_it("request_limit", times=1, value=limit)
    answer = client.query(USERS)
    assert answer.status_code == 403
    assert answer.json() == [
        {"message": f"{limit} Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
    ]


def test_a_web_page_and_an_empty_body_come_with_status_200(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("html_page", times=1)
    page = client.query(USERS)
    assert (page.status_code, page.text[:15]) == (200, "<!DOCTYPE html>")
    org.faults.break_it("empty_body", times=1)
    empty = client.query(USERS)
    assert (empty.status_code, empty.content) == (200, b"")


def test_half_an_answer_breaks_off(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("half_page", times=1)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.query(USERS)
    assert client.query(USERS).status_code == 200


def test_a_reset_cuts_the_connection(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("reset", times=1)
    with pytest.raises(requests.exceptions.ConnectionError):
        client.query(USERS)
    assert client.query(USERS).status_code == 200


def test_a_reset_at_the_token_endpoint_loses_a_rotated_token(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("rotation")
    org.faults.break_it("reset", times=1, where="login")
    with pytest.raises(requests.exceptions.ConnectionError):
        client.refresh()
    assert client.refresh().json()["error"] == "invalid_grant"


def test_no_answer_ever_comes(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("hang", times=1)
    with pytest.raises(requests.exceptions.ReadTimeout):
        client.query(USERS, timeout=0.3)
    assert client.query(USERS).status_code == 200


def test_a_drip_keeps_the_client_waiting_though_bytes_come(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("slow_drip", times=1, value="0.05")
    started = time.monotonic()
    with client.query(USERS, stream=True, timeout=0.3) as answer:
        chunks = answer.raw.stream(1, decode_content=False)
        for _ in range(5):
            next(chunks)
    assert time.monotonic() - started > 0.2
    assert client.query(USERS).status_code == 200


def test_a_lost_locator_leaves_first_pages_alone(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("small_pages")
    org.faults.break_it("locator_lost", times=1)
    page = client.query(USERS).json()
    assert code_of(client.get(page["nextRecordsUrl"])) == "INVALID_QUERY_LOCATOR"
    assert client.get(page["nextRecordsUrl"]).status_code == 200


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


def test_mending_one_of_two_that_touch_the_same_rows_leaves_the_other_on(org: DemoOrg) -> None:
    def view_all() -> set[bool]:
        rows = org.store.rows("ObjectPermissions")
        opportunity = [row for row in rows if row["SobjectType"] == "Opportunity"]
        return {row["PermissionsViewAllRecords"] for row in opportunity[-1:]}

    org.faults.break_it("no_view_all")
    org.faults.break_it("no_read")
    org.faults.mend("no_view_all")
    assert view_all() == {False}
    org.faults.mend("no_read")
    assert view_all() == {True}


def test_mending_everything_leaves_the_org_as_it_was(client: Client, org: DemoOrg) -> None:
    def picture() -> list[object]:
        tables = ("PermissionSet", "ObjectPermissions", "UserLogin")
        rows = [row for table in tables for row in org.store.rows(table)]
        active = [(row["Id"], row["IsActive"]) for row in org.users]
        stamps = ("SystemModstamp", "LastModifiedDate")
        plain = [{k: v for k, v in row.items() if k not in stamps} for row in rows]
        return [plain, active, org.authority.rotation, org.moved_to]

    before = picture()
    for name in KINDS:
        org.faults.break_it(name)
    assert picture() != before
    org.faults.mend_everything()
    assert picture() == before
    assert org.faults.broken == []
    client.connect("integration@maventech.example")
    assert client.query("SELECT Amount FROM Opportunity").status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        lambda org: org.faults.break_it("moon"),
        lambda org: org.faults.break_it("no_read", value="Moon"),
        lambda org: org.faults.break_it("hidden_field", value="Moon.Side"),
        lambda org: org.faults.break_it("api_usage", value="much"),
        lambda org: org.faults.break_it("api_usage", value="95.5"),
        lambda org: org.faults.break_it("small_pages", value="²"),
        lambda org: org.faults.break_it("slow_drip", value="²"),
    ],
)
def test_a_fault_that_does_not_exist_is_refused(
    org: DemoOrg, wrong: Callable[[DemoOrg], object]
) -> None:
    with pytest.raises(UnknownFault):
        wrong(org)
    assert org.faults.broken == []


def test_programs_switch_faults_over_http(client: Client) -> None:
    url = f"{client.url}/break-it/api"
    body = {"fault": "server_error", "times": 3, "where": "/query"}
    state = requests.post(url, json=body, timeout=PATIENCE).json()
    assert state["broken"][0]["times"] == 3
    assert client.query(USERS).status_code == 500
    assert requests.get(url, timeout=PATIENCE).json()["broken"][0]["hits"] == 1
    requests.post(url, json={"mend": "everything"}, timeout=PATIENCE)
    assert client.query(USERS).status_code == 200


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"fault": "moon"}', b"{}"])
def test_nonsense_over_http_is_refused_in_words(client: Client, body: bytes) -> None:
    answer = requests.post(f"{client.url}/break-it/api", data=body, timeout=PATIENCE)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_people_switch_faults_on_the_page(client: Client) -> None:
    url = f"{client.url}/break-it"
    form = {"fault": "unavailable", "times": "once", "where": "data", "value": "1"}
    page = requests.post(url, data=form, timeout=PATIENCE).text
    assert "1 broken" in page
    assert "1 to go" in page
    assert client.query(USERS).status_code == 503
    bad = requests.post(url, data={"fault": "api_usage", "value": "much"}, timeout=PATIENCE)
    assert bad.status_code == 400
    assert "is not a number" in bad.text
    requests.post(url, data={"fault": "rotation"}, timeout=PATIENCE)
    assert client.org.authority.rotation
    requests.post(url, data={"mend": "everything"}, timeout=PATIENCE)
    assert not client.org.authority.rotation
