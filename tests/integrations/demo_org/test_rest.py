"""The data API over HTTP."""

import pytest
import requests

from integrations.demo_org import DemoOrg

from .client import Client

DATA = "/services/data/v66.0"


def test_versions_need_no_log_in_and_end_with_the_newest(client: Client) -> None:
    listed = requests.get(f"{client.url}/services/data", timeout=5).json()
    assert listed[0]["version"] == "31.0"
    assert {"label": "Spring '26", "url": DATA, "version": "66.0"} in listed
    assert listed[-1]["version"] == "67.0"


@pytest.mark.parametrize("path", ["/query", "/query/", "/queryAll", "/queryAll/"])
def test_a_query_is_answered_with_and_without_a_trailing_slash(client: Client, path: str) -> None:
    params = {"q": "SELECT COUNT() FROM Profile"}
    answer = client.get(DATA + path, params=params, allow_redirects=False)
    assert answer.json() == {"totalSize": 9, "done": True, "records": []}


def test_a_doubled_slash_after_the_host_is_taken(client: Client) -> None:
    assert client.get(f"/{DATA}/limits").status_code == 200


def test_every_answer_says_what_it_is_and_what_it_used(client: Client) -> None:
    answer = client.get(f"{DATA}/limits")
    assert "not Salesforce" in answer.headers["Server"]
    assert answer.headers["Sforce-Limit-Info"] == "api-usage=1/100000"
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert answer.json()["DailyApiRequests"] == {"Max": 100000, "Remaining": 99999}


def test_a_long_answer_is_compressed_when_asked(client: Client) -> None:
    answer = client.get(f"{DATA}/sobjects/User/describe", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    plain = client.get(f"{DATA}/sobjects/User/describe", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.json() == answer.json()


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/services/data/v30.0/limits", 410, "UNSUPPORTED_API_VERSION"),
        ("/services/data/v68.0/limits", 404, "NOT_FOUND"),
        ("/services/data/v66/limits", 404, "NOT_FOUND"),
        (f"{DATA}/nothing", 404, "NOT_FOUND"),
        (f"{DATA}/sobjects/Nope/describe", 404, "NOT_FOUND"),
        (f"{DATA}/sobjects/User/001000000000000AAA", 400, "MALFORMED_ID"),
        (f"{DATA}/sobjects/User/005000000000000AAA", 404, "NOT_FOUND"),
        (f"{DATA}/query", 400, "MALFORMED_QUERY"),
        (f"{DATA}/query/0r8nothing-200", 400, "INVALID_QUERY_LOCATOR"),
    ],
)
def test_a_refusal_is_a_json_list_with_a_code(
    client: Client, path: str, status: int, code: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.json()[0]["errorCode"] == code


def test_another_method_is_refused_as_such(client: Client) -> None:
    answer = requests.post(f"{client.url}{DATA}/limits", headers=client.headers, timeout=5)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "INVALID_SESSION_ID"),
        ("Bearer 00Dwrong!token", "INVALID_SESSION_ID"),
        ("Basic abc", "INVALID_AUTH_HEADER"),
    ],
)
def test_a_request_without_a_good_token_is_refused(
    client: Client, header: str | None, code: str
) -> None:
    headers = {"Authorization": header} if header else {}
    answer = requests.get(f"{client.url}{DATA}/limits", headers=headers, timeout=5)
    assert answer.status_code == 401
    assert answer.json()[0]["errorCode"] == code


def test_the_older_authorization_scheme_works_too(client: Client) -> None:
    headers = {"Authorization": f"OAuth {client.tokens['access_token']}"}
    answer = requests.get(f"{client.url}{DATA}/limits", headers=headers, timeout=5)
    assert answer.status_code == 200


def test_pages_are_followed_to_the_end_without_gap_or_double(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("small_pages", value="7")
    page = client.query("SELECT Id FROM User ORDER BY Id").json()
    total, found = page["totalSize"], [row["Id"] for row in page["records"]]
    while not page["done"]:
        assert len(page["records"]) == 7
        page = client.get(page["nextRecordsUrl"]).json()
        found += [row["Id"] for row in page["records"]]
    assert "nextRecordsUrl" not in page
    assert found == sorted(row["Id"] for row in org.users)
    assert total == len(found)


def test_the_page_size_that_is_asked_for_is_at_least_200(client: Client) -> None:
    headers = {"Sforce-Query-Options": "batchSize=10"}
    page = client.query("SELECT Id FROM Task", headers=headers).json()
    assert len(page["records"]) == min(200, page["totalSize"])


def test_a_locator_is_good_for_its_user_only(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("small_pages")
    page = client.query("SELECT Id FROM User").json()
    client.connect(org.user(org.cast["salesforce_admin"].email)["Username"])
    answer = client.get(page["nextRecordsUrl"])
    assert answer.json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_deleted_records_are_seen_by_query_all_only(client: Client, org: DemoOrg) -> None:
    deal = org.store.rows("Opportunity")[0]
    org.update("Opportunity", deal["Id"], IsDeleted=True)
    soql = f"SELECT Id FROM Opportunity WHERE Id = '{deal['Id']}'"
    assert client.query(soql).json()["totalSize"] == 0
    answer = client.get(f"{DATA}/queryAll", params={"q": soql})
    assert answer.json()["totalSize"] == 1


def test_describe_tells_type_label_and_reference(client: Client) -> None:
    described = client.get(f"{DATA}/sobjects/user/describe").json()
    fields = {field["name"]: field for field in described["fields"]}
    assert described["name"] == "User"
    assert described["keyPrefix"] == "005"
    assert fields["ManagerId"]["referenceTo"] == ["User"]
    assert fields["ManagerId"]["relationshipName"] == "Manager"
    assert fields["Email"]["type"] == "email"
    assert not fields["Email"]["nillable"]
    assert "IsDeleted" not in fields


def test_every_field_of_every_describe_can_be_queried(client: Client) -> None:
    objects = client.get(f"{DATA}/sobjects").json()["sobjects"]
    for entry in objects:
        if not entry["queryable"]:
            continue
        described = client.get(entry["urls"]["describe"]).json()
        names = ", ".join(field["name"] for field in described["fields"])
        answer = client.query(f"SELECT {names} FROM {entry['name']} LIMIT 1")
        assert answer.status_code == 200, (entry["name"], answer.text)


def test_a_polymorphic_owner_tells_its_type(client: Client, org: DemoOrg) -> None:
    queue = org.cast["queue"]
    soql = f"SELECT Owner.Name, Owner.Type FROM Task WHERE OwnerId = '{queue.user_id}'"
    owner = client.records(soql)[0]["Owner"]
    assert (owner["Name"], owner["Type"]) == ("Inbound Calls", "Group")
    assert owner["attributes"]["type"] == "Name"


def test_a_record_is_read_by_either_form_of_its_id(client: Client, org: DemoOrg) -> None:
    user_id = org.integration_user_id
    short = client.get(f"{DATA}/sobjects/User/{user_id[:15]}?fields=Username,isactive").json()
    assert short["Username"] == "integration@maventech.example"
    assert short["IsActive"] is True
    assert client.get(f"{DATA}/sobjects/User/{user_id}").json()["Id"] == user_id


def test_a_rep_sees_own_records_and_a_manager_the_teams(client: Client, org: DemoOrg) -> None:
    deals = org.store.rows("Opportunity")
    rep = org.store.get("User", org.cast["without_tab"].user_id)
    assert rep is not None
    client.connect(rep["Username"])
    owners = {row["OwnerId"] for row in client.records("SELECT OwnerId FROM Opportunity")}
    assert owners <= {rep["Id"]}
    manager = org.store.get("User", rep["ManagerId"])
    assert manager is not None
    client.connect(manager["Username"])
    seen = {row["OwnerId"] for row in client.records("SELECT OwnerId FROM Opportunity")}
    assert rep["Id"] in seen
    assert seen < {row["OwnerId"] for row in deals}


def test_a_foreign_host_name_is_refused(client: Client) -> None:
    headers = {"Host": "rebound.example"}
    answer = requests.get(f"{client.url}/", headers=headers, timeout=5)
    assert answer.status_code == 400
