"""Mappings out as CSV and in again: previewed, each bad line named, nothing a spreadsheet runs."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from accounts.models import Company, User
from integrations.models import Approach, Connection, DirectoryUser, SyncPlan, UserMapping
from integrations.salesforce.ids import to_18
from integrations.user_sync import mapping_csv
from integrations.user_sync.errors import PlanError
from integrations.user_sync.mapping_lines import BadLines
from integrations.user_sync.reverting import plan_revert

from .builders import account, applied, mapped, people, person, salesforce_id

pytestmark = pytest.mark.django_db
HEADING = "Salesforce user id,Account e-mail\n"


def test_what_goes_out_comes_in_again(connection: Connection, admin: User) -> None:
    people(connection, range(4))
    for number in range(3):
        mapped(connection, number, account(connection.company, f"a{number}@example.com"))
    text = "".join(mapping_csv.export(connection))
    with pytest.raises(PlanError, match="there already"):
        mapping_csv.plan_csv(connection, text, by=admin)
    before = set(UserMapping.objects.values_list("salesforce_user_id", "account"))
    UserMapping.objects.all().delete()
    plan = mapping_csv.plan_csv(connection, text, by=admin)
    assert (plan.state, plan.changes.count()) == (SyncPlan.State.DRAFT, 3)
    assert not UserMapping.objects.exists()
    applied(plan, admin)
    assert set(UserMapping.objects.values_list("salesforce_user_id", "account")) == before
    assert set(UserMapping.objects.values_list("approach", flat=True)) == {Approach.MANUAL}
    applied(plan_revert(plan, by=admin), admin)
    assert not UserMapping.objects.exists()


def test_a_long_file_costs_as_few_queries_as_a_short_one(
    connection: Connection, admin: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    people(connection, range(20))
    for number in range(20):
        account(connection.company, f"a{number}@example.com")
    lines = (f"{salesforce_id(number)},a{number}@example.com\n" for number in range(20))
    text = HEADING + "".join(lines)
    with django_assert_max_num_queries(10):
        plan = mapping_csv.plan_csv(connection, text, by=admin)
    assert plan.changes.filter(action="map").count() == 20


def test_each_bad_line_is_named_and_nothing_is_planned(
    connection: Connection, admin: User, other_company: Company
) -> None:
    people(connection, range(4))
    ann = account(connection.company, "ann@example.com")
    account(other_company, "theirs@example.com")
    mapped(connection, 3, ann)
    text = HEADING + "".join(
        f"{salesforce},{email}\n"
        for salesforce, email in (
            (salesforce_id(0), "nobody@example.com"),
            ("005xx", "ann@example.com"),
            ("00G000000000001", "ann@example.com"),
            (salesforce_id(1), "ann@example.com"),
            (salesforce_id(9), "ann@example.com"),
            (salesforce_id(1), "theirs@example.com"),
            (salesforce_id(2), "a\x00nn@example.com"),
        )
    )
    with pytest.raises(BadLines) as error:
        mapping_csv.plan_csv(connection, text, by=admin)
    assert [(line.number, " ".join(line.problem.split()[:2])) for line in error.value.lines] == [
        (2, "no account"),
        (3, "“005xx” is"),
        (4, f"{to_18('00G000000000001')} is"),
        (5, "Ann is"),
        (6, f"{salesforce_id(9)} is"),
        (7, "the same"),
        (8, "has a"),
    ]
    assert not SyncPlan.objects.exists()


def test_a_heading_and_the_most_lines_are_read_and_one_more_is_refused(
    connection: Connection, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapping_csv, "MOST_LINES", 3)
    text = HEADING + f"{salesforce_id(1)},\n" * 3
    with pytest.raises(PlanError, match="maps nobody"):
        mapping_csv.plan_csv(connection, text, by=admin)
    with pytest.raises(PlanError, match="at most 3 lines"):
        mapping_csv.plan_csv(connection, f"{text}{salesforce_id(2)},\n", by=admin)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", HEADING, HEADING + '"open', "x" * 5_000_001])
def test_a_file_that_is_no_such_file_is_refused(
    connection: Connection, admin: User, text: str
) -> None:
    with pytest.raises(PlanError):
        mapping_csv.plan_csv(connection, text, by=admin)


def test_a_file_of_a_european_spreadsheet_is_read(connection: Connection, admin: User) -> None:
    person(connection, 1)
    account(connection.company, "ann@example.com")
    text = f"\ufeffSalesforce user id;Account e-mail\r\n{salesforce_id(1)[:15]};ANN@example.com\r\n"
    assert mapping_csv.plan_csv(connection, text, by=admin).changes.get().action == "map"


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(name=st.text(st.sampled_from("=+-@|%' \tAb,;\"\n"), min_size=1, max_size=8))
def test_no_cell_is_a_formula(connection: Connection, name: str) -> None:
    DirectoryUser.objects.all().delete()
    person(connection, 1, name=name, username=f"={name}")
    text = "".join(mapping_csv.export(connection))
    for cells in csv.reader(io.StringIO(text, newline="")):
        assert not any(cell.lstrip(" ").startswith(tuple("=+-@\t\r|%")) for cell in cells)


def test_lines_are_counted_as_an_editor_does_and_the_same_account_is_named(
    connection: Connection, admin: User, company: Company
) -> None:
    people(connection, range(2))
    account(company, "one@example.com")
    heading = "Salesforce user id,Salesforce name,Account e-mail\n"
    lines = [f'{salesforce_id(n)},"Two\nlines",one@example.com\n' for n in range(2)]
    with pytest.raises(BadLines) as error:
        mapping_csv.plan_csv(connection, heading + "".join(lines), by=admin)
    (line,) = error.value.lines
    assert (line.number, line.problem) == (4, "One is the same account as in line 2")


def test_a_heading_that_stands_twice_is_refused(connection: Connection, admin: User) -> None:
    with pytest.raises(PlanError, match="“Account e-mail” twice"):
        mapping_csv.plan_csv(connection, f"Account e-mail,{HEADING}x,x,x\n", by=admin)


def test_a_line_whose_person_has_another_email_in_salesforce_comes_first_and_says_so(
    connection: Connection, admin: User, company: Company
) -> None:
    people(connection, range(2))
    account(company, "person0@example.com")
    account(company, "mia@example.com")
    lines = f"{salesforce_id(0)},person0@example.com\n{salesforce_id(1)},mia@example.com\n"
    plan = mapping_csv.plan_csv(connection, HEADING + lines, by=admin)
    first, second = plan.changes.order_by("position")
    assert first.reason.endswith("Another e-mail in Salesforce: person1@example.com")
    assert second.reason == "Maps to Person0, as the file says"
