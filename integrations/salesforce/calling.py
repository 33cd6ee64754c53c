"""One call to an org, whatever stands in its way: tried again, with fresh tokens, within limits."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Self, TypeVar

import requests
from simple_salesforce.api import Salesforce

from integrations.salesforce.access import Access
from integrations.salesforce.errors import (
    LimitReached,
    ReconnectRequired,
    SessionExpired,
    TransientError,
    from_response,
)
from integrations.salesforce.retry import retrying
from integrations.salesforce.session import (
    ApiUsage,
    SalesforceSession,
    TimeLimits,
    api_usage,
    parsed_date,
    retry_after,
)
from integrations.salesforce.tokens import Tokens

T = TypeVar("T")
# Called with the library's client and the time-out for this attempt.
Fetch = Callable[[Salesforce, Any], T]

# Salesforce itself ends a query after two minutes.
LIMITS = TimeLimits(connect=10, read=125, total=300)
# Somebody else may renew the tokens while we do, but not again and again within one call.
_MOST_TOKENS_A_CALL = 3


class Caller:
    """Calls one org for one connection. Not for use by several threads at once.

    `stop_at_usage` is the share of the org's daily API requests, by all apps together, above which
    it raises LimitReached instead of asking: background work stops before it harms people's own
    use. A new one asks once and so learns when the allowance is back.
    """

    def __init__(
        self,
        access: Access,
        *,
        stop_at_usage: float = 0.9,
        limits: TimeLimits = LIMITS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.server_time: datetime | None = None  # of the last answer
        self.usage: ApiUsage | None = None
        self.calls = 0  # answers that came, each one of the org's daily requests
        self._access = access
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

    @property
    def instance_url(self) -> str:
        """The instance that the last call went to."""
        assert self._tokens is not None
        return self._tokens.instance_url

    def call(self, fetch: Fetch[T]) -> T:
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
            self._use(self._access.store.load())
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
            return self._access.app.refresh(tokens)

        self._use(self._access.store.renew(self._tokens.access_token, refresh))
        return asked

    def _use(self, tokens: Tokens) -> None:
        self.close()
        server = self._access.server(tokens)
        self._tokens = tokens
        self._session = SalesforceSession(server, self._limits)
        self._session.bearer = tokens.access_token
        self._session.hooks["response"].append(self._watch)
        self._salesforce = Salesforce(
            instance_url=server,
            session_id="",  # the session signs
            version=self._access.api_version,
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
