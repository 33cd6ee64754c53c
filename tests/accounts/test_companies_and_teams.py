from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.contrib.admin import site
from django.db.models import ProtectedError
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.models import AuditEntry, Company, Team, User

from .account_pages import errors_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("logged_in")]


def test_a_company_admin_changes_the_name_but_not_what_was_bought(
    client: Client, company: Company
) -> None:
    client.post(
        reverse("admin:accounts_company_change", args=[company.pk]),
        {
            "name": "Acme & Co",
            "time_zone": "Europe/Paris",
            "currency": "NOK",
            "seat_limit": 999,
            "slug": "stolen",
            "may_approve_own_requests": "on",
        },
    )
    company.refresh_from_db()
    assert (company.name, company.time_zone, company.currency) == (
        "Acme & Co",
        "Europe/Paris",
        "NOK",
    )
    assert (company.slug, company.seat_limit) == ("acme", None)
    assert not company.may_approve_own_requests


def test_rows_that_cannot_be_deleted_are_not_said_to_be(company: Company, admin: User) -> None:
    request = RequestFactory().post("/")
    request.user = admin
    with pytest.raises(ProtectedError):
        site.get_model_admin(Company).delete_queryset(request, Company.objects.all())
    assert Company.objects.exists()
    assert not AuditEntry.objects.filter(action="deleted").exists()


def test_only_support_staff_add_companies_and_nobody_deletes_one(
    client: Client, support: User, company: Company
) -> None:
    assert client.get("/admin/accounts/company/add/").status_code == 403
    client.force_login(support)
    new = {"name": "New", "slug": "new", "time_zone": "UTC", "currency": "EUR"}
    client.post("/admin/accounts/company/add/", new)
    assert Company.objects.filter(slug="new").exists()
    assert client.get(f"/admin/accounts/company/{company.pk}/delete/").status_code == 403


@pytest.mark.parametrize(
    ("came_from", "goes_to"),
    [
        ("/admin/integrations/syncplan/7/change/?show=done", None),
        ("https://evil.example.com/admin/", "/admin/accounts/team/"),
        ("//evil.example.com/", "/admin/accounts/team/"),
        ("/\\evil.example.com/", "/admin/accounts/team/"),
        ("javascript:alert(1)", "/admin/accounts/team/"),
        ("", "/admin/accounts/team/"),
    ],
)
def test_whoever_makes_a_team_on_the_way_comes_back_to_where_they_were(
    client: Client, company: Company, came_from: str, goes_to: str | None
) -> None:
    address = f"/admin/accounts/team/add/?{urlencode({'name': 'Finance', 'next': came_from})}"
    answer = client.post(address, {"name": "Finance"})
    assert answer["Location"] == (goes_to or came_from)
    assert Team.objects.filter(company=company, name="Finance").exists()
    assert "was added successfully" in client.get("/admin/accounts/team/").text


def test_a_team_name_is_used_once_a_company(client: Client, team: Team, foreign_team: Team) -> None:
    answer = client.post("/admin/accounts/team/add/", {"name": "NORTH"})
    assert "already a team of this name" in errors_of(answer)
    client.post("/admin/accounts/team/add/", {"name": foreign_team.name})
    assert Team.objects.filter(company=team.company, name=foreign_team.name).exists()


def test_deleting_a_team_leaves_its_people_and_is_audited(
    client: Client, team: Team, member: User
) -> None:
    client.post(f"/admin/accounts/team/{team.pk}/delete/", {"post": "yes"})
    member.refresh_from_db()
    assert member.team is None
    assert AuditEntry.objects.filter(action="deleted", subject_name="North").exists()
