"""Salesforce records, Where is my deal, held records and changes, sync runs, the start page."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from activities.models import ActivityReport
from integrations.demo_org.org import DemoOrg
from integrations.models import (
    Connection,
    Evaluation,
    HeldChange,
    SalesforceRecord,
    SyncPlan,
    SyncRun,
    Workflow,
)
from integrations.record_sync import due
from tests.integrations.admin.test_pages_are_safe import Inline
from tests.integrations.record_sync.world import (
    account,
    deal,
    poll,
    refresh_users,
    rep,
    reports,
    switched_on,
)

RECORDS = "/admin/integrations/salesforcerecord/"
RUNS = "/admin/integrations/syncrun/"
Says = Evaluation.Verdict


def page(name: str, connection: Connection, *more: object) -> str:
    return reverse(f"admin:integrations_connection_{name}", args=[connection.pk, *more])


def find(client: Client, connection: Connection, words: str, person: str = "") -> Any:
    return client.get(page("where_is_my_deal", connection), {"q": words, "person": person})


@pytest.fixture
def many(connection: Connection, org: DemoOrg) -> HeldChange:
    """One mass reassignment, held by the brakes."""
    ann, bob = rep(org, "Ann"), rep(org, "Bob")
    account(connection, ann)
    account(connection, bob)
    deals = [deal(org, ann, Name=f"Deal {n}") for n in range(25)]
    refresh_users(connection)
    switched_on(connection)
    for one in deals:
        org.update("Opportunity", one["Id"], OwnerId=bob["Id"])
    poll(connection)
    return HeldChange.objects.get()


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


@pytest.mark.parametrize("shape", ["{id}", "{short}", "{url}/lightning/r/Opportunity/{id}/view"])
def test_a_deal_is_found_by_id_and_address(
    client: Client, connection: Connection, org: DemoOrg, shape: str
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    won = deal(org, ann, Name="Acme")
    switched_on(connection)
    words = shape.format(id=won["Id"], short=won["Id"][:15], url=connection.instance_url)
    answer = find(client, connection, words)
    assert "Acme" in answer.text
    assert "Ann\u2019s report" in answer.text
    assert [one.is_seen for one in answer.context["found"]] == [True]


def test_a_deal_is_found_by_name_and_person_also_when_it_was_never_seen(
    client: Client, connection: Connection, org: DemoOrg
) -> None:
    ann, bob = rep(org, "Ann"), rep(org, "Bob")
    switched_on(connection, since=None)
    mine = deal(org, ann, Name="Acme renewal")
    deal(org, bob, Name="Acme renewal")
    answer = find(client, connection, "acme ren", "ann")
    assert [one.record_id for one in answer.context["found"]] == [mine["Id"]]
    assert "Never seen here" in answer.text
    poll(connection)
    answer = find(client, connection, "acme ren", "ann")
    assert "Held" in answer.text
    refresh_users(connection)
    of_both = find(client, connection, "acme ren").context["found"]
    assert {one.about.split(" · ")[0] for one in of_both} == {ann["Name"], bob["Name"]}
    assert all("1000" in one.about for one in of_both)
    assert "Not so" not in find(client, connection, "acme ren").text
    org.update("Opportunity", mine["Id"], StageName="Qualification")
    poll(connection)
    assert "Not so: IsWon is yes." in find(client, connection, "acme ren", "ann").text
    assert "no opportunity of this name" in find(client, connection, "O'Neill \\ %").text


def test_held_records_are_grouped_by_person_and_their_people_imported(
    client: Client, connection: Connection, org: DemoOrg
) -> None:
    ann, bob = rep(org, "Ann"), rep(org, "Bob")
    deal(org, ann)
    deal(org, ann)
    deal(org, bob)
    refresh_users(connection)
    switched_on(connection)
    shown = client.get(page("held_records", connection))
    assert [(one.salesforce_id, one.records) for one in shown.context["people"]] == [
        (ann["Id"], 2),
        (bob["Id"], 1),
    ]
    home = client.get("/admin/", {"connection": connection.pk})
    assert "records of 2 people" in home.text
    assert page("held_records", connection) in home.text
    client.post(page("held_records", connection), {"person": [ann["Id"]]})
    plan = SyncPlan.objects.get()
    assert [row.salesforce_user_id for row in plan.changes.all()] == [ann["Id"]]
    client.post(page("held_records", connection), {})
    assert SyncPlan.objects.count() == 1


@pytest.mark.parametrize(("decision", "owner"), [("change", "Bob"), ("keep", "Ann")])
def test_a_held_mass_change_is_decided_once_by_a_person(
    client: Client, connection: Connection, many: HeldChange, decision: str, owner: str
) -> None:
    home = client.get("/admin/", {"connection": connection.pk}).text
    assert "reports would change hands" in home
    shown = client.get(page("held_changes", connection)).text
    assert "25 Opportunity reports would change hands" in shown
    assert "Keep with former owner" in shown
    address = page("held_change_answer", connection, many.pk)
    client.post(address, {"decision": "nonsense"})
    many.refresh_from_db()
    assert many.decided_at is None
    client.post(address, {"decision": decision})
    again = client.post(address, {"decision": "keep"}, follow=True)
    assert "already decided" in again.text
    due.evaluate_due(connection)
    assert {name for name, _ in reports().values()} == {owner}


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


def test_the_start_page_says_how_fresh_the_data_is_and_shows_the_days(
    client: Client, connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    deal(org, ann)
    switched_on(connection)
    poll(connection)
    home = client.get("/admin/", {"connection": connection.pk})
    assert "last asked" in home.text
    assert "not listening" in home.text
    assert "API requests" in home.text
    assert home.context["chart"].total == 1
    assert home.text.count("<rect ") == 1
    parser = Inline()
    parser.feed(home.text)
    assert not parser.forbidden


def test_a_workflow_that_needs_attention_is_work_for_somebody(
    client: Client, connection: Connection
) -> None:
    switched_on(connection)
    Workflow.objects.update(state=Workflow.State.NEEDS_ATTENTION, problem="A field is gone.")
    home = client.get("/admin/", {"connection": connection.pk}).text
    assert "Workflows that need attention" in home


def test_another_companys_records_are_not_found(
    client: Client, other_connection: Connection
) -> None:
    change = HeldChange.objects.create(
        company=other_connection.company,
        connection=other_connection,
        object_name="Opportunity",
        kind=HeldChange.Kind.MOVE,
    )
    for name in ("held_records", "held_changes", "where_is_my_deal"):
        assert client.get(page(name, other_connection)).status_code == 404
        assert client.post(page(name, other_connection)).status_code == 404
    address = page("held_change_answer", other_connection, change.pk)
    assert client.post(address, {"decision": "change"}).status_code == 404
    change.refresh_from_db()
    assert change.decided_at is None


def test_an_own_connection_does_not_open_a_foreign_change(
    client: Client, connection: Connection, other_connection: Connection
) -> None:
    change = HeldChange.objects.create(
        company=other_connection.company,
        connection=other_connection,
        object_name="Opportunity",
        kind=HeldChange.Kind.MOVE,
    )
    address = page("held_change_answer", connection, change.pk)
    assert client.post(address, {"decision": "change"}).status_code == 404
