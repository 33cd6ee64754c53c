"""The windows of `updated` and `deleted`."""

from datetime import datetime, timedelta

import pytest
import requests

from integrations.demo_org import DemoOrg

from .client import Client

DATA = "/services/data/v66.0"


def ask(client: Client, what: str, start: datetime, end: datetime) -> requests.Response:
    params = {"start": start.isoformat(), "end": end.isoformat()}
    return client.get(f"{DATA}/sobjects/Opportunity/{what}/", params=params)


def test_changed_and_deleted_records_are_listed_apart(client: Client, org: DemoOrg) -> None:
    changed, deleted, purged, revived = (row["Id"] for row in org.store.rows("Opportunity")[:4])
    org.update("Opportunity", changed, Amount=1.0)
    for record_id in (deleted, purged, revived):
        org.delete("Opportunity", record_id)
    org.purge("Opportunity", purged)
    org.undelete("Opportunity", revived)
    now = org.store.now()
    start, end = now - timedelta(minutes=3), now + timedelta(minutes=1)
    updated = ask(client, "updated", start, end).json()
    assert {changed, revived} <= set(updated["ids"])
    assert not {deleted, purged} & set(updated["ids"])
    answer = ask(client, "deleted", start, end).json()
    assert {record["id"] for record in answer["deletedRecords"]} == {deleted, purged}
    assert answer["latestDateCovered"].endswith(".000+0000")


@pytest.mark.parametrize(
    ("what", "start_days", "end_days"),
    [("updated", 31, 0), ("deleted", 16, 0), ("updated", 1, 1), ("deleted", 1, 2)],
)
def test_a_window_that_is_too_old_or_too_short_is_refused(
    client: Client, org: DemoOrg, what: str, start_days: int, end_days: int
) -> None:
    now = org.store.now()
    answer = ask(client, what, now - timedelta(days=start_days), now - timedelta(days=end_days))
    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] == "INVALID_REPLICATION_DATE"


def test_a_purged_delete_log_is_told_apart_from_an_empty_one(client: Client, org: DemoOrg) -> None:
    now = org.store.now()
    org.faults.break_it("delete_log_purged")
    answer = ask(client, "deleted", now - timedelta(hours=1), now)
    assert answer.json()[0]["errorCode"] == "INVALID_REPLICATION_DATE"
    org.faults.mend_everything()
    assert ask(client, "deleted", now - timedelta(hours=1), now).status_code == 200
