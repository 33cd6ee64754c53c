"""The feed's pages at ``/``: with and without a script, for whoever is logged in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Company, Team, User
from activities import rendering, social
from activities.models import ActivityReport, ActivityType, Comment, FeedChoice, Shortcuts
from activities.periods import Period, today_of
from activities.reports import retract
from activities.views import comments
from tests.activities.making import make_report, make_type

HTMX = {"HX-Request": "true"}


@pytest.fixture
def seen(client: Client, ann: User) -> Client:
    client.force_login(ann)
    return client


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
    seen: Client, ann: User, deals: ActivityType, django_assert_num_queries: object
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def counted() -> int:
        rendering.report_html.cache_clear()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert seen.get("/feed/").status_code == 200
        return len(queries)

    make_report(ann, deals, "first")
    few = counted()
    for n in range(20):
        make_report(ann, deals, f"k{n}")
    assert counted() == few


def test_an_unchanged_feed_is_304_and_a_changed_one_is_not(
    seen: Client, ann: User, deals: ActivityType
) -> None:
    report = make_report(ann, deals)
    seen.get("/feed/")  # sets the cookie for forms, with which the page differs
    etag = seen.get("/feed/").headers["ETag"]
    assert seen.get("/feed/", headers={"If-None-Match": etag}).status_code == 304
    social.like(report.pk, ann)
    assert seen.get("/feed/", headers={"If-None-Match": etag}).status_code == 200


def is_unchanged_after(client: Client, path: str, change: Callable[[], object]) -> bool:
    client.get("/feed/")  # sets the cookie for forms, with which the page differs
    etag = client.get(path).headers["ETag"]
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    change()
    return client.get(path, headers={"If-None-Match": etag}).status_code == 304


CHANGES: dict[str, Callable[[Company], object]] = {
    "the shortcuts": lambda company: Shortcuts.objects.create(company=company, my_activity=False),
    "the company's name": lambda company: Company.objects.update(name="Renamed"),
    "one's own team": lambda company: User.objects.update(team=None),
}


@pytest.mark.parametrize("path", ["/feed/", "/leaderboard/"])
@pytest.mark.parametrize("what", CHANGES)
def test_no_page_is_kept_when_what_stands_around_it_has_changed(
    what: str, path: str, seen: Client, company: Company, deals: ActivityType
) -> None:
    assert not is_unchanged_after(seen, path, lambda: CHANGES[what](company))


def test_a_new_team_appears_in_a_feed_without_new_reports(seen: Client, company: Company) -> None:
    assert not is_unchanged_after(
        seen, "/feed/", lambda: Team.objects.create(company=company, name="South")
    )


def test_a_new_activity_type_appears_on_the_leaderboard(
    seen: Client, company: Company, deals: ActivityType
) -> None:
    assert not is_unchanged_after(
        seen, "/leaderboard/", lambda: make_type(company, "Visits", by_hand=True)
    )


def test_the_leaderboard_leaves_out_a_type_that_nobody_can_report_and_nobody_has(
    seen: Client, ann: User, deals: ActivityType, calls: ActivityType
) -> None:
    ActivityType.objects.update(by_hand=False)
    make_report(ann, deals)
    page = seen.get("/leaderboard/").text
    assert f"type={deals.pk}" in page
    assert f"type={calls.pk}" not in page


def test_the_boards_show_no_amounts_where_the_type_shows_none(
    seen: Client, ann: User, ben: User, deals: ActivityType
) -> None:
    ActivityType.objects.update(shows_value=False)
    make_report(ben, deals, value=Decimal(4_821), occurred_on=timezone.now().date())
    for path in ("/feed/", "/leaderboard/", "/leaderboard/?of=teams", "/feed/side/"):
        assert "4,821" not in seen.get(path).text
    assert "number of reports" in seen.get("/leaderboard/").text


def test_liking_works_without_a_script_and_with_one(
    seen: Client, ann: User, deals: ActivityType
) -> None:
    report = make_report(ann, deals)
    assert seen.post(f"/reports/{report.pk}/like/", {"liked": "no"}).status_code == 302
    assert report.likes.count() == 1
    part = seen.post(f"/reports/{report.pk}/like/", {"liked": "yes"}, headers=HTMX)
    assert 'aria-pressed="false"' in part.text
    assert report.likes.count() == 0


def test_a_like_needs_its_token(ann: User, deals: ActivityType) -> None:
    report = make_report(ann, deals)
    client = Client(enforce_csrf_checks=True)
    client.force_login(ann)
    assert client.post(f"/reports/{report.pk}/like/").status_code == 403
    assert report.likes.count() == 0


def test_a_report_taken_back_can_no_longer_be_liked_and_says_so(
    seen: Client, ann: User, company: Company, deals: ActivityType
) -> None:
    report = make_report(ann, deals)
    retract(company, ["k"], "Reopened.")
    answer = seen.post(f"/reports/{report.pk}/like/", {"liked": "no"}, headers=HTMX)
    assert answer.status_code == 409
    assert "taken back" in answer.text
    assert "Deal k" not in seen.get("/feed/").text


def test_a_comment_is_text_whatever_is_in_it(seen: Client, ann: User, deals: ActivityType) -> None:
    report = make_report(ann, deals)
    written = "<script>alert(1)</script> \u202etxet"
    seen.post(f"/reports/{report.pk}/comment/", {"text": written})
    page = seen.get(f"/reports/{report.pk}/").text
    assert "&lt;script&gt;" in page
    assert "\u202etxet\u202c" in page


def test_the_newest_comment_is_shown_and_the_oldest_is_a_press_away(
    seen: Client, ann: User, deals: ActivityType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comments, "SHOWN", 3)
    report = make_report(ann, deals)
    for number in range(5):
        social.comment(report.pk, ann, f"Word {number}")
    page = seen.get(f"/reports/{report.pk}/").text
    assert "Word 4" in page
    assert "Word 1" not in page
    address = page.partition(f'href="/reports/{report.pk}/?before=')[2].partition('"')[0]
    earlier = f"/reports/{report.pk}/?before={address}"
    for shown in (seen.get(earlier).text, seen.get(earlier, headers=HTMX).text):
        assert shown.index("Word 0") < shown.index("Word 1")
        assert "Word 2" not in shown
        assert "Show earlier comments" not in shown
    assert "textarea" not in seen.get(earlier, headers=HTMX).text
    assert seen.get(f"/reports/{report.pk}/?before=x").status_code == 404


def test_a_comment_of_ten_thousand_characters_comes_back_with_the_reason(
    seen: Client, ann: User, deals: ActivityType
) -> None:
    report = make_report(ann, deals)
    answer = seen.post(f"/reports/{report.pk}/comment/", {"text": "x" * 10_000}, headers=HTMX)
    assert answer.status_code == 422
    assert "at most 2,000 characters" in answer.text
    assert "x" * 10_000 in answer.text  # what was written is not lost
    assert not Comment.objects.exists()


def test_only_authors_and_admins_delete_comments(
    seen: Client, ann: User, ben: User, boss: User, deals: ActivityType
) -> None:
    report = make_report(ann, deals)
    of_ben, own = (social.comment(report.pk, who, "Well done") for who in (ben, ann))
    assert seen.post(f"/comments/{of_ben.pk}/delete/").status_code == 403
    assert seen.post(f"/comments/{own.pk}/delete/").status_code == 302
    seen.force_login(boss)
    assert seen.post(f"/comments/{of_ben.pk}/delete/", headers=HTMX).status_code == 200
    assert not Comment.objects.filter(deleted_at=None).exists()


def test_the_chosen_team_is_remembered(
    seen: Client, ann: User, ben: User, team: Team, deals: ActivityType
) -> None:
    make_report(ann, deals, "of-north", title="Of the north")
    make_report(ben, deals, "of-none", title="Of nobody")
    seen.post("/feed/team/", {"team": str(team.pk)})
    page = seen.get("/feed/").text
    assert "Of the north" in page
    assert "Of nobody" not in page
    seen.post("/feed/team/", {"team": ""})
    assert not FeedChoice.objects.exists()
    assert "Of nobody" in seen.get("/feed/").text


@pytest.mark.parametrize("text", ["x", "-1", "999999", "1" * 30])
def test_a_team_that_is_not_ours_is_404(text: str, seen: Client) -> None:
    assert seen.post("/feed/team/", {"team": text}).status_code == 404
    assert seen.get(f"/feed/changes/?since=0&team={text}").status_code == 404


def test_a_foreign_team_is_404(seen: Client, other_company: Company) -> None:
    team = Team.objects.create(company=other_company, name="Theirs")
    assert seen.post("/feed/team/", {"team": str(team.pk)}).status_code == 404


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


def test_the_leaderboard_has_a_board_a_currency(
    seen: Client, ann: User, ben: User, company: Company, deals: ActivityType
) -> None:
    today = timezone.now().date()
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


def test_my_activity_says_what_was_taken_back_when_and_why(
    seen: Client, ann: User, company: Company, deals: ActivityType
) -> None:
    make_report(ann, deals, title="Rundofase", occurred_on=timezone.now().date())
    page = seen.get("/my-activity/?period=quarter").text
    assert "Rundofase" in page
    assert 'class="chart"' in page
    assert "so far, 0 in all of last quarter." in page
    retract(company, ["k"], "The opportunity was reopened.")
    assert "The opportunity was reopened." in seen.get("/my-activity/").text


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


def test_reporting_by_hand_twice_with_one_form_reports_once(
    seen: Client, ann: User, calls: ActivityType
) -> None:
    ActivityType.objects.update(by_hand=True)
    form = {
        "type": calls.pk,
        "value": "2",
        "title": "Two calls",
        "occurred_on": timezone.now().date().isoformat(),
        "once": "abc",
    }
    for _ in range(2):
        assert "Reported: Calls" in seen.post("/report/", form).text
    report = ActivityReport.objects.get()
    assert (report.user, report.value, report.title) == (ann, Decimal(2), "Two calls")


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": "-1"},
        {"value": "x"},
        {"occurred_on": "2030-01-01"},
        {"occurred_on": "2001-01-01"},
        {"type": "0"},
        {"once": ""},
    ],
)
def test_what_cannot_be_reported_changes_nothing(
    wrong: dict[str, str], seen: Client, calls: ActivityType
) -> None:
    ActivityType.objects.update(by_hand=True)
    form = {"type": calls.pk, "value": "1", "occurred_on": timezone.now().date(), "once": "a"}
    assert seen.post("/report/", form | wrong).status_code == 422
    assert not ActivityReport.objects.exists()


def test_a_type_that_is_not_for_hands_is_refused(seen: Client, calls: ActivityType) -> None:
    form = {"type": calls.pk, "value": "1", "occurred_on": timezone.now().date(), "once": "a"}
    assert seen.post("/report/", form).status_code == 422


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


def test_hidden_people_are_not_in_the_feed(seen: Client, ben: User, deals: ActivityType) -> None:
    make_report(ben, deals, title="Hidden")
    assert "Hidden" in seen.get("/feed/").text
    User.objects.filter(pk=ben.pk).update(hide_from_feed=True)
    assert "Hidden" not in seen.get("/feed/").text


def test_times_are_in_the_viewers_own_zone(seen: Client, ann: User, deals: ActivityType) -> None:
    make_report(ann, deals, published_at=dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC))
    assert "3 May, 14:00" in seen.get("/feed/").text  # the company's: Oslo
    User.objects.filter(pk=ann.pk).update(time_zone="Asia/Tokyo")
    assert "3 May, 21:00" in seen.get("/feed/").text
