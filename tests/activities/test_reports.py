from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Company, Team, User
from activities.drafts import InvalidDraft
from activities.models import ActivityReport, ActivityType, Comment, Like
from activities.reports import Recorded, record, retract
from tests.activities.making import draft, make_report, row_stamps, version


def test_a_draft_becomes_a_report_of_the_persons_team(
    company: Company, ann: User, deals: ActivityType, team: Team
) -> None:
    published_at = timezone.now() - dt.timedelta(days=40)
    told = draft("a", ann, deals, value=Decimal("12.345"), published_at=published_at)

    assert record(company, [told]) == Recorded(added=1)

    report = ActivityReport.objects.get(company=company)
    assert (report.user, report.team, report.type) == (ann, team, deals)
    assert (report.value, report.currency, report.title) == (Decimal("12.35"), "EUR", "Deal a")
    assert (report.occurred_on, report.published_at) == (dt.date(2026, 5, 3), published_at)
    assert (report.retracted_at, report.feed_version) == (None, version(company))


def test_what_is_recorded_again_is_not_written(
    company: Company, ann: User, ben: User, deals: ActivityType
) -> None:
    told = [draft(str(number), person, deals) for number, person in enumerate([ann, ben] * 20)]
    record(company, told)
    before, version_before = row_stamps(company), version(company)

    assert record(company, told) == Recorded()
    assert record(company, [*told[:5], draft("6", ann, deals, value=Decimal(7))]) == Recorded(
        changed=1
    )

    after = row_stamps(company)
    assert {key for key in after if after[key] != before[key]} == {"6"}
    assert version(company) == version_before + 1


def test_an_empty_batch_does_nothing(company: Company) -> None:
    assert record(company, []) == Recorded()
    assert retract(company, [], "Gone.") == 0
    assert version(company) == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("value", Decimal("99.99")),
        ("currency", "USD"),
        ("title", "Another title"),
        ("link", "https://acme.example/elsewhere"),
        ("occurred_on", dt.date(2026, 5, 4)),
    ],
)
def test_each_value_that_differs_is_written(
    company: Company, ann: User, deals: ActivityType, name: str, value: Any
) -> None:
    record(company, [draft("a", ann, deals)])
    assert record(company, [draft("a", ann, deals, **{name: value})]) == Recorded(changed=1)
    assert getattr(ActivityReport.objects.get(company=company), name) == value


def test_the_place_in_the_feed_stays(company: Company, ann: User, deals: ActivityType) -> None:
    report = make_report(ann, deals, "a")
    later = report.published_at + dt.timedelta(hours=3)
    assert record(company, [draft("a", ann, deals, published_at=later)]) == Recorded()
    record(company, [draft("a", ann, deals, published_at=later, title="Renamed")])
    assert ActivityReport.objects.get(pk=report.pk).published_at == report.published_at


def test_a_report_taken_back_comes_back_as_it_was(
    company: Company, ann: User, ben: User, deals: ActivityType
) -> None:
    report = make_report(ann, deals, "a")
    Like.objects.create(company=company, report=report, user=ben)
    Comment.objects.create(company=company, report=report, user=ben, text="Well done")

    assert retract(company, ["a", "never seen"], "It was deleted in Salesforce.") == 1
    gone = ActivityReport.objects.get(pk=report.pk)
    assert gone.retracted_at is not None
    assert gone.retracted_reason == "It was deleted in Salesforce."
    assert gone.feed_version == version(company) == report.feed_version + 1

    assert retract(company, ["a"], "Another reason.") == 0
    assert version(company) == gone.feed_version

    assert record(company, [draft("a", ann, deals)]) == Recorded(brought_back=1)
    back = ActivityReport.objects.get(pk=report.pk)
    assert (back.retracted_at, back.retracted_reason) == (None, "")
    assert back.published_at == report.published_at
    assert (back.likes.count(), back.comments.count()) == (1, 1)


def test_the_team_stays_while_the_person_stays(
    company: Company, ann: User, ben: User, deals: ActivityType, team: Team
) -> None:
    make_report(ann, deals, "a")
    south = Team.objects.create(company=company, name="South")
    User.objects.update(team=south)

    record(company, [draft("a", ann, deals, title="Renamed")])
    assert ActivityReport.objects.get(company=company).team == team

    record(company, [draft("a", ben, deals, title="Renamed")])
    moved = ActivityReport.objects.get(company=company)
    assert (moved.user, moved.team) == (ben, south)


def test_somebody_hidden_is_recorded_like_others(
    company: Company, ann: User, deals: ActivityType
) -> None:
    User.objects.update(hide_from_feed=True)
    assert record(company, [draft("a", ann, deals)]) == Recorded(added=1)


def test_of_two_drafts_with_one_key_the_later_counts(
    company: Company, ann: User, ben: User, deals: ActivityType
) -> None:
    assert record(company, [draft("a", ann, deals), draft("a", ben, deals)]) == Recorded(added=1)
    assert ActivityReport.objects.get(company=company).user == ben


def test_a_foreign_person_or_type_is_refused_and_nothing_is_written(
    company: Company, ann: User, stranger: User, deals: ActivityType
) -> None:
    for foreign in (draft("b", stranger, deals), draft("b", ann, ActivityType(pk=987_654))):
        with pytest.raises(InvalidDraft, match="b"):
            record(company, [draft("a", ann, deals), foreign])
    assert not ActivityReport.objects.exists()
    assert version(company) == 0


def test_the_same_key_in_two_companies_is_two_reports(
    company: Company, ann: User, deals: ActivityType, other_company: Company, stranger: User
) -> None:
    foreign_type = ActivityType.objects.create(company=other_company, name="Deals", sentence="won")
    mine = make_report(ann, deals, "a")
    theirs = make_report(stranger, foreign_type, "a")
    assert retract(other_company, ["a"], "Gone.") == 1
    assert ActivityReport.objects.get(pk=mine.pk).retracted_at is None
    back = record(other_company, [draft("a", stranger, foreign_type)])
    assert (back.brought_back, back.ids) == (1, {"a": theirs.pk})


def test_a_large_fresh_deal_is_celebrated_once_for_ever(
    company: Company, ann: User, deals: ActivityType
) -> None:
    large = draft("a", ann, deals, value=Decimal(10_000))
    record(company, [draft("a", ann, deals, value=Decimal("9999.99"))])
    assert ActivityReport.objects.get().celebrated_version is None

    record(company, [large])
    celebrated = ActivityReport.objects.get().celebrated_version
    assert celebrated == version(company)

    record(company, [draft("a", ann, deals, value=Decimal(20_000))])
    retract(company, ["a"], "Reopened.")
    record(company, [large])
    assert ActivityReport.objects.get().celebrated_version == celebrated


@pytest.mark.parametrize(
    "fields",
    [
        {"published_at": timezone.now() - dt.timedelta(days=2)},
        {"currency": "JPY"},
        {"value": Decimal(-50_000)},
    ],
    ids=["filled in later", "another currency", "negative"],
)
def test_what_is_not_celebrated(
    company: Company, ann: User, deals: ActivityType, fields: dict[str, Any]
) -> None:
    report = make_report(ann, deals, **{"value": Decimal(50_000), **fields})
    assert report.celebrated_version is None


def test_hostile_text_is_kept_readable(company: Company, ann: User, deals: ActivityType) -> None:
    title = "Big\x00 deal\ud800\r\n\u202etnempihs\tfor <b>Åsa</b> " + "x" * 300
    report = make_report(ann, deals, title=title, link="javascript:alert(1)")
    assert report.title.startswith("Big deal\ufffd tnempihs for <b>Åsa</b> xxx")
    assert len(report.title) == 255
    assert report.link == ""


@pytest.mark.parametrize(
    "fields",
    [
        {"value": Decimal("NaN")},
        {"value": Decimal("Infinity")},
        {"value": Decimal(10) ** 18},
        {"currency": "euro"},
        {"published_at": dt.datetime(2026, 5, 3)},  # noqa: DTZ001
        {"occurred_on": timezone.now()},
    ],
)
def test_a_draft_that_cannot_be_kept_is_refused_at_once(
    ann: User, deals: ActivityType, fields: dict[str, Any]
) -> None:
    with pytest.raises(InvalidDraft):
        draft("a", ann, deals, **fields)


@pytest.mark.parametrize("key", ["", "x" * 201, "with\x00null", "line\nbreak"])
def test_an_impossible_key_is_refused(ann: User, deals: ActivityType, key: str) -> None:
    with pytest.raises(InvalidDraft):
        draft(key, ann, deals)


def test_the_number_of_statements_does_not_grow_with_the_batch(
    company: Company, ann: User, deals: ActivityType
) -> None:
    def statements(size: int) -> tuple[int, int]:
        told = [draft(f"{size}-{number}", ann, deals) for number in range(size)]
        with CaptureQueriesContext(connection) as first:
            record(company, told)
        with CaptureQueriesContext(connection) as again:
            record(company, told)
        return len(first), len(again)

    assert statements(1) == statements(500) == (10, 6)


def test_two_calls_in_one_transaction_are_fine(
    company: Company, ann: User, deals: ActivityType
) -> None:
    record(company, [draft("a", ann, deals)])
    record(company, [draft("b", ann, deals)])
    retract(company, ["a"], "Gone.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('pg_temp.incoming')")
        assert cursor.fetchone() == (None,)
