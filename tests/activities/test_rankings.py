from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Company, Team, User
from activities import rankings
from activities.models import ActivityType
from activities.periods import Days, Period, today_of
from activities.rankings import Board, leaderboard
from activities.reports import record, retract
from tests.accounts.conftest import make_user
from tests.activities.making import draft

TODAY = dt.date(2026, 5, 13)  # a Wednesday


def shown(boards: list[Board]) -> dict[str, list[tuple[int, str, int]]]:
    return {
        board.currency: [(place.rank, place.name, int(place.total)) for place in board.places]
        for board in boards
    }


@pytest.fixture
def worked(company: Company, ann: User, ben: User, boss: User, deals: ActivityType) -> None:
    record(
        company,
        [
            draft("1", ann, deals, value=Decimal(300), occurred_on=TODAY),
            draft("2", ann, deals, value=Decimal(200), occurred_on=TODAY - dt.timedelta(2)),
            draft("3", ben, deals, value=Decimal(500), occurred_on=TODAY),
            draft("4", boss, deals, value=Decimal(100), occurred_on=TODAY),
            draft("5", boss, deals, value=Decimal(9_000), occurred_on=TODAY, currency="CHF"),
            draft("6", ann, deals, value=Decimal(7_000), occurred_on=dt.date(2026, 4, 30)),
            draft("7", ben, deals, value=Decimal(8_000), occurred_on=TODAY),
        ],
    )
    retract(company, ["7"], "Reopened.")


@pytest.mark.usefixtures("worked")
def test_equal_totals_share_a_rank_and_currencies_are_never_mixed(
    company: Company, ann: User, deals: ActivityType
) -> None:
    boards = leaderboard(company, deals, Period.WEEK, viewer=ann, today=TODAY)
    assert shown(boards) == {
        "EUR": [(1, "Ann Able", 500), (1, "Ben Brave", 500), (3, "Bo Boss", 100)],
        "CHF": [(1, "Bo Boss", 9_000)],
    }
    assert [board.currency for board in boards] == ["EUR", "CHF"]


@pytest.mark.usefixtures("worked")
def test_where_no_amounts_are_shown_the_number_of_reports_ranks(
    company: Company, ann: User, deals: ActivityType
) -> None:
    deals.shows_value = False
    deals.save()
    boards = leaderboard(company, deals, Period.WEEK, viewer=ann, today=TODAY)
    assert shown(boards) == {"": [(1, "Ann Able", 2), (1, "Bo Boss", 2), (3, "Ben Brave", 1)]}
    (teams,) = leaderboard(company, deals, Period.WEEK, viewer=ann, of="teams", today=TODAY)
    assert shown([teams]) == {"": [(1, "North", 2)]}


@pytest.mark.usefixtures("worked")
def test_each_period_counts_its_own_days(company: Company, ann: User, deals: ActivityType) -> None:
    totals = {
        period: shown(leaderboard(company, deals, period, viewer=ann, today=TODAY))["EUR"]
        for period in Period
    }
    assert totals[Period.TODAY][0] == (1, "Ben Brave", 500)
    assert totals[Period.MONTH] == totals[Period.WEEK]
    assert totals[Period.QUARTER][0] == (1, "Ann Able", 7_500)


@pytest.mark.usefixtures("worked")
def test_hidden_people_have_no_place_but_their_team_has_their_work(
    company: Company, ann: User, ben: User, deals: ActivityType
) -> None:
    User.objects.filter(pk=ann.pk).update(hide_from_feed=True)
    people = leaderboard(company, deals, Period.WEEK, viewer=ben, today=TODAY)
    assert shown(people)["EUR"] == [(1, "Ben Brave", 500), (2, "Bo Boss", 100)]
    teams = leaderboard(company, deals, Period.WEEK, viewer=ben, of="teams", today=TODAY)
    assert shown(teams) == {"EUR": [(1, "North", 500)]}


def test_the_viewer_is_on_the_board_however_far_down(company: Company, deals: ActivityType) -> None:
    people = [make_user(company, f"p{n}@acme.example", name=f"P {n:02}") for n in range(60)]
    record(
        company,
        [
            draft(str(n), one, deals, value=Decimal(1_000 - n), occurred_on=TODAY)
            for n, one in enumerate(people)
        ],
    )
    (board,) = leaderboard(company, deals, Period.WEEK, viewer=people[57], today=TODAY)
    assert len(board.places) == rankings.PLACES_SHOWN + 1
    assert (board.places[-1].rank, board.places[-1].name) == (58, "P 57")


@pytest.mark.usefixtures("worked")
def test_ones_own_numbers_stand_beside_those_of_the_period_before(
    ann: User, deals: ActivityType
) -> None:
    User.objects.filter(pk=ann.pk).update(hide_from_feed=True)
    (numbers,) = rankings.numbers(ann, Period.MONTH, TODAY)
    assert (numbers.type, numbers.unit, numbers.currency) == ("Closed deals", "money", "EUR")
    assert (numbers.total, numbers.reports) == (Decimal(500), 2)
    assert numbers.total_before == Decimal(7_000)
    assert numbers.total_by_then == Decimal(0)
    week = rankings.by_day(ann, deals.pk, "EUR", Period.WEEK.days(TODAY))
    assert week == [Decimal(200), 0, Decimal(300), 0, 0, 0, 0]


@pytest.mark.usefixtures("worked")
def test_another_companys_admin_sees_no_place(
    other_company: Company, stranger: User, deals: ActivityType
) -> None:
    assert leaderboard(other_company, deals, Period.QUARTER, viewer=stranger, today=TODAY) == []


def test_a_team_that_was_changed_keeps_what_was_done_in_it(
    company: Company, ann: User, deals: ActivityType
) -> None:
    record(company, [draft("1", ann, deals, occurred_on=TODAY)])
    south = Team.objects.create(company=company, name="South")
    User.objects.filter(pk=ann.pk).update(team=south)
    record(company, [draft("2", ann, deals, occurred_on=TODAY, value=Decimal(50))])
    ann.refresh_from_db()
    teams = leaderboard(company, deals, Period.WEEK, viewer=ann, of="teams", today=TODAY)
    assert shown(teams)["EUR"] == [(1, "North", 100), (2, "South", 50)]


days = st.dates(dt.date(1900, 1, 1), dt.date(2200, 1, 1))


@given(st.sampled_from(Period), days)
def test_periods_follow_each_other_without_a_gap(period: Period, today: dt.date) -> None:
    now, before = period.days(today), period.days_before(today)
    assert now.first <= today < now.end
    assert before.end == now.first
    assert before == period.days(before.first)


def test_the_last_quarter_ends_with_the_year() -> None:
    assert Period.QUARTER.days(dt.date(2026, 12, 31)) == Days(
        dt.date(2026, 10, 1), dt.date(2027, 1, 1)
    )


def test_the_day_is_that_of_the_company(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    late = dt.datetime(2026, 5, 3, 23, 30, tzinfo=dt.UTC)
    monkeypatch.setattr("activities.periods.timezone.now", lambda: late)
    assert today_of(company) == dt.date(2026, 5, 4)
    company.time_zone = "America/New_York"
    assert today_of(company) == dt.date(2026, 5, 3)
