"""The REST data API: versions, query, describe, records, limits."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .access import UserAccess
from .answers import json_answer
from .describing import describe_object, global_entry
from .org import DAILY_API_REQUESTS, DemoOrg
from .problems import ApiProblem, invalid_session, not_found
from .queries import Queries
from .schema import OBJECTS, SObject, find_object
from .soql import as_json

OLDEST, NEWEST = 31, 67
_SEASONS = ("Summer", "Winter", "Spring")
_VERSION = re.compile(r"v(\d{1,3})\.0")
_AUTHORIZATION = re.compile(r"(?:Bearer|OAuth)\s+(\S+)", re.IGNORECASE)

Endpoint = Callable[[Request, UserAccess, str], Response]


def bearer(request: Request) -> str:
    """The access token of the request; ApiProblem where Salesforce would refuse the header."""
    header = request.headers.get("authorization", "")
    if not header:
        raise invalid_session()
    found = _AUTHORIZATION.fullmatch(header.strip())
    if found is None:
        raise ApiProblem(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")
    return found[1]


def versions() -> list[dict[str, str]]:
    """The versions that are served, oldest first. 31.0 came in Summer '14, three a year since."""
    listed = []
    for number in range(OLDEST, NEWEST + 1):
        season = _SEASONS[(number - OLDEST) % 3]
        year = 14 + (number - OLDEST + 2) // 3
        version = f"{number}.0"
        label = f"{season} '{year}"
        listed.append({"label": label, "url": f"/services/data/v{version}", "version": version})
    return listed


class RestApi:
    def __init__(self, org: DemoOrg) -> None:
        self.org = org
        self.queries = Queries(org)

    def routes(self) -> list[Route]:
        root = "/services/data/{version}"
        table: list[tuple[str, Endpoint]] = [
            ("", self.resources),
            ("/query", self.query),
            ("/queryAll", self.query),
            ("/query/{locator}", self.more),
            ("/queryAll/{locator}", self.more),
            ("/limits", self.limits),
            ("/sobjects", self.objects),
            ("/sobjects/{object}", self.object),
            ("/sobjects/{object}/describe", self.describe),
            ("/sobjects/{object}/{id}", self.record),
        ]
        data = [Route(root + path, self.guarded(endpoint)) for path, endpoint in table]
        return [Route("/services/data", self.list_versions), *data]

    async def list_versions(self, request: Request) -> Response:
        return json_answer(versions())

    def guarded(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint behind what all of them need: a served version and a user who may come."""

        async def handle(request: Request) -> Response:
            base = self.base(request.path_params["version"])
            user_id = self.org.authority.user_of(bearer(request))
            if user_id is None or self.is_old_host(request):
                raise invalid_session()
            with_deleted = "/queryAll" in request.url.path
            access = UserAccess(self.org, user_id, with_deleted=with_deleted)
            if not access.api_enabled:
                message = "API is disabled for this User"
                raise ApiProblem(403, "API_CURRENTLY_DISABLED", message)
            return endpoint(request, access, base)

        return handle

    def base(self, version: str) -> str:
        found = _VERSION.fullmatch(version)
        if found is None or int(found[1]) > NEWEST:
            raise not_found()
        if int(found[1]) < OLDEST:
            message = f"API version {found[1]}.0 is no longer supported"
            raise ApiProblem(410, "UNSUPPORTED_API_VERSION", message)
        return f"/services/data/{version}"

    def is_old_host(self, request: Request) -> bool:
        """After a move the org is served at its new address only."""
        moved_to = self.org.moved_to
        return moved_to is not None and not moved_to.endswith(f"//{request.url.netloc}")

    def resources(self, request: Request, access: UserAccess, base: str) -> Response:
        names = ("sobjects", "query", "queryAll", "limits")
        identity = self.org.identity_url(access.user_id)
        return json_answer({n: f"{base}/{n}" for n in names} | {"identity": identity})

    def query(self, request: Request, access: UserAccess, base: str) -> Response:
        return self.queries.first_page(request, access, base)

    def more(self, request: Request, access: UserAccess, base: str) -> Response:
        return self.queries.next_page(request.path_params["locator"], access, base)

    def limits(self, request: Request, access: UserAccess, base: str) -> Response:
        left = max(DAILY_API_REQUESTS - self.org.api_used, 0)
        return json_answer(
            {
                "DailyApiRequests": {"Max": DAILY_API_REQUESTS, "Remaining": left},
                "DailyBulkV2QueryJobs": {"Max": 10000, "Remaining": 10000},
                "DailyBulkV2QueryFileStorageMB": {"Max": 976562, "Remaining": 976562},
                "DailyDeliveredPlatformEvents": {"Max": 25000, "Remaining": 25000},
            }
        )

    def objects(self, request: Request, access: UserAccess, base: str) -> Response:
        shown = [s for s in OBJECTS.values() if access.can_read(s)]
        entries = [global_entry(sobject, base) for sobject in shown]
        return json_answer({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": entries})

    def object(self, request: Request, access: UserAccess, base: str) -> Response:
        sobject = self.readable_object(request, access)
        entry = global_entry(sobject, base)
        return json_answer({"objectDescribe": entry, "recentItems": []})

    def describe(self, request: Request, access: UserAccess, base: str) -> Response:
        sobject = self.readable_object(request, access)
        return json_answer(describe_object(sobject, base, access))

    def record(self, request: Request, access: UserAccess, base: str) -> Response:
        sobject = self.readable_object(request, access)
        record_id = request.path_params["id"]
        valid = len(record_id) in (15, 18) and record_id.startswith(sobject.prefix or "-")
        if not valid:
            message = f"{sobject.label} ID: id value of incorrect type: {record_id}"
            raise ApiProblem(400, "MALFORMED_ID", message, ("Id",))
        rows = [row for row in access.rows(sobject) if row["Id"][:15] == record_id[:15]]
        if not rows:
            raise not_found()
        return json_answer(self.shown(sobject, rows[0], request, access, base))

    def shown(
        self,
        sobject: SObject,
        row: dict[str, Any],
        request: Request,
        access: UserAccess,
        base: str,
    ) -> dict[str, Any]:
        url = f"{base}/sobjects/{sobject.name}/{row['Id']}"
        shown: dict[str, Any] = {"attributes": {"type": sobject.name, "url": url}}
        asked = request.query_params.get("fields")
        for name in asked.split(",") if asked else [f.name for f in sobject.fields]:
            field = sobject.by_name.get(name.strip().lower())
            if field is not None and access.can_read_field(sobject, field):
                shown[field.name] = as_json(row[field.name])
            elif asked:
                message = f"No such column '{name}' on entity '{sobject.name}'"
                raise ApiProblem(400, "INVALID_FIELD", message)
        return shown

    def readable_object(self, request: Request, access: UserAccess) -> SObject:
        sobject = find_object(request.path_params["object"])
        if sobject is None or not access.can_read(sobject):
            raise not_found()
        return sobject
