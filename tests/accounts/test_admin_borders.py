"""Every admin page there is, by everybody there is: also pages that are yet to be written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin as django_admin
from django.contrib.admin import ModelAdmin, helpers
from django.db import models
from django.forms import model_to_dict
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.admin_base import CompanyScopedAdmin
from accounts.models import Company, User

from .rows import MAKERS

pytestmark = [pytest.mark.long, pytest.mark.django_db]
PAGES = sorted(django_admin.site._registry.values(), key=str)
each_page = pytest.mark.parametrize("page", PAGES, ids=str)


def url(page: ModelAdmin[Any], name: str, *args: object) -> str:
    return reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_{name}", args=args)


def row_urls(page: ModelAdmin[Any], row: models.Model) -> Iterator[str]:
    """Every address below this page that names one row, also those of its own views."""
    for pattern in page.get_urls():
        if pattern.name and len(pattern.pattern.converters) == 1:
            yield reverse(f"admin:{pattern.name}", args=[row.pk])


def all_urls(page: ModelAdmin[Any], row: models.Model) -> list[str]:
    return [url(page, "changelist"), url(page, "add"), *row_urls(page, row)]


def _keys_between_rows(page: ModelAdmin[Any]) -> list[Any]:
    """The foreign keys to rows that a company has."""
    fields = [field for field in page.opts.get_fields() if field.concrete and field.is_relation]
    return [field for field in fields if field.related_model in MAKERS]


def maker_of(page: ModelAdmin[Any], company: Company) -> models.Model:
    return MAKERS[page.model](company)


@each_page
def test_every_page_is_scoped_and_has_a_row_to_test_it_with(page: ModelAdmin[Any]) -> None:
    assert isinstance(page, CompanyScopedAdmin)
    assert page.model in MAKERS


@each_page
def test_a_stranger_is_sent_to_the_log_in(
    page: ModelAdmin[Any], client: Client, company: Company
) -> None:
    for address in all_urls(page, maker_of(page, company)):
        for answer in (client.get(address), client.post(address)):
            assert answer.status_code == 302, address
            assert answer.headers["Location"].startswith(
                (reverse("admin:login"), reverse("login"))
            ), address


@each_page
def test_a_member_is_refused(page: ModelAdmin[Any], client: Client, member: User) -> None:
    assert member.company
    client.force_login(member)
    for address in all_urls(page, maker_of(page, member.company)):
        for answer in (client.get(address, follow=True), client.post(address, follow=True)):
            assert answer.status_code == 403, address


@each_page
@pytest.mark.parametrize("state", [User.State.PENDING, User.State.DEACTIVATED])
def test_an_admin_who_is_not_active_is_a_stranger(
    page: ModelAdmin[Any],
    state: User.State,
    client_of_admin: Client,
    admin: User,
    company: Company,
) -> None:
    User.objects.filter(pk=admin.pk).update(state=state)
    for address in all_urls(page, maker_of(page, company)):
        assert client_of_admin.get(address).status_code == 302, address


@each_page
def test_a_company_admin_reads_their_own_rows(
    page: ModelAdmin[Any],
    client_of_admin: Client,
    company: Company,
) -> None:
    row = maker_of(page, company)
    assert client_of_admin.get(url(page, "changelist"), follow=True).status_code == 200
    assert client_of_admin.get(url(page, "change", row.pk), follow=True).status_code == 200
    assert client_of_admin.get(url(page, "history", row.pk)).status_code == 200
    assert client_of_admin.get(url(page, "add"), follow=True).status_code in (200, 403)


@each_page
def test_another_companys_row_is_not_found_at_any_address(
    page: ModelAdmin[Any],
    client_of_admin: Client,
    other_company: Company,
) -> None:
    row = maker_of(page, other_company)
    before = model_to_dict(row)
    for address in row_urls(page, row):
        assert client_of_admin.get(address).status_code in (404, 405), address
        assert client_of_admin.post(address, {"post": "yes"}).status_code in (403, 404, 405), (
            address
        )
    row.refresh_from_db()
    assert model_to_dict(row) == before


@each_page
@pytest.mark.parametrize("pk", ["0", "999999999999999999999999", "abc", "_5F", "1;2"])
def test_a_made_up_row_is_not_found(
    page: ModelAdmin[Any], pk: str, client_of_admin: Client
) -> None:
    for name in ("change", "delete", "history"):
        assert client_of_admin.get(url(page, name, pk)).status_code == 404


@each_page
def test_nonsense_in_a_new_rows_form_makes_nothing_and_is_no_error_of_ours(
    page: ModelAdmin[Any], client: Client, support: User
) -> None:
    client.force_login(support)
    for nonsense in ("abc", "7\x00", "99999", "9" * 40):
        values = {field.name: nonsense for field in page.opts.concrete_fields}
        for send in (client.get, client.post):
            answer = send(url(page, "add"), values)
            assert answer.status_code in (200, 302, 403, 404, 405), (send, nonsense)
    assert not page.model._default_manager.exclude(pk=support.pk).exists()


@each_page
def test_a_list_shows_and_counts_own_rows_only(
    page: ModelAdmin[Any],
    admin: User,
    company: Company,
    other_company: Company,
) -> None:
    own, foreign = maker_of(page, company), maker_of(page, other_company)
    request = RequestFactory().get("/")
    request.user = admin
    shown = page.get_queryset(request)
    assert own in shown
    assert foreign not in shown


@each_page
def test_no_action_touches_another_companys_row(
    page: ModelAdmin[Any],
    client_of_admin: Client,
    admin: User,
    other_company: Company,
) -> None:
    row = maker_of(page, other_company)
    before = model_to_dict(row)
    request = RequestFactory().get("/")
    request.user = admin
    for name in page.get_actions(request):
        data = {
            "action": name,
            helpers.ACTION_CHECKBOX_NAME: [row.pk],
            "post": "yes",
            "confirmed": "1",
        }
        answer = client_of_admin.post(url(page, "changelist"), data)
        assert answer.status_code in (200, 302, 403), name
        assert str(row) not in answer.text
    row.refresh_from_db()
    assert model_to_dict(row) == before


@each_page
def test_no_foreign_key_of_a_form_offers_another_companys_rows(
    page: ModelAdmin[Any], admin: User, company: Company, other_company: Company
) -> None:
    request = RequestFactory().get("/")
    request.user = admin
    for field in _keys_between_rows(page):
        own, foreign = (MAKERS[field.related_model](one) for one in (company, other_company))
        choices = page.get_field_queryset(None, field, request)
        assert choices is not None
        assert own in choices
        assert foreign not in choices


@each_page
def test_the_search_behind_a_foreign_key_finds_no_other_companys_rows(
    page: ModelAdmin[Any], client_of_admin: Client, other_company: Company
) -> None:
    for field in _keys_between_rows(page):
        foreign = MAKERS[field.related_model](other_company)
        asked = {
            "app_label": page.opts.app_label,
            "model_name": page.opts.model_name or "",
            "field_name": field.name,
        }
        answer = client_of_admin.get(reverse("admin:autocomplete"), asked)
        assert answer.status_code in (200, 404)
        found = answer.json()["results"] if answer.status_code == 200 else []
        assert str(foreign.pk) not in {result["id"] for result in found}


@each_page
def test_no_filter_by_a_foreign_key_shows_another_companys_rows(
    page: ModelAdmin[Any], client_of_admin: Client, other_company: Company
) -> None:
    for field in _keys_between_rows(page):
        foreign = MAKERS[field.related_model](other_company)
        answer = client_of_admin.get(
            url(page, "changelist"), {f"{field.name}__id__exact": foreign.pk}, follow=True
        )
        assert answer.status_code in (200, 400)
        assert str(foreign) not in answer.text


@each_page
def test_support_staff_see_every_company(
    page: ModelAdmin[Any],
    client: Client,
    support: User,
    company: Company,
    other_company: Company,
) -> None:
    client.force_login(support)
    rows = [maker_of(page, company), maker_of(page, other_company)]
    assert client.get(url(page, "changelist"), follow=True).status_code == 200
    for row in rows:
        assert client.get(url(page, "change", row.pk), follow=True).status_code == 200
