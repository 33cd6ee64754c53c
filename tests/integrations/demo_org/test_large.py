"""The very large table: the same answers as any other, again and again at no cost."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from integrations.demo_org import DemoOrg
from integrations.demo_org.server import run_in_thread

from .client import PATIENCE, Client, code_of

COUNT = 5003
JOBS = "/services/data/v66.0/jobs/query"
FIELDS = "SELECT Id, Name, Amount, IsWon, Owner.Name, SystemModstamp FROM Opportunity"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    org = DemoOrg.very_large(COUNT, people=12)
    with run_in_thread(org) as running:
        yield Client(running.url, org, org.grant("integration@maventech.example"))


def everything(client: Client, soql: str) -> list[dict[str, Any]]:
    page = client.query(soql).json()
    found = page["records"]
    while not page["done"]:
        page = client.get(page["nextRecordsUrl"]).json()
        found += page["records"]
    assert len(found) == page["totalSize"]
    return list(found)


def test_every_row_comes_once_in_order_and_the_same_again(client: Client) -> None:
    soql = f"{FIELDS} ORDER BY SystemModstamp, Id"
    rows = everything(client, soql)
    assert len({row["Id"] for row in rows}) == len(rows) == COUNT
    stamps = [row["SystemModstamp"] for row in rows]
    assert stamps == sorted(stamps)
    assert rows[0]["Owner"]["Name"]
    assert everything(client, soql) == rows


def test_conditions_hold(client: Client) -> None:
    rows = everything(client, f"{FIELDS} ORDER BY SystemModstamp, Id")
    middle = rows[3000]
    stamp, key = middle["SystemModstamp"].replace(".000+0000", "Z"), middle["Id"]
    behind = f"SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > '{key}')"
    assert everything(client, f"{FIELDS} WHERE {behind}") == rows[3001:]
    assert everything(client, f"{FIELDS} WHERE SystemModstamp < {stamp}") == rows[:3000]
    won = everything(client, f"{FIELDS} WHERE IsWon = true AND SystemModstamp >= {stamp}")
    assert won == [row for row in rows[3000:] if row["IsWon"]]
    assert client.query(f"{FIELDS} LIMIT 7").json()["totalSize"] == 7
    count = client.query("SELECT COUNT() FROM Opportunity").json()
    assert count == {"totalSize": COUNT, "done": True, "records": []}


def test_a_mistake_is_told_as_ever(client: Client) -> None:
    answer = client.query("SELECT Nope FROM Opportunity")
    assert answer.json()[0]["errorCode"] == "INVALID_FIELD"


def made(client: Client, **asked: str) -> requests.Response:
    """Asks the Bulk API for a job."""
    body = {"operation": "queryAll", "query": "SELECT Id, Amount FROM Opportunity", **asked}
    return requests.post(client.url + JOBS, json=body, headers=client.headers, timeout=PATIENCE)


def complete(client: Client, **asked: str) -> dict[str, Any]:
    job_id = made(client, **asked).json()["id"]
    for _ in range(2):  # It goes on by one state each time.
        state: dict[str, Any] = client.get(f"{JOBS}/{job_id}").json()
    assert state["state"] == "JobComplete"
    return state


def test_the_bulk_api_reads_it_too(client: Client) -> None:
    job = complete(client)
    assert job["numberRecordsProcessed"] == COUNT
    answer = client.get(f"{JOBS}/{job['id']}/results", params={"maxRecords": 4000})
    assert len(answer.text.splitlines()) == 4001


def test_what_is_kept_of_one_job_is_not_given_to_one_that_asks_otherwise(client: Client) -> None:
    def header(**asked: str) -> str:
        job = complete(client, **asked)
        answer = client.get(f"{JOBS}/{job['id']}/results", params={"maxRecords": 1})
        return answer.text.splitlines(keepends=True)[0]

    assert header() == '"Id","Amount"\n'
    assert header(columnDelimiter="PIPE") == '"Id"|"Amount"\n'
    assert header(lineEnding="CRLF") == '"Id","Amount"\r\n'


def test_what_is_kept_for_one_user_is_not_given_to_another_who_may_not_read_it(
    client: Client,
) -> None:
    complete(client)
    admin = client.org.cast["salesforce_admin"]
    client.org.hidden_fields[admin.user_id] = {"Opportunity.Amount"}
    other = Client(client.url, client.org, client.org.grant(admin.email))
    assert code_of(made(other)) == "INVALID_FIELD"
