"""A very large table of opportunities, for benchmarks: what is asked twice costs nothing twice.

Its rows are made from their numbers when somebody looks at them, and are never changed. Whole
answers are kept, compressed, so that a second reading measures the reader alone.
"""

import gzip
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from .access import UserAccess
from .answers import JSON_TYPE
from .ids import numbered_id
from .schema import OBJECTS
from .schema.sales import STAGES
from .soql import Plan, QueryError, Selection, plan
from .soql.parser import Comparison, Condition, Group
from .store import Row

if TYPE_CHECKING:
    from .org import DemoOrg

NAME, PREFIX = "Opportunity", "006"
LAST = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(seconds=7)
_COMPRESSION = 1
# Makes the lines of CSV of some rows, the header first.
Rendered = Callable[[Selection, Iterable[Row]], list[str]]


@dataclass(frozen=True)
class Body:
    """A whole answer, also compressed."""

    plain: bytes
    compressed: bytes

    def answer(self, request: Request) -> Response:
        headers = {"Content-Type": JSON_TYPE}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(self.plain, headers=headers)
        return Response(self.compressed, headers=headers | {"Content-Encoding": "gzip"})


class LargeTable:
    """Opportunity number n is seven seconds older than number n + 1; the last is of `LAST`."""

    def __init__(self, org: "DemoOrg", count: int) -> None:
        self.org = org
        self.count = count
        self.owners = [row["Id"] for row in org.users if row["IsActive"]]
        self.stages = list(STAGES.values())
        self._first = LAST - STEP * (count - 1)
        self._empty: Row = {f.name: None for f in OBJECTS[NAME].fields} | {
            f.name: False for f in OBJECTS[NAME].fields if f.type == "boolean"
        }
        self._plans: dict[tuple[str, str], tuple[Plan, Sequence[int]]] = {}
        self._fragments: dict[tuple[str, ...], list[bytes]] = {}
        self._lines: dict[tuple[str, ...], list[str]] = {}
        self._bodies: dict[tuple[str, int, int], Body] = {}

    def row(self, number: int) -> Row:
        stamp = self._first + STEP * number
        stage = self.stages[number % len(self.stages)]
        owner = self.owners[number % len(self.owners)]
        return self._empty | {
            "Id": numbered_id(PREFIX, self.org.org_id, number),
            "Name": f"Deal {number:,}",
            "StageName": stage.name,
            "IsClosed": stage.is_closed,
            "IsWon": stage.is_won,
            "Probability": float(stage.probability),
            "ForecastCategory": stage.forecast,
            "ForecastCategoryName": stage.forecast,
            "Amount": float(number % 997 * 125),
            "CloseDate": stamp.date(),
            "OwnerId": owner,
            "CreatedById": owner,
            "LastModifiedById": owner,
            "CreatedDate": stamp,
            "LastModifiedDate": stamp,
            "SystemModstamp": stamp,
        }

    def asks_for_it(self, soql: str) -> bool:
        return f"from {NAME.lower()}" in " ".join(soql.lower().split())

    def found(self, soql: str, access: UserAccess) -> tuple[Plan, Sequence[int]]:
        """The plan of a query, and the numbers of the rows that match."""
        key = (soql, access.user_id)
        if key not in self._plans:
            planned = plan(soql, self.org.store, access)
            self._plans[key] = (planned, self._matching(planned))
        return self._plans[key]

    def page(self, soql: str, access: UserAccess, base: str, offset: int, size: int) -> Body:
        """One page of a query's answer; its locator says which query, and where it goes on."""
        locator = self.locator(soql, access)
        kept = self._bodies.get((locator + base, offset, size))
        if kept is None:
            planned, numbers = self.found(soql, access)
            shown = [] if planned.count_only else self._shown(planned, numbers, base)
            done = planned.count_only or offset + size >= len(numbers)
            head: dict[str, Any] = {"totalSize": len(numbers), "done": done}
            if not done:
                head["nextRecordsUrl"] = f"{base}/query/{locator}-{offset + size}"
            start = json.dumps(head, separators=(",", ":"))[:-1].encode()
            plain = start + b',"records":[' + b",".join(shown[offset : offset + size]) + b"]}"
            kept = self._keep(locator + base, offset, size, plain)
        return kept

    def locator(self, soql: str, access: UserAccess) -> str:
        digest = hashlib.sha256(f"{soql} {access.user_id}".encode()).hexdigest()
        return f"0r8{digest[:14]}A"

    def lines(
        self, soql: str, access: UserAccess, form: tuple[str, str], rendered: Rendered
    ) -> list[str]:
        """The lines of CSV of a query of the Bulk API, the header first.

        `form` tells what `rendered` makes of the same rows: their delimiter and line ending.
        """
        key = (soql, access.user_id, *form)
        if key not in self._lines:
            planned, numbers = self.found(soql, access)
            self._lines[key] = rendered(planned.selection, map(self.row, numbers))
        return self._lines[key]

    def _keep(self, name: str, offset: int, size: int, plain: bytes) -> Body:
        body = Body(plain, gzip.compress(plain, _COMPRESSION))
        self._bodies[name, offset, size] = body
        return body

    def _shown(self, planned: Plan, numbers: Sequence[int], base: str) -> list[bytes]:
        key = (*planned.names, base)
        if key not in self._fragments:
            show = planned.selection.show
            self._fragments[key] = [
                json.dumps(show(self.row(n), base), separators=(",", ":")).encode()
                for n in range(self.count)
            ]
        fragments = self._fragments[key]
        return [fragments[n] for n in numbers]

    def _matching(self, planned: Plan) -> Sequence[int]:
        query = planned.query
        if query.order and query.order[0].path.text.lower() not in (
            "systemmodstamp",
            "createddate",
        ):
            message = "This very large table is sorted by SystemModstamp only"
            raise QueryError("OPERATION_TOO_LARGE", message)
        since = _bound(query.where, (">", ">=", "="), max, min)
        until = _bound(query.where, ("<", "<=", "="), min, max)
        first = 0 if since is None else max(-(-(since - self._first) // STEP), 0)
        end = self.count if until is None else min((until - self._first) // STEP + 1, self.count)
        numbers: Sequence[int] = range(first, max(end, first))
        if planned.matches is not None:
            numbers = [n for n in numbers if planned.matches(self.row(n))]
        last = None if query.limit is None else query.offset + query.limit
        return numbers[query.offset : last]


Choose = Callable[[Iterable[datetime]], datetime]


def _bound(
    condition: Condition | None, operators: tuple[str, ...], both: Choose, either: Choose
) -> datetime | None:
    """The SystemModstamp that matching rows are not before, or not behind; None: any may match."""
    if isinstance(condition, Comparison):
        stamp = condition.values[0].value if condition.values else None
        named = condition.path.text.lower() == "systemmodstamp" and condition.operator in operators
        return stamp.astimezone(UTC) if named and isinstance(stamp, datetime) else None
    if isinstance(condition, Group):
        parts = [_bound(part, operators, both, either) for part in condition.parts]
        known = [part for part in parts if part is not None]
        if condition.joint == "AND":
            return both(known) if known else None
        return either(known) if len(known) == len(parts) else None
    return None
