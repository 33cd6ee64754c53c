"""Who gets a mail."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from accounts.models import Company, User


def admins_and_support(company: Company) -> list[User]:
    able = User.objects.filter(
        Q(company=company, role=User.Role.ADMIN) | Q(is_superuser=True), state=User.State.ACTIVE
    )
    return one_an_address(able.order_by("is_superuser", "pk"))


def somebody(user: User | None) -> list[User]:
    """The one person, where they still have an account."""
    return [user] if user is not None and user.is_active else []


def one_an_address(people: Iterable[User]) -> list[User]:
    """Somebody may be an admin and of the support staff, with the same address."""
    by_address: dict[str, User] = {}
    for one in people:
        by_address.setdefault(one.email.lower(), one)
    return list(by_address.values())
