"""Two accounts for one person become one, with all that they did, and can be parted again."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from accounts.models import Company, User
from activities import reports, social
from activities.drafts import ReportDraft
from activities.models import ActivityReport, ActivityType, Comment, Like
from integrations.models import Connection, UserMapping
from integrations.user_sync import combining
from integrations.user_sync.errors import PlanError
from integrations.user_sync.reverting import plan_revert

from .builders import account, applied, mapped, notes, outcomes, person, salesforce_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(connection: Connection) -> tuple[User, User]:
    keep = account(connection.company, "ann@example.com")
    give_up = account(connection.company, "ann.old@example.com")
    person(connection, 1)
    mapped(connection, 1, give_up)
    return keep, give_up


def report_of(user: User, key: str) -> ActivityReport:
    assert user.company is not None
    kind, _ = ActivityType.objects.get_or_create(
        company=user.company, name="Deals", sentence="closed a deal"
    )
    draft = ReportDraft(
        source_key=key,
        user_id=user.pk,
        type_id=kind.pk,
        value=Decimal(1),
        currency="",
        title="",
        link="",
        occurred_on=date(2026, 11, 2),
        published_at=datetime(2026, 11, 2, tzinfo=UTC),
    )
    reports.record(user.company, [draft])
    return ActivityReport.objects.get(source_key=key)


def everything(company: Company) -> object:
    return (
        list(User.objects.filter(company=company).order_by("pk").values_list("pk", "state")),
        list(UserMapping.objects.order_by("pk").values_list("pk", "account", "is_current")),
        list(ActivityReport.objects.order_by("pk").values_list("pk", "user")),
        sorted(Like.objects.values_list("report", "user")),
        list(Comment.objects.order_by("pk").values_list("pk", "user")),
    )


def test_all_goes_to_one_account_and_all_comes_back(
    connection: Connection, admin: User, pair: tuple[User, User]
) -> None:
    keep, give_up = pair
    hers, mine = report_of(give_up, "a"), report_of(keep, "b")
    others = report_of(admin, "c")
    for liker, liked in ((give_up, mine), (give_up, others), (keep, others)):
        social.like(liked.pk, liker)
    social.comment(others.pk, give_up, "Well done")
    before = everything(connection.company)
    plan = combining.plan_combine(connection, keep=keep, give_up=give_up, by=admin)
    shown = combining.preview(plan)
    assert (len(shown.mappings), shown.reports, shown.comments, shown.likes) == (1, 1, 1, 2)
    applied(plan, admin)
    give_up.refresh_from_db()
    assert give_up.state == User.State.DEACTIVATED
    assert set(ActivityReport.objects.values_list("pk", "user")) == {
        (hers.pk, keep.pk),
        (mine.pk, keep.pk),
        (others.pk, admin.pk),
    }
    assert UserMapping.objects.get().account == keep
    assert Comment.objects.get().user == keep
    assert sorted(Like.objects.values_list("report", "user")) == [
        (mine.pk, keep.pk),
        (others.pk, keep.pk),
    ]
    revert = applied(plan_revert(plan, by=admin), admin)
    assert set(outcomes(revert).values()) == {"done"}
    assert everything(connection.company) == before


def test_of_two_current_mappings_the_kept_ones_stays_current(
    connection: Connection, admin: User, pair: tuple[User, User]
) -> None:
    keep, give_up = pair
    person(connection, 2)
    mapped(connection, 2, keep)
    applied(combining.plan_combine(connection, keep=keep, give_up=give_up, by=admin), admin)
    assert dict(UserMapping.objects.values_list("salesforce_user_id", "is_current")) == {
        salesforce_id(1): False,
        salesforce_id(2): True,
    }
    assert set(UserMapping.objects.values_list("account", flat=True)) == {keep.pk}


def test_what_changed_since_the_preview_is_not_combined(
    connection: Connection, admin: User, pair: tuple[User, User]
) -> None:
    keep, give_up = pair
    plan = combining.plan_combine(connection, keep=keep, give_up=give_up, by=admin)
    User.objects.filter(pk=keep.pk).deactivate()
    applied(plan, admin)
    assert set(outcomes(plan).values()) == {"changed"}
    assert UserMapping.objects.get().account == give_up


def test_accounts_are_separated_only_with_an_address_and_a_seat(
    connection: Connection, admin: User, pair: tuple[User, User]
) -> None:
    keep, give_up = pair
    plan = combining.plan_combine(connection, keep=keep, give_up=give_up, by=admin)
    applied(plan, admin)
    successor = account(connection.company, "Ann.Old@example.com")
    revert = applied(plan_revert(plan, by=admin), admin)
    assert set(notes(revert).values()) == {"Another account has Ann.Old's e-mail now."}
    successor.delete()
    Company.objects.update(seat_limit=2)
    revert = applied(plan_revert(plan, by=admin), admin)
    assert set(outcomes(revert).values()) == {"no_seat"}
    Company.objects.update(seat_limit=3)
    revert = applied(plan_revert(plan, by=admin), admin)
    assert set(outcomes(revert).values()) == {"done"}
    give_up.refresh_from_db()
    assert give_up.is_active


def test_what_must_not_be_combined_is_refused(
    connection: Connection, admin: User, other_company: Company, pair: tuple[User, User]
) -> None:
    keep, give_up = pair
    stranger = account(other_company, "x@example.com")
    for kept, given in ((keep, keep), (keep, admin), (stranger, give_up), (keep, stranger)):
        with pytest.raises(PlanError):
            combining.plan_combine(connection, keep=kept, give_up=given, by=admin)
    User.objects.filter(pk=give_up.pk).update(protected=True)
    give_up.refresh_from_db()
    with pytest.raises(PlanError, match="protected"):
        combining.plan_combine(connection, keep=keep, give_up=give_up, by=admin)
