"""Reading an org through Salesforce's REST API."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Self, TypeVar
from urllib.parse import quote

import requests
from simple_salesforce.api import Salesforce

from integrations.salesforce.errors import (
    ConfigurationError,
    LimitReached,
    PermanentError,
    ReconnectRequired,
    SessionExpired,
    TransientError,
    from_response,
)
from integrations.salesforce.hosts import checked_data_path, checked_url
from integrations.salesforce.ids import to_18
from integrations.salesforce.oauth import OAuthApp
from integrations.salesforce.pages import Page, Row, not_whole, object_from, page_from
from integrations.salesforce.retry import retrying
from integrations.salesforce.session import (
    ApiUsage,
    SalesforceSession,
    TimeLimits,
    api_usage,
    parsed_date,
    retry_after,
)
from integrations.salesforce.soql import checked_name
from integrations.salesforce.tokens import Tokens, TokenStore

T = TypeVar("T")
# Called with the library's client and the time-out for this attempt.
Fetch = Callable[[Salesforce, Any], T]

# Salesforce itself ends a query after two minutes.
LIMITS = TimeLimits(connect=10, read=125, total=300)
# Somebody else may renew the tokens while we do, but not again and again within one call.
_MOST_TOKENS_A_CALL = 3


class SalesforceClient:
    """Speaks to one org for one connection. Not for use by several threads at once.

    Numbers with a fraction come as text, so that none loses a digit.

    `stop_at_usage` is the share of the org's daily API requests, by all apps together, above which
    it raises LimitReached instead of asking: background work stops before it harms people's own
    use. A new client asks once and so learns when the allowance is back.
    """

    def __init__(
        self,
        app: OAuthApp,
        store: TokenStore,
        api_version: str,
        allow_loopback: bool,
        *,
        stop_at_usage: float = 0.9,
        limits: TimeLimits = LIMITS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not re.fullmatch(r"[0-9]{2,3}\.0", api_version):
            raise ConfigurationError(
                f"“{api_version}” is not a version of Salesforce's API. It should look like 66.0."
            )
        self.server_time: datetime | None = None  # of the last answer
        self.usage: ApiUsage | None = None
        self.calls = 0  # answers that came, each one of the org's daily requests
        self._app = app
        self._store = store
        self._api_version = api_version
        self._allow_loopback = allow_loopback
        self._stop_at_usage = stop_at_usage
        self._limits = limits
        self._clock = clock
        self._sleep = sleep
        self._tokens: Tokens | None = None
        self._session: SalesforceSession | None = None
        self._salesforce: Salesforce | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections to Salesforce."""
        if self._session is not None:
            self._session.close()

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
        page = self._call(
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
        return self._call(lambda sf, timeout: page_from(sf.query(soql, timeout=timeout)))

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
        records = self._get(path).get("deletedRecords")
        return [to_18(record["id"]) for record in records or []]

    def limits(self) -> dict[str, Any]:
        """Return the org's limits: `{"DailyApiRequests": {"Max": …, "Remaining": …}, …}`."""
        return self._get("limits")

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
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: Any = None
    ) -> requests.Response:
        """Send one request below the API's version; `body` becomes JSON. For `bulk`."""

        def fetch(sf: Salesforce, timeout: Any) -> requests.Response:
            assert self._session is not None
            url = f"{sf.base_url}{path}"
            return self._session.request(method, url, headers=headers, json=body, timeout=timeout)

        return self._call(fetch)

    def _next_page(self, url: str) -> Page:
        def fetch(sf: Salesforce, timeout: Any) -> Page:
            assert self._tokens is not None
            path = checked_data_path(url, self._tokens.instance_url)
            return page_from(sf.query_more(path, identifier_is_url=True, timeout=timeout))

        return self._call(fetch)

    def _get(self, path: str) -> dict[str, Any]:
        return self._call(lambda sf, timeout: object_from(sf.restful(path, timeout=timeout)))

    def _call(self, fetch: Fetch[T]) -> T:
        """One call: tried again while that helps, with fresh tokens once, within the limits."""
        self._stop_before_the_limit()
        ends_at = self._clock() + self._limits.total
        refreshed = False
        for _ in range(_MOST_TOKENS_A_CALL):
            try:
                return retrying(
                    lambda left: self._attempt(fetch, left),
                    ends_at=ends_at,
                    clock=self._clock,
                    sleep=self._sleep,
                )
            except SessionExpired as error:
                expired = error
            if refreshed:
                break
            refreshed = self._renew()
        raise ReconnectRequired(
            "Salesforce does not accept even a fresh session of the connecting user. "
            "Log in to Salesforce again to reconnect.",
            code=expired.code,
            detail=expired.detail,
        )

    def _attempt(self, fetch: Fetch[T], seconds_left: float) -> T:
        if self._salesforce is None:
            self._use(self._store.load())
        assert self._salesforce is not None
        assert self._session is not None
        try:
            return fetch(self._salesforce, self._session.timeout(at_most=seconds_left))
        except (ValueError, TypeError, RecursionError) as error:
            # simple-salesforce could not read the answer. Raised anew outside, because the
            # parser's error carries the whole text.
            kind = type(error).__name__
        raise TransientError(
            "Salesforce answered with something else than data, such as a maintenance page, or "
            "broke off in the middle. Nothing was taken from it; it is tried again by itself.",
            detail=f"unreadable answer: {kind}",
        )

    def _renew(self) -> bool:
        """Get fresh tokens; True when this process asked Salesforce for them."""
        assert self._tokens is not None
        asked = False

        def refresh(tokens: Tokens) -> Tokens:
            nonlocal asked
            asked = True
            return self._app.refresh(tokens)

        self._use(self._store.renew(self._tokens.access_token, refresh))
        return asked

    def _use(self, tokens: Tokens) -> None:
        self.close()
        server = checked_url(tokens.instance_url, allow_loopback=self._allow_loopback)
        self._tokens = tokens
        self._session = SalesforceSession(server, self._limits)
        self._session.bearer = tokens.access_token
        self._session.hooks["response"].append(self._watch)
        self._salesforce = Salesforce(
            instance_url=server,
            session_id="",  # the session signs
            version=self._api_version,
            session=self._session,
            object_pairs_hook=None,
            parse_float=str,  # amounts have up to 18 digits, more than a float holds
        )

    def _watch(self, response: requests.Response, **_: object) -> None:
        """Read what each answer says besides its data, before simple-salesforce sees it."""
        self.calls += 1
        self.server_time = parsed_date(response.headers.get("Date", "")) or self.server_time
        self.usage = api_usage(response.headers) or self.usage
        if response.status_code >= 300:
            assert self._tokens is not None
            raise from_response(
                response.status_code,
                response.content.decode("utf-8", "replace"),
                retry_after=retry_after(response.headers),
                secrets=(self._tokens.access_token, self._tokens.refresh_token),
            )

    def _stop_before_the_limit(self) -> None:
        if self.usage and self.usage.share >= self._stop_at_usage:
            raise LimitReached(
                f"Your org has used {self.usage.used:,} of its {self.usage.limit:,} Salesforce API "
                "requests of 24 hours. Work in the background waits, so that there is enough left "
                "for everybody else; it goes on by itself.",
                detail=f"api-usage {self.usage.used}/{self.usage.limit}",
            )
