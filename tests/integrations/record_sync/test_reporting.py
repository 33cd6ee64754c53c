"""From a change in Salesforce to a report, by poll, against an org on a socket."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from accounts.models import Company
from activities.models import ActivityReport
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, Evaluation, SalesforceRecord

from .world import (
    account,
    deal,
    evaluate,
    poll,
    rep,
    reports,
    switched_on,
    verdict,
)

Says, Hold = Evaluation.Verdict, Evaluation.Hold


def test_a_deal_that_is_won_now_is_at_the_top_of_the_feed(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    switched_on(connection, since=None)
    won = deal(org, ann, Name="Acme: 20 seats", Amount=1234.56)
    poll(connection)
    report = ActivityReport.objects.get()
    assert (report.user.name, report.value, report.currency) == ("Ann", Decimal("1234.56"), "USD")
    assert (report.title, report.occurred_on) == ("Acme: 20 seats", org.today())
    assert report.source_key == f"salesforce:{org.org_id}:{won['Id']}:{verdict(won).workflow_id}"
    assert report.link.endswith(won["Id"])
    assert timezone.now() - report.published_at < timedelta(seconds=30)


def test_what_is_read_in_later_takes_its_own_days_place(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    deal(org, ann, CloseDate=date(2026, 3, 5))
    switched_on(connection)
    assert ActivityReport.objects.get().published_at == datetime(2026, 3, 5, 18, tzinfo=UTC)


def test_switched_on_from_now_it_counts_nothing_from_before(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    old = deal(org, ann, CloseDate=org.today() - timedelta(days=30))
    switched_on(connection, since=None)
    org.update("Opportunity", old["Id"], Amount=5.0)
    poll(connection)
    assert reports() == {}
    assert verdict(old).verdict == Says.NOT_COUNTED


def test_the_report_follows_the_record(connection: Connection, org: DemoOrg) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    won = deal(org, ann)
    switched_on(connection)
    first = ActivityReport.objects.get()
    org.update("Opportunity", won["Id"], Amount=2000.0)
    poll(connection)
    assert reports() == {won["Id"]: ("Ann", Decimal(2000))}
    org.update("Opportunity", won["Id"], StageName="Prospecting")
    poll(connection)
    assert reports() == {}
    assert verdict(won).verdict == Says.NO_MATCH
    first.refresh_from_db()
    assert first.retracted_reason == "“Closed-won deals” counts only where Won is yes."
    org.update("Opportunity", won["Id"], StageName="Closed Won")
    poll(connection)
    org.delete("Opportunity", won["Id"])
    poll(connection)
    assert reports() == {}
    assert verdict(won).reason == "Deleted in Salesforce."
    org.undelete("Opportunity", won["Id"])
    poll(connection)
    again = ActivityReport.objects.get()
    assert (again.pk, again.published_at) == (first.pk, first.published_at)
    assert again.retracted_at is None


def test_when_the_owner_changes_the_credit_moves_or_stays(
    connection: Connection, org: DemoOrg
) -> None:
    ann, bob = rep(org, "Ann"), rep(org, "Bob")
    account(connection, ann)
    account(connection, bob)
    won = deal(org, ann)
    moves = switched_on(connection)
    stays = switched_on(connection, "opportunity-created")
    org.update("Opportunity", won["Id"], OwnerId=bob["Id"])
    poll(connection)
    whose = dict(
        Evaluation.objects.filter(record__record_id=won["Id"]).values_list(
            "workflow_id", "report__user__name"
        )
    )
    assert whose == {moves.pk: "Bob", stays.pk: "Ann"}


def test_private_records_are_for_nobody_else(connection: Connection, org: DemoOrg) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    won = deal(org, ann)
    switched_on(connection)
    org.update("Opportunity", won["Id"], IsPrivate=True)
    poll(connection)
    assert reports() == {}
    assert verdict(won).reason == "Private in Salesforce."


def test_two_workflows_make_two_reports_of_one_record(connection: Connection, org: DemoOrg) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    deal(org, ann)
    switched_on(connection)
    switched_on(connection, "opportunity-created")
    assert ActivityReport.objects.count() == 2
    assert SalesforceRecord.objects.count() == 1


def test_a_meeting_counts_once_it_has_taken_place(connection: Connection, org: DemoOrg) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    soon = datetime.now(UTC) + timedelta(hours=1)
    common = {"OwnerId": ann["Id"], "Subject": "Dr. Kay: results", "DurationInMinutes": 30}
    meeting = org.insert("Event", **common, StartDateTime=soon)
    org.insert("Event", **common, StartDateTime=soon - timedelta(days=2), IsChild=True)
    org.insert("Event", **common, StartDateTime=soon - timedelta(days=2), IsRecurrence=True)
    switched_on(connection, "meeting-held")
    assert reports() == {}
    assert verdict(meeting).due_at is not None
    org.update("Event", meeting["Id"], StartDateTime=soon - timedelta(hours=2))
    poll(connection)
    assert list(reports()) == [meeting["Id"]]
    assert ActivityReport.objects.get().title == ""


def test_an_all_day_meeting_is_on_its_own_day_west_of_greenwich(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    start = datetime(2026, 3, 5, tzinfo=UTC)
    org.insert("Event", OwnerId=ann["Id"], IsAllDayEvent=True, StartDateTime=start)
    switched_on(connection, "meeting-held")
    assert ActivityReport.objects.get().occurred_on == date(2026, 3, 5)


def test_the_creation_of_an_all_day_meeting_is_a_time_of_the_clock(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    evening = datetime(2026, 3, 6, 2, tzinfo=UTC)  # still the 5th in Chicago
    start = datetime(2026, 3, 9, tzinfo=UTC)
    org.insert(
        "Event", OwnerId=ann["Id"], IsAllDayEvent=True, StartDateTime=start, CreatedDate=evening
    )
    switched_on(connection, "meeting-held", date_field="CreatedDate")
    assert ActivityReport.objects.get().occurred_on == date(2026, 3, 5)


def test_reports_follow_the_companys_currency_and_time_zone(
    connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    created = datetime(2026, 3, 6, 2, tzinfo=UTC)
    for _ in range(25):
        deal(org, ann, CreatedDate=created)
    wins = switched_on(connection)
    switched_on(connection, "opportunity-created")
    poll(connection)
    version = wins.version
    Company.objects.update(currency="EUR", time_zone="Europe/Oslo")
    connection.company.refresh_from_db()
    evaluate(connection)
    wins.refresh_from_db()
    assert wins.version == version + 1
    live = ActivityReport.objects.filter(retracted_at=None)
    assert set(live.values_list("type__unit", "currency")) == {("money", "EUR"), ("count", "")}
    assert set(live.filter(currency="").values_list("occurred_on", flat=True)) == {date(2026, 3, 6)}


def test_a_call_of_a_queue_is_nobodys(connection: Connection, org: DemoOrg) -> None:
    queue = "00G000000000001AAA"
    call = org.insert(
        "Task",
        OwnerId=queue,
        TaskSubtype="Call",
        Status="Completed",
        Priority="Normal",
        Subject="Call",
    )
    switched_on(connection, "call-logged")
    assert verdict(call).reason == "It belongs to a queue, not to a person."
