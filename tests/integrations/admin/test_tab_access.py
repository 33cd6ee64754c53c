"""Who can open the tab in Salesforce: in the list, in the work list, and how they are let in."""

from __future__ import annotations

import csv
import io
import shlex
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Company
from integrations.admin.tab_page import IN_A_LINE, assigning_lines
from integrations.models import Connection, DirectoryUser, TabVisitor
from integrations.salesforce_package.writing import SOURCE
from integrations.user_sync.directory_reading import TAB_PERMISSION_SET
from tests.integrations.user_sync.builders import account, mapped, person, salesforce_id

from .browsing import LIST, page


@pytest.fixture
def team(company: Company, connection: Connection) -> None:
    """Open, Shut and Unknown have an account; Outsider has none; Leaver left."""
    people: dict[str, dict[str, Any]] = {
        "Open": {"can_open_tab": True},
        "Shut": {"can_open_tab": False, "username": "shut@example.com"},
        "Unknown": {},
        "Leaver": {"can_open_tab": False, "is_active": False},
        "Outsider": {"can_open_tab": False},
    }
    for number, (name, fields) in enumerate(people.items(), 1):
        person(connection, number, name=name, **fields)
        if name != "Outsider":
            mapped(connection, number, account(company, f"{name.lower()}@example.com"))
    visited(connection, 1)


def visited(connection: Connection, number: int) -> None:
    TabVisitor.objects.create(
        company=connection.company,
        connection=connection,
        salesforce_user_id=salesforce_id(number),
        last_opened_at=timezone.now(),
    )


def listed(client: Client, query: str) -> set[str]:
    return {row.person.name for row in client.get(LIST + query).context["cl"].listed}


@pytest.mark.usefixtures("team")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?tab=yes", {"Open"}),
        ("?tab=no", {"Shut", "Leaver", "Outsider"}),
        ("?tab=opened", {"Open"}),
        ("?tab=never", {"Shut", "Unknown", "Leaver", "Outsider"}),
        ("?account=has&active=yes&tab=no", {"Shut"}),
    ],
)
def test_the_list_is_narrowed_by_the_tab(client: Client, query: str, found: set[str]) -> None:
    assert listed(client, query) == found


@pytest.mark.usefixtures("team")
def test_the_list_says_who_can_open_it_and_when_they_did(client: Client) -> None:
    rows = {row.person.name: row.tab for row in client.get(LIST).context["cl"].listed}
    assert (rows["Open"].can_open, rows["Shut"].can_open) == (True, False)
    assert rows["Unknown"].can_open is None
    assert rows["Open"].last_opened
    assert rows["Shut"].last_opened is None
    html = client.get(LIST).content.decode()
    assert html.count("last opened") == 1
    assert html.count("can open the tab") == 1
    assert html.count("cannot open the tab") == 2  # not said of whoever left
    DirectoryUser.objects.update(is_frozen=True)
    assert "can open the tab" not in client.get(LIST).content.decode()


@pytest.mark.usefixtures("team")
def test_the_work_list_counts_whom_its_link_lists(client: Client) -> None:
    work: list[Any] = client.get("/admin/").context["work"]
    line = next(one for one in work if one.kind == "tab")
    assert line.count == len(client.get(line.address).context["cl"].listed) == 1
    assert page("tab", DirectoryUser.objects.first().connection) in (  # type: ignore[union-attr]
        client.get(line.address).content.decode()
    )


@pytest.mark.usefixtures("team")
def test_the_page_has_a_line_that_lets_them_in(client: Client, connection: Connection) -> None:
    shown = client.get(page("tab", connection))
    assert shown.context["lines"] == [
        "sf org assign permset --name Scoreline --on-behalf-of=shut@example.com"
    ]
    assert f"--connection {connection.key}" in shown.content.decode()


def test_before_it_is_deployed_nobody_is_blamed(
    client: Client, company: Company, connection: Connection
) -> None:
    person(connection, 1)
    mapped(connection, 1, account(company, "one@example.com"))
    assert "It is not in this org yet" in client.get(page("tab", connection)).content.decode()
    assert "tab" not in {one.kind for one in client.get("/admin/").context["work"]}


def test_a_name_is_no_option_and_nothing_for_the_shell() -> None:
    names = ["--help", "a b@x.example", "$(reboot)@x.example", "o'neil@x.example"]
    (line,) = assigning_lines(names)
    assert shlex.split(line)[6:] == [f"--on-behalf-of={name}" for name in names]
    lines = assigning_lines([f"u{n}@x.example" for n in range(IN_A_LINE + 1)])
    assert [line.count("--on-behalf-of") for line in lines] == [IN_A_LINE, 1]


def test_the_file_has_everybody_and_no_formula(
    client: Client, company: Company, connection: Connection
) -> None:
    evil = '=HYPERLINK("https://evil.example")'
    person(connection, 1, name=evil, username="+1@example.com", can_open_tab=False)
    mapped(connection, 1, account(company, "one@example.com"))
    answer = client.get(page("tab_csv", connection))
    text = answer.content.decode()
    heading, row = csv.reader(io.StringIO(text))
    assert heading == ["Salesforce username", "Name", "E-mail", "Salesforce user id"]
    assert row == ["'+1@example.com", f"'{evil}", "person1@example.com", salesforce_id(1)]


def test_another_companys_page_and_file_are_not_found(
    client: Client, connection: Connection, other_connection: Connection
) -> None:
    for name in ("tab", "tab_csv"):
        assert client.get(page(name, other_connection)).status_code == 404


def test_it_is_the_permission_set_that_is_deployed() -> None:
    assert list(SOURCE.rglob(f"{TAB_PERMISSION_SET}.permissionset-meta.xml"))
