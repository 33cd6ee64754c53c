"""Many requests in one: `composite`, and many records in one: `composite/sobjects`."""

import contextlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Scope

from .access import UserAccess
from .answers import json_answer
from .bodies import json_body
from .problems import ApiProblem, not_found
from .records import Records, checked_id, origin_of, readable_object, shown
from .schema import SObject, find_object, object_of_id

if TYPE_CHECKING:
    from .org import DemoOrg

MOST_REQUESTS, MOST_READ, MOST_WRITTEN = 25, 2000, 200


class Composite:
    def __init__(self, org: "DemoOrg") -> None:
        self.org = org

    async def retrieve(self, request: Request, access: UserAccess, base: str) -> Response:
        """The records with these ids in their order, `null` for what is not there or not seen."""
        sobject = readable_object(request, access)
        ids, names = await _asked_for(request)
        if len(ids) > MOST_READ:
            message = f"Not more than {MOST_READ} records can be read at once"
            raise ApiProblem(400, "INVALID_REQUEST", message)
        records = Records(self.org, access)
        found: list[dict[str, Any] | None] = []
        for record_id in ids:
            try:
                row = records.read(sobject, record_id)
            except ApiProblem as problem:
                if problem.code != "NOT_FOUND":
                    raise
                found.append(None)
            else:
                found.append(shown(sobject, row, names, access, base))
        return json_answer(found)

    async def write(self, request: Request, access: UserAccess, base: str) -> Response:
        """Create, update or delete up to 200 records; with `allOrNone`, all of them or none."""
        all_or_none, records = await _to_write(request)
        if len(records) > MOST_WRITTEN:
            message = f"Not more than {MOST_WRITTEN} records can be written at once"
            raise ApiProblem(400, "EXCEEDED_ID_LIMIT", message)
        return json_answer(self._write_all(request, access, records, all_or_none=all_or_none))

    def _write_all(
        self, request: Request, access: UserAccess, records: list[Any], *, all_or_none: bool
    ) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = []
        with contextlib.suppress(_RolledBack), self.org.store.transaction(origin_of(request)):
            results += [self._written(request, access, record) for record in records]
            if not all_or_none or all(result["success"] for result in results):
                return results
            raise _RolledBack
        return [_rolled_back(result) for result in results]

    def _written(self, request: Request, access: UserAccess, record: Any) -> dict[str, Any]:
        records = Records(self.org, access, origin_of(request))
        try:
            if request.method == "POST":
                record_id = records.create(_object_to_make(record, access), record)["Id"]
            else:
                record_id = _change(request.method, records, record)
        except ApiProblem as problem:
            return {"success": False, "errors": [_error(problem)]}
        return {"id": record_id, "success": True, "errors": []}

    async def batch(self, request: Request, access: UserAccess, base: str) -> Response:
        """Up to 25 requests, one after the other, each with an answer of its own inside.

        `allOrNone` and references from one request to another's answer are not carried out here.
        """
        body = await json_body(request)
        parts = body.get("compositeRequest")
        if not isinstance(parts, list) or not 0 < len(parts) <= MOST_REQUESTS:
            message = f"compositeRequest must have 1 to {MOST_REQUESTS} requests"
            raise ApiProblem(400, "INVALID_REQUEST", message)
        if body.get("allOrNone"):
            message = "allOrNone is not carried out by this demo org"
            raise ApiProblem(400, "INVALID_REQUEST", message)
        answers = [await _one(request, part) for part in parts]
        return json_answer({"compositeResponse": answers})


class _RolledBack(Exception):
    """One record failed, so none is written."""


async def _asked_for(request: Request) -> tuple[list[str], list[str] | None]:
    if request.method == "GET":
        query = request.query_params
        ids, names = query.get("ids", "").split(","), query.get("fields", "").split(",")
    else:
        body = await json_body(request)
        ids, names = body.get("ids", []), body.get("fields", [])
    if not all(isinstance(part, list) for part in (ids, names)) or not any(names):
        raise ApiProblem(400, "INVALID_FIELD", "ids and fields have to be specified")
    return [str(each) for each in ids], [str(each) for each in names]


async def _to_write(request: Request) -> tuple[bool, list[Any]]:
    if request.method == "DELETE":
        query = request.query_params
        ids = [part for part in query.get("ids", "").split(",") if part]
        return query.get("allOrNone", "").lower() == "true", [{"Id": each} for each in ids]
    body = await json_body(request)
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise ApiProblem(400, "JSON_PARSER_ERROR", "records is not a list of objects")
    return bool(body.get("allOrNone")), records


def _object_to_make(record: dict[str, Any], access: UserAccess) -> SObject:
    kind = str((record.get("attributes") or {}).get("type", ""))
    sobject = find_object(kind)
    if sobject is None or not access.can_read(sobject):
        raise ApiProblem(400, "INVALID_TYPE", f"sObject type '{kind}' is not supported")
    return sobject


def _change(method: str, records: Records, record: dict[str, Any]) -> str:
    record_id = _id_of(record)
    sobject = object_of_id(record_id)
    if sobject is None:
        raise ApiProblem(400, "MALFORMED_ID", f"malformed id {record_id}")
    record_id = checked_id(sobject, record_id)
    if method == "DELETE":
        records.delete(sobject, record_id)
    else:
        records.update(sobject, record_id, {k: v for k, v in record.items() if k.lower() != "id"})
    return record_id


def _id_of(record: dict[str, Any]) -> str:
    return str(next((value for key, value in record.items() if key.lower() == "id"), ""))


def _error(problem: ApiProblem) -> dict[str, Any]:
    return {
        "statusCode": problem.code,
        "message": problem.message,
        "fields": list(problem.fields),
    }


def _rolled_back(result: dict[str, Any]) -> dict[str, Any]:
    if not result["success"]:
        return result
    message = (
        "Record rolled back because not all records were valid "
        "and the request was using AllOrNone header"
    )
    error = {"statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK", "message": message, "fields": []}
    return {"success": False, "errors": [error]}


async def _one(request: Request, part: Any) -> dict[str, Any]:
    """Send one request of a batch through the app's own routes."""
    if not isinstance(part, dict) or "/composite" in str(part.get("url", "/composite")):
        raise not_found()
    body = json.dumps(part["body"]).encode() if "body" in part else b""
    status, sent = 0, b""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status, sent
        status = message.get("status", status)
        sent += message.get("body", b"")

    await request.app(_scope_of(request, part), receive, send)
    return {
        "body": json.loads(sent) if sent else None,
        "httpHeaders": {},
        "httpStatusCode": status,
        "referenceId": part.get("referenceId"),
    }


def _scope_of(batch: Request, part: dict[str, Any]) -> Scope:
    """The request that the part stands for, as if it came alone: over the batch's connection."""
    target = urlsplit(str(part["url"]))
    return {
        "type": "http",
        "method": str(part.get("method", "GET")).upper(),
        "path": target.path.rstrip("/"),
        "raw_path": target.path.encode(),
        "query_string": target.query.encode(),
        "headers": [(k, v) for k, v in batch.scope["headers"] if k != b"content-length"],
        "app": batch.app,
        **{key: batch.scope[key] for key in ("http_version", "scheme", "server", "client")},
    }
