"""Logging in by e-mail over all companies, and what each role may do."""

from __future__ import annotations

import heapq
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.http import HttpRequest

from accounts.models import Company, User
from accounts.reach import has_company

#: Passwords compared for one e-mail, at most: each costs a tenth of a second, by design, and a
#: company could otherwise slow a stranger's log-in down with closed accounts of their address.
MOST_ACCOUNTS_TRIED = 10

#: What company admins may do beside everything on rows that carry their company.
OWN_COMPANY_PERMISSIONS = frozenset({"accounts.view_company", "accounts.change_company"})


def accounts_matching(email: str, password: str) -> list[User]:
    """Accounts of any company and state with this e-mail and password; active ones first.

    Takes as long for an unknown e-mail as for one account.
    """
    known = User.objects.with_address(email).select_related("company")
    with_password = (user for user in known if user.has_usable_password())
    tried = heapq.nsmallest(MOST_ACCOUNTS_TRIED, with_password, key=_trial_order)
    if not tried:
        make_password(password)
    return [user for user in tried if user.check_password(password)]


def _trial_order(user: User) -> tuple[bool, float, int]:
    last_log_in = user.last_login.timestamp() if user.last_login else 0.0
    return (not user.is_active, -last_log_in, user.pk)


@cache
def company_admin_permissions() -> frozenset[str]:
    """Every permission, also custom ones, on models whose rows belong to a company."""
    return OWN_COMPANY_PERMISSIONS.union(
        f"{model._meta.app_label}.{codename}"
        for model in apps.get_models()
        if has_company(model)
        for codename in (
            *(f"{verb}_{model._meta.model_name}" for verb in model._meta.default_permissions),
            *(codename for codename, _ in model._meta.permissions),
        )
    )


class RoleBackend(BaseBackend):
    """Support staff may do all, company admins all on their company's rows, members nothing here.

    A person who is not active has no session and no permission. Which pages a permission opens is
    said by the admin classes; see ``accounts.admin_base``.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        email: str | None = None,
        **credentials: Any,
    ) -> User | None:
        """The one active account of this e-mail and password; ``None`` when there are several.

        The log-in page asks which company is meant (``accounts.log_in_views``).
        """
        address = email or username
        if not address or password is None:
            return None
        active = [user for user in accounts_matching(address, password) if user.is_active]
        return active[0] if len(active) == 1 else None

    def get_user(self, user_id: int) -> User | None:
        """Whose session it is; ``None`` as soon as the account is not active."""
        user = User.objects.select_related("company", "team").filter(pk=user_id).first()
        return user if user and user.is_active else None

    def get_user_permissions(
        self, user_obj: User | AnonymousUser, obj: models.Model | None = None
    ) -> set[str]:
        if not isinstance(user_obj, User) or not user_obj.is_staff or not _within(user_obj, obj):
            return set()
        return set(_all_permissions() if user_obj.is_superuser else company_admin_permissions())

    def has_perm(
        self, user_obj: User | AnonymousUser, perm: str, obj: models.Model | None = None
    ) -> bool:
        if not isinstance(user_obj, User) or not user_obj.is_staff:
            return False
        if user_obj.is_superuser:
            return True
        return perm in company_admin_permissions() and _within(user_obj, obj)

    def has_module_perms(self, user_obj: User | AnonymousUser, app_label: str) -> bool:
        """Whether the person has any permission in this app."""
        if not isinstance(user_obj, User) or not user_obj.is_staff:
            return False
        if user_obj.is_superuser:
            return True
        return any(perm.startswith(f"{app_label}.") for perm in company_admin_permissions())


@cache
def _all_permissions() -> frozenset[str]:
    return (
        frozenset(
            f"{model._meta.app_label}.{verb}_{model._meta.model_name}"
            for model in apps.get_models()
            for verb in model._meta.default_permissions
        )
        | company_admin_permissions()
    )


def _within(user: User, obj: models.Model | None) -> bool:
    """Whether this row is in the person's reach; no row in particular always is."""
    if obj is None or user.is_superuser:
        return True
    company_id = obj.pk if isinstance(obj, Company) else getattr(obj, "company_id", None)
    return company_id is not None and company_id == user.company_id
