"""Mapping by hand: add, map, unlink, move; every act a plan that can be reverted."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import AuditEntry, Company, Team, User
from integrations.models import Approach, Connection, DirectoryUser, SyncPlan, UserMapping
from integrations.user_sync import manual, returning
from integrations.user_sync.errors import PlanError
from integrations.user_sync.planning import plan_ignore, plan_import
from integrations.user_sync.requesting import preview
from integrations.user_sync.reverting import plan_revert

from .builders import account, applied, mapped, notes, person, salesforce_id

pytestmark = pytest.mark.django_db


def test_adding_a_person_makes_account_and_mapping_together(
    connection: Connection, admin: User
) -> None:
    person(connection, 1, name="Vicki Laflamme")
    team = Team.objects.create(company=connection.company, name="West")
    plan = manual.add_person(
        connection, salesforce_id=salesforce_id(1)[:15], by=admin, name="Vicki L.", team=team
    )
    assert plan.state == SyncPlan.State.DONE
    mapping = UserMapping.objects.get()
    assert (mapping.account.name, mapping.account.team) == ("Vicki L.", team)
    assert (mapping.approach, mapping.created_by) == (Approach.MANUAL, admin)


def test_a_typed_address_that_somebody_has_makes_nothing(
    connection: Connection, admin: User
) -> None:
    person(connection, 1)
    with pytest.raises(PlanError, match="already has the e-mail"):
        manual.add_person(connection, salesforce_id=salesforce_id(1), by=admin, email=admin.email)
    assert not SyncPlan.objects.exists()


def test_a_typed_address_that_is_none_makes_nothing(connection: Connection, admin: User) -> None:
    person(connection, 1)
    with pytest.raises(PlanError, match="“ann at home” is not a valid address"):
        manual.add_person(connection, salesforce_id=salesforce_id(1), by=admin, email="ann at home")
    assert not SyncPlan.objects.exists()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("00G000000000001", "queue"),
        ("006000000000001", "not the id of a Salesforce user"),
        ("0050000000000", "not a Salesforce id"),
        ("005000000000001AAC", "last three characters"),
    ],
)
def test_an_id_that_is_no_users_is_named(
    connection: Connection, admin: User, text: str, complaint: str
) -> None:
    with pytest.raises(PlanError, match=complaint):
        manual.add_person(connection, salesforce_id=text, by=admin)


def test_a_likely_match_is_shown_before_anything_is_done(
    connection: Connection, admin: User
) -> None:
    person(connection, 1, email="boss@example.com")
    account(connection.company, "boss@example.com", role=User.Role.ADMIN)
    plan = manual.add_person(connection, salesforce_id=salesforce_id(1), by=admin)
    assert plan.state == SyncPlan.State.DRAFT
    assert not UserMapping.objects.exists()


def test_unlinking_is_sticky_until_a_person_links_again(
    connection: Connection, admin: User
) -> None:
    someone = person(connection, 1)
    ann = account(connection.company, someone.email)
    mapped(connection, 1, ann)
    manual.unlink(connection, salesforce_id=someone.salesforce_id, reason="Two Anns", by=admin)
    someone.refresh_from_db()
    assert (someone.unlinked_by, someone.unlinked_reason) == (admin, "Two Anns")
    row = preview(connection, by=admin).changes.get()
    assert (row.action, "Two Anns" in row.reason) == ("nothing", True)
    asked = plan_import(connection, [someone], by=admin).changes.get()
    assert asked.action == "conflict"
    plan = manual.map_account(
        connection, salesforce_id=someone.salesforce_id, account=ann, by=admin
    )
    someone.refresh_from_db()
    assert someone.unlinked_at is None
    assert UserMapping.objects.get().account == ann
    applied(plan_revert(plan, by=admin), admin)
    someone.refresh_from_db()
    assert someone.unlinked_reason == "Two Anns"
    assert not UserMapping.objects.exists()


def test_unlinking_is_reverted_with_the_mapping_of_before(
    connection: Connection, admin: User
) -> None:
    someone = person(connection, 1)
    mapped(connection, 1, account(connection.company, someone.email), is_current=False)
    before = UserMapping.objects.values("account", "is_current", "approach", "created_by").get()
    plan = manual.unlink(connection, salesforce_id=someone.salesforce_id, reason="No", by=admin)
    applied(plan_revert(plan, by=admin), admin)
    assert UserMapping.objects.values("account", "is_current", "approach", "created_by").get() == (
        before
    )
    someone.refresh_from_db()
    assert someone.unlinked_at is None


@pytest.mark.parametrize(
    ("previewed", "words"),
    [(False, "Ignored since then: stop ignoring first"), (True, "Since the preview: ignored.")],
)
def test_whoever_was_ignored_since_the_unlinking_is_not_linked_again_by_its_revert(
    connection: Connection, admin: User, previewed: bool, words: str
) -> None:
    someone = person(connection, 1)
    mapped(connection, 1, account(connection.company, someone.email))
    plan = manual.unlink(connection, salesforce_id=someone.salesforce_id, reason="No", by=admin)
    early = plan_revert(plan, by=admin) if previewed else None
    applied(plan_ignore(connection, [someone], by=admin), admin)
    revert = applied(early or plan_revert(plan, by=admin), admin)
    assert list(notes(revert).values()) == [words]
    assert not UserMapping.objects.exists()


def test_unlinking_asks_for_a_reason(connection: Connection, admin: User) -> None:
    mapped(connection, 1, admin)
    with pytest.raises(PlanError, match="Say why"):
        manual.unlink(connection, salesforce_id=salesforce_id(1), reason=" ", by=admin)


def test_a_returning_leaver_keeps_the_account_and_the_past_stays(
    connection: Connection, admin: User
) -> None:
    person(connection, 1, is_active=False, name="Ann Lee", email="ann@example.com")
    new = person(connection, 2, name="Ann Lee", email="ann.lee@example.com")
    ann = account(connection.company, "ann@example.com", state=User.State.DEACTIVATED)
    mapped(connection, 1, ann)
    assert returning.returning_leavers(connection, [new])[new.pk].account == ann
    plan = returning.move(connection, former_id=salesforce_id(1), new_id=salesforce_id(2), by=admin)
    assert plan.state == SyncPlan.State.DONE
    ann.refresh_from_db()
    assert ann.state == User.State.ACTIVE
    assert _mappings() == {salesforce_id(1): False, salesforce_id(2): True}
    applied(plan_revert(plan, by=admin), admin)
    ann.refresh_from_db()
    assert ann.state == User.State.DEACTIVATED
    assert _mappings() == {salesforce_id(1): True}


@pytest.mark.parametrize(
    ("left", "came"),
    [
        ("İrem Şahin", "İrem Şahin"),
        ("ΝΙΚΟΣ ΠΑΠΠΑΣ", "ΝΙΚΟΣ ΠΑΠΠΑΣ"),
        ("Ann Lee\u00a0", "Ann Lee\u00a0"),
        (" Ann Lee", "ANN LEE "),
    ],
)
def test_a_returning_leaver_is_known_by_a_name_of_any_script(
    connection: Connection, admin: User, left: str, came: str
) -> None:
    person(connection, 1, is_active=False, name=left, email="one@example.com")
    new = person(connection, 2, name=came, email="two@example.com")
    mapped(connection, 1, admin)
    assert returning.returning_leavers(connection, [new])[new.pk].account == admin


@pytest.mark.parametrize(
    ("fields", "note"),
    [({"protected": True}, "protected from every sync"), ({"role": "admin"}, "last company admin")],
)
def test_moving_back_ends_no_access_that_must_stay(
    connection: Connection, admin: User, fields: dict[str, Any], note: str
) -> None:
    person(connection, 1, is_active=False, name="Ann Lee")
    person(connection, 2, name="Ann Lee")
    ann = account(connection.company, "ann@example.com", state=User.State.DEACTIVATED)
    mapped(connection, 1, ann)
    plan = returning.move(connection, former_id=salesforce_id(1), new_id=salesforce_id(2), by=admin)
    revert = plan_revert(plan, by=admin)
    User.objects.filter(pk=ann.pk).update(**fields)
    User.objects.filter(pk=admin.pk).update(role=User.Role.MEMBER)
    applied(revert, admin)
    ann.refresh_from_db()
    assert ann.state == User.State.ACTIVE
    assert note in revert.changes.get().outcome_note
    assert _mappings() == {salesforce_id(1): True}


def test_access_that_comes_back_with_a_moved_mapping_and_ends_with_it_is_audited(
    connection: Connection, admin: User
) -> None:
    person(connection, 1, is_active=False, name="Ann Lee")
    person(connection, 2, name="Ann Lee")
    ann = account(connection.company, "ann@example.com", state=User.State.DEACTIVATED)
    mapped(connection, 1, ann)
    plan = returning.move(connection, former_id=salesforce_id(1), new_id=salesforce_id(2), by=admin)
    applied(plan_revert(plan, by=admin), admin)
    acts = AuditEntry.objects.filter(subject_id=str(ann.pk)).values_list("action", flat=True)
    assert {"account.reactivated", "account.deactivated"} <= set(acts)


def test_nobody_takes_over_somebody_elses_account_by_hand(
    connection: Connection, admin: User, other_company: Company
) -> None:
    person(connection, 1)
    person(connection, 2)
    ann = account(connection.company, "ann@example.com")
    mapped(connection, 2, ann)
    stranger = account(other_company, "x@example.com")
    with pytest.raises(PlanError, match="mapped to another"):
        manual.map_account(connection, salesforce_id=salesforce_id(1), account=ann, by=admin)
    with pytest.raises(PlanError, match="no such account"):
        manual.map_account(connection, salesforce_id=salesforce_id(1), account=stranger, by=admin)


def test_every_act_by_hand_is_in_the_history(connection: Connection, admin: User) -> None:
    person(connection, 1)
    ann = account(connection.company, "ann@example.com")
    manual.map_account(connection, salesforce_id=salesforce_id(1), account=ann, by=admin)
    manual.unlink(connection, salesforce_id=salesforce_id(1), reason="No", by=admin)
    acts = AuditEntry.objects.filter(subject_id=str(ann.pk), subject_type="accounts.user")
    assert set(acts.values_list("action", "actor")) == {
        ("account.mapped", admin.pk),
        ("account.unlinked", admin.pk),
    }


def _mappings() -> dict[str, bool]:
    assert DirectoryUser.objects.exists()
    return dict(UserMapping.objects.values_list("salesforce_user_id", "is_current"))
