"""Salesforce records and sync runs: what is said of each."""

from __future__ import annotations

from django.test import Client

from activities.models import ActivityReport
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, Evaluation, SalesforceRecord, SyncRun
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
