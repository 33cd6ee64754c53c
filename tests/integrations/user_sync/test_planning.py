from __future__ import annotations

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from accounts.models import Company, Team, User
from integrations.models import Connection, DirectoryUser, PlannedChange, SyncPlan, UserMapping
from integrations.user_sync.errors import PlanError
from integrations.user_sync.matching import Matcher
from integrations.user_sync.planning import (
    needs_review,
    plan_ignore,
    plan_import,
    plan_stop_ignoring,
    seats_needed,
)
from integrations.user_sync.preparing import plan_again

from .builders import NOON, account, applied, imported, people, person

Action = PlannedChange.Action
TeamSource = SyncPlan.TeamSource


def test_a_plan_touches_nothing(connection: Connection, admin: User) -> None:
    plan = plan_import(connection, people(connection, range(3)), by=admin)
    assert plan.state == SyncPlan.State.DRAFT
    assert plan.changes.count() == 3
    assert User.objects.count() == 1
    assert not UserMapping.objects.exists()


def test_a_row_says_who_what_and_why(connection: Connection, admin: User) -> None:
    someone = person(
        connection, 1, name="Vicki Laflamme", title="Sales Rep", time_zone="Europe/Oslo"
    )
    row = plan_import(connection, [someone], by=admin).changes.get()
    assert (row.person_name, row.person_email) == ("Vicki Laflamme", "person1@example.com")
    assert (row.action, row.reason) == (Action.CREATE, "New account")
    assert row.values == {
        "name": "Vicki Laflamme",
        "email": "person1@example.com",
        "title": "Sales Rep",
        "time_zone": "Europe/Oslo",
        "federation_id": "",
        "team_id": None,
        "team_name": "",
        "role": "member",
        "state": "active",
    }
    assert row.basis["is_active"] is True


def test_a_time_zone_that_nobody_knows_is_left_out(connection: Connection, admin: User) -> None:
    someone = person(connection, 1, time_zone="Middle/Earth")
    row = plan_import(connection, [someone], by=admin).changes.get()
    assert row.values["time_zone"] == ""


class TestTeam:
    @pytest.fixture
    def west(self, company: Company) -> Team:
        return Team.objects.create(company=company, name="West")

    def row(self, connection: Connection, **fields: str) -> PlannedChange:
        return plan_import(connection, [person(connection, 1, **fields)], by=None).changes.get()

    @pytest.mark.parametrize(
        "fields",
        [
            {"department": "west "},
            {"role_name": "WEST"},
            {"department": "Sales", "role_name": "West"},
        ],
    )
    def test_from_salesforce_is_the_existing_one_of_the_same_name(
        self, connection: Connection, west: Team, fields: dict[str, str]
    ) -> None:
        row = self.row(connection, **fields)
        assert (row.values["team_id"], row.values["team_name"]) == (west.pk, "West")
        assert row.reason == "New account"

    def test_is_never_made_from_a_value_of_salesforce(
        self, connection: Connection, west: Team
    ) -> None:
        row = self.row(connection, department="Wset")
        assert row.values["team_id"] is None
        assert row.reason == "New account; no team is called “Wset”"
        assert Team.objects.count() == 1

    def test_of_another_company_is_not_found(
        self, connection: Connection, other_company: Company
    ) -> None:
        team = Team.objects.create(company=other_company, name="West")
        assert self.row(connection, department="West").values["team_id"] is None
        with pytest.raises(PlanError, match="no such team"):
            plan_import(
                connection,
                DirectoryUser.objects.all(),
                by=None,
                team_source=TeamSource.CHOSEN,
                team=team,
            )

    def test_chosen_counts_for_everybody(self, connection: Connection, west: Team) -> None:
        plan = plan_import(
            connection,
            [person(connection, 1, department="East")],
            by=None,
            team_source=TeamSource.CHOSEN,
            team=west,
        )
        assert plan.changes.get().values["team_id"] == west.pk

    def test_none_is_none(self, connection: Connection, west: Team) -> None:
        someone = person(connection, 1, department="West")
        plan = plan_import(connection, [someone], by=None, team_source=TeamSource.NONE)
        assert plan.changes.get().values["team_id"] is None


def test_nobody_is_no_plan(connection: Connection) -> None:
    with pytest.raises(PlanError, match="Nobody was chosen"):
        plan_import(connection, [], by=None)
    assert not SyncPlan.objects.exists()


def test_people_of_another_connection_are_refused(
    connection: Connection, other_company: Company
) -> None:
    other = Connection.objects.create(company=other_company, login_url="https://x.salesforce.com")
    with pytest.raises(PlanError, match="another connection"):
        plan_import(connection, [person(other, 1)], by=None)


def test_two_people_who_match_one_account_are_both_asked_about(
    connection: Connection, company: Company
) -> None:
    account(company, "vicki@example.com")
    one = person(connection, 1, email="vicki@example.com")
    other = person(connection, 2, username="vicki@example.com")
    plan = plan_import(connection, [one, other], by=None)
    assert list(plan.changes.order_by("position").values_list("action", "reason")) == [
        (Action.CONFLICT, "Vicki fits Person 2 (vicki@example.com) too"),
        (Action.CONFLICT, "Vicki fits Person 1 (user1@example.com.org) too"),
    ]


class TestNeedsReview:
    def plan(self, connection: Connection) -> tuple[SyncPlan, dict[str, str]]:
        everybody = list(DirectoryUser.objects.order_by("pk"))
        matches = Matcher(connection).match(everybody)
        shown = {one.salesforce_id: matches[one.pk].shown for one in everybody}
        return plan_import(connection, everybody, by=None), shown

    def test_not_when_everything_is_as_shown(self, connection: Connection) -> None:
        people(connection, range(50))
        plan, shown = self.plan(connection)
        assert needs_review(plan, shown) == []

    def test_when_a_verdict_differs_from_the_one_shown(
        self, connection: Connection, company: Company
    ) -> None:
        person(connection, 1)
        plan, shown = self.plan(connection)
        account(company, "person1@example.com")
        plan = plan_import(connection, DirectoryUser.objects.all(), by=None)
        assert needs_review(plan, shown) == ["1 person has changed since the list was shown."]

    def test_when_a_row_is_in_conflict(self, connection: Connection) -> None:
        people(connection, range(2), email="shared@example.com")
        plan, shown = self.plan(connection)
        assert needs_review(plan, shown) == ["2 people need a decision."]

    def test_when_seats_are_short(self, connection: Connection, company: Company) -> None:
        account(company, "somebody@example.com")
        company.seat_limit = 2
        company.save()
        people(connection, range(2))
        plan, shown = self.plan(connection)
        assert needs_review(plan, shown) == ["2 seats are needed, 1 free."]

    def test_when_there_are_many_or_all(self, connection: Connection) -> None:
        people(connection, range(51))
        plan, shown = self.plan(connection)
        assert needs_review(plan, shown, all_matching=True) == [
            "You chose everybody who matches the search.",
            "These are more than 50 people.",
        ]


def test_only_rows_that_take_a_seat_are_counted(connection: Connection, company: Company) -> None:
    account(company, "person1@example.com")
    people(connection, range(1, 4))
    person(connection, 4, is_active=False)
    plan = plan_import(connection, DirectoryUser.objects.all(), by=None)
    plan.changes.filter(person_name="Person 3").update(included=False)
    assert seats_needed(plan) == 1


def test_planning_again_takes_the_rows_that_ended_so(connection: Connection, admin: User) -> None:
    one, two = people(connection, range(1, 3))
    plan = plan_import(connection, [one, two], by=admin, role=User.Role.ADMIN)
    DirectoryUser.objects.filter(pk=two.pk).update(department="Sales")
    applied(plan, admin)
    again = plan_again(plan, [PlannedChange.Outcome.CHANGED], by=admin)
    assert [row.person_name for row in again.changes.all()] == ["Person 2"]
    assert again.role == User.Role.ADMIN


def test_only_somebody_without_an_account_can_be_ignored(
    connection: Connection, admin: User
) -> None:
    one, two, _ = people(connection, range(1, 4))
    imported(connection, [one], by=admin)
    DirectoryUser.objects.filter(pk=two.pk).update(ignored_at=NOON)
    plan = plan_ignore(connection, DirectoryUser.objects.order_by("pk"), by=admin, reason="Gone")
    assert list(plan.changes.order_by("position").values_list("action", "reason")) == [
        (Action.NOTHING, "Mapped to Person 1: only somebody without an account can be ignored"),
        (Action.NOTHING, "Already ignored"),
        (Action.IGNORE, "Gets no account until somebody stops ignoring them"),
    ]
    plan = plan_stop_ignoring(connection, DirectoryUser.objects.order_by("pk"), by=admin)
    assert list(plan.changes.order_by("position").values_list("action", flat=True)) == [
        Action.NOTHING,
        Action.STOP_IGNORING,
        Action.NOTHING,
    ]


def test_planning_asks_the_same_number_of_queries_for_any_number_of_people(
    connection: Connection,
) -> None:
    people(connection, range(1_000))
    counts = []
    for number in (10, 1_000):
        with CaptureQueriesContext(database) as queries:
            plan_import(connection, DirectoryUser.objects.order_by("pk")[:number], by=None)
        counts.append(len(queries))
    assert counts[0] == counts[1] < 25
