"""`query` and `queryAll`: the first page, the pages after it, and the columns for the CLI."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from .access import UserAccess
from .answers import json_answer
from .describing import column_metadata
from .org import DemoOrg
from .problems import ApiProblem
from .soql import QueryError, Result, run

DEFAULT_PAGE = 2000
SMALLEST_PAGE = 200
LOCATOR_LIFE = timedelta(days=2)
_BATCH_SIZE = re.compile(r"\bbatchSize\s*=\s*(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Cursor:
    """The rest of a query for one user. A locator is the cursor's id and an offset."""

    user_id: str
    result: Result
    page_size: int
    expires: datetime


class Queries:
    def __init__(self, org: DemoOrg) -> None:
        self.org = org
        self._cursors: dict[str, Cursor] = {}
        self._large_queries: dict[str, str] = {}

    def first_page(self, request: Request, access: UserAccess, base: str) -> Response:
        soql = request.query_params.get("q")
        if not soql:
            message = "A query string has to be specified"
            raise ApiProblem(400, "MALFORMED_QUERY", message)
        try:
            if self.org.large is not None and self.org.large.asks_for_it(soql):
                return self._large_page(request, soql, access, base, 0)
            result = run(soql, self.org.store, access)
        except QueryError as error:
            raise ApiProblem(400, error.code, error.message) from error
        if request.query_params.get("columns", "").lower() == "true":
            return json_answer(_columns(result))
        if result.count_only:
            return json_answer({"totalSize": len(result.rows), "done": True, "records": []})
        expires = self.org.store.clock() + LOCATOR_LIFE
        cursor = Cursor(access.user_id, result, self._page_size(request), expires)
        return json_answer(self._page(cursor, "", 0, base))

    def next_page(self, request: Request, access: UserAccess, base: str) -> Response:
        """The page that the locator names; INVALID_QUERY_LOCATOR when unknown, foreign or old."""
        cursor_id, _, offset = request.path_params["locator"].partition("-")
        if cursor_id in self._large_queries and offset.isdigit():
            soql = self._large_queries[cursor_id]
            return self._large_page(request, soql, access, base, int(offset))
        cursor = self._cursors.get(cursor_id)
        good = cursor is not None and offset.isdigit() and cursor.user_id == access.user_id
        if cursor is None or not good or cursor.expires < self.org.store.clock():
            raise ApiProblem(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return json_answer(self._page(cursor, cursor_id, int(offset), base))

    def _large_page(
        self, request: Request, soql: str, access: UserAccess, base: str, offset: int
    ) -> Response:
        assert self.org.large is not None
        self._large_queries[self.org.large.locator(soql, access)] = soql
        size = self._page_size(request)
        return self.org.large.page(soql, access, base, offset, size).answer(request)

    def _page_size(self, request: Request) -> int:
        small = self.org.faults.value("small_pages")
        if small is not None:
            return max(int(small), 1)
        asked = _BATCH_SIZE.search(request.headers.get("sforce-query-options", ""))
        size = int(asked[1]) if asked else DEFAULT_PAGE
        return min(max(size, SMALLEST_PAGE), DEFAULT_PAGE)

    def _page(self, cursor: Cursor, cursor_id: str, offset: int, base: str) -> dict[str, Any]:
        rows = cursor.result.rows
        end = offset + cursor.page_size
        page: dict[str, Any] = {"totalSize": len(rows), "done": end >= len(rows)}
        if not page["done"]:
            cursor_id = cursor_id or self._keep(cursor)
            page["nextRecordsUrl"] = f"{base}/query/{cursor_id}-{end}"
        selection = cursor.result.selection
        page["records"] = [selection.show(row, base) for row in rows[offset:end]]
        return page

    def _keep(self, cursor: Cursor) -> str:
        cursor_id = f"0r8{secrets.token_hex(7)}A"
        self._cursors[cursor_id] = cursor
        return cursor_id


def _columns(result: Result) -> dict[str, Any]:
    columns = result.selection.columns
    named = [(c.field, ".".join([*(hop.name for hop in c.hops), c.field.name])) for c in columns]
    return {
        "columnMetadata": [column_metadata(field, name) for field, name in named],
        "entityName": result.selection.sobject.name,
        "groupBy": False,
        "idSelected": any(name == "Id" for _, name in named),
        "keyPrefix": result.selection.sobject.prefix,
    }
