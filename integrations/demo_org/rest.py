"""The REST data API: its versions, its routes, and what has no file of its own."""

import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .access import UserAccess
from .answers import json_answer
from .composite import Composite
from .describing import describe_object, global_entry
from .org import DAILY_API_REQUESTS, DemoOrg
from .problems import ApiProblem, invalid_session, not_found
from .queries import Queries
from .query_jobs import QueryJobs
from .records import RecordEndpoints, readable_object
from .replication import Replication
from .schema import OBJECTS

OLDEST, NEWEST = 31, 67
_SEASONS = ("Summer", "Winter", "Spring")
_VERSION = re.compile(r"v(\d{1,3})\.0")
_AUTHORIZATION = re.compile(r"(?:Bearer|OAuth)\s+(\S+)", re.IGNORECASE)

Endpoint = Callable[[Request, UserAccess, str], Response | Awaitable[Response]]


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
        self.records = RecordEndpoints(org)
        self.replication = Replication(org)
        self.jobs = QueryJobs(org)
        self.composite = Composite(org)

    def routes(self) -> list[Route]:
        root = "/services/data/{version}"
        data = [
            Route(root + path, self.guarded(endpoint), methods=[method])
            for method, path, endpoint in (*self.one_by_one(), *self.many_at_once())
        ]
        return [Route("/services/data", self.list_versions), *data]

    def one_by_one(self) -> list[tuple[str, str, Endpoint]]:
        queries, records, replication = self.queries, self.records, self.replication
        return [
            ("GET", "", self.resources),
            ("GET", "/query", queries.first_page),
            ("GET", "/queryAll", queries.first_page),
            ("GET", "/query/{locator}", queries.next_page),
            ("GET", "/queryAll/{locator}", queries.next_page),
            ("GET", "/limits", self.limits),
            ("GET", "/sobjects", self.objects),
            ("GET", "/sobjects/{object}", self.object),
            ("POST", "/sobjects/{object}", records.create),
            ("GET", "/sobjects/{object}/describe", self.describe),
            ("GET", "/sobjects/{object}/updated", replication.updated),
            ("GET", "/sobjects/{object}/deleted", replication.deleted),
            ("GET", "/sobjects/{object}/{id}", records.read),
            ("PATCH", "/sobjects/{object}/{id}", records.update),
            ("DELETE", "/sobjects/{object}/{id}", records.delete),
        ]

    def many_at_once(self) -> list[tuple[str, str, Endpoint]]:
        composite, jobs = self.composite, self.jobs
        return [
            ("POST", "/composite", composite.batch),
            ("GET", "/composite/sobjects/{object}", composite.retrieve),
            ("POST", "/composite/sobjects/{object}", composite.retrieve),
            ("POST", "/composite/sobjects", composite.write),
            ("PATCH", "/composite/sobjects", composite.write),
            ("DELETE", "/composite/sobjects", composite.write),
            ("POST", "/jobs/query", jobs.create),
            ("GET", "/jobs/query", jobs.listed),
            ("GET", "/jobs/query/{id}", jobs.state),
            ("PATCH", "/jobs/query/{id}", jobs.abort),
            ("DELETE", "/jobs/query/{id}", jobs.delete),
            ("GET", "/jobs/query/{id}/results", jobs.results),
            ("GET", "/jobs/query/{id}/resultPages", jobs.result_pages),
        ]

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
            answer = endpoint(request, access, base)
            return await answer if isinstance(answer, Awaitable) else answer

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
        names = ("sobjects", "query", "queryAll", "limits", "composite", "jobs")
        identity = self.org.identity_url(access.user_id)
        return json_answer({n: f"{base}/{n}" for n in names} | {"identity": identity})

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
        sobject = readable_object(request, access)
        entry = global_entry(sobject, base)
        return json_answer({"objectDescribe": entry, "recentItems": []})

    def describe(self, request: Request, access: UserAccess, base: str) -> Response:
        sobject = readable_object(request, access)
        return json_answer(describe_object(sobject, base, access))
