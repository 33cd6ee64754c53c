"""To which account does a Salesforce user belong, and what is a question for a person?"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Company, User
from integrations.models import Approach, Connection, DirectoryUser, PlannedChange
from integrations.user_sync.matching import Match, Matcher

from .builders import NOON, account, mapped, people, person

Action = PlannedChange.Action

Policy = Connection.EmailPolicy
FOREIGN_LETTERS = (
    "Their e-mail in Salesforce has letters beyond a to z, which a log-in e-mail cannot have"
)


def match(connection: Connection, someone: DirectoryUser, viewer: User | None = None) -> Match:
    return Matcher(connection, viewer=viewer).match([someone])[someone.pk]


def test_somebody_whom_nobody_knows_gets_a_new_account(connection: Connection) -> None:
    assert match(connection, person(connection, 1)) == Match(Action.CREATE, "New account")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"is_active": False}, "Left Salesforce"),
        ({"is_frozen": True}, "Frozen in Salesforce"),
        ({"missing_since": NOON}, "No longer visible to the connecting user"),
        ({"license_name": "Salesforce Integration"}, "Not a person: integration licence"),
        (
            {"license_name": "Analytics Cloud Integration User"},
            "Not a person: integration licence",
        ),
        ({"user_type": "PowerPartner"}, "Not a colleague: partner"),
        ({"user_type": ""}, "Not a colleague: unknown type of user"),
        ({"ignored_at": NOON, "ignored_reason": "Contractor"}, "Ignored: Contractor"),
        ({"ignored_at": NOON}, "Ignored"),
        ({"email": ""}, "Their e-mail in Salesforce is empty: an account needs one"),
        ({"email": "nobody at home"}, "Their e-mail in Salesforce is not a valid address"),
        ({"email": "İvan@example.com"}, FOREIGN_LETTERS),
        ({"email": "\u212aim@example.com"}, FOREIGN_LETTERS),
    ],
)
def test_who_gets_no_account_and_why(
    connection: Connection, fields: dict[str, Any], reason: str
) -> None:
    assert match(connection, person(connection, 1, **fields)) == Match(Action.NOTHING, reason)


@pytest.mark.parametrize(
    ("state", "is_current", "reason"),
    [
        (User.State.ACTIVE, True, "Already has an account"),
        (User.State.PENDING, True, "Already has an account, which is pending"),
        (User.State.DEACTIVATED, True, "Already mapped to Vicki, whose account is deactivated"),
        (User.State.ACTIVE, False, "A former Salesforce user of Vicki"),
    ],
)
def test_a_mapping_by_id_decides_before_anything_else(
    connection: Connection, company: Company, state: str, is_current: bool, reason: str
) -> None:
    vicki = account(company, "vicki@example.com", state=state)
    mapped(connection, 1, vicki, is_current=is_current)
    found = match(connection, person(connection, 1, is_active=False, ignored_at=NOON))
    assert (found.verdict, found.reason, found.account_id) == (Action.NOTHING, reason, vicki.pk)


class TestOneCandidate:
    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"email": "VICKI@Example.com"}, "Maps to Vicki: same e-mail, never logged in"),
            (
                {"username": "Vicki@example.com"},
                "Maps to Vicki: username is the log-in e-mail, never logged in",
            ),
            ({"federation_id": "F-7"}, "Maps to Vicki: same federation id"),
        ],
    )
    def test_is_mapped(
        self, connection: Connection, company: Company, fields: dict[str, Any], reason: str
    ) -> None:
        vicki = account(company, "vicki@example.com", federation_id="F-7")
        found = match(connection, person(connection, 1, **fields))
        assert (found.verdict, found.reason, found.account_id) == (Action.MAP, reason, vicki.pk)

    def test_of_another_company_is_never_heard_of(
        self, connection: Connection, other_company: Company
    ) -> None:
        account(other_company, "person1@example.com", federation_id="F-7")
        found = match(connection, person(connection, 1, federation_id="F-7"))
        assert found == Match(Action.CREATE, "New account")

    @pytest.mark.parametrize(
        ("policy", "logged_in", "verdict"),
        [
            (Policy.MAP, False, Action.MAP),
            (Policy.MAP, True, Action.MAP),
            (Policy.ASK, False, Action.MAP),
            (Policy.ASK, True, Action.CONFLICT),
            (Policy.NEVER, False, Action.CONFLICT),
            (Policy.NEVER, True, Action.CONFLICT),
        ],
    )
    def test_by_e_mail_follows_the_policy(
        self,
        connection: Connection,
        company: Company,
        policy: str,
        logged_in: bool,
        verdict: str,
    ) -> None:
        connection.email_policy = policy
        account(company, "person1@example.com", last_login=NOON if logged_in else None)
        assert match(connection, person(connection, 1)).verdict == verdict

    def test_by_federation_id_needs_no_policy(
        self, connection: Connection, company: Company
    ) -> None:
        connection.email_policy = Policy.NEVER
        account(company, "vicki@example.com", federation_id="F-7", last_login=NOON)
        found = match(connection, person(connection, 1, federation_id="F-7"))
        assert found.verdict == Action.MAP

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"role": User.Role.ADMIN}, "but is a company admin: the same person?"),
            ({"protected": True}, "but is protected from every sync"),
            ({"state": User.State.DEACTIVATED}, "but is deactivated: the same person?"),
            ({"last_login": NOON}, "and has already logged in: the same person?"),
        ],
    )
    def test_who_could_be_taken_over_is_a_question(
        self, connection: Connection, company: Company, fields: dict[str, Any], reason: str
    ) -> None:
        vicki = account(company, "person1@example.com", **fields)
        found = match(connection, person(connection, 1))
        assert found.verdict == Action.CONFLICT
        assert found.reason.endswith(reason)
        assert [one.account_id for one in found.candidates] == [vicki.pk]

    def test_who_is_mapped_elsewhere_is_a_question(
        self, connection: Connection, company: Company
    ) -> None:
        mapped(connection, 2, account(company, "person1@example.com"))
        person(connection, 2, name="Victoria Laflamme")
        found = match(connection, person(connection, 1))
        assert found.verdict == Action.CONFLICT
        assert found.reason == (
            "Person1 has the same e-mail, but is mapped to another Salesforce user,"
            " Victoria Laflamme"
        )

    def test_who_was_somebody_else_before_can_be_mapped(
        self, connection: Connection, company: Company
    ) -> None:
        mapped(connection, 2, account(company, "person1@example.com"), is_current=False)
        assert match(connection, person(connection, 1)).verdict == Action.MAP


def test_my_own_row_maps_to_my_account_although_i_am_an_admin(
    connection: Connection, admin: User
) -> None:
    admin.last_login = timezone.now()
    admin.save()
    me = person(connection, 1, email="Dana@example.com")
    assert match(connection, me, viewer=admin).reason == "This is you: maps to your account"
    assert match(connection, me, viewer=admin).account_id == admin.pk
    assert match(connection, me).verdict == Action.CONFLICT


def test_several_accounts_are_a_question(connection: Connection, company: Company) -> None:
    account(company, "person1@example.com")
    account(company, "vicki@example.com", federation_id="F-7")
    found = match(connection, person(connection, 1, federation_id="F-7"))
    assert (found.verdict, found.reason) == (
        Action.CONFLICT,
        "2 accounts may be this person",
    )
    assert len(found.candidates) == 2


def test_a_live_account_comes_before_a_deactivated_one_with_its_old_address(
    connection: Connection, company: Company
) -> None:
    account(company, "person1@example.com", state=User.State.DEACTIVATED)
    live = account(company, "person1@example.com")
    found = match(connection, person(connection, 1))
    assert (found.verdict, found.account_id) == (Action.MAP, live.pk)


def test_an_address_of_the_support_staff_is_a_question_that_names_nobody(
    connection: Connection,
) -> None:
    User.objects.create_superuser(email="person1@example.com", name="Sam Support")
    found = match(connection, person(connection, 1))
    assert found == Match(Action.CONFLICT, "This e-mail belongs to somebody of the support staff")


def test_a_name_with_odd_characters_stays_one_decision(connection: Connection) -> None:
    someone = person(connection, 1, name="<b>O'Brien</b> \U0001f600", email="o'brien@example.com")
    assert match(connection, someone).verdict == Action.CREATE


@pytest.mark.parametrize("number", [10, 1_000])
def test_matching_asks_the_same_number_of_queries_for_any_number_of_people(
    connection: Connection, company: Company, number: int
) -> None:
    everybody = people(connection, range(1, number + 1), federation_id="F")
    User.objects.bulk_create(
        User(company=company, email=f"person{n}@example.com", name=f"P{n}")
        for n in range(1, number, 2)
    )
    mapped(connection, number + 1, account(company, "mapped@example.com"))
    DirectoryUser.objects.filter(name__contains="7").update(email="office@example.com")
    with CaptureQueriesContext(database) as queries:
        Matcher(connection).match(everybody)
    assert len(queries) <= 7


def test_the_connecting_user_is_left_out_where_people_are_chosen_by_rule(
    connection: Connection,
) -> None:
    someone = person(connection, 1)
    connection.connecting_user_id = someone.salesforce_id
    assert match(connection, someone).verdict == Action.CREATE
    wide = Matcher(connection, approach=Approach.ALL_ACTIVE).match([someone])[someone.pk]
    assert wide.reason == "Not a colleague: the user that connects to Salesforce"
