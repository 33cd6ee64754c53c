"""What Salesforce says is never believed as HTML, and no page needs anything inline."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from accounts.models import Company, Team, User
from integrations.models import Connection, SyncPlan, SyncRun
from integrations.user_sync.applying import apply_plan
from integrations.user_sync.approving import approve
from integrations.user_sync.planning import plan_import
from tests.integrations.user_sync.builders import account, mapped, person

from .browsing import LIST, button, page_of, press
from .conftest import logged_in

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


class Inline(HTMLParser):
    """Collects what a strict policy forbids, and every attribute and tag that was made."""

    def __init__(self) -> None:
        super().__init__()
        self.forbidden: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        values = dict(attrs)
        if tag == "style" or (tag == "script" and not values.get("src")):
            self.forbidden.append(f"<{tag}>")
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.forbidden.append(f"{tag} {name}")
            if name in ("href", "src", "action") and (value or "").startswith("javascript:"):
                self.forbidden.append(f"{tag} {name}={value}")
            if (value or "").startswith("//"):
                self.forbidden.append(f"{tag} {name}={value}")


@pytest.fixture
def pages(company: Company, connection: Connection, admin: User) -> list[tuple[str, str]]:
    """Every kind of page, with an attack in every text that comes from outside."""
    for number, attack in enumerate(ATTACKS, 1):
        texts: dict[str, Any] = {field: attack for field in (*TEXTS, *MORE_TEXTS)}
        person(connection, number, **texts | {"email": f"a{number}@example.com"})
        person(connection, 100 + number, **texts)
        account(company, f"a{number}@example.com", name=attack, role=User.Role.ADMIN)
        Team.objects.create(company=company, name=attack)
    Connection.objects.update(
        org_name=ATTACKS[0], connecting_user_name=ATTACKS[1], state_reason=ATTACKS[3]
    )
    connection.refresh_from_db()
    directory = connection.directory.order_by("pk")
    preview = plan_import(connection, directory, by=admin)
    done = plan_import(
        connection,
        [person(connection, 500 + n, name=text) for n, text in enumerate(ATTACKS)],
        by=admin,
    )
    approve(done, by=admin)
    done.changes.filter(position=1).update(outcome="failed", outcome_note=ATTACKS[1])
    apply_plan(done.pk)
    failed = SyncPlan.objects.create(
        company=company,
        connection=connection,
        kind=SyncPlan.Kind.IMPORT,
        approach="on_demand",
        state=SyncPlan.State.NEEDS_A_PERSON,
        problem=ATTACKS[3],
        created_by=admin,
    )
    SyncRun.objects.create(
        company=company,
        connection=connection,
        kind=SyncRun.Kind.DIRECTORY,
        state=SyncRun.State.HELD,
        error=ATTACKS[0],
        error_code=ATTACKS[1],
    )
    mapped(connection, 700, account(company, "m@example.com", name=ATTACKS[0]))
    own = f"{LIST}{directory[0].pk}/change/"
    return [
        ("GET", address)
        for address in (
            "/admin/",
            "/admin/integrations/",
            "/admin/integrations/syncplan/",
            "/admin/integrations/usermapping/",
            LIST,
            f"{LIST}?verdict=conflict",
            f"{LIST}?q=nobody",
            own,
            page_of(preview),
            page_of(done),
            page_of(failed),
            f"{LIST}{connection.pk}/refresh/progress/",
        )
    ] + [("POST", button(done, "invite"))]


def _check(html: str, address: str) -> None:
    parser = Inline()
    parser.feed(html)
    assert not parser.forbidden, address
    assert "iframe" not in parser.tags, address
    assert "alert(1)</script>" not in html, address


def test_no_page_has_anything_inline_or_believes_what_it_shows(
    client: Client, pages: list[tuple[str, str]]
) -> None:
    for method, address in pages:
        answer = client.generic(method, address)
        assert answer.status_code == 200, address
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], address
        assert "unsafe" not in answer.headers["Content-Security-Policy"], address
        _check(answer.content.decode(), address)


def test_the_same_as_support_staff(pages: list[tuple[str, str]], support: User) -> None:
    browser = logged_in(support)
    for method, address in pages:
        answer = browser.generic(method, address)
        assert answer.status_code == 200, address
        _check(answer.content.decode(), address)


def test_the_pages_in_between_are_safe_too(
    client: Client, connection: Connection, admin: User
) -> None:
    nasty = [person(connection, n, name=attack) for n, attack in enumerate(ATTACKS, 1)]
    asked = press(client, "ignore_users", nasty)
    _check(asked.content.decode(), "ignoring")
    plan = plan_import(connection, nasty, by=admin)
    approve(plan, by=admin)
    news = client.get(button(plan, "progress")).content.decode()
    _check(news, "progress")
    apply_plan(plan.pk)
    _check(client.get(page_of(plan)).content.decode(), "result")


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_search_is_shown_as_text(client: Client, connection: Connection, attack: str) -> None:
    answer = client.get(LIST, {"q": attack, "profile": attack, "account": attack})
    _check(answer.content.decode(), attack)
