"""The pages behind the four cards: who may see them, what they cost, that each has one button."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Company, User
from integrations.models import Connection, DirectoryUser, SyncPlan, UserMapping
from tests.integrations.user_sync.builders import account, mapped, people, person

from .browsing import page
from .conftest import logged_in
from .safety import unsafe_in

PAGES = (
    "pause",
    "automatic",
    "add_person",
    "pending",
    "all_active",
    "leavers",
    "email_differs",
    "match_rules",
    "scope_rules",
    "attributes",
    "csv",
    "csv_import",
)
POSTS = ("resume", "all_active_preview", "leavers_settings", "leavers_same_person")
MAPPINGS = "/admin/integrations/usermapping/"


@pytest.fixture(autouse=True)
def _nobody_is_asked(connection: Connection) -> None:
    """Describing fields asks Salesforce; without access the mirrored ones are offered."""
    Connection.objects.update(state=Connection.State.PAUSED, state_reason="Tests.")
    connection.refresh_from_db()


@pytest.fixture
def everything(connection: Connection, company: Company) -> None:
    people(connection, range(1, 6))
    gone = person(connection, 6, is_active=False)
    mapped(connection, 6, account(company, gone.email))
    person(connection, 7, name="Person 6")
    mapped(connection, 1, account(company, "other@example.com"))
    mapped(connection, 2, account(company, "person2@example.com", state=User.State.PENDING))


def _addresses(connection: Connection) -> list[tuple[str, str]]:
    one = connection.directory.first()
    someone = User.objects.filter(company=connection.company).first()
    assert one is not None
    assert someone is not None
    return [
        *(("GET", page(name, connection)) for name in PAGES),
        *(("POST", page(name, connection)) for name in (*PAGES, *POSTS) if name != "csv"),
        ("GET", page("explain", connection, one.pk)),
        ("GET", page("account", connection, someone.pk)),
        *(
            ("POST", page(f"account_{name}", connection, someone.pk))
            for name in ("map", "unlink", "combine")
        ),
        *(
            ("POST", page("all_active_decide", connection, act))
            for act in ("request", "approve", "refuse", "withdraw", "plan-again")
        ),
        ("GET", f"{MAPPINGS}?connection={connection.pk}"),
        ("GET", f"/admin/?connection={connection.pk}"),
    ]


def test_another_companys_pages_are_not_found_and_nothing_changes(
    client: Client, other_connection: Connection, other_admin: User
) -> None:
    person(other_connection, 1)
    answers = {
        f"{method} {address}": client.generic(method, address).status_code
        for method, address in _addresses(other_connection)
    }
    assert set(answers.values()) == {404}, answers
    assert not SyncPlan.objects.exists()


def test_members_and_strangers_do_not_come_in(
    connection: Connection, company: Company, admin: User
) -> None:
    person(connection, 1)
    member = logged_in(account(company, "member@example.com"))
    for method, address in _addresses(connection):
        assert member.generic(method, address).status_code in (302, 403), address
        assert Client().generic(method, address).status_code == 302, address
    assert not SyncPlan.objects.exists()


def test_an_account_of_another_company_has_no_page_under_an_own_connection(
    client: Client, connection: Connection, other_admin: User
) -> None:
    assert client.get(page("account", connection, other_admin.pk)).status_code == 404
    for act in ("map", "unlink", "combine"):
        address = page(f"account_{act}", connection, other_admin.pk)
        assert client.post(address).status_code == 404


@pytest.mark.usefixtures("everything")
def test_every_page_has_at_most_one_primary_button_and_nothing_inline(
    client: Client, connection: Connection
) -> None:
    shown = [address for method, address in _addresses(connection) if method == "GET"]
    for address in shown:
        answer = client.get(address)
        assert answer.status_code == 200, address
        if not answer["Content-Type"].startswith("text/html"):
            continue
        html = answer.content.decode()
        assert not unsafe_in(html), address
        assert html.count("btn primary") <= 1, address
        assert html.count("<h1") == 1, address


@pytest.mark.usefixtures("everything")
def test_support_staff_open_the_same_pages_of_each_company(
    support: User, connection: Connection
) -> None:
    client = logged_in(support)
    for method, address in _addresses(connection):
        if method == "GET":
            assert client.get(address).status_code == 200, address


def _queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(database) as captured:
        client.get(address)
    return len(captured)


@pytest.mark.parametrize("name", ["pending", "leavers", "email_differs", "attributes", "mappings"])
def test_the_queries_of_a_list_do_not_grow_with_its_rows(
    client: Client, company: Company, connection: Connection, name: str
) -> None:
    def add(numbers: range) -> None:
        for number in numbers:
            left = number % 3 == 0
            person(connection, number, is_active=not left, department="Nowhere")
            state = User.State.PENDING if number % 3 == 1 else User.State.ACTIVE
            mapped(connection, number, account(company, f"x{number}@example.com", state=state))
            person(connection, 1000 + number, name=f"Person {number}")

    address = MAPPINGS if name == "mappings" else page(name, connection)
    add(range(1, 7))
    few = _queries(client, address)
    add(range(7, 31))
    assert _queries(client, address) <= few


def test_mappings_lists_every_account_with_its_salesforce_user_or_none(
    client: Client, company: Company, connection: Connection, admin: User
) -> None:
    person(connection, 1)
    dana = account(company, "darcel@example.com")
    mapped(connection, 1, dana)
    html = client.get(MAPPINGS).content.decode()
    assert "Person 1" in html
    assert "None: no activity will arrive" in html
    rows = {
        show: [row.account.pk for row in client.get(f"{MAPPINGS}?show={show}").context["list"].rows]
        for show in ("mapped", "none", "former")
    }
    assert rows == {"mapped": [dana.pk], "none": [admin.pk], "former": []}
    found = client.get(f"{MAPPINGS}?q={UserMapping.objects.get().salesforce_user_id[:15]}")
    assert [row.account.pk for row in found.context["list"].rows] == [dana.pk]


def test_the_account_page_says_whose_work_arrives(
    client: Client, company: Company, connection: Connection, admin: User
) -> None:
    one = person(connection, 1)
    address = reverse("admin:accounts_user_change", args=[admin.pk])
    assert "No Salesforce user: no activity will arrive." in client.get(address).content.decode()
    mapped(connection, 1, admin)
    assert one.username in client.get(address).content.decode()
    assert DirectoryUser.objects.count() == 1


def test_the_address_of_the_log_in_leads_back_to_the_connection(
    client: Client, connection: Connection
) -> None:
    answer = client.get(page("log_in", connection))
    assert answer.status_code == 302
    connection_page = reverse("admin:integrations_connection_change", args=[connection.pk])
    assert answer["Location"] == connection_page
