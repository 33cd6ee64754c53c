"""One's own numbers, and what was taken back."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.test import Client

from accounts.models import Company, User
from activities.models import ActivityType
from activities.periods import Period, today_of
from activities.reports import retract
from tests.activities.making import make_report


def test_my_activity_says_what_was_taken_back_when_and_why(
    seen: Client, ann: User, company: Company, deals: ActivityType
) -> None:
    make_report(ann, deals, title="Rundofase", occurred_on=today_of(company))
    page = seen.get("/my-activity/?period=quarter").text
    assert "Rundofase" in page
    assert 'class="chart"' in page
    assert "so far, 0 in all of last quarter." in page
    retract(company, ["k"], "The opportunity was reopened.")
    assert "The opportunity was reopened." in seen.get("/my-activity/").text


def test_what_was_taken_back_last_comes_first(
    seen: Client, ann: User, company: Company, deals: ActivityType
) -> None:
    day = today_of(company)
    make_report(ann, deals, "old", title="Of old", occurred_on=day - dt.timedelta(days=300))
    make_report(ann, deals, "new", title="Of today", occurred_on=day)
    retract(company, ["new"], "Reopened.")
    retract(company, ["old"], "Deleted.")
    page = seen.get("/my-activity/").text.partition("Taken back")[2]
    assert page.index("Of old") < page.index("Of today")


def test_my_activity_compares_with_the_same_days_and_says_whose_days_they_are(
    seen: Client, ann: User, company: Company, deals: ActivityType
) -> None:
    today = today_of(company)
    before = Period.WEEK.days_before(today)
    make_report(ann, deals, "before", value=Decimal(100), occurred_on=before.first)
    for path in ("/feed/side/", "/my-activity/?period=week"):
        assert "% vs" not in seen.get(path).text
    make_report(ann, deals, "now", value=Decimal(150), occurred_on=today)
    after_today = before.first + (today - Period.WEEK.days(today).first) + dt.timedelta(days=1)
    if after_today < before.end:
        make_report(ann, deals, "later", value=Decimal(900), occurred_on=after_today)
    for path in ("/feed/side/", "/my-activity/?period=week"):
        assert "+50% vs the same days last week" in seen.get(path).text
    assert f"({company.time_zone})" in seen.get("/my-activity/?period=week").text
