"""Jobs of the Bulk API, and the list of deleted records: whole answers, or an error in words."""

from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.salesforce import bulk
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import PermanentError, TransientError

from .scripted_server import ScriptedServer, html_answer, json_answer, text_answer

JOB = "7505x00000ABCDEAAA"
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)


def csv_answer(text: str, records: int, locator: str = "null") -> Any:
    headers = {"Sforce_NumberOfRecords": str(records), "Sforce_Locator": locator}
    return text_answer(text, 200, "text/csv", **headers)


def test_a_job_is_queued_and_looked_after(client: SalesforceClient, server: ScriptedServer) -> None:
    done = {"id": JOB, "state": "JobComplete"}
    server.answers(json_answer({"id": JOB, "state": "UploadComplete"}), json_answer(done))
    assert not bulk.start_query(client, "SELECT Id FROM Task").is_complete
    assert bulk.query_job(client, JOB) == bulk.Job(JOB, "JobComplete", "")
    assert [request.method for request in server.requests] == ["POST", "GET"]
    assert server.paths[1].endswith(f"/jobs/query/{JOB}")


def test_each_part_names_the_next(client: SalesforceClient, server: ScriptedServer) -> None:
    server.answers(csv_answer('Id,Name\n1,"A\nB"\n', 1, "MTAwMDA="), csv_answer("Id,Name\n", 0))
    first = bulk.results(client, JOB)
    assert list(first.rows) == [{"Id": "1", "Name": "A\nB"}]
    last = bulk.results(client, JOB, first.locator)
    assert (list(last.rows), last.locator) == ([], "")
    assert server.paths[1].endswith("&locator=MTAwMDA%3D")


@pytest.mark.parametrize(
    "answer",
    [html_answer(200), json_answer([]), json_answer({"id": "1", "state": "JobComplete"})],
    ids=["a maintenance page", "no job", "no job's id"],
)
def test_what_is_no_job_is_an_error_in_words(
    client: SalesforceClient, server: ScriptedServer, answer: Any
) -> None:
    server.answers(answer)
    with pytest.raises((TransientError, PermanentError), match="Salesforce answered with"):
        bulk.query_job(client, JOB)


@pytest.mark.parametrize(
    "answer",
    [
        csv_answer("Id,Name\n1,A\n", 2),
        csv_answer('Id,Name\n1,"A\n', 1),
        html_answer(200),
        json_answer([]),
    ],
    ids=["one missing", "broken off", "a maintenance page", "no CSV"],
)
def test_a_part_that_is_not_whole_is_read_again_later(
    client: SalesforceClient, server: ScriptedServer, answer: Any
) -> None:
    server.answers(answer)
    with pytest.raises(TransientError, match="in the middle of a list"):
        bulk.results(client, JOB)


def test_deleted_records_are_named(client: SalesforceClient, server: ScriptedServer) -> None:
    server.answers(json_answer({"deletedRecords": [{"id": "0065x00000ABCDE"}]}))
    assert client.deleted_ids("Opportunity", START, END) == ["0065x00000ABCDEAA5"]


@pytest.mark.parametrize("answer", [{}, {"deletedRecords": None}, {"deletedRecords": [{}]}])
def test_a_list_of_deleted_records_without_its_marks_is_an_error_not_an_empty_list(
    client: SalesforceClient, server: ScriptedServer, answer: object
) -> None:
    server.answers(json_answer(answer))
    with pytest.raises(TransientError):
        client.deleted_ids("Opportunity", START, END)
