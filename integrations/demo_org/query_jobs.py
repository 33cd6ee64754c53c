"""Bulk API 2.0 query jobs: made, polled, read page by page as CSV, aborted, deleted."""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from .access import UserAccess
from .answers import json_answer
from .bodies import json_body
from .problems import ApiProblem, not_found
from .soql import QueryError, Result, Selection, as_json, run
from .store import Row

if TYPE_CHECKING:
    from .org import DemoOrg

DELIMITERS = {
    "BACKQUOTE": "`",
    "CARET": "^",
    "COMMA": ",",
    "PIPE": "|",
    "SEMICOLON": ";",
    "TAB": "\t",
}
ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
DEFAULT_RECORDS = 50_000
# A job goes on by one state each time that somebody asks for it.
NEXT_STATE = {"UploadComplete": "InProgress", "InProgress": "JobComplete"}
_NOT_IN_BULK = re.compile(r"\b(OFFSET|TYPEOF|GROUP\s+BY|COUNT\s*\()", re.IGNORECASE)


@dataclass
class Job:
    id: str
    user_id: str
    version: str
    created: datetime
    asked: dict[str, str]
    state: str = "UploadComplete"
    error: str = ""
    changed: datetime | None = None
    result: Result | None = None
    lines: list[str] = field(default_factory=list)

    def advance(self, now: datetime) -> None:
        if self.state in NEXT_STATE:
            self.state, self.changed = NEXT_STATE[self.state], now
            if self.state == "JobComplete" and self.error:
                self.state = "Failed"
            if self.state == "JobComplete" and self.result is not None:
                self.lines = self.rendered(self.result.selection, self.result.rows)

    def rendered(self, selection: Selection, rows: Iterable[Row]) -> list[str]:
        return list(self._lines_of(selection, rows))

    def _lines_of(self, selection: Selection, rows: Iterable[Row]) -> Iterator[str]:
        delimiter, ending = DELIMITERS[self.asked["columnDelimiter"]], self.ending
        columns = selection.columns
        names = [".".join([*(h.name for h in c.hops), c.field.name]) for c in columns]
        yield _line(names, delimiter) + ending
        for row in rows:
            yield _line((_as_csv(column.get(row)) for column in columns), delimiter) + ending

    @property
    def ending(self) -> str:
        return ENDINGS[self.asked["lineEnding"]]

    def shown(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": self.id,
            "operation": self.asked["operation"],
            "object": self.asked["object"],
            "createdById": self.user_id,
            "createdDate": as_json(self.created),
            "systemModstamp": as_json(self.changed or self.created),
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "lineEnding": self.asked["lineEnding"],
            "columnDelimiter": self.asked["columnDelimiter"],
        }
        if self.state == "Failed":
            body["errorMessage"] = self.error
        if self.state in ("JobComplete", "Failed", "Aborted"):
            count = max(len(self.lines) - 1, 0)
            took = {"retries": 0, "totalProcessingTime": 42, "isPkChunkingSupported": False}
            body |= {"jobType": "V2Query", "numberRecordsProcessed": count, **took}
        return body


class QueryJobs:
    def __init__(self, org: "DemoOrg") -> None:
        self.org = org
        self._jobs: dict[str, Job] = {}

    async def create(self, request: Request, access: UserAccess, base: str) -> Response:
        body = await json_body(request)
        asked = _checked(body)
        with_deleted = asked["operation"] == "queryAll"
        access = UserAccess(self.org, access.user_id, with_deleted=with_deleted)
        found = re.search(r"\bFROM\s+(\w+)", asked["query"], re.IGNORECASE)
        asked["object"] = found[1] if found else ""
        version, now = base.rpartition("/v")[2], self.org.store.now()
        job = Job(self.org.store.new_id("750"), access.user_id, version, now, asked)
        large = self.org.large
        try:
            if large is not None and large.asks_for_it(asked["query"]):
                form = (asked["columnDelimiter"], asked["lineEnding"])
                job.lines = large.lines(asked["query"], access, form, job.rendered)
            else:
                job.result = run(asked["query"], self.org.store, access)
                asked["object"] = job.result.selection.sobject.name
        except QueryError as error:
            raise ApiProblem(400, error.code, error.message) from error
        if self.org.faults.spend("bulk_job_fails"):
            job.error = "InternalServerError : Unable to process the query. Please retry."
        self._jobs[job.id] = job
        return json_answer(job.shown())

    def listed(self, request: Request, access: UserAccess, base: str) -> Response:
        jobs = [job.shown() for job in self._jobs.values() if job.user_id == access.user_id]
        return json_answer({"done": True, "records": jobs, "nextRecordsUrl": None})

    def state(self, request: Request, access: UserAccess, base: str) -> Response:
        job = self._job(request, access, base)
        job.advance(self.org.store.now())
        return json_answer(job.shown())

    async def abort(self, request: Request, access: UserAccess, base: str) -> Response:
        job = self._job(request, access, base)
        body = await json_body(request)
        if body.get("state") != "Aborted":
            raise ApiProblem(400, "INVALIDJOBSTATE", "The only state to set is Aborted")
        if job.state not in NEXT_STATE:
            raise ApiProblem(400, "INVALIDJOBSTATE", f"Aborting a job in state {job.state}")
        job.state, job.changed = "Aborted", self.org.store.now()
        return json_answer(job.shown())

    def delete(self, request: Request, access: UserAccess, base: str) -> Response:
        job = self._job(request, access, base)
        if job.state in NEXT_STATE:
            raise ApiProblem(400, "INVALIDJOBSTATE", "Only a job that has ended can be deleted")
        del self._jobs[job.id]
        return Response(status_code=204)

    def results(self, request: Request, access: UserAccess, base: str) -> Response:
        job = self._complete(request, access, base)
        start = _offset(request.query_params.get("locator", ""))
        small = self.org.faults.value("small_pages")
        asked = small or request.query_params.get("maxRecords", "")
        size = max(int(asked), 1) if asked.isdigit() else DEFAULT_RECORDS
        records = job.lines[1:]
        if start > len(records):
            raise ApiProblem(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        page = records[start : start + size]
        end = start + len(page)
        answer = Response("".join([job.lines[0], *page]).encode(), media_type="text/csv")
        answer.headers["Sforce-Locator"] = _locator(end) if end < len(records) else "null"
        answer.headers["Sforce-NumberOfRecords"] = str(len(page))
        return answer

    def result_pages(self, request: Request, access: UserAccess, base: str) -> Response:
        """Where up to five pages can be read in parallel."""
        job = self._complete(request, access, base)
        starts = range(0, max(len(job.lines) - 1, 1), DEFAULT_RECORDS)
        url = f"/jobs/query/{job.id}/results"
        links = [{"resultLink": f"{url}?locator={_locator(start)}"} for start in starts[:5]]
        return json_answer({"resultPages": links, "done": len(starts) <= 5})

    def _job(self, request: Request, access: UserAccess, base: str) -> Job:
        job = self._jobs.get(request.path_params["id"])
        if job is None or job.user_id != access.user_id:
            raise not_found()
        if job.version != base.rpartition("/v")[2]:
            message = f"The job was created with API version {job.version}"
            raise ApiProblem(409, "INVALIDVERSION", message)
        return job

    def _complete(self, request: Request, access: UserAccess, base: str) -> Job:
        job = self._job(request, access, base)
        if job.state != "JobComplete":
            message = f"The results of a job in state {job.state} can't be read"
            raise ApiProblem(400, "INVALIDJOBSTATE", message)
        return job


def _checked(body: dict[str, Any]) -> dict[str, str]:
    asked = {
        "operation": str(body.get("operation", "")),
        "query": str(body.get("query", "")),
        "columnDelimiter": str(body.get("columnDelimiter") or "COMMA"),
        "lineEnding": str(body.get("lineEnding") or "LF"),
    }
    if asked["operation"] not in ("query", "queryAll"):
        raise ApiProblem(400, "INVALIDJOB", f"Operation {asked['operation']!r} is not supported")
    if asked["columnDelimiter"] not in DELIMITERS or asked["lineEnding"] not in ENDINGS:
        raise ApiProblem(400, "INVALIDJOB", "Unknown columnDelimiter or lineEnding")
    refused = _NOT_IN_BULK.search(asked["query"])
    if refused:
        message = f"Implementation restriction: {refused[1]} is not supported by the Bulk API"
        raise ApiProblem(400, "API_ERROR", message)
    return asked


def _line(values: Iterable[str], delimiter: str) -> str:
    return delimiter.join('"' + value.replace('"', '""') + '"' for value in values)


def _as_csv(value: Any) -> str:
    shown = as_json(value)
    if shown is None:
        return ""
    return str(shown).lower() if isinstance(shown, bool) else str(shown)


def _locator(offset: int) -> str:
    return base64.b64encode(str(offset).encode()).decode().rstrip("=")


def _offset(locator: str) -> int:
    try:
        text = base64.b64decode(locator + "=" * (-len(locator) % 4), validate=True).decode()
        return int(text or 0)
    except (binascii.Error, ValueError):
        raise ApiProblem(400, "INVALID_QUERY_LOCATOR", "invalid query locator") from None
