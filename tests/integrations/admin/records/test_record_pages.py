"""Salesforce records and sync runs: what is said of each."""

from __future__ import annotations

import pytest
from django.test import Client
from django_q.models import OrmQ

from activities.models import ActivityReport
from integrations import tasks
from integrations.admin import salesforce_records
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, Evaluation, SalesforceRecord, SyncRun
from integrations.record_sync import due
from tests.integrations.record_sync.world import account, deal, rep, switched_on

RECORDS = "/admin/integrations/salesforcerecord/"
RUNS = "/admin/integrations/syncrun/"
Says = Evaluation.Verdict


def test_a_report_says_why_it_is_here(client: Client, connection: Connection, org: DemoOrg) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    won = deal(org, ann)
    made = switched_on(connection)
    record = SalesforceRecord.objects.get(record_id=won["Id"])
    report = ActivityReport.objects.get()
    shown = client.get(f"/admin/activities/activityreport/{report.pk}/change/").text
    assert f'<a href="{RECORDS}{record.pk}/change/">Opportunity {won["Id"]}</a>' in shown
    assert f'<a href="/admin/integrations/workflow/{made.pk}/change/">Closed-won deals</a>' in shown
    assert "last changed" in shown
    ActivityReport.objects.filter(pk=report.pk).update(source_key="hand:1:x")
    Evaluation.objects.update(report=None)
    shown = client.get(f"/admin/activities/activityreport/{report.pk}/change/").text
    assert "Somebody reported it by hand." in shown


def test_a_record_is_found_by_its_id_and_shows_every_verdict_with_its_reason(
    client: Client, connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    won, lost = deal(org, ann, Name="Acme"), deal(org, ann, StageName="Closed Lost")
    switched_on(connection)
    found = client.get(RECORDS, {"q": won["Id"][:15]}).text
    assert "Acme" in found
    assert lost["Id"] not in found
    assert won["Id"] not in client.get(RECORDS, {"q": "Acme"}).text
    assert lost["Id"] in client.get(RECORDS, {"verdict": "no_match"}).text
    assert won["Id"] not in client.get(RECORDS, {"verdict": "no_match"}).text
    record = SalesforceRecord.objects.get(record_id=won["Id"])
    shown = client.get(f"{RECORDS}{record.pk}/change/").text
    assert "Closed-won deals" in shown
    assert "Reported." in shown
    assert "Ann, Closed deals" in shown


def test_records_that_were_set_aside_are_listed_and_looked_at_again(
    client: Client, connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    deal(org, ann)
    switched_on(connection)
    Evaluation.objects.update(verdict=Says.FAILED, reason="Amount makes no sense.")
    home = client.get("/admin/", {"connection": connection.pk}).text
    assert "Records set aside with an error" in home
    record = SalesforceRecord.objects.get()
    form = {"action": "try_again", "_selected_action": [record.pk], "index": "0"}
    answer = client.post(f"{RECORDS}?verdict=failed", form, follow=True)
    assert "1 record looked at again, 0 still set aside." in answer.text
    assert Evaluation.objects.get().verdict == Says.REPORTED


def test_very_many_records_are_looked_at_again_by_the_worker(
    client: Client, connection: Connection, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(salesforce_records, "JUDGED_AT_ONCE", 1)
    ann = rep(org, "Ann")
    account(connection, ann)
    for _ in range(3):
        deal(org, ann)
    switched_on(connection)
    fine = Evaluation.objects.order_by("pk")[:1].get()
    aside = Evaluation.objects.exclude(pk=fine.pk)
    aside.update(verdict=Says.FAILED, reason="Amount makes no sense.")
    ticked = SalesforceRecord.objects.values_list("pk", flat=True)[:1]
    form = {"action": "try_again", "_selected_action": [*ticked], "select_across": "1"}
    answer = client.post(RECORDS, form | {"index": "0"}, follow=True)
    assert "2 records will be looked at again. Load this list again in a minute." in answer.text
    assert {one.verdict for one in aside} == {Says.FAILED}, "nothing is judged in the request"
    assert OrmQ.objects.latest("pk").func() == due.RETRY_TASK
    tasks.retry_records(connection.pk)
    assert set(aside.values_list("verdict", "due_at")) == {(Says.REPORTED, None)}
    judged_at = fine.evaluated_at
    fine.refresh_from_db()
    assert fine.evaluated_at == judged_at


def test_sync_runs_say_what_came_of_them_and_errors_in_words(
    client: Client, connection: Connection, org: DemoOrg
) -> None:
    deal(org, rep(org, "Ann"))
    switched_on(connection)
    SyncRun.objects.create(
        company=connection.company,
        connection=connection,
        kind=SyncRun.Kind.POLL,
        state=SyncRun.State.FAILED,
        error="Salesforce did not answer in time.",
    )
    shown = client.get(RUNS).text
    assert "1 read and 1 added" in shown
    assert "Salesforce did not answer in time." in shown
    run = SyncRun.objects.filter(kind=SyncRun.Kind.BACKFILL).get()
    assert client.get(f"{RUNS}{run.pk}/change/").status_code == 200
