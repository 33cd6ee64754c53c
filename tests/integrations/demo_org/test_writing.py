"""Records written over REST, one by one and many at once."""

from typing import Any

import pytest
import requests

from integrations.demo_org import DemoOrg

from .client import PATIENCE, Client

DATA = "/services/data/v66.0"
DEAL = {"Name": "A new deal", "StageName": "Prospecting", "CloseDate": "2026-12-31", "Amount": 900}


@pytest.fixture
def rep(client: Client, org: DemoOrg) -> Client:
    client.connect(org.user(org.cast["existing_account"].email)["Username"])
    return client


def send(client: Client, method: str, path: str, body: Any = None) -> requests.Response:
    url = f"{client.url}{DATA}{path}"
    return requests.request(method, url, json=body, headers=client.headers, timeout=PATIENCE)


def made(client: Client, object_name: str = "Opportunity", **values: Any) -> str:
    answer = send(client, "POST", f"/sobjects/{object_name}", DEAL | values)
    assert answer.status_code == 201, answer.text
    assert answer.json() == {"id": answer.json()["id"], "success": True, "errors": []}
    record_id: str = answer.json()["id"]
    return record_id


def read(client: Client, record_id: str) -> dict[str, Any]:
    answer = send(client, "GET", f"/sobjects/Opportunity/{record_id}")
    assert answer.status_code == 200, answer.text
    record: dict[str, Any] = answer.json()
    return record


def test_a_new_record_is_its_makers_and_has_what_follows_from_its_stage(rep: Client) -> None:
    record = read(rep, made(rep))
    me = rep.org.user(rep.org.cast["existing_account"].email)["Id"]
    assert {record[name] for name in ("OwnerId", "CreatedById", "LastModifiedById")} == {me}
    assert (record["IsClosed"], record["IsWon"], record["Probability"]) == (False, False, 10.0)
    assert record["SystemModstamp"] == record["CreatedDate"]


def test_closing_and_reopening_a_deal_changes_what_follows_from_its_stage(rep: Client) -> None:
    deal = made(rep)
    for stage, closed, won in (
        ("Closed Won", True, True),
        ("Closed Lost", True, False),
        ("Qualification", False, False),
    ):
        answer = send(rep, "PATCH", f"/sobjects/Opportunity/{deal}", {"StageName": stage})
        assert (answer.status_code, answer.content) == (204, b"")
        record = read(rep, deal)
        assert (record["IsClosed"], record["IsWon"]) == (closed, won)


def test_a_deleted_record_is_gone_until_it_is_undeleted(rep: Client, org: DemoOrg) -> None:
    deal = made(rep)
    assert send(rep, "DELETE", f"/sobjects/Opportunity/{deal}").status_code == 204
    assert send(rep, "GET", f"/sobjects/Opportunity/{deal}").status_code == 404
    again = send(rep, "DELETE", f"/sobjects/Opportunity/{deal}")
    assert (again.status_code, again.json()[0]["errorCode"]) == (404, "ENTITY_IS_DELETED")
    org.undelete("Opportunity", deal)
    assert read(rep, deal)["IsDeleted"] is False


def test_what_left_the_recycle_bin_is_found_by_no_query(rep: Client, org: DemoOrg) -> None:
    deal = made(rep)
    org.delete("Opportunity", deal)
    org.purge("Opportunity", deal)
    soql = f"SELECT Id FROM Opportunity WHERE Id = '{deal}'"
    assert rep.get(f"{DATA}/queryAll", params={"q": soql}).json()["totalSize"] == 0
    assert [record_id for record_id, _ in org.store.deleted("Opportunity")].count(deal) == 1


@pytest.mark.parametrize(
    ("values", "code", "fields"),
    [
        ({"Name": None}, "REQUIRED_FIELD_MISSING", ["Name"]),
        ({"StageName": ""}, "REQUIRED_FIELD_MISSING", ["StageName"]),
        ({"Nope": 1}, "INVALID_FIELD", None),
        ({"IsWon": True}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["IsWon"]),
        ({"Name": "x" * 121}, "STRING_TOO_LONG", ["Name"]),
        ({"StageName": "Guessing"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["StageName"]),
        ({"CloseDate": "soon"}, "JSON_PARSER_ERROR", ["CloseDate"]),
        ({"Amount": "much"}, "JSON_PARSER_ERROR", ["Amount"]),
        ({"IsPrivate": "perhaps"}, "JSON_PARSER_ERROR", ["IsPrivate"]),
        ({"OwnerId": "nobody"}, "MALFORMED_ID", ["OwnerId"]),
        ({"OwnerId": "001000000000000AAA"}, "MALFORMED_ID", ["OwnerId"]),
        ({"AccountId": "001000000000000AAA"}, "INVALID_CROSS_REFERENCE_KEY", None),
    ],
)
def test_bad_values_are_refused_by_name_and_nothing_is_written(
    rep: Client, org: DemoOrg, values: dict[str, Any], code: str, fields: list[str] | None
) -> None:
    before = len(org.store.rows("Opportunity"))
    answer = send(rep, "POST", "/sobjects/Opportunity", DEAL | values)
    problem = answer.json()[0]
    assert (answer.status_code, problem["errorCode"]) == (400, code)
    assert problem.get("fields") == fields
    assert len(org.store.rows("Opportunity")) == before


@pytest.mark.parametrize(
    "text", ['["no"]', '{"Subject": "\\ud83d"}', '{"Amount": NaN}', '{"Amount": -Infinity}']
)
def test_a_body_that_is_no_object_or_could_never_be_answered_is_refused(
    rep: Client, text: str
) -> None:
    url = f"{rep.url}{DATA}/sobjects/Task"
    answer = requests.post(url, text, headers=rep.headers, timeout=PATIENCE)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


def test_a_leaver_gets_no_records(rep: Client, org: DemoOrg) -> None:
    leaver = {"OwnerId": org.cast["leaver"].user_id}
    answer = send(rep, "PATCH", f"/sobjects/Opportunity/{made(rep)}", leaver)
    assert answer.json()[0]["errorCode"] == "INACTIVE_OWNER_OR_USER"


def test_other_peoples_records_can_be_neither_seen_nor_changed_without_permission(
    client: Client, org: DemoOrg
) -> None:
    deal = org.store.rows("Opportunity")[0]
    path = f"/sobjects/Opportunity/{deal['Id']}"
    # The integration user sees everything and owns nothing.
    refused = send(client, "PATCH", path, {"Amount": 1})
    assert refused.status_code == 403
    assert refused.json()[0]["errorCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"
    other = next(row for row in org.users if row["Title"] == "Account Executive")
    stranger = next(
        row
        for row in org.users
        if row["Title"] == "Account Executive" and row["Id"] != deal["OwnerId"] and row["IsActive"]
    )
    assert other is not None
    client.connect(stranger["Username"])
    assert send(client, "PATCH", path, {"Amount": 1}).status_code == 404


def test_a_user_is_not_deleted_over_rest(client: Client, org: DemoOrg) -> None:
    answer = send(client, "DELETE", f"/sobjects/User/{org.users[0]['Id']}")
    assert answer.json()[0]["errorCode"] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"


def test_start_end_and_duration_of_an_event_agree(rep: Client) -> None:
    start = {"Subject": "Demo", "StartDateTime": "2026-03-02T09:00:00Z", "DurationInMinutes": 45}
    answer = send(rep, "POST", "/sobjects/Event", start)
    event = f"/sobjects/Event/{answer.json()['id']}"
    assert send(rep, "GET", event).json()["EndDateTime"] == "2026-03-02T09:45:00.000+0000"
    send(rep, "PATCH", event, {"EndDateTime": "2026-03-02T11:00:00+01:00"})
    changed = send(rep, "GET", event).json()
    assert changed["DurationInMinutes"] == 60
    missing = send(rep, "POST", "/sobjects/Event", {"Subject": "When?"})
    assert missing.json()[0]["errorCode"] == "REQUIRED_FIELD_MISSING"


def test_composite_retrieve_keeps_the_order_and_says_null_for_what_is_missing(rep: Client) -> None:
    first, second = made(rep, Name="One"), made(rep, Name="Two")
    ids = [second, "006000000000000AAA", first]
    body = {"ids": ids, "fields": ["Id", "name"]}
    for answer in (
        send(rep, "POST", "/composite/sobjects/Opportunity", body),
        send(rep, "GET", f"/composite/sobjects/Opportunity?ids={','.join(ids)}&fields=Id,Name"),
    ):
        assert [record and record["Name"] for record in answer.json()] == ["Two", None, "One"]


def test_many_records_are_written_at_once_each_with_its_own_result(rep: Client) -> None:
    kind = {"attributes": {"type": "Opportunity"}}
    good, bad = kind | DEAL, kind | DEAL | {"Amount": "much"}
    body: dict[str, Any] = {"records": [good, bad]}
    results = send(rep, "POST", "/composite/sobjects", body).json()
    assert [result["success"] for result in results] == [True, False]
    assert results[1]["errors"][0]["statusCode"] == "JSON_PARSER_ERROR"
    changed = {"records": [{"id": results[0]["id"], "Amount": 1000}]}
    assert send(rep, "PATCH", "/composite/sobjects", changed).json()[0]["success"]
    assert read(rep, results[0]["id"])["Amount"] == 1000
    gone = send(rep, "DELETE", f"/composite/sobjects?ids={results[0]['id']},006bad").json()
    assert [result["success"] for result in gone] == [True, False]


def test_all_or_none_leaves_no_trace_when_one_fails(rep: Client, org: DemoOrg) -> None:
    heard: list[Any] = []
    org.store.watchers.append(lambda changes, origin: heard.append(changes))
    before = len(org.store.rows("Opportunity"))
    kind = {"attributes": {"type": "Opportunity"}}
    body = {"allOrNone": True, "records": [kind | DEAL, kind | DEAL | {"Nope": 1}]}
    results = send(rep, "POST", "/composite/sobjects", body).json()
    assert [result["errors"][0]["statusCode"] for result in results] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "INVALID_FIELD",
    ]
    assert len(org.store.rows("Opportunity")) == before
    assert heard == []


def test_a_composite_request_has_an_answer_for_each_part(rep: Client) -> None:
    deal = made(rep)
    parts = [
        {"method": "GET", "url": f"{DATA}/sobjects/Opportunity/{deal}", "referenceId": "a"},
        {
            "method": "PATCH",
            "url": f"{DATA}/sobjects/Opportunity/{deal}",
            "body": {"Amount": 5},
            "referenceId": "b",
        },
        {"method": "GET", "url": f"{DATA}/query?q=SELECT+Nope+FROM+User", "referenceId": "c"},
    ]
    answer = send(rep, "POST", "/composite", {"compositeRequest": parts})
    assert answer.status_code == 200
    inner = answer.json()["compositeResponse"]
    assert [part["httpStatusCode"] for part in inner] == [200, 204, 400]
    assert [part["referenceId"] for part in inner] == ["a", "b", "c"]
    assert read(rep, deal)["Amount"] == 5
