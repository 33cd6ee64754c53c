"""Liking and commenting in the pages, with and without a script."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Company, User
from activities import social
from activities.models import ActivityType, Comment
from activities.reports import retract
from activities.views import comments
from tests.activities.browsing import HTMX
from tests.activities.making import make_report


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


def test_the_button_counts_a_comment_at_once_and_not_when_it_is_deleted(
    seen: Client, ann: User, deals: ActivityType
) -> None:
    report = make_report(ann, deals)
    button = f'<a class="chip" id="chip-{report.pk}" hx-swap-oob="true"'
    written = seen.post(f"/reports/{report.pk}/comment/", {"text": "Well done"}, headers=HTMX).text
    assert words_of(written, button) == "1 comment"
    comment = Comment.objects.get()
    deleted = seen.post(f"/comments/{comment.pk}/delete/", headers=HTMX).text
    assert words_of(deleted, button) == "Comment"
    for page in (f"/reports/{report.pk}/", "/feed/"):
        assert "hx-swap-oob" not in seen.get(page).text
    assert "hx-swap-oob" not in seen.get(f"/reports/{report.pk}/", headers=HTMX).text


def words_of(page: str, button: str) -> str:
    assert page.count(button) == 1
    return page.partition(button)[2].partition(">")[2].partition("<")[0]


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
