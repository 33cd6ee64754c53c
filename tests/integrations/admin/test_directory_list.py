"""The list of Salesforce users: who is on it, in which order, under which filter, at which cost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin import site
from django.db import connection as database
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Company, User
from integrations.admin.directory_filters import ProfileFilter
from integrations.models import Connection, DirectoryUser
from tests.integrations.user_sync.builders import account, mapped, people, person, salesforce_id

from .browsing import LIST
from .conftest import logged_in

pytestmark = pytest.mark.long


def names(client: Client, query: str = "") -> list[str]:
    page = client.get(LIST + query)
    assert page.status_code == 200
    return [row.person.name for row in page.context["cl"].listed]


def test_those_without_an_account_come_first_each_by_name(
    client: Client, company: Company, connection: Connection
) -> None:
    for number, name in enumerate(["Cleo", "Abel", "Dora", "Bert"], 1):
        person(connection, number, name=name)
    mapped(connection, 2, account(company, "abel@example.com"))
    assert names(client) == ["Bert", "Cleo", "Dora", "Abel"]


def test_every_person_is_on_exactly_one_page(
    client: Client, company: Company, connection: Connection
) -> None:
    people(connection, range(1, 131))
    for number in range(10, 70):
        mapped(connection, number, account(company, f"a{number}@example.com"))
    seen = [name for page in (1, 2, 3) for name in names(client, f"?p={page}")]
    assert len(seen) == len(set(seen)) == 130
    assert all(int(name.split()[1]) in range(10, 70) for name in seen[70:])


def test_the_verdict_is_told_in_plain_words(
    client: Client, company: Company, admin: User, connection: Connection
) -> None:
    person(connection, 1, name="Anna New")
    person(connection, 2, name="Berta Same", email="same@example.com")
    account(company, "same@example.com", name="Berta S.")
    person(connection, 3, name="Carl Left", is_active=False)
    person(connection, 4, name="Me Myself", email=admin.email)
    page = client.get(LIST).content.decode()
    for words in (
        "New account",
        "Maps to Berta S.",
        "Same e-mail, never logged in",
        "Left Salesforce",
        "This is you: maps to your account",
    ):
        assert words in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ann", ["Anna Berg"]),
        ("ber ann", ["Anna Berg"]),
        ("anna.b@acme", ["Anna Berg"]),
        ("user2@example.com.org", ["Carl Dahl"]),
        (salesforce_id(2), ["Carl Dahl"]),
        (salesforce_id(2)[:15], ["Carl Dahl"]),
        ("erg", []),
        ("!!", []),
        ("c & d | !(", ["Carl Dahl"]),
        ("x' & | !(", []),
        ("   ", ["Anna Berg", "Carl Dahl"]),
    ],
)
def test_search_finds_beginnings_of_words_and_whole_ids(
    client: Client, connection: Connection, query: str, found: list[str]
) -> None:
    person(connection, 1, name="Anna Berg", email="anna.b@acme.example")
    person(connection, 2, name="Carl Dahl")
    page = client.get(LIST, {"q": query})
    assert [row.person.name for row in page.context["cl"].listed] == found


@pytest.fixture
def mixed(company: Company, connection: Connection) -> None:
    person(connection, 1, name="New", profile_name="Sales")
    person(connection, 2, name="Same", email="same@example.com", role_name="Rep")
    account(company, "same@example.com")
    person(connection, 3, name="Boss", email="boss@example.com", department="West")
    account(company, "boss@example.com", role=User.Role.ADMIN)
    person(connection, 4, name="Twin A", email="twin@example.com")
    person(connection, 5, name="Twin B", email="TWIN@example.com", is_frozen=True)
    person(connection, 6, name="Gone", is_active=False)
    person(connection, 7, name="Robot", license_name="Salesforce Integration")
    person(connection, 8, name="Has")
    mapped(connection, 8, account(company, "has@example.com"))
    person(connection, 9, name="Ignored", ignored_at=timezone.now())
    person(connection, 10, name="Hidden", missing_since=timezone.now())


@pytest.mark.usefixtures("mixed")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("account=has", {"Has"}),
        ("account=ignored", {"Ignored"}),
        ("account=none&active=yes&verdict=create", {"New"}),
        ("verdict=map", {"Same"}),
        ("verdict=conflict", {"Boss", "Twin A"}),
        ("verdict=out", {"Twin B", "Gone", "Robot", "Hidden"}),
        ("verdict=nonsense", None),
        ("active=no", {"Gone"}),
        ("active=frozen", {"Twin B"}),
        ("active=gone", {"Hidden"}),
        ("profile=Sales", {"New"}),
        ("role=Rep", {"Same"}),
        ("department=West", {"Boss"}),
        ("licence=Salesforce+Integration", {"Robot"}),
        ("department=West&role=Rep", set()),
    ],
)
def test_filters(client: Client, query: str, found: set[str] | None) -> None:
    everybody = set(DirectoryUser.objects.values_list("name", flat=True))
    assert set(names(client, f"?{query}")) == (everybody if found is None else found)


def test_a_menu_asked_for_nul_alone_is_as_if_it_were_not_asked(
    rf: RequestFactory, connection: Connection, admin: User
) -> None:
    person(connection, 1, profile_name="Sales")
    request = rf.get(LIST)
    request.user = admin
    everybody = DirectoryUser.objects.all()
    asked = ProfileFilter(
        request, {"profile": ["\x00"]}, DirectoryUser, site.get_model_admin(DirectoryUser)
    )
    assert list(asked.queryset(request, everybody)) == list(everybody)


@pytest.mark.usefixtures("mixed")
def test_the_verdict_filter_and_the_verdicts_shown_agree(client: Client) -> None:
    rows = client.get(LIST).context["cl"].listed
    for verdict in ("create", "map", "conflict"):
        expected = {row.person.name for row in rows if row.match.verdict == verdict}
        assert set(names(client, f"?verdict={verdict}")) == expected


def test_the_number_of_queries_does_not_grow_with_the_rows(
    client: Client, company: Company, connection: Connection
) -> None:
    queries = ["", "?q=person", "?account=none", "?verdict=conflict"]
    people(connection, range(1, 11))
    account(company, "person3@example.com")
    account(company, "person4@example.com", role=User.Role.ADMIN)
    first = {query: _count(client, LIST + query) for query in queries}
    people(connection, range(11, 301), department="West")
    for number in range(250, 265):
        account(company, f"person{number}@example.com", role=User.Role.ADMIN)
    for query, before in first.items():
        assert _count(client, LIST + query) <= before <= 30, query
    assert _count(client, f"{LIST}?p=2") <= first[""]


def _count(client: Client, address: str) -> int:
    client.get(address)  # the menus are read once after each refresh
    with CaptureQueriesContext(database) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@pytest.mark.nightly
def test_fifty_thousand_people_cost_as_many_queries_and_little_time(
    client: Client, company: Company, connection: Connection
) -> None:
    people(connection, range(1, 11))
    few = {query: _count(client, LIST + query) for query in ("", "?q=person", "?verdict=create")}
    for start in range(11, 50_001, 5_000):
        people(connection, range(start, start + 5_000))
    with database.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum does, which sees no uncommitted rows
    for query, queries in few.items():
        began = timezone.now()
        assert _count(client, LIST + query) <= queries
        assert timezone.now() - began < timedelta(seconds=4)  # two pages, on a busy machine
    page = client.get(LIST)
    assert page.context["cl"].paginator.is_capped
    assert "10000+" in page.content.decode()


def test_support_staff_see_the_connection_that_they_name(
    connection: Connection, other_connection: Connection, support: User
) -> None:
    person(connection, 1, name="Own")
    person(other_connection, 2, name="Foreign")
    browser = logged_in(support)
    page = browser.get(f"{LIST}?connection={other_connection.pk}")
    assert [row.person.name for row in page.context["cl"].listed] == ["Foreign"]


def test_support_staff_read_the_company_beside_an_org_of_another_name(
    connection: Connection, support: User
) -> None:
    address, browser = f"{LIST}?connection={connection.pk}", logged_in(support)
    Connection.objects.update(org_name="Acme")
    assert "Acme · Maventech" in browser.get(address).content.decode()
    Connection.objects.update(org_name="Maventech")
    assert "Maventech · Maventech" not in browser.get(address).content.decode()
