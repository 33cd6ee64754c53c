from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import Company, Team, User
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, DirectoryUser, SyncPlan, SyncRun, UserMapping
from tests.integrations.user_sync.builders import account, mapped, people, person, salesforce_id

from .running import run, run_json

pytestmark = pytest.mark.django_db
State = SyncPlan.State


def on_demand(*args: object) -> tuple[object, ...]:
    return ("--approach", "on-demand", *args)


def test_people_named_one_by_one_get_accounts(connection: Connection, admin: User) -> None:
    people(connection, range(1, 5))
    ran = run_json(
        "sync_users",
        *on_demand("--person", salesforce_id(1)[:15], "--person", "PERSON2@example.com"),
        *("--person", "user3@example.com.org", "--by", admin.email),
    )
    assert (ran.code, ran.values["outcomes"]) == (0, {"done": 3})
    assert set(UserMapping.objects.values_list("salesforce_user_id", flat=True)) == {
        salesforce_id(number) for number in (1, 2, 3)
    }


def test_a_filter_names_everybody_it_fits(connection: Connection, company: Company) -> None:
    north = Team.objects.create(company=company, name="North")
    people(connection, range(1, 4), department="Sales")
    people(connection, range(4, 6), department="Finance")
    people(connection, [6], department="Sales", is_active=False)
    assert run("sync_users", *on_demand("--department", "sales", "--team", "north")).code == 0
    assert set(User.objects.values_list("name", "team")) == {
        (f"Person {number}", north.pk) for number in (1, 2, 3)
    }


def test_a_dry_run_shows_the_plan_and_keeps_nothing(connection: Connection) -> None:
    people(connection, range(1, 4))
    ran = run_json("sync_users", *on_demand("--person", salesforce_id(1)), "--dry-run")
    assert ran.values["actions"] == {"create": 1}
    assert not SyncPlan.objects.exists()


def test_a_conflict_is_held_for_a_person(connection: Connection, company: Company) -> None:
    people(connection, [1])
    account(company, "person1@example.com", role=User.Role.ADMIN)
    ran = run_json("sync_users", *on_demand("--person", salesforce_id(1)))
    assert ran.code == 3
    assert "1 person needs a decision" in ran.values["waits_for"]
    assert SyncPlan.objects.get().state == State.DRAFT
    assert not UserMapping.objects.exists()


def test_the_worker_may_do_it(connection: Connection) -> None:
    people(connection, [1])
    ran = run_json("sync_users", *on_demand("--person", salesforce_id(1)), "--worker")
    assert (ran.code, ran.values["state"]) == (0, "queued")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "either one by one"),
        (("--person", "nobody@example.com"), "No Salesforce user “nobody@example.com” is known"),
        (("--person", "shared@example.com"), "Several Salesforce users"),
        (("--person", "person1@example.com", "--team", "Nowhere"), "has no team “Nowhere”"),
        (("--person", "person1@example.com", "--by", "eve@example.com"), "not an active admin"),
    ],
)
def test_bad_use_is_one_line_and_changes_nothing(
    connection: Connection, args: tuple[str, ...], said: str
) -> None:
    people(connection, [1])
    people(connection, [2, 3], email="shared@example.com")
    ran = run_json("sync_users", *on_demand(*args))
    assert (ran.code, ran.values) == (2, {"error": ran.error})
    assert said in ran.error
    assert not SyncPlan.objects.exists()


def test_of_several_connections_one_must_be_named(
    connection: Connection, other_company: Company
) -> None:
    second = Connection.objects.create(company=other_company, name="Second")
    person(connection, 1)
    ran = run("sync_users", *on_demand("--person", salesforce_id(1)))
    assert ran.code == 2
    assert f"{second.pk} (other: Second)" in ran.error
    assert (
        run("sync_users", *on_demand("--person", salesforce_id(1), "--company", "maventech")).code
        == 0
    )


def test_automatic_that_is_off_says_so(connection: Connection) -> None:
    assert "is off" in run("sync_users", "--approach", "automatic").error


def test_automatic_makes_its_accounts_and_holds_the_rest(connection: Connection) -> None:
    Connection.objects.update(automatic_is_on=True, automatic_daily_limit=2)
    people(connection, range(1, 5), wanted_since=timezone.now())
    people(connection, [9])
    ran = run_json("sync_users", "--approach", "automatic")
    assert ran.code == 3
    done, held = ran.values["plans"]
    assert (done["outcomes"], held["state"], held["actions"]) == (
        {"done": 2},
        "held",
        {"create": 2},
    )
    assert User.objects.filter(state=User.State.PENDING).count() == 2


def test_automatic_without_anybody_wanted_has_nothing_to_do(connection: Connection) -> None:
    Connection.objects.update(automatic_is_on=True)
    ran = run("sync_users", "--approach", "automatic")
    assert (ran.code, ran.out) == (0, "Nobody is wanted.\n")


def test_all_active_users_are_requested_by_a_company(connection: Connection, admin: User) -> None:
    people(connection, range(1, 4))
    asked = ("--approach", "all-active", "--by", admin.email, "--note", "For Q4")
    assert run_json("sync_users", *asked, "--dry-run").values["actions"] == {"create": 3}
    assert not SyncPlan.objects.exists()
    ran = run_json("sync_users", *asked)
    assert ran.code == 3
    assert "--self-approve" in ran.values["waits_for"]
    assert SyncPlan.objects.get().state == State.REQUESTED
    again = run("sync_users", *asked)
    assert (again.code, again.error) == (
        1,
        "There is a request already, which waits for a decision.",
    )


def test_all_active_users_are_made_where_the_company_may_decide(
    connection: Connection, admin: User, company: Company
) -> None:
    mapped(connection, 1, account(company, "person1@example.com"))
    people(connection, range(1, 4))
    assert run("company", "--self-approve", "on").code == 0
    ran = run_json("sync_users", "--approach", "all-active", "--by", admin.email)
    assert (ran.code, ran.values["outcomes"]) == (0, {"done": 2})


def test_all_active_users_are_done_where_nobody_is_left(
    connection: Connection, admin: User, company: Company
) -> None:
    mapped(connection, 1, account(company, "person1@example.com"))
    Connection.objects.update(directory_refreshed_at=timezone.now())
    ran = run("sync_users", "--approach", "all-active", "--by", admin.email)
    assert (ran.code, ran.out) == (0, "Everybody has an account already.\n")
    assert not SyncPlan.objects.exists()


def test_all_active_users_of_a_list_that_was_never_read_are_bad_use(
    connection: Connection, admin: User
) -> None:
    ran = run("sync_users", "--approach", "all-active", "--by", admin.email)
    assert (ran.code, "never read" in ran.error) == (2, True)


@pytest.mark.django_db(transaction=True)
def test_the_users_are_read_first_when_asked(connected: Connection, org: DemoOrg) -> None:
    people = (row for row in org.users if row["UserType"] == "Standard" and row["IsActive"])
    asked = on_demand("--refresh", "--person", next(people)["Id"])
    assert run("sync_users", *asked, "--dry-run").code == 2, "a dry run reads nothing"
    assert not DirectoryUser.objects.exists()
    assert run("sync_users", *asked).code in (0, 3)
    assert DirectoryUser.objects.count() == len(org.users)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("state", "code"), [("failed", 1), ("held", 3)])
def test_a_refresh_that_failed_or_waits_for_a_person_says_so_by_its_exit_code(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, state: str, code: int
) -> None:
    def refresh(run_id: int) -> None:
        SyncRun.objects.filter(pk=run_id).update(state=state, error="Too few people.")

    monkeypatch.setattr("integrations.management.working.refresh_directory", refresh)
    ran = run_json("sync_users", *on_demand("--refresh", "--person", salesforce_id(1)))
    assert ran.code == code
    assert "could not be read: Too few people." in ran.out
    assert not SyncPlan.objects.exists()
