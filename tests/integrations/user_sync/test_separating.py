"""Combined accounts are separated again only where what combining did still stands."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from integrations.models import Connection, SyncPlan, UserMapping
from integrations.user_sync import combining, manual
from integrations.user_sync.reverting import plan_revert

from .builders import account, actions, applied, mapped, notes, outcomes, person, salesforce_id

pytestmark = pytest.mark.django_db

Happens = Callable[[], object]
MAPPED = f"Ann.Old is mapped to {salesforce_id(2)} since then: unlink that first"
COMBINED = "Revert first that Ann was combined with Third"
PROTECTED = "Ann.Old is protected from every sync"


@pytest.fixture
def keep(connection: Connection) -> User:
    return account(connection.company, "ann@example.com")


@pytest.fixture
def give_up(connection: Connection) -> User:
    return account(connection.company, "ann.old@example.com")


@pytest.fixture
def plan(connection: Connection, admin: User, keep: User, give_up: User) -> SyncPlan:
    """Ann.Old became a part of Ann, with the mapping of Person 1."""
    person(connection, 1)
    mapped(connection, 1, give_up)
    plan = combining.plan_combine(connection, keep=keep, give_up=give_up, by=admin)
    return applied(plan, admin)


@pytest.fixture
def happens(
    request: pytest.FixtureRequest, connection: Connection, admin: User, keep: User, give_up: User
) -> Happens:
    """What came between, by its name."""

    def is_mapped_by_hand() -> None:
        person(connection, 2)
        give_up.refresh_from_db()
        manual.map_account(connection, salesforce_id=salesforce_id(2), account=give_up, by=admin)

    def kept_one_is_combined() -> None:
        third = account(connection.company, "third@example.com")
        keep.refresh_from_db()
        applied(combining.plan_combine(connection, keep=third, give_up=keep, by=admin), admin)

    def kept_one_is_combined_without_mappings() -> None:
        UserMapping.objects.all().delete()
        kept_one_is_combined()

    def is_protected() -> None:
        User.objects.filter(pk=give_up.pk).update(protected=True)

    acts = (
        is_mapped_by_hand,
        kept_one_is_combined,
        kept_one_is_combined_without_mappings,
        is_protected,
    )
    return {act.__name__: act for act in acts}[request.param]


CASES = [
    ("is_mapped_by_hand", MAPPED),
    ("kept_one_is_combined", COMBINED),
    ("kept_one_is_combined_without_mappings", COMBINED),
    ("is_protected", PROTECTED),
]


@pytest.mark.parametrize(("happens", "words"), CASES, indirect=["happens"])
def test_what_stands_against_separating_is_said_in_the_preview(
    plan: SyncPlan, admin: User, happens: Happens, words: str
) -> None:
    happens()
    [(action, reason)] = actions(plan_revert(plan, by=admin))
    assert action == "nothing"
    assert reason.startswith(words)


@pytest.mark.parametrize(("happens", "words"), CASES, indirect=["happens"])
def test_what_came_between_preview_and_approval_is_said_and_nothing_is_separated(
    plan: SyncPlan, admin: User, give_up: User, happens: Happens, words: str
) -> None:
    revert = plan_revert(plan, by=admin)
    happens()
    before = list(UserMapping.objects.order_by("pk").values_list("pk", "account"))
    applied(revert, admin)
    assert list(outcomes(revert).values()) == ["left"]
    assert list(notes(revert).values()) == [f"{words}."]
    give_up.refresh_from_db()
    assert give_up.state == User.State.DEACTIVATED
    assert list(UserMapping.objects.order_by("pk").values_list("pk", "account")) == before


def test_once_the_later_combining_is_reverted_the_earlier_one_can_be_too(
    connection: Connection, plan: SyncPlan, admin: User, keep: User, give_up: User
) -> None:
    third = account(connection.company, "third@example.com")
    keep.refresh_from_db()
    later = applied(combining.plan_combine(connection, keep=third, give_up=keep, by=admin), admin)
    applied(plan_revert(later, by=admin), admin)
    revert = applied(plan_revert(plan, by=admin), admin)
    assert list(outcomes(revert).values()) == ["done"]
    assert UserMapping.objects.get().account == give_up


def test_a_mapping_that_went_to_somebody_else_since_is_not_taken_from_them(
    connection: Connection, plan: SyncPlan, admin: User
) -> None:
    UserMapping.objects.update(account=account(connection.company, "else@example.com"))
    [(action, reason)] = actions(plan_revert(plan, by=admin))
    assert action == "nothing"
    assert reason == "A mapping that Ann.Old had was changed since then"
