"""Every role at every address and every action of the admin, with rows of a foreign company.

All rows of the other company have the same id, so whatever kind of row an address names, also one
that is yet to be written, that id is foreign.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin as django_admin
from django.db import connection as database
from django.db import models
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, reverse
from django.urls.resolvers import RoutePattern
from django.utils import timezone

from accounts.models import Company, User
from integrations.models import AccessRequest, PlannedChange, SyncPlan, SyncRun

from .rows import MAKERS, connection_of, plan, salesforce_id

pytestmark = pytest.mark.django_db
FOREIGN = 987_654
APPS = ("accounts", "activities", "integrations")


def addresses(patterns: list[Any], before: str) -> Iterator[str]:
    """Every address below these patterns, with the foreign id for whatever it names."""
    for one in patterns:
        if not isinstance(one.pattern, RoutePattern):
            continue  # the admin's own way of saying 404
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, route)
        elif isinstance(one, URLPattern):
            yield re.sub("<[^>]+>", str(FOREIGN), route)


EVERY_ADDRESS = sorted(set(addresses(django_admin.site.get_urls(), reverse("admin:index"))))
OF_A_ROW = [address for address in EVERY_ADDRESS if str(FOREIGN) in address]
#: Whoever is logged in comes here, also with nothing to administer.
FOR_EVERYBODY = {"/admin/login/", "/admin/logout/"}


@pytest.fixture
def next_row_is_foreign() -> Iterator[None]:
    """Number the next row of everything `FOREIGN`.

    Sequences don't roll back: left there, they would give that number to the own rows of the
    next test.
    """
    with database.cursor() as cursor:
        before = {model: _set_next_id(cursor, model, FOREIGN) for model in _our_models()}
    yield
    with database.cursor() as cursor:
        for model, next_id in before.items():
            _set_next_id(cursor, model, next_id)


def _set_next_id(cursor: Any, model: type[models.Model], next_id: int) -> int:
    """Return what the next id would have been."""
    table = model._meta.db_table
    cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [table])
    (would_have_been,) = cursor.fetchone()
    cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s, false)", [table, next_id])
    return int(would_have_been)


@pytest.fixture
def foreign(other_company: Company, next_row_is_foreign: None) -> dict[str, list[dict[str, Any]]]:
    """A row of everything in the other company, all with the same id."""
    made = plan(other_company)
    PlannedChange.objects.create(
        company=other_company,
        plan=made,
        position=1,
        salesforce_user_id=salesforce_id("005"),
        person_name="Somebody",
        action=PlannedChange.Action.CREATE,
        reason="New",
    )
    link = connection_of(other_company)
    SyncRun.objects.create(company=other_company, connection=link, kind=SyncRun.Kind.DIRECTORY)
    AccessRequest.objects.create(
        company=other_company, connection=link, plan=made, planned_at=timezone.now()
    )
    for maker in MAKERS.values():
        maker(other_company)
    assert SyncPlan.objects.filter(pk=FOREIGN, company=other_company).exists()
    return _everything(other_company)


def _our_models() -> list[type[models.Model]]:
    ours = (model for app in APPS for model in apps.get_app_config(app).get_models())
    return [model for model in ours if isinstance(model._meta.pk, models.AutoField)]


def _everything(company: Company) -> dict[str, list[dict[str, Any]]]:
    return {
        model._meta.label: list(
            model._default_manager.filter(company=company).order_by("pk").values()
        )
        for model in _our_models()
        if any(field.name == "company" for field in model._meta.concrete_fields)
    }


def _answers(client: Client, address: str) -> list[tuple[int, str]]:
    answers = (client.get(address), client.post(address, {"post": "yes", "confirmed": "1"}))
    return [(answer.status_code, answer.headers.get("Location", "")) for answer in answers]


def _actions(support: User) -> list[tuple[str, str]]:
    """The address of each list, with each action that support staff have there."""
    request = RequestFactory().get("/")
    request.user = support
    return [
        (reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"), action)
        for model, model_admin in django_admin.site._registry.items()
        for action in model_admin.get_actions(request)
    ]


def _press(client: Client, address: str, action: str, everybody: str) -> int:
    """Press the button of the action, and confirm it, with the foreign row ticked."""
    form = {"action": action, "index": "0", "select_across": everybody, "post": "yes"}
    ticked = {"_selected_action": [str(FOREIGN)], "reason": "Because"}
    return client.post(address, form | ticked).status_code


def test_there_are_addresses_and_actions_to_walk(support: User) -> None:
    assert len(OF_A_ROW) > 40
    assert f"/admin/integrations/syncplan/{FOREIGN}/approve/" in OF_A_ROW
    assert ("/admin/integrations/directoryuser/", "import_users") in _actions(support)
    assert ("/admin/accounts/user/", "deactivate") in _actions(support)


def test_another_companys_row_is_found_by_no_address(
    client: Client, admin: User, other_company: Company, foreign: dict[str, list[dict[str, Any]]]
) -> None:
    client.force_login(admin)
    assert admin.company
    connection_of(admin.company)
    answers = {address: _answers(client, address) for address in OF_A_ROW}
    found = {
        address: both
        for address, both in answers.items()
        if not all(_is_closed(*answer) for answer in both)
    }
    assert found == {}
    assert _everything(other_company) == foreign


def _is_closed(status: int, location: str) -> bool:
    """Not found, not for them, not this way; or Django's old address of a row."""
    return status in (403, 404, 405) or (status == 302 and location.endswith("/change/"))


def test_neither_strangers_nor_members_come_in_by_any_address(
    client: Client, member: User, foreign: dict[str, list[dict[str, Any]]]
) -> None:
    for logged_in in (False, True):
        if logged_in:
            client.force_login(member)
        for address in set(EVERY_ADDRESS) - FOR_EVERYBODY:
            for status, location in _answers(client, address):
                is_sent_to_log_in = status == 302 and "log" in location
                assert is_sent_to_log_in or (logged_in and status in (403, 404, 405)), address


def test_another_companys_row_is_reached_by_no_action(
    client: Client,
    admin: User,
    support: User,
    other_company: Company,
    foreign: dict[str, list[dict[str, Any]]],
) -> None:
    """Neither ticked by hand, nor with everybody on the list."""
    client.force_login(admin)
    assert admin.company
    connection_of(admin.company)
    for address, action in _actions(support):
        for everybody in ("0", "1"):
            assert _press(client, address, action, everybody) < 500, (address, action)
    assert _everything(other_company) == foreign


def test_neither_strangers_nor_members_have_an_action(
    client: Client,
    member: User,
    support: User,
    other_company: Company,
    foreign: dict[str, list[dict[str, Any]]],
) -> None:
    for logged_in in (False, True):
        if logged_in:
            client.force_login(member)
        for address, action in _actions(support):
            assert _press(client, address, action, "1") in (302, 403), (address, action)
    assert _everything(other_company) == foreign


def test_no_support_staff_loses_their_way_at_any_address(
    client: Client, support: User, foreign: dict[str, list[dict[str, Any]]]
) -> None:
    """They reach every company; no address fails."""
    client.force_login(support)
    for address in EVERY_ADDRESS:
        assert client.get(address).status_code < 500, address
