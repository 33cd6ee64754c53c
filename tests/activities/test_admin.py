from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.admin import site
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, Company, Team, User
from activities import social
from activities.models import ActivityReport, ActivityType, Comment, Shortcuts
from activities.reports import record, retract
from tests.activities.making import draft, make_report

REPORTS = reverse("admin:activities_activityreport_changelist")
COMMENTS = reverse("admin:activities_comment_changelist")


@pytest.fixture
def admin_client(client: Client, boss: User) -> Client:
    client.force_login(boss)
    return client


def found(client: Client, **query: Any) -> set[str]:
    answer = client.get(REPORTS, query)
    assert answer.status_code == 200
    return {report.source_key for report in answer.context["cl"].result_list}


@pytest.fixture
def three(company: Company, ann: User, ben: User, deals: ActivityType, calls: ActivityType) -> None:
    long_ago = timezone.now() - dt.timedelta(days=60)
    record(
        company,
        [
            draft("north", ann, deals, title="Northwind renewal"),
            draft("south", ben, calls, title="Southwind call", published_at=long_ago),
            draft("gone", ann, deals, title="Lost deal"),
        ],
    )
    retract(company, ["gone"], "It was deleted in Salesforce.")


@pytest.mark.usefixtures("three")
def test_reports_are_found_by_words_person_team_type_and_date(
    admin_client: Client, ann: User, ben: User, team: Team, deals: ActivityType
) -> None:
    assert found(admin_client) == {"north", "south", "gone"}
    assert found(admin_client, q="renew north") == {"north"}
    assert found(admin_client, person=ben.pk) == {"south"}
    assert found(admin_client, team=team.pk) == {"north", "gone"}
    assert found(admin_client, type__id__exact=deals.pk) == {"north", "gone"}
    assert found(admin_client, published=30) == {"north", "gone"}
    assert found(admin_client, taken_back="yes") == {"gone"}
    assert found(admin_client, taken_back="no", person=ann.pk) == {"north"}


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"person": "abc"}, set()),
        ({"person": "9" * 40}, set()),
        ({"team": "1 OR 1=1"}, set()),
        ({"published": "-1"}, {"north", "south", "gone"}),
    ],
    ids=["letters", "a long number", "a statement", "a negative number"],
)
def test_nobody_and_no_team_has_reports_and_a_time_that_is_none_is_left_out(
    admin_client: Client, query: dict[str, str], shown: set[str]
) -> None:
    assert found(admin_client, **query) == shown


@pytest.mark.usefixtures("three")
def test_a_stranger_is_no_filter(admin_client: Client, stranger: User) -> None:
    answer = admin_client.get(REPORTS, {"person": stranger.pk})
    assert list(answer.context["cl"].result_list) == []
    assert stranger.name not in answer.content.decode()


@pytest.mark.usefixtures("three")
def test_the_list_says_what_was_taken_back_and_links_to_the_record(admin_client: Client) -> None:
    page = admin_client.get(REPORTS).content.decode()
    assert "Taken back: It was deleted in Salesforce." in page
    assert 'href="https://acme.example/north" target="_blank" rel="noopener noreferrer"' in page


def test_a_title_with_markup_is_text(admin_client: Client, ann: User, deals: ActivityType) -> None:
    report = make_report(ann, deals, title="<script>alert(1)</script>")
    for address in (REPORTS, reverse("admin:activities_activityreport_change", args=[report.pk])):
        page = admin_client.get(address).content.decode()
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert(1)" not in page


@pytest.mark.parametrize("address", [REPORTS, COMMENTS])
def test_the_number_of_queries_does_not_grow_with_the_rows(
    admin_client: Client,
    company: Company,
    ann: User,
    deals: ActivityType,
    address: str,
    django_assert_max_num_queries: Any,
) -> None:
    def fill(start: int, count: int) -> None:
        for number in range(start, start + count):
            make_report(ann, deals, str(number))
        for report in ActivityReport.objects.filter(company=company)[start : start + count]:
            social.comment(report.pk, ann, "Well done")

    fill(0, 2)
    with django_assert_max_num_queries(12) as few:
        admin_client.get(address)
    fill(2, 15)
    with django_assert_max_num_queries(len(few)):
        admin_client.get(address)


def test_a_type_with_reports_keeps_its_unit_and_stays(
    admin_client: Client, company: Company, ann: User, deals: ActivityType
) -> None:
    address = reverse("admin:activities_activitytype_change", args=[deals.pk])
    form = {"name": "Won deals", "sentence": "won a deal", "unit": "count", "in_feed": "on"}
    make_report(ann, deals)
    assert admin_client.post(address, form).status_code == 302
    deals.refresh_from_db()
    assert (deals.name, deals.unit) == ("Won deals", "money")
    delete = reverse("admin:activities_activitytype_delete", args=[deals.pk])
    assert admin_client.post(delete, {"post": "yes"}).status_code == 403


def test_a_type_is_added_to_ones_own_company(admin_client: Client, company: Company) -> None:
    form = {"name": "Demos", "sentence": "gave a demo", "unit": "count", "in_feed": "on"}
    address = reverse("admin:activities_activitytype_add")
    assert admin_client.post(address, form).status_code == 302
    assert ActivityType.objects.get(name="Demos").company == company
    again = admin_client.post(
        reverse("admin:activities_activitytype_add"), form | {"name": "demos"}
    )
    assert "There is already an activity type of this name." in again.content.decode()


def test_a_company_has_its_shortcuts_once(
    admin_client: Client, company: Company, other_company: Company
) -> None:
    add = reverse("admin:activities_shortcuts_add")
    Shortcuts.objects.create(company=other_company)
    assert admin_client.post(add, {"leaderboard": "on"}).status_code == 302
    assert Shortcuts.objects.get(company=company).leaderboard
    assert admin_client.post(add, {"leaderboard": "on"}).status_code == 403


def test_a_second_pair_of_shortcuts_by_support_staff_is_a_message(
    client: Client, company: Company
) -> None:
    client.force_login(User.objects.create_superuser(email="s@support.example", name="Sam"))
    Shortcuts.objects.create(company=company)
    answer = client.post(reverse("admin:activities_shortcuts_add"), {"company": company.pk})
    assert "already exists" in answer.text


def test_two_forms_of_shortcuts_open_at_once_leave_one(company: Company, boss: User) -> None:
    page = site.get_model_admin(Shortcuts)
    request = RequestFactory().get("/")
    request.user = boss
    forms = [page.get_form(request)({"leaderboard": "on"}) for _ in range(2)]
    assert forms[0].is_valid()
    forms[0].save()
    assert not forms[1].is_valid()
    assert Shortcuts.objects.filter(company=company).count() == 1


def test_comments_are_deleted_from_the_feed_and_audited(
    admin_client: Client, ann: User, ben: User, boss: User, deals: ActivityType
) -> None:
    report = make_report(ann, deals)
    rude = social.comment(report.pk, ben, "Rude")
    social.comment(report.pk, ben, "Fine")
    answer = admin_client.post(
        COMMENTS, {"action": "delete_from_feed", "_selected_action": [rude.pk]}, follow=True
    )
    assert "Deleted 1 comment from the feed." in answer.content.decode()
    assert [one.text for one in social.comments_on(report.pk, ann)] == ["Fine"]
    assert AuditEntry.objects.get(action="comment.deleted").address == "127.0.0.1"
    for deleted, words in (("yes", ["Rude"]), ("no", ["Fine"]), ("x", ["Fine", "Rude"])):
        shown = admin_client.get(COMMENTS, {"deleted": deleted}).context["cl"].result_list
        assert [one.text for one in shown] == words
    assert "delete_selected" not in admin_client.get(COMMENTS).content.decode()


def test_a_comment_that_its_author_deletes_meanwhile_stops_no_moderator(
    admin_client: Client, ann: User, deals: ActivityType, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = make_report(ann, deals)
    first, second = (social.comment(report.pk, ann, text) for text in ("One", "Two"))
    delete = social.delete_comment

    def after_the_author(pk: int, *by: Any) -> None:
        if pk == first.pk:
            delete(first.pk, ann)
        delete(pk, *by)

    monkeypatch.setattr(social, "delete_comment", after_the_author)
    ticked = {"action": "delete_from_feed", "_selected_action": [first.pk, second.pk]}
    answer = admin_client.post(COMMENTS, ticked, follow=True)
    assert "Deleted 1 comment from the feed." in answer.text
    assert not Comment.objects.filter(deleted_at=None).exists()
