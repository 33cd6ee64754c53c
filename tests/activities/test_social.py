from __future__ import annotations

import pytest
from django.http import Http404

from accounts.models import AuditEntry, Company, User
from activities import feed, social
from activities.models import ActivityReport, ActivityType, Comment, Like
from activities.reports import retract
from tests.activities.making import make_report, version


@pytest.fixture
def report(ann: User, deals: ActivityType) -> ActivityReport:
    return make_report(ann, deals)


def test_a_like_shows_on_every_open_page(
    company: Company, report: ActivityReport, ann: User, ben: User
) -> None:
    known = version(company)
    assert social.like(report.pk, ben)
    (item,) = feed.since(company.pk, ann.pk, known).shown
    assert (item.likes, item.is_liked) == (1, False)

    known = version(company)
    assert social.unlike(report.pk, ben)
    (item,) = feed.since(company.pk, ben.pk, known).shown
    assert (item.likes, item.is_liked) == (0, False)


def test_liking_twice_is_liking_once(company: Company, report: ActivityReport, ben: User) -> None:
    assert not social.unlike(report.pk, ben)
    social.like(report.pk, ben)
    known = version(company)
    assert not social.like(report.pk, ben)
    assert Like.objects.count() == 1
    assert version(company) == known


def test_what_was_taken_back_can_be_neither_liked_nor_commented_on(
    company: Company, report: ActivityReport, ben: User
) -> None:
    retract(company, [report.source_key], "Reopened.")
    known = version(company)
    with pytest.raises(social.Refused, match="taken back"):
        social.like(report.pk, ben)
    with pytest.raises(social.Refused, match="taken back"):
        social.comment(report.pk, ben, "Well done")
    assert version(company) == known
    assert not Like.objects.exists()


def test_another_companys_report_is_not_found(report: ActivityReport, stranger: User) -> None:
    for act in (social.like, social.unlike, social.comments_on):
        with pytest.raises(Http404):
            act(report.pk, stranger)
    with pytest.raises(Http404):
        social.comment(report.pk, stranger, "Hello")


def test_a_hidden_persons_report_is_not_found(report: ActivityReport, ann: User, ben: User) -> None:
    User.objects.filter(pk=ann.pk).update(hide_from_feed=True)
    with pytest.raises(Http404):
        social.like(report.pk, ben)


def test_a_comment_is_kept_as_written(company: Company, report: ActivityReport, ben: User) -> None:
    known = version(company)
    social.comment(report.pk, ben, "  <b>Well\r\ndone</b> & שלום \x00\ud800 ")
    (comment,) = social.comments_on(report.pk, ben)
    assert comment.text == "<b>Well\ndone</b> & שלום \ufffd"
    assert feed.since(company.pk, ben.pk, known).shown[0].comments == 1


def test_a_comment_cannot_turn_the_words_around_it(report: ActivityReport, ben: User) -> None:
    assert social.comment(report.pk, ben, "\u202eevil").text == "\u202eevil\u202c"
    assert social.comment(report.pk, ben, "\u2069out\u2067in").text == "out\u2067in\u2069"


@pytest.mark.parametrize("text", ["", "  \n ", "\x00", "x" * 2001, "x" * 10_000])
def test_an_empty_or_endless_comment_is_refused(
    report: ActivityReport, ben: User, text: str
) -> None:
    with pytest.raises(social.Refused) as refused:
        social.comment(report.pk, ben, text)
    assert str(refused.value).endswith(".")
    assert not Comment.objects.exists()


def test_the_longest_comment_is_taken(report: ActivityReport, ben: User) -> None:
    assert len(social.comment(report.pk, ben, "x" * 2000).text) == 2000
    assert len(social.comment(report.pk, ben, "\u202e" * 1000 + "x" * 1000).text) <= 2000


def test_the_newest_comments_come_first_page_by_page_and_read_downwards(
    report: ActivityReport, ben: User
) -> None:
    for number in range(5):
        social.comment(report.pk, ben, f"No. {number}")
    newest = social.comments_on(report.pk, ben, size=3)
    earlier = social.comments_on(report.pk, ben, before=newest[0].pk, size=3)
    assert [one.text for one in earlier + newest] == [f"No. {number}" for number in range(5)]


def test_ones_own_comment_is_deleted_without_a_trace_in_the_audit(
    company: Company, report: ActivityReport, ben: User
) -> None:
    comment = social.comment(report.pk, ben, "Oops")
    known = version(company)
    social.delete_comment(comment.pk, ben)
    assert social.comments_on(report.pk, ben) == []
    assert feed.since(company.pk, ben.pk, known).shown[0].comments == 0
    assert not AuditEntry.objects.exists()
    with pytest.raises(Http404):
        social.delete_comment(comment.pk, ben)


def test_an_admin_moderates_and_it_is_audited(
    report: ActivityReport, ben: User, boss: User
) -> None:
    comment = social.comment(report.pk, ben, "Rude words")
    social.delete_comment(comment.pk, boss)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.before) == (
        "comment.deleted",
        boss,
        {"text": "Rude words"},
    )
    comment.refresh_from_db()
    assert comment.deleted_by == boss


def test_a_colleague_cannot_delete_it_and_a_stranger_does_not_find_it(
    report: ActivityReport, ann: User, ben: User, stranger: User
) -> None:
    comment = social.comment(report.pk, ben, "Well done")
    with pytest.raises(social.Refused, match="author"):
        social.delete_comment(comment.pk, ann)
    User.objects.filter(pk=stranger.pk).update(role=User.Role.ADMIN)
    stranger.refresh_from_db()
    with pytest.raises(Http404):
        social.delete_comment(comment.pk, stranger)
    assert Comment.objects.filter(deleted_at__isnull=True).count() == 1


def test_a_comment_on_what_was_taken_back_can_still_be_deleted(
    company: Company, report: ActivityReport, ben: User
) -> None:
    comment = social.comment(report.pk, ben, "Well done")
    retract(company, [report.source_key], "Reopened.")
    social.delete_comment(comment.pk, ben)
    assert not Comment.objects.filter(deleted_at__isnull=True).exists()
