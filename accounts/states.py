"""Deactivating and reactivating accounts by hand: the rules, and the one door.

What a confirmation page previews is decided again under the company's lock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models.functions import Lower
from django.http import HttpRequest

from accounts import audit
from accounts.models import Company, User
from accounts.seats import count_seats, lock_seats

OWN_ACCOUNT = "This is your own account: ask another admin."
LAST_ADMIN = "A company keeps its last active admin: make somebody else an admin first."
ADDRESS_TAKEN = "Another account has this e-mail now."
ALREADY = {
    User.State.ACTIVE: "Is active already.",
    User.State.DEACTIVATED: "Is deactivated already.",
}


@dataclass
class StateChange:
    """Whose state changes; who is left as they are, and why, in a sentence."""

    accepted: list[User] = field(default_factory=list)
    refused: list[tuple[User, str]] = field(default_factory=list)

    def refuse_all(self, users: Iterable[User], why: str) -> None:
        self.refused += [(user, why) for user in users]
        gone = {user.pk for user, _ in self.refused}
        self.accepted = [user for user in self.accepted if user.pk not in gone]


def preview_deactivation(users: Iterable[User], by: User) -> StateChange:
    change = StateChange()
    for user in users:
        if user.state == User.State.DEACTIVATED:
            change.refused.append((user, ALREADY[User.State.DEACTIVATED]))
        elif user.pk == by.pk:
            change.refused.append((user, OWN_ACCOUNT))
        else:
            change.accepted.append(user)
    admins = [user for user in change.accepted if user.is_active and user.is_company_admin]
    kept = companies_with_another_admin(admins)
    change.refuse_all([user for user in admins if user.company_id not in kept], LAST_ADMIN)
    return change


def preview_reactivation(users: Iterable[User], by: User) -> StateChange:
    """Pending accounts are activated by it, too. Where seats are short, nobody gets one."""
    change = StateChange()
    users = list(users)
    taken = _addresses_taken(users)
    for user in users:
        address = (user.company_id, user.email.lower())
        if user.state == User.State.ACTIVE:
            change.refused.append((user, ALREADY[User.State.ACTIVE]))
        elif user.state == User.State.DEACTIVATED and address in taken:
            change.refused.append((user, ADDRESS_TAKEN))
        else:
            taken.add(address)
            change.accepted.append(user)
    for company, wanted in Counter(_companies(change.accepted)).items():
        seats = count_seats(company)
        if not seats.has_room_for(wanted):
            short = [user for user in change.accepted if user.company_id == company.pk]
            change.refuse_all(short, seats.shortage(wanted))
    return change


@transaction.atomic
def deactivate(
    users: Iterable[User], *, by: User, request: HttpRequest | None = None
) -> StateChange:
    """End access at once. Mappings, reports and the past stay."""
    change = preview_deactivation(_locked(users), by)
    User.objects.filter(pk__in=[user.pk for user in change.accepted]).deactivate()
    _record("deactivated", change.accepted, User.State.DEACTIVATED, by, request)
    return change


@transaction.atomic
def reactivate(
    users: Iterable[User], *, by: User, request: HttpRequest | None = None
) -> StateChange:
    """Give access (back), with the team and the role they had."""
    change = preview_reactivation(_locked(users), by)
    ids = [user.pk for user in change.accepted]
    User.objects.filter(pk__in=ids).update(state=User.State.ACTIVE)
    _record("reactivated", change.accepted, User.State.ACTIVE, by, request)
    return change


def companies_with_another_admin(leaving: Iterable[User]) -> set[int | None]:
    """Those companies of ``leaving`` that keep an active admin without them."""
    leaving = list(leaving)
    staying = (
        User.objects.active_admins()
        .filter(company__in={user.company_id for user in leaving})
        .exclude(pk__in=[user.pk for user in leaving])
    )
    return set(staying.values_list("company_id", flat=True).distinct())


def _locked(users: Iterable[User]) -> list[User]:
    """The same accounts as they are now, their companies locked; in one order, against deadlock."""
    given = list(users)
    for company in sorted(set(_companies(given)), key=lambda company: company.pk):
        lock_seats(company)
    rows = User.objects.filter(pk__in=[user.pk for user in given])
    return list(rows.select_related("company").order_by("pk").select_for_update(of=("self",)))


def _companies(users: Iterable[User]) -> list[Company]:
    return [user.company for user in users if user.company]


def _addresses_taken(users: Iterable[User]) -> set[tuple[int | None, str]]:
    users = list(users)
    holders = (
        User.objects.holding_address()
        .filter(company__in={user.company_id for user in users})
        .annotate(folded=Lower("email"))
        .filter(folded__in={user.email.lower() for user in users})
    )
    return set(holders.values_list("company_id", "folded"))


def _record(
    action: str, users: Iterable[User], after: User.State, by: User, request: HttpRequest | None
) -> None:
    audit.record_many(
        audit.entry(
            action,
            user,
            by=by,
            request=request,
            before={"state": user.state},
            after={"state": after},
        )
        for user in users
    )
