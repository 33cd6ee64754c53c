from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Company, Team, User
from activities import feed
from activities.models import ActivityType, Comment, Like
from activities.reports import record, retract
from tests.activities.making import draft, make_report, make_type, version

NOON = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)


def titles(page: feed.Page) -> list[str]:
    return [item.title for item in page.items]


@pytest.fixture
def six(company: Company, ann: User, ben: User, deals: ActivityType) -> None:
    """Two were published in the very same moment."""
    minutes = [0, 10, 20, 20, 30, 40]
    record(
        company,
        [
            draft(
                str(number),
                (ann, ben)[number % 2],
                deals,
                published_at=NOON + dt.timedelta(minutes=m),
            )
            for number, m in enumerate(minutes)
        ],
    )


@pytest.mark.usefixtures("six")
def test_pages_are_newest_first_without_gaps_or_doubles(company: Company, ann: User) -> None:
    seen, place = [], None
    while True:
        page = feed.page(company.pk, ann.pk, after=place, size=2)
        seen += titles(page)
        if page.next is None:
            break
        place = feed.Place.from_text(str(page.next))
    assert seen == [f"Deal {number}" for number in (5, 4, 3, 2, 1, 0)]


@pytest.mark.usefixtures("six")
def test_a_team_sees_its_own_work(company: Company, ann: User, team: Team) -> None:
    assert titles(feed.page(company.pk, ann.pk, team_id=team.pk)) == ["Deal 4", "Deal 2", "Deal 0"]


@pytest.mark.usefixtures("six")
def test_taken_back_hidden_and_uncounted_work_is_not_shown(
    company: Company, ann: User, ben: User, calls: ActivityType
) -> None:
    record(company, [draft("call", ann, calls)])
    retract(company, ["4"], "Reopened.")
    User.objects.filter(pk=ben.pk).update(hide_from_feed=True)
    assert titles(feed.page(company.pk, ann.pk)) == ["Deal 2", "Deal 0"]


@pytest.mark.usefixtures("six")
def test_another_company_sees_nothing_of_it(other_company: Company, stranger: User) -> None:
    assert feed.page(other_company.pk, stranger.pk).items == []


def test_an_item_says_all_that_the_feed_shows(
    company: Company, ann: User, ben: User, boss: User, deals: ActivityType, team: Team
) -> None:
    report = make_report(ann, deals, "a", value=Decimal(12_000), published_at=timezone.now())
    for fan in (ben, boss):
        Like.objects.create(company=company, report=report, user=fan)
    for text, deleted_at in (("Wow", None), ("Oops", NOON)):
        Comment.objects.create(
            company=company, report=report, user=ben, text=text, deleted_at=deleted_at
        )

    item = feed.one(company.pk, ben.pk, report.pk)

    assert item == feed.page(company.pk, ben.pk).items[0]
    assert (item.person, item.team, item.sentence) == ("Ann Able", "North", "did closed deals")
    assert (item.value, item.currency) == (Decimal(12_000), "EUR")
    assert (item.likes, item.is_liked, item.comments) == (2, True, 1)
    assert item.celebrated_version == version(company)
    assert not feed.page(company.pk, ann.pk).items[0].is_liked


def test_an_amount_that_is_not_shown_does_not_leave_the_database(
    company: Company, ann: User
) -> None:
    secret = make_type(company, "Secret deals", unit="money", shows_value=False)
    make_report(ann, secret, value=Decimal(5_000))
    assert feed.page(company.pk, ann.pk).items[0].value is None


def test_a_page_takes_two_queries_whatever_is_on_it(
    company: Company, ann: User, ben: User, deals: ActivityType, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(2):
        feed.page(company.pk, ann.pk)
    for number in range(20):
        report = make_report(ann, deals, str(number))
        Like.objects.create(company=company, report=report, user=ben)
    with django_assert_num_queries(2):
        assert len(feed.page(company.pk, ann.pk).items) == 20


@pytest.mark.usefixtures("six")
def test_catching_up_gives_what_changed(
    company: Company, ann: User, ben: User, deals: ActivityType
) -> None:
    known = feed.page(company.pk, ann.pk)
    assert feed.since(company.pk, ann.pk, known.version).shown == []

    ids = {item.title: item.id for item in known.items}
    retract(company, ["4"], "Reopened.")
    record(company, [draft("1", ben, deals, title="Deal 1, larger"), draft("new", ann, deals)])

    changes = feed.since(company.pk, ann.pk, known.version)
    assert not changes.is_whole
    assert {item.title for item in changes.shown} == {"Deal 1, larger", "Deal new"}
    assert changes.gone == [ids["Deal 4"]]
    assert changes.version == version(company)
    assert feed.since(company.pk, ann.pk, changes.version) == feed.Changes(
        changes.version, is_whole=False, shown=[], gone=[]
    )


def test_what_moved_to_another_team_goes_from_the_teams_page(
    company: Company, ann: User, ben: User, deals: ActivityType, team: Team
) -> None:
    report = make_report(ann, deals, "a")
    known = version(company)
    record(company, [draft("a", ben, deals)])
    assert feed.since(company.pk, ann.pk, known, team_id=team.pk).gone == [report.pk]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("six")
def test_names_and_hidden_people_renew_the_whole_page(
    company: Company, ann: User, ben: User, team: Team, deals: ActivityType
) -> None:
    def is_whole_after(change: Any) -> bool:
        known = version(company)
        change()
        is_raised = version(company) > known
        return is_raised and feed.since(company.pk, ann.pk, known).is_whole

    people = User.objects.filter(company=company)
    assert is_whole_after(lambda: people.filter(pk=ben.pk).update(hide_from_feed=True))
    assert is_whole_after(lambda: people.update(name="Renamed"))
    assert is_whole_after(lambda: Team.objects.update(name="South"))
    assert is_whole_after(lambda: ActivityType.objects.filter(pk=deals.pk).update(in_feed=False))
    assert is_whole_after(lambda: team.delete())
    assert not is_whole_after(lambda: people.update(title="Agent", last_login=NOON))
    assert not is_whole_after(lambda: people.update(name="Renamed"))


def test_renaming_many_people_renews_the_feed_once(company: Company, ann: User, ben: User) -> None:
    known = version(company)
    User.objects.update(name="Renamed")
    assert version(company) == known + 1


def test_somebody_of_the_support_staff_has_no_feed_to_renew(company: Company) -> None:
    User.objects.create_superuser(email="sam@support.example", name="Sam", password="x")
    User.objects.filter(company=None).update(name="Sammy")
    assert version(company) == 0


def test_who_has_missed_too_much_reads_the_whole_page(
    company: Company, ann: User, deals: ActivityType
) -> None:
    record(company, [draft(str(number), ann, deals) for number in range(feed.MOST_CHANGES)])
    assert len(feed.since(company.pk, ann.pk, 0).shown) == feed.MOST_CHANGES
    record(company, [draft("one more", ann, deals)])
    assert feed.since(company.pk, ann.pk, 0).is_whole
    assert feed.since(company.pk, ann.pk, 10**9).is_whole


@given(st.datetimes(timezones=st.just(dt.UTC)), st.integers(0, 2**63 - 1))
def test_a_place_survives_its_text(moment: dt.datetime, report_id: int) -> None:
    place = feed.Place(moment, report_id)
    assert feed.Place.from_text(str(place)) == place


@given(st.text())
def test_any_other_text_is_no_place(text: str) -> None:
    try:
        place = feed.Place.from_text(text)
    except feed.InvalidPlace:
        return
    assert feed.Place.from_text(str(place)) == place
