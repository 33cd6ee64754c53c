"""Queries through the Bulk API 2.0: a job, and its answer as CSV, for many records at once."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import requests

from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import PermanentError, TransientError

#: Rows of one answer; Salesforce may send fewer.
ROWS_AT_ONCE = 10_000
_JOB_ID = re.compile(r"750[A-Za-z0-9]{12,15}", re.ASCII)
_NO_MORE = "null"  # the literal word, in the header


@dataclass(frozen=True)
class Job:
    id: str
    state: str
    error: str

    @property
    def is_complete(self) -> bool:
        return self.state == "JobComplete"

    @property
    def has_failed(self) -> bool:
        return self.state in ("Failed", "Aborted")

    @property
    def has_ended(self) -> bool:
        return self.is_complete or self.has_failed


@dataclass(frozen=True)
class Results:
    """One part of a job's answer: rows of text, as the CSV has them; `locator` names the next."""

    text: str
    locator: str  # empty after the last part

    @property
    def rows(self) -> Iterator[dict[str, str]]:
        return csv.DictReader(io.StringIO(self.text, newline=""), strict=True)


def start_query(client: SalesforceClient, soql: str) -> Job:
    """Queue a query, with deleted and archived records."""
    body = {
        "operation": "queryAll",
        "query": soql,
        "contentType": "CSV",
        "columnDelimiter": "COMMA",
        "lineEnding": "LF",
    }
    return client.send("POST", "jobs/query", _job, body=body)


def query_job(client: SalesforceClient, job_id: str) -> Job:
    return client.send("GET", f"jobs/query/{job_id}", _job)


def results(client: SalesforceClient, job_id: str, locator: str = "") -> Results:
    """The part of the answer that `locator` names, or the first one."""
    path = f"jobs/query/{job_id}/results?maxRecords={ROWS_AT_ONCE}"
    if locator:
        path += f"&locator={quote(locator, safe='')}"
    return client.send("GET", path, _results, headers={"Accept": "text/csv"})


def forget(client: SalesforceClient, job_id: str) -> None:
    """Delete the job and what it holds; Salesforce would keep it for a week.

    One that still runs is aborted first, for such a one is not deleted.
    """
    if not query_job(client, job_id).has_ended:
        client.send("PATCH", f"jobs/query/{job_id}", _job, body={"state": "Aborted"})
    client.send("DELETE", f"jobs/query/{job_id}", lambda _: None)


def _results(response: requests.Response) -> Results:
    promised = response.headers.get("Sforce-NumberOfRecords", "")
    following = response.headers.get("Sforce-Locator", _NO_MORE)
    if "csv" not in response.headers.get("Content-Type", "") or not promised.isdigit():
        raise _not_whole("no CSV")
    found = Results(response.content.decode("utf-8"), "" if following == _NO_MORE else following)
    try:
        count = sum(1 for _ in found.rows)
    except csv.Error as error:
        raise _not_whole(str(error)) from error
    if count != int(promised):
        raise _not_whole(f"{count} rows of {promised}")
    return found


def _job(response: requests.Response) -> Job:
    answer = response.json()
    if not isinstance(answer, dict) or not _JOB_ID.fullmatch(str(answer.get("id"))):
        raise PermanentError(
            "Salesforce answered with a bulk job that makes no sense. Please tell support.",
            detail="no job",
        )
    return Job(
        id=str(answer["id"]),
        state=str(answer.get("state", "")),
        error=str(answer.get("errorMessage") or ""),
    )


def _not_whole(detail: str) -> TransientError:
    return TransientError(
        "Salesforce broke off in the middle of a list. Nothing was taken from it; it is tried"
        " again by itself.",
        detail=detail,
    )
