"""A refresh when Salesforce is ill or takes the access away: told in words, tried again, ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.credentials import access_to
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, SyncRun
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.session import TimeLimits
from integrations.user_sync import directory
from integrations.user_sync.directory import refresh_directory, request_refresh
from integrations.user_sync.errors import RefreshRefused

from .mirroring import refresh, versions

State = SyncRun.State


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that gives up within two seconds."""

    def client_for(connection: Connection) -> SalesforceClient:
        limits = TimeLimits(connect=1, read=0.5, total=2)
        return SalesforceClient(access_to(connection), limits=limits)

    monkeypatch.setattr(directory, "client_for", client_for)


class TestFaults:
    @pytest.mark.parametrize(
        "fault", ["unavailable", "html_page", "half_page", "empty_body", "reset", "token_expired"]
    )
    def test_in_passing_is_survived(self, salesforce: Connection, org: DemoOrg, fault: str) -> None:
        org.faults.break_it("small_pages", value="10")
        org.faults.break_it(fault, times=1, after=3)
        run = refresh(salesforce)
        assert (run.state, run.read) == (State.DONE, len(org.users))

    @pytest.mark.usefixtures("impatient")
    @pytest.mark.parametrize("fault", ["unavailable", "html_page", "half_page", "hang", "reset"])
    def test_for_ever_ends_in_words_and_is_tried_again_later(
        self, salesforce: Connection, org: DemoOrg, fault: str
    ) -> None:
        refresh(salesforce)
        before = versions()
        org.faults.break_it(fault, after=3)
        run = refresh(salesforce)
        assert run.state == State.FAILED
        assert run.error.endswith(".")
        assert versions() == before
        assert run.retry_at is not None
        assert timedelta(minutes=4) < run.retry_at - timezone.now() <= timedelta(minutes=5)
        assert salesforce.state == Connection.State.CONNECTED

    def test_the_org_s_limit_waits_for_an_hour(self, salesforce: Connection, org: DemoOrg) -> None:
        org.faults.break_it("request_limit")
        run = refresh(salesforce)
        assert (run.state, run.error_code) == (State.FAILED, "REQUEST_LIMIT_EXCEEDED")
        assert run.retry_at is not None
        assert run.retry_at - timezone.now() > timedelta(minutes=59)

    def test_an_access_that_was_taken_away_stops_the_connection(
        self, salesforce: Connection, org: DemoOrg
    ) -> None:
        org.faults.break_it("revoke_grant")
        run = refresh(salesforce)
        assert (run.state, run.attempts) == (State.FAILED, 0)
        assert run.retry_at is not None, "it goes on by itself when somebody has logged in"
        assert salesforce.state == Connection.State.RECONNECT_REQUIRED
        with pytest.raises(RefreshRefused):
            request_refresh(salesforce, by=None)

    @pytest.mark.usefixtures("impatient")
    def test_after_five_attempts_it_is_no_longer_tried_by_itself(
        self, salesforce: Connection, org: DemoOrg
    ) -> None:
        run = request_refresh(salesforce, by=None)
        SyncRun.objects.filter(pk=run.pk).update(attempts=4)
        org.faults.break_it("unavailable")
        refresh_directory(run.pk)
        run.refresh_from_db()
        assert (run.state, run.attempts, run.retry_at) == (State.FAILED, 5, None)

    def test_waiting_for_the_org_s_limit_is_no_attempt(
        self, salesforce: Connection, org: DemoOrg
    ) -> None:
        run = request_refresh(salesforce, by=None)
        SyncRun.objects.filter(pk=run.pk).update(attempts=4)
        org.faults.break_it("request_limit")
        refresh_directory(run.pk)
        run.refresh_from_db()
        assert (run.state, run.attempts) == (State.FAILED, 0)
        assert run.retry_at is not None

    def test_a_refresh_that_kills_its_worker_is_given_up(self, salesforce: Connection) -> None:
        run = request_refresh(salesforce, by=None)
        SyncRun.objects.filter(pk=run.pk).update(attempts=5, state=State.RUNNING)
        refresh_directory(run.pk)
        run.refresh_from_db()
        assert run.state == State.FAILED
        assert run.error.startswith("It was interrupted 5 times")


class TestConnectingUser:
    @pytest.mark.parametrize(
        ("fault", "words"),
        [
            ("user_frozen", "is frozen in Salesforce"),
            ("no_view_all_users", "View All Users"),
        ],
    )
    def test_at_risk_needs_attention(
        self, salesforce: Connection, org: DemoOrg, fault: str, words: str
    ) -> None:
        org.faults.break_it(fault)
        refresh(salesforce, accepts_shrinking=True)
        assert salesforce.state == Connection.State.NEEDS_ATTENTION
        assert words in salesforce.state_reason

    def test_without_access_must_be_replaced(self, salesforce: Connection, org: DemoOrg) -> None:
        org.faults.break_it("user_inactive")
        assert refresh(salesforce).state == State.FAILED
        assert salesforce.state == Connection.State.RECONNECT_REQUIRED

    def test_in_order_says_nothing(self, salesforce: Connection) -> None:
        refresh(salesforce)
        assert salesforce.state == Connection.State.CONNECTED
