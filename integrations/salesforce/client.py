"""Reading an org through Salesforce's REST API."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

import requests
from simple_salesforce.api import Salesforce

from integrations.salesforce.calling import Caller
from integrations.salesforce.errors import ConfigurationError, PermanentError, TransientError
from integrations.salesforce.hosts import checked_data_path
from integrations.salesforce.pages import (
    Page,
    Row,
    deleted_from,
    not_whole,
    object_from,
    page_from,
)
from integrations.salesforce.soql import checked_name

T = TypeVar("T")


class SalesforceClient(Caller):
    """What one asks an org for. Numbers with a fraction come as text: none loses a digit."""

    def query(self, soql: str) -> Iterator[Row]:
        """Yield the rows of a query, page by page as they are needed.

        Raises TransientError at the end when Salesforce promised another number of rows than it
        sent: a list that is not whole must never pass for one that is.
        """
        for page in self.pages(soql):
            yield from page.rows

    def query_all(self, soql: str) -> Iterator[Row]:
        """Like `query`, with deleted and archived records (Salesforce's queryAll)."""
        for page in self.pages(soql, include_deleted=True):
            yield from page.rows

    def pages(self, soql: str, *, include_deleted: bool = False) -> Iterator[Page]:
        """Yield the pages of `query` or `query_all`, for who does one thing a page."""
        page = self.call(
            lambda sf, timeout: page_from(
                sf.query(soql, include_deleted=include_deleted, timeout=timeout)
            )
        )
        promised, fetched = page.total_size, len(page.rows)
        seen: set[str] = set()
        while page.next_records_url:
            if page.next_records_url in seen:
                raise not_whole(f"page {page.next_records_url} comes twice")
            seen.add(page.next_records_url)
            yield page
            page = self._next_page(page.next_records_url)
            fetched += len(page.rows)
        if fetched != promised:
            raise not_whole(f"{fetched} rows of {promised}")
        yield page

    def first_page(self, soql: str) -> Page:
        """Return the first page only; `SELECT COUNT()` has its number in `total_size`."""
        return self.call(lambda sf, timeout: page_from(sf.query(soql, timeout=timeout)))

    def describe(self, object_name: str) -> dict[str, Any]:
        """Return the object's fields and flags, as far as the connecting user may see them.

        Raises ConfigurationError when there is no such object for this user.
        """
        name = checked_name(object_name)
        try:
            return self._get(f"sobjects/{name}/describe")
        except PermanentError as error:
            if error.code != "NOT_FOUND":
                raise
            raise ConfigurationError(
                f"Salesforce shows no object {name}. Either it does not exist or the connecting "
                "user may not read it: check the object's permissions in Salesforce.",
                code=error.code,
                detail=error.detail,
                object_name=name,
            ) from error

    def describe_global(self) -> dict[str, Any]:
        """Return the list of all objects that the connecting user may see."""
        return self._get("sobjects")

    def deleted_ids(self, object_name: str, start: datetime, end: datetime) -> list[str]:
        """Return the ids of the records deleted in that time, of the last 15 days at most."""
        path = (
            f"sobjects/{checked_name(object_name)}/deleted/"
            f"?start={quote(start.isoformat(timespec='seconds'))}"
            f"&end={quote(end.isoformat(timespec='seconds'))}"
        )
        return self.call(lambda sf, timeout: deleted_from(sf.restful(path, timeout=timeout)))

    def organization(self) -> Row:
        """Return the org's own row."""
        page = self.first_page(
            "SELECT Id, Name, InstanceName, IsSandbox, OrganizationType FROM Organization"
        )
        if len(page.rows) != 1:
            raise TransientError(
                "Salesforce did not say which org this is. Please try again in a minute.",
                detail=f"{len(page.rows)} rows of Organization",
            )
        return page.rows[0]

    def send(
        self,
        method: str,
        path: str,
        read: Callable[[requests.Response], T],
        *,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> T:
        """Send one request below the API's version; `body` becomes JSON. For `bulk`.

        `read` may raise ValueError or TypeError for an answer that makes no sense.
        """

        def fetch(sf: Salesforce, timeout: Any) -> T:
            url = f"{sf.base_url}{path}"
            answer = sf.session.request(method, url, headers=headers, json=body, timeout=timeout)
            return read(answer)

        return self.call(fetch)

    def _next_page(self, url: str) -> Page:
        def fetch(sf: Salesforce, timeout: Any) -> Page:
            path = checked_data_path(url, self.instance_url)
            return page_from(sf.query_more(path, identifier_is_url=True, timeout=timeout))

        return self.call(fetch)

    def _get(self, path: str) -> dict[str, Any]:
        return self.call(lambda sf, timeout: object_from(sf.restful(path, timeout=timeout)))
