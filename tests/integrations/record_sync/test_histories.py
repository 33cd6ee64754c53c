"""Any history of an org, any trouble on the way: in the end, what is here is what the rules say.

Hypothesis makes up the histories and, when one goes wrong, finds the shortest that does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from integrations.credentials import access_to
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection
from integrations.record_sync import backfilling, polling, runs
from integrations.record_sync.backfilling import request_backfill
from integrations.record_sync.reconciling import reconcile, request_reconcile
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.session import TimeLimits

from .conftest import log_in
from .org_history import A_WHILE, Beginning, OrgHistory

FAULTS = (
    "unavailable",
    "token_expired",
    "request_limit",
    "server_error",
    "html_page",
    "half_page",
    "empty_body",
    "reset",
    "locator_lost",
)


class Crash(BaseException):
    """The process dies here."""


def impatient(connection: Connection, *, stop_at_usage: float = 0.9) -> SalesforceClient:
    return SalesforceClient(
        access_to(connection),
        stop_at_usage=stop_at_usage,
        limits=TimeLimits(connect=5, read=20, total=20),
        sleep=lambda seconds: None,
    )


class History(OrgHistory):
    """What is done here, and what goes wrong with it."""

    @rule(threshold=st.sampled_from([None, 0, 100]))
    def the_workflow_changes(self, threshold: int | None) -> None:
        self.demand(threshold)

    @rule()
    def a_poll(self) -> None:
        polling.poll(self.connection.pk)

    @rule(
        fault=st.sampled_from(FAULTS),
        after=st.integers(0, 4),
        times=st.sampled_from([1, 2, 9]),
        pages=st.sampled_from(["1", "2", "3"]),
    )
    def a_poll_in_trouble(self, fault: str, after: int, times: int, pages: str) -> None:
        self.org.faults.break_it("small_pages", value=pages)
        self.org.faults.break_it(fault, times=times, after=after)
        polling.poll(self.connection.pk)
        self.org.faults.mend_everything()
        self.connection.refresh_from_db()
        if self.connection.state == Connection.State.RECONNECT_REQUIRED:
            # Fresh tokens were refused as well: from then on a person is needed.
            assert (fault, times > 1) == ("token_expired", True)
            log_in(self.connection, self.org)

    @rule(after=st.integers(0, 3))
    def a_poll_that_dies(self, after: int) -> None:
        self.org.faults.break_it("small_pages", value="2")
        self._dying(polling._Poll, "_move", after, lambda: polling.poll(self.connection.pk))
        self.org.faults.mend_everything()

    @rule(after=st.integers(0, 3))
    def a_backfill_that_dies_and_goes_on(self, after: int) -> None:
        self.org.faults.break_it("small_pages", value="2")
        run = request_backfill(self.connection, "Opportunity", self.org.today() - A_WHILE, by=None)
        self._dying(runs.Round, "add", after, lambda: backfilling.backfill(run.pk))
        self.org.faults.mend_everything()
        backfilling.backfill(run.pk)

    @rule()
    def a_comparison(self) -> None:
        run = request_reconcile(self.connection, "Opportunity", by=None)
        reconcile(run.pk)

    def _dying(self, kind: type, name: str, after: int, work: Callable[[], Any]) -> None:
        """Do the work, in which the process dies when it comes to this method once more."""
        whole, left = getattr(kind, name), after

        def dies(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1
            result = whole(*args, **kwargs)
            if left < 0:
                raise Crash
            return result

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kind, name, dies)
            with contextlib.suppress(Crash):
                work()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between two attempts."""
    monkeypatch.setattr(polling, "client_for", impatient)
    monkeypatch.setattr(runs, "client_for", impatient)


@pytest.fixture
def beginning(db: None, quick: None, org: DemoOrg) -> None:
    History.beginning = Beginning(org)


def assert_that_histories_end_right(number: int) -> None:
    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=number,
            stateful_step_count=14,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


@pytest.mark.usefixtures("beginning")
def test_any_history_ends_right() -> None:
    assert_that_histories_end_right(8)


@pytest.mark.nightly
@pytest.mark.usefixtures("beginning")
def test_fifty_histories_end_right() -> None:
    assert_that_histories_end_right(50)


@pytest.mark.nightly
@pytest.mark.usefixtures("beginning")
def test_a_thousand_histories_end_right() -> None:
    assert_that_histories_end_right(1_000)
