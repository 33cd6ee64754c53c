"""What ends the stream of changes, or leaves an object out, and in which words."""

import pytest

from integrations.demo_org import DemoOrg
from integrations.salesforce.errors import LimitReached, ReconnectRequired
from integrations.salesforce.stream_events import ChangesNotEnabled, NotStreamed

from ..conftest import TokensInMemory
from .listening import Listener, listening


def test_fresh_sessions_that_are_refused_end_it(
    org: DemoOrg, listener: Listener, store: TokensInMemory
) -> None:
    org.faults.break_it("stream_unauthorized")
    listener.start()
    listener.wait(listener.ended)
    assert isinstance(listener.error, ReconnectRequired)
    assert store.refreshes == 2


def test_withdrawn_access_ends_it(org: DemoOrg, listener: Listener) -> None:
    listener.start()
    listening(org, listener)
    org.faults.break_it("revoke_grant")
    listener.wait(listener.ended)
    assert isinstance(listener.error, ReconnectRequired)


@pytest.mark.parametrize(
    "limit",
    [
        "Organization total events daily limit exceeded",
        "Organization concurrent user limit exceeded",
    ],
)
def test_a_limit_ends_it_with_a_sentence(org: DemoOrg, listener: Listener, limit: str) -> None:
    org.faults.break_it("stream_limit", times=1, value=limit)
    listener.start()
    listener.wait(listener.ended)
    assert isinstance(listener.error, LimitReached)
    assert "by the poll" in listener.error.message


def test_where_change_data_capture_is_off_it_says_so(org: DemoOrg, listener: Listener) -> None:
    org.faults.break_it("cdc_off")
    listener.start()
    listener.wait(listener.ended)
    assert isinstance(listener.error, ChangesNotEnabled)
    assert listener.error.object_name == "Opportunity"
    assert "Setup → Change Data Capture" in listener.error.message


def test_an_object_that_is_not_streamed_does_not_keep_the_others_from_it(
    org: DemoOrg, listener: Listener
) -> None:
    listener.start(Opportunity="-1", Account="-1")
    listener.wait(lambda: listener.events)
    (refused,) = listener.events
    assert isinstance(refused, NotStreamed)
    assert refused.object_name == "Account"
    assert isinstance(refused.error, ChangesNotEnabled)
    listening(org, listener)


def test_a_missing_permission_is_named(org: DemoOrg, listener: Listener) -> None:
    org.faults.break_it("no_view_all", value="Task and Event")
    listener.start(Task="-1")
    listener.wait(listener.ended)
    assert isinstance(listener.error, ChangesNotEnabled)
    assert "View All Data" in listener.error.message
