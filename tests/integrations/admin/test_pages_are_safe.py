"""What Salesforce says is never believed as HTML, and no page needs anything inline."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import Company, Team, User
from integrations.models import Connection, SyncPlan, SyncRun
from integrations.user_sync.applying import apply_plan
from integrations.user_sync.approving import approve
from integrations.user_sync.planning import plan_import
from tests.integrations.user_sync.builders import account, mapped, person, salesforce_id

from .browsing import LIST, button, page, page_of, press
from .conftest import logged_in
from .safety import unsafe_in

ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "</select><iframe src=//evil.example>",
    "{{ settings.SECRET_KEY }}{% load %}",
    "<!--",
    "]]>",
    "&lt;b&gt;",
]
TEXTS = ("name", "title", "department", "profile_name", "role_name", "license_name")
MORE_TEXTS = ("username", "email", "federation_id", "division", "manager_name", "ignored_reason")
#: Pages that show people, accounts, teams or rules.
BELOW_A_CONNECTION = (
    "pause",
    "automatic",
    "add_person",
    "pending",
    "all_active",
    "leavers",
    "email_differs",
    "match_rules",
    "tab",
    "csv_import",
    "held_records",
)


@pytest.fixture
def attacked(company: Company, connection: Connection) -> None:
    """An attack in every text that comes from Salesforce, from an admin, or from an account."""
    for number, attack in enumerate(ATTACKS, 1):
        texts: dict[str, Any] = {field: attack for field in (*TEXTS, *MORE_TEXTS)}
        person(connection, number, **texts | {"email": f"a{number}@example.com"})
        person(connection, 100 + number, **texts)
        account(company, f"a{number}@example.com", name=attack, role=User.Role.ADMIN)
        Team.objects.create(company=company, name=attack)
    mapped(connection, 700, account(company, "m@example.com", name=ATTACKS[0]))
    Connection.objects.update(
        org_name=ATTACKS[0], connecting_user_name=ATTACKS[1], state_reason=ATTACKS[3]
    )
    connection.refresh_from_db()
    SyncRun.objects.create(
        company=company,
        connection=connection,
        kind=SyncRun.Kind.DIRECTORY,
        state=SyncRun.State.HELD,
        error=ATTACKS[0],
        error_code=ATTACKS[1],
    )


@pytest.fixture
def done(connection: Connection, admin: User) -> SyncPlan:
    """An import of people with such names, one of whom failed."""
    named = [person(connection, 500 + n, name=text) for n, text in enumerate(ATTACKS)]
    plan = plan_import(connection, named, by=admin)
    approve(plan, by=admin)
    plan.changes.filter(position=1).update(outcome="failed", outcome_note=ATTACKS[1])
    apply_plan(plan.pk)
    return plan


@pytest.fixture
def failed(connection: Connection, admin: User) -> SyncPlan:
    return SyncPlan.objects.create(
        company=connection.company,
        connection=connection,
        kind=SyncPlan.Kind.IMPORT,
        approach="on_demand",
        state=SyncPlan.State.NEEDS_A_PERSON,
        problem=ATTACKS[3],
        created_by=admin,
    )


@pytest.fixture
def pages(
    attacked: None, connection: Connection, admin: User, done: SyncPlan, failed: SyncPlan
) -> list[tuple[str, str]]:
    """Every kind of page, by method and address."""
    directory = connection.directory.filter(salesforce_id__lt=salesforce_id(500)).order_by("pk")
    preview = plan_import(connection, directory, by=admin)
    shown = (
        "/admin/",
        "/admin/integrations/",
        "/admin/integrations/syncplan/",
        "/admin/integrations/usermapping/",
        LIST,
        f"{LIST}?verdict=conflict",
        f"{LIST}?q=nobody",
        f"{LIST}{directory[0].pk}/change/",
        *(page_of(plan) for plan in (preview, done, failed)),
        f"{LIST}{connection.pk}/refresh/progress/",
        *(page(name, connection) for name in BELOW_A_CONNECTION),
        f"{page('add_person', connection)}?person={directory[0].salesforce_id}",
        page("explain", connection, directory[0].pk),
        page("account", connection, connection.mappings.latest("pk").account_id),
    )
    return [*(("GET", address) for address in shown), ("POST", button(done, "invite"))]


def test_no_page_has_anything_inline_or_believes_what_it_shows(
    client: Client, pages: list[tuple[str, str]]
) -> None:
    for method, address in pages:
        answer = client.generic(method, address)
        assert answer.status_code == 200, address
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], address
        assert "unsafe" not in answer.headers["Content-Security-Policy"], address
        assert not unsafe_in(answer.content.decode()), address


def test_the_same_as_support_staff(pages: list[tuple[str, str]], support: User) -> None:
    browser = logged_in(support)
    for method, address in pages:
        answer = browser.generic(method, address)
        assert answer.status_code == 200, address
        assert not unsafe_in(answer.content.decode()), address


def test_the_pages_in_between_are_safe_too(
    client: Client, connection: Connection, admin: User
) -> None:
    nasty = [person(connection, n, name=attack) for n, attack in enumerate(ATTACKS, 1)]
    asked = press(client, "ignore_users", nasty)
    assert not unsafe_in(asked.content.decode())
    plan = plan_import(connection, nasty, by=admin)
    approve(plan, by=admin)
    news = client.get(button(plan, "progress")).content.decode()
    assert not unsafe_in(news)
    apply_plan(plan.pk)
    assert not unsafe_in(client.get(page_of(plan)).content.decode())


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_search_is_shown_as_text(client: Client, connection: Connection, attack: str) -> None:
    answer = client.get(LIST, {"q": attack, "profile": attack, "account": attack})
    assert not unsafe_in(answer.content.decode())
