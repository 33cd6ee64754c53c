from __future__ import annotations

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import AnonymousUser
from django.db import models

from accounts.backends import MOST_ACCOUNTS_TRIED, RoleBackend, accounts_matching
from accounts.models import Company, Team, User
from integrations.models import Connection

from . import rows
from .conftest import PASSWORD, make_user

pytestmark = pytest.mark.django_db
VERBS = ("view", "add", "change", "delete")


def may(user: User, verb: str, row: models.Model) -> bool:
    return user.has_perm(f"{row._meta.app_label}.{verb}_{row._meta.model_name}", row)


def test_an_admin_may_do_all_on_the_rows_of_their_company(admin: User, team: Team) -> None:
    assert all(may(admin, verb, team) for verb in VERBS)
    assert admin.company
    assert all(may(admin, verb, rows.connection(admin.company)) for verb in VERBS)


def test_an_admin_may_do_nothing_on_another_companys_rows(
    admin: User, foreign_team: Team, foreign_admin: User, other_company: Company
) -> None:
    foreign = [foreign_team, foreign_admin, rows.connection(other_company), other_company]
    assert not any(may(admin, verb, row) for verb in VERBS for row in foreign)


def test_an_admin_may_change_but_not_make_or_remove_a_company(
    admin: User, company: Company
) -> None:
    assert [verb for verb in VERBS if may(admin, verb, company)] == ["view", "change"]


def test_rows_that_belong_to_no_company_are_not_an_admins(admin: User) -> None:
    for permission in ("auth.add_group", "django_q.view_schedule", "sessions.view_session"):
        assert not admin.has_perm(permission)
    assert not admin.has_module_perms("django_q")
    assert admin.has_module_perms("accounts")


def test_a_member_may_do_nothing_here(member: User, team: Team) -> None:
    assert not any(may(member, verb, team) for verb in VERBS)
    assert not member.has_module_perms("accounts")
    assert RoleBackend().get_all_permissions(member) == set()


def test_support_staff_may_do_all(support: User, team: Team, foreign_team: Team) -> None:
    assert all(may(support, verb, row) for verb in VERBS for row in (team, foreign_team))
    assert support.has_perm("accounts.add_company")


@pytest.mark.parametrize("state", [User.State.PENDING, User.State.DEACTIVATED])
def test_who_is_not_active_may_do_nothing(
    admin: User, support: User, team: Team, state: User.State
) -> None:
    for user in (admin, support):
        user.state = state
        assert not any(may(user, verb, team) for verb in VERBS)
        assert not user.has_module_perms("accounts")


def test_nobody_may_do_nothing(team: Team) -> None:
    backend = RoleBackend()
    assert not backend.has_perm(AnonymousUser(), "accounts.view_team", team)
    assert not backend.has_module_perms(AnonymousUser(), "accounts")
    assert backend.get_all_permissions(AnonymousUser()) == set()


def test_all_permissions_agree_with_the_single_question(admin: User, support: User) -> None:
    backend = RoleBackend()
    for user in (admin, support):
        granted = backend.get_all_permissions(user)
        assert granted
        assert all(user.has_perm(permission) for permission in granted)
        for model in (Team, User, Connection, Company):
            for verb in VERBS:
                permission = f"{model._meta.app_label}.{verb}_{model._meta.model_name}"
                assert user.has_perm(permission) == (permission in granted)


def test_a_session_is_of_an_active_account_only(member: User) -> None:
    backend = RoleBackend()
    assert backend.get_user(member.pk) == member
    User.objects.filter(pk=member.pk).deactivate()
    assert backend.get_user(member.pk) is None
    assert backend.get_user(0) is None


def test_djangos_own_way_to_log_in_finds_one_account_or_none(
    company: Company, other_company: Company, member: User
) -> None:
    assert authenticate(username="MIA@acme.example", password=PASSWORD) == member
    assert authenticate(email=member.email, password=PASSWORD) == member
    assert authenticate(email=member.email, password="wrong") is None
    assert authenticate(email=None, password=None) is None
    make_user(other_company, member.email)
    assert authenticate(email=member.email, password=PASSWORD) is None


def test_closed_accounts_of_an_address_do_not_slow_down_or_hide_the_open_one(
    company: Company, other_company: Company
) -> None:
    for _ in range(MOST_ACCOUNTS_TRIED + 5):
        make_user(other_company, "ann@example.com", state=User.State.DEACTIVATED)
    ann = make_user(company, "ann@example.com")
    matching = accounts_matching("ann@example.com", PASSWORD)
    assert matching[0] == ann
    assert len(matching) == MOST_ACCOUNTS_TRIED
