"""Bulk API 2.0 query jobs."""

import csv
import io
from typing import Any

import pytest
import requests

from integrations.demo_org import DemoOrg

from .client import PATIENCE, Client

JOBS = "/services/data/v66.0/jobs/query"


def create(client: Client, soql: str, operation: str = "query", **more: str) -> requests.Response:
    body = {"operation": operation, "query": soql, **more}
    return requests.post(client.url + JOBS, json=body, headers=client.headers, timeout=PATIENCE)


def completed(client: Client, soql: str, operation: str = "query", **more: str) -> dict[str, Any]:
    answer = create(client, soql, operation, **more)
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "UploadComplete"
    states: list[dict[str, Any]] = [
        client.get(f"{JOBS}/{answer.json()['id']}").json() for _ in range(2)
    ]
    assert [state["state"] for state in states] == ["InProgress", "JobComplete"]
    return states[1]


def pages(client: Client, job_id: str, size: int) -> list[str]:
    found, locator = [], ""
    while locator != "null":
        params = {"maxRecords": size} | ({"locator": locator} if locator else {})
        answer = client.get(f"{JOBS}/{job_id}/results", params=params)
        assert answer.headers["Content-Type"].startswith("text/csv")
        rows = list(csv.reader(io.StringIO(answer.text)))
        assert int(answer.headers["Sforce-NumberOfRecords"]) == len(rows) - 1
        found.append(answer.text)
        locator = answer.headers["Sforce-Locator"]
    return found


def test_a_job_gives_every_row_over_its_pages_with_everything_quoted(
    client: Client, org: DemoOrg
) -> None:
    deal = org.store.rows("Opportunity")[0]
    org.update("Opportunity", deal["Id"], Name='Say "yes",\nplease', Amount=None)
    job = completed(client, "SELECT Id, Name, Amount, IsWon, Owner.Name FROM Opportunity")
    assert (job["object"], job["apiVersion"], job["jobType"]) == ("Opportunity", 66.0, "V2Query")
    found = pages(client, job["id"], 20)
    assert len(found) > 2
    assert all(page.startswith('"Id","Name","Amount","IsWon","Owner.Name"\n') for page in found)
    rows = [row for page in found for row in csv.DictReader(io.StringIO(page))]
    seen = client.query("SELECT COUNT() FROM Opportunity").json()["totalSize"]
    assert len({row["Id"] for row in rows}) == len(rows) == seen == job["numberRecordsProcessed"]
    changed = next(row for row in rows if row["Id"] == deal["Id"])
    assert (changed["Name"], changed["Amount"]) == ('Say "yes",\nplease', "")
    assert {row["IsWon"] for row in rows} == {"true", "false"}


def test_query_all_has_deleted_records_too(client: Client, org: DemoOrg) -> None:
    org.delete("Opportunity", org.store.rows("Opportunity")[0]["Id"])
    counts = [
        completed(client, "SELECT Id FROM Opportunity", operation)["numberRecordsProcessed"]
        for operation in ("query", "queryAll")
    ]
    assert counts[1] > counts[0]


def test_an_empty_result_has_its_header(client: Client) -> None:
    job = completed(client, "SELECT Id FROM Opportunity WHERE Name = 'No such deal'")
    assert pages(client, job["id"], 10) == ['"Id"\n']


def test_a_job_can_be_aborted_and_deleted(client: Client) -> None:
    job = create(client, "SELECT Id FROM User").json()
    url = f"{client.url}{JOBS}/{job['id']}"
    early = client.get(f"{JOBS}/{job['id']}/results")
    assert early.json()[0]["errorCode"] == "INVALIDJOBSTATE"
    options: dict[str, Any] = {"headers": client.headers, "timeout": PATIENCE}
    aborted = requests.patch(url, json={"state": "Aborted"}, **options)
    assert aborted.json()["state"] == "Aborted"
    assert requests.delete(url, **options).status_code == 204
    assert client.get(f"{JOBS}/{job['id']}").status_code == 404


def test_a_job_can_fail_and_says_why(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("bulk_job_fails", times=1)
    job = create(client, "SELECT Id FROM User").json()
    states = [client.get(f"{JOBS}/{job['id']}").json() for _ in range(2)]
    assert states[1]["state"] == "Failed"
    assert states[1]["errorMessage"].startswith("InternalServerError")
    completed(client, "SELECT Id FROM User")


@pytest.mark.parametrize(
    ("soql", "operation", "code"),
    [
        ("SELECT COUNT() FROM User", "query", "API_ERROR"),
        ("SELECT Id FROM User LIMIT 1 OFFSET 1", "query", "API_ERROR"),
        ("SELECT Nope FROM User", "query", "INVALID_FIELD"),
        ("SELECT Id FROM User", "upsert", "INVALIDJOB"),
    ],
)
def test_what_bulk_cannot_do_is_refused_at_once(
    client: Client, soql: str, operation: str, code: str
) -> None:
    answer = create(client, soql, operation)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


def test_a_job_is_read_with_the_version_that_made_it(client: Client) -> None:
    job = create(client, "SELECT Id FROM User").json()
    assert client.get(f"/services/data/v65.0/jobs/query/{job['id']}").status_code == 409
