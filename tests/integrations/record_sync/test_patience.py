"""Who waits for a page is told soon that Salesforce does not answer."""

import time

import pytest

from integrations.demo_org.org import DemoOrg
from integrations.models import Connection
from integrations.record_sync import trying
from integrations.salesforce.errors import TransientError
from integrations.salesforce.session import WHILE_SOMEBODY_WAITS, TimeLimits

from .world import workflow


def test_a_trial_does_not_wait_for_a_salesforce_that_says_nothing(
    connection: Connection, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert WHILE_SOMEBODY_WAITS.total <= 20
    short = TimeLimits(connect=1, read=0.3, total=0.5)
    monkeypatch.setattr(trying, "WHILE_SOMEBODY_WAITS", short)
    wanted = workflow(connection)
    org.faults.break_it("hang", where="data")
    began = time.monotonic()
    with pytest.raises(TransientError):
        trying.try_workflow(wanted, days=30)
    assert time.monotonic() - began < 5
