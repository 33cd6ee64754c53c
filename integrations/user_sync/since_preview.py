"""What has changed since a row was decided, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from accounts.models import AuditEntry, User
from accounts.time_zone import written_time
from integrations.models import SyncPlan

_LABELS = {
    "name": "name",
    "email": "e-mail",
    "username": "username",
    "federation_id": "federation id",
    "department": "department",
    "role_name": "role",
    "user_type": "user type",
    "license": "licence",
}
_NOW_TRUE = {
    "is_active": "active in Salesforce again",
    "is_frozen": "frozen in Salesforce",
    "is_missing": "no longer visible to the connecting user",
    "is_ignored": "ignored",
    "is_unlinked": "unlinked",
    "is_support_staff": "the e-mail belongs to somebody of the support staff",
}
_NOW_FALSE = {
    "is_active": "has left Salesforce",
    "is_frozen": "no longer frozen in Salesforce",
    "is_missing": "visible to the connecting user again",
    "is_ignored": "no longer ignored",
    "is_unlinked": "no longer unlinked",
    "is_support_staff": "the e-mail no longer belongs to the support staff",
}
#: What of an account a decision rests on; its name is only for these words.
_ACCOUNT_FACTS = ("email", "role", "state", "protected", "has_logged_in", "mapped_to")

Basis = Mapping[str, Any]


def differences(before: Basis, now: Basis, keys: Collection[str] = ()) -> list[str]:
    """In what two bases of one person differ, looking at ``keys`` only where given."""
    words: list[str] = []
    for key, was in before.items():
        if keys and key not in keys:
            continue
        if key == "accounts":
            words += _accounts_differ(was, now[key])
        elif key == "account":
            words += _account_differs(was, now[key])
        elif was != now[key]:
            words.append(_differs(key, was, now[key]))
    return words


def account_ids_that_differ(before: Basis, now: Basis) -> set[str]:
    """The accounts whose history may say who did it."""
    was, is_now = _accounts_of(before), _accounts_of(now)
    return {
        account_id
        for account_id in was.keys() | is_now.keys()
        if _account_facts(was.get(account_id)) != _account_facts(is_now.get(account_id))
    }


def _accounts_of(basis: Basis) -> dict[str, Any]:
    """The candidates, and the one that a person chose, by account id."""
    chosen = basis.get("account")
    return {**basis.get("accounts", {}), **({chosen["id"]: chosen} if chosen else {})}


def last_acts(account_ids: Iterable[str], plan: SyncPlan) -> dict[str, str]:
    """Who, apart from the plan itself, last changed these accounts since it was made.

    By account id, such as “Dana Cole, 3 May 2026, 14:02”, in the company's time zone.
    """
    zone = ZoneInfo(plan.company.time_zone)
    entries = (
        AuditEntry.objects.filter(
            Q(after__isnull=True) | Q(after__plan__isnull=True) | ~Q(after__plan=plan.pk),
            company=plan.company_id,
            subject_type=User._meta.label_lower,
            subject_id__in=set(account_ids),
            at__gte=plan.created_at,
        )
        .order_by("subject_id", "-at")
        .distinct("subject_id")
    )
    return {
        entry.subject_id: f"{entry.actor_name or 'a sync'}, {written_time(entry.at, zone)}"
        for entry in entries
    }


def _differs(key: str, was: Any, now: Any) -> str:
    if key in _LABELS:
        return f"another {_LABELS[key]} in Salesforce"
    if key == "scope":
        fields = sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))
        return f"another {', '.join(fields)} in Salesforce"
    if key == "mapped_account":
        return "has an account meanwhile" if was is None else "no longer mapped to the account"
    if key == "sharing":
        return (
            f"{now} people in Salesforce share the e-mail" if now > 1 else "alone with the e-mail"
        )
    return (_NOW_TRUE if now else _NOW_FALSE)[key]


def _accounts_differ(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    words = [f"{now[one]['name']} may be this person" for one in sorted(now.keys() - was.keys())]
    words += [f"{was[one]['name']} no longer matches" for one in sorted(was.keys() - now.keys())]
    for one in sorted(was.keys() & now.keys()):
        words += _account_differs(was[one], now[one])
    return words


def _account_differs(was: Basis, now: Basis) -> list[str]:
    return [
        _account_fact_differs(now, key)
        for key, fact in _account_facts(was).items()
        if fact != now[key]
    ]


def _account_facts(account: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: account[key] for key in _ACCOUNT_FACTS if key in account} if account else {}


def _account_fact_differs(now: Mapping[str, Any], key: str) -> str:
    name = now["name"]
    if key == "email":
        return f"{name} has another e-mail, {now['email']}"
    if key == "role":
        return f"{name} is now a {User.Role(now['role']).label.lower()}"
    if key == "state":
        return f"{name} is now {User.State(now['state']).label.lower()}"
    if key == "protected":
        return f"{name} is {'now' if now['protected'] else 'no longer'} protected from every sync"
    if key == "has_logged_in":
        return f"{name} has logged in"
    return f"{name} is {'mapped to somebody else' if now['mapped_to'] else 'free to be mapped'}"
