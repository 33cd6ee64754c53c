"""The feed's page at ``/``: who sees it, what it shows, page by page."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Company, User
from activities import rendering
from activities.models import ActivityType, Shortcuts
from activities.reports import retract
from tests.activities.browsing import HTMX
from tests.activities.making import make_report, make_type


def test_nobody_sees_a_feed_without_logging_in(client: Client, db: None) -> None:
    assert client.get("/feed/").headers["Location"].startswith("/login/")
    assert client.get("/feed/", headers=HTMX).status_code == 401


def test_a_member_lands_in_the_feed(seen: Client) -> None:
    assert seen.get("/").headers["Location"] == "/feed/"


def test_support_staff_who_have_no_company_are_led_to_the_admin(client: Client, db: None) -> None:
    client.force_login(User.objects.create_superuser(email="s@support.example", name="Sam"))
    assert client.get("/feed/").headers["Location"] == "/admin/"


def test_the_feed_shows_person_team_amount_title_and_record(
    seen: Client, ben: User, ann: User, deals: ActivityType
) -> None:
    make_report(ann, deals, value=Decimal("4821.50"), title="<b>Cancity</b>")
    page = seen.get("/feed/").text
    for shown in ("Ann Able", "North", "€4,821.50", "&lt;b&gt;Cancity&lt;/b&gt;", "acme.example/k"):
        assert shown in page
    assert "<b>Cancity" not in page


def test_other_companies_reports_are_nowhere(
    seen: Client, stranger: User, other_company: Company
) -> None:
    report = make_report(stranger, make_type(other_company), title="Secret deal")
    assert "Secret deal" not in seen.get("/feed/").text
    for path in (f"/reports/{report.pk}/", f"/reports/{report.pk}/like/"):
        method = seen.post if path.endswith("like/") else seen.get
        assert method(path).status_code == 404
    assert seen.post(f"/reports/{report.pk}/comment/", {"text": "hi"}).status_code == 404


def test_hidden_people_are_not_in_the_feed(seen: Client, ben: User, deals: ActivityType) -> None:
    make_report(ben, deals, title="Hidden")
    assert "Hidden" in seen.get("/feed/").text
    User.objects.filter(pk=ben.pk).update(hide_from_feed=True)
    assert "Hidden" not in seen.get("/feed/").text


def test_times_are_in_the_viewers_own_zone(seen: Client, ann: User, deals: ActivityType) -> None:
    make_report(ann, deals, published_at=dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC))
    assert "3 May 2026, 14:00" in seen.get("/feed/").text  # the company's: Oslo
    User.objects.filter(pk=ann.pk).update(time_zone="Asia/Tokyo")
    assert "3 May 2026, 21:00" in seen.get("/feed/").text


def test_pages_follow_one_another_without_gaps(
    seen: Client, ann: User, calls: ActivityType
) -> None:
    calls.in_feed = True
    calls.save()
    now = timezone.now()
    for n in range(35):
        make_report(ann, calls, f"k{n}", title=f"Call {n:02}", published_at=now - dt.timedelta(n))
    first = seen.get("/feed/").text
    assert "Call 29" in first
    assert "Call 30" not in first
    address = first.partition('href="/feed/?after=')[2].partition('"')[0]
    second = seen.get(f"/feed/?after={address}").text
    assert "Call 30" in second
    assert "Call 29" not in second
    part = seen.get(f"/feed/?after={address}", headers=HTMX).text
    assert "<html" not in part
    assert seen.get("/feed/?after=nonsense").status_code == 404


def test_the_number_of_queries_does_not_grow_with_the_reports(
    seen: Client, ann: User, deals: ActivityType
) -> None:
    def counted() -> int:
        rendering.report_html.cache_clear()
        with CaptureQueriesContext(connection) as queries:
            assert seen.get("/feed/").status_code == 200
        return len(queries)

    make_report(ann, deals, "first")
    few = counted()
    for n in range(20):
        make_report(ann, deals, f"k{n}")
    assert counted() == few


def test_asking_for_changes_tells_what_is_new_and_what_is_gone(
    seen: Client, ann: User, company: Company, deals: ActivityType
) -> None:
    first = make_report(ann, deals)
    start = seen.get("/feed/changes/?since=0").json()["version"]
    assert seen.get(f"/feed/changes/?since={start}").status_code == 204
    second = make_report(ann, deals, "second", value=Decimal(20_000))
    retract(company, ["k"], "Reopened.")
    changes = seen.get(f"/feed/changes/?since={start}").json()
    assert changes["gone"] == [first.pk]
    assert [item["id"] for item in changes["shown"]] == [second.pk]
    assert f'data-celebrated="{start + 1}"' in changes["shown"][0]["html"]


@pytest.mark.parametrize(
    ("shortcut", "path"),
    [
        ("leaderboard", "/leaderboard/"),
        ("my_activity", "/my-activity/"),
        ("report_by_hand", "/report/"),
    ],
)
def test_a_shortcut_switched_off_is_gone(
    shortcut: str, path: str, seen: Client, company: Company
) -> None:
    assert f'href="{path}"' in seen.get("/feed/").text
    Shortcuts.objects.create(company=company, **{shortcut: False})
    assert seen.get(path).status_code == 404
    page = seen.get("/feed/").text
    assert f'href="{path}"' not in page.partition("<main>")[0]
