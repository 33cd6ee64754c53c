"""Single records over REST: create, read, update, delete; and the same for the org's own pages."""

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from integrations.salesforce.ids import InvalidSalesforceId, to_18

from .access import UserAccess
from .answers import json_answer
from .bodies import json_body
from .problems import ApiProblem, not_found
from .schema import SObject, find_object
from .soql import as_json
from .store import Row
from .values import for_insert, for_update

if TYPE_CHECKING:
    from .org import DemoOrg

LIGHTNING = "com/salesforce/lightning"


class Records:
    """What one user does to records. `origin` is where Salesforce says the change came from."""

    def __init__(self, org: "DemoOrg", access: UserAccess, origin: str = LIGHTNING) -> None:
        self.org = org
        self.access = access
        self.origin = origin

    def create(self, sobject: SObject, body: Row) -> Row:
        if not sobject.writable:
            message = f"entity type cannot be inserted: {sobject.label}"
            raise ApiProblem(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message)
        if not self.access.may(sobject, "Create"):
            raise _forbidden("entity type cannot be inserted", sobject)
        values = for_insert(self.org, sobject, body, self.access)
        with self.org.store.transaction(self.origin):
            return self.org.store.insert(sobject.name, self.access.user_id, **values)

    def read(self, sobject: SObject, record_id: str) -> Row:
        """The record, when this user sees it; MALFORMED_ID or NOT_FOUND otherwise."""
        row = self.org.store.get(sobject.name, checked_id(sobject, record_id))
        if row is None or row.get("IsDeleted") or not self.access.sees(sobject, row):
            raise not_found()
        return row

    def update(self, sobject: SObject, record_id: str, body: Row) -> Row:
        row = self._changeable(sobject, record_id, "Edit")
        values = for_update(self.org, sobject, body, self.access)
        with self.org.store.transaction(self.origin):
            return self.org.store.update(sobject.name, row["Id"], self.access.user_id, **values)

    def delete(self, sobject: SObject, record_id: str) -> None:
        row = self._changeable(sobject, record_id, "Delete")
        with self.org.store.transaction(self.origin):
            self.org.store.update(sobject.name, row["Id"], self.access.user_id, IsDeleted=True)

    def undelete(self, sobject: SObject, record_id: str) -> None:
        """Take a record out of the recycle bin; ApiProblem unless it is in it."""
        row = self.org.store.get(sobject.name, checked_id(sobject, record_id))
        if row is None or not row.get("IsDeleted"):
            raise ApiProblem(400, "UNDELETE_FAILED", "Entity is not in the recycle bin")
        if not self.access.may_change(sobject, row, "Delete"):
            raise _forbidden("insufficient access rights on object id", sobject)
        with self.org.store.transaction(self.origin):
            self.org.store.update(sobject.name, row["Id"], self.access.user_id, IsDeleted=False)

    def _changeable(self, sobject: SObject, record_id: str, what: str) -> Row:
        if not (sobject.writable if what == "Edit" else sobject.deletable):
            message = f"entity type cannot be {'updated' if what == 'Edit' else 'deleted'}"
            raise ApiProblem(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message)
        row = self.org.store.get(sobject.name, checked_id(sobject, record_id))
        if row is None or not self.access.sees(sobject, row):
            raise not_found()
        if row.get("IsDeleted"):
            raise ApiProblem(404, "ENTITY_IS_DELETED", "entity is deleted")
        if not self.access.may_change(sobject, row, what):
            raise _forbidden("insufficient access rights on object id", sobject)
        return row


class RecordEndpoints:
    """`/sobjects/X` and `/sobjects/X/<id>`."""

    def __init__(self, org: "DemoOrg") -> None:
        self.org = org

    def records(self, request: Request, access: UserAccess) -> Records:
        return Records(self.org, access, origin_of(request))

    async def create(self, request: Request, access: UserAccess, base: str) -> Response:
        sobject = readable_object(request, access)
        body = await json_body(request)
        row = self.records(request, access).create(sobject, body)
        answer = json_answer({"id": row["Id"], "success": True, "errors": []}, 201)
        answer.headers["Location"] = f"{base}/sobjects/{sobject.name}/{row['Id']}"
        return answer

    async def read(self, request: Request, access: UserAccess, base: str) -> Response:
        sobject = readable_object(request, access)
        row = self.records(request, access).read(sobject, request.path_params["id"])
        asked = request.query_params.get("fields")
        names = asked.split(",") if asked else None
        return json_answer(shown(sobject, row, names, access, base))

    async def update(self, request: Request, access: UserAccess, base: str) -> Response:
        sobject = readable_object(request, access)
        body = await json_body(request)
        self.records(request, access).update(sobject, request.path_params["id"], body)
        return Response(status_code=204)

    async def delete(self, request: Request, access: UserAccess, base: str) -> Response:
        sobject = readable_object(request, access)
        self.records(request, access).delete(sobject, request.path_params["id"])
        return Response(status_code=204)


def shown(
    sobject: SObject, row: Row, names: list[str] | None, access: UserAccess, base: str
) -> dict[str, Any]:
    """The record as JSON: the named fields, or all that the user may read."""
    url = f"{base}/sobjects/{sobject.name}/{row['Id']}"
    record: dict[str, Any] = {"attributes": {"type": sobject.name, "url": url}}
    for name in names or [f.name for f in sobject.fields]:
        field = sobject.by_name.get(name.strip().lower())
        if field is not None and access.can_read_field(sobject, field):
            record[field.name] = as_json(row[field.name])
        elif names:
            message = f"No such column '{name}' on entity '{sobject.name}'"
            raise ApiProblem(400, "INVALID_FIELD", message)
    return record


def readable_object(request: Request, access: UserAccess) -> SObject:
    """The object that the path names, or NOT_FOUND."""
    sobject = find_object(request.path_params["object"])
    if sobject is None or not access.can_read(sobject):
        raise not_found()
    return sobject


def checked_id(sobject: SObject, record_id: str) -> str:
    """The 18 characters of an id of this object; MALFORMED_ID for anything else."""
    try:
        whole = to_18(record_id)
    except InvalidSalesforceId:
        whole = ""
    if not whole or not whole.startswith(sobject.prefix or "-"):
        message = f"{sobject.label} ID: id value of incorrect type: {record_id}"
        raise ApiProblem(400, "MALFORMED_ID", message, ("Id",))
    return whole


def origin_of(request: Request) -> str:
    """`com/salesforce/api/rest/66.0;client=Astro`, as change events name it."""
    version = request.path_params["version"].removeprefix("v")
    options = request.headers.get("sforce-call-options", "")
    client = next((p for p in options.split(",") if p.strip().startswith("client=")), "")
    return f"com/salesforce/api/rest/{version}" + (f";{client.strip()}" if client else "")


def _forbidden(message: str, sobject: SObject) -> ApiProblem:
    return ApiProblem(403, "INSUFFICIENT_ACCESS_OR_READONLY", f"{message}: {sobject.label}")
