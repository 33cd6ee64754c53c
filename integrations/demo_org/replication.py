"""`updated` and `deleted`: the ids of what changed in a window of time."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from .access import UserAccess
from .answers import json_answer
from .problems import ApiProblem
from .records import readable_object
from .soql import as_json

if TYPE_CHECKING:
    from .org import DemoOrg

UPDATED_DAYS, DELETED_DAYS = 30, 15
SHORTEST_WINDOW = timedelta(minutes=1)


class Replication:
    def __init__(self, org: "DemoOrg") -> None:
        self.org = org

    def updated(self, request: Request, access: UserAccess, base: str) -> Response:
        start, end = self.window(request, UPDATED_DAYS)
        sobject = readable_object(request, access)
        rows = access.rows(sobject)
        ids = [row["Id"] for row in rows if start <= row["SystemModstamp"] <= end]
        return json_answer({"ids": ids, "latestDateCovered": as_json(end)})

    def deleted(self, request: Request, access: UserAccess, base: str) -> Response:
        start, end = self.window(request, DELETED_DAYS)
        sobject = readable_object(request, access)
        if not sobject.deletable:
            message = f"Entity '{sobject.name}' is not replicateable"
            raise ApiProblem(400, "INVALID_TYPE_FOR_OPERATION", message)
        if self.org.faults.is_on("delete_log_purged"):
            raise _bad_date("The delete log has been purged since the start date")
        found = [
            {"id": record_id, "deletedDate": as_json(when)}
            for record_id, when in self.org.store.deleted(sobject.name)
            if start <= when <= end
        ]
        earliest = self.org.store.now() - timedelta(days=DELETED_DAYS)
        return json_answer(
            {
                "deletedRecords": found,
                "earliestDateAvailable": as_json(earliest),
                "latestDateCovered": as_json(end),
            }
        )

    def window(self, request: Request, most_days: int) -> tuple[datetime, datetime]:
        """Start and end in whole minutes, for Salesforce ignores seconds; both ends count."""
        now = self.org.store.now()
        start, end = (_moment(request, name) for name in ("start", "end"))
        if start < now - timedelta(days=most_days):
            raise _bad_date(f"startDate cannot be more than {most_days} days ago")
        if end - start < SHORTEST_WINDOW:
            raise _bad_date("startDate must be at least one minute before endDate")
        # The whole last minute counts, as far as it is over.
        return start, min(end + timedelta(seconds=59), now)


def _moment(request: Request, name: str) -> datetime:
    text = request.query_params.get(name, "").replace(" ", "+")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _bad_date(f"{name}Date is not a date and time: {text[:40]}") from None
    if moment.tzinfo is None:
        raise _bad_date(f"{name}Date has no time zone")
    return moment.replace(second=0, microsecond=0)


def _bad_date(message: str) -> ApiProblem:
    return ApiProblem(400, "INVALID_REPLICATION_DATE", message)
