"""The leaderboard, and the short one beside the feed."""

from __future__ import annotations

from decimal import Decimal

from django.test import Client

from accounts.models import Company, User
from activities.models import ActivityType
from activities.periods import today_of
from tests.activities.making import make_report


def test_the_leaderboard_has_a_board_a_currency(
    seen: Client, ann: User, ben: User, company: Company, deals: ActivityType
) -> None:
    today = today_of(company)
    make_report(ann, deals, "a", occurred_on=today, value=Decimal(300))
    make_report(ben, deals, "b", occurred_on=today, value=Decimal(900), currency="USD")
    page = seen.get(f"/leaderboard/?period=quarter&type={deals.pk}").text
    assert page.index("Closed deals, EUR") < page.index("Closed deals, USD")
    assert "$900" in page
    teams = seen.get(f"/leaderboard/?period=quarter&of=teams&type={deals.pk}").text
    assert "North" in teams
    assert "Ben Brave" not in teams
    assert seen.get("/leaderboard/?period=century").status_code == 404
    assert seen.get("/leaderboard/?type=0").status_code == 404


def test_the_leaderboard_leaves_out_a_type_that_nobody_can_report_and_nobody_has(
    seen: Client, ann: User, deals: ActivityType, calls: ActivityType
) -> None:
    ActivityType.objects.update(by_hand=False)
    make_report(ann, deals)
    page = seen.get("/leaderboard/").text
    assert f"type={deals.pk}" in page
    assert f"type={calls.pk}" not in page


def test_the_boards_show_no_amounts_where_the_type_shows_none(
    seen: Client, company: Company, ben: User, deals: ActivityType
) -> None:
    ActivityType.objects.update(shows_value=False)
    make_report(ben, deals, value=Decimal(4_821), occurred_on=today_of(company))
    for path in ("/feed/", "/leaderboard/", "/leaderboard/?of=teams", "/feed/side/"):
        assert "4,821" not in seen.get(path).text
    assert "number of reports" in seen.get("/leaderboard/").text
