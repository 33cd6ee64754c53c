"""What undoing a row rests on: read when the revert is planned, and again when it is applied."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from accounts.usage import accounts_in_use
from integrations.models import DirectoryUser, PlannedChange, UserMapping


@dataclass(frozen=True)
class RevertFacts:
    person: DirectoryUser
    account: User | None
    mapped_account_id: int | None  # the account that the Salesforce user is mapped to now
    mapped_by: str  # the approach of that mapping
    is_mapped_elsewhere: bool  # whether the account is somebody else's, or another connection's too
    in_use: str  # how the account was used, in words

    def as_basis(self) -> dict[str, Any]:
        assert self.account is not None
        return {
            "mapped_account": self.mapped_account_id,
            "mapped_by": self.mapped_by,
            "is_mapped_elsewhere": self.is_mapped_elsewhere,
            "in_use": bool(self.in_use),
            "protected": self.account.protected,
        }

    def differences(self, basis: dict[str, Any]) -> list[str]:
        """In what these facts differ from the ones that were shown, in words."""
        words = {
            "mapped_account": "the mapping was changed",
            "mapped_by": "the mapping was made anew",
            "is_mapped_elsewhere": "the account was mapped elsewhere",
            "in_use": f"{self.account} {self.in_use or 'is no longer used'}",
            "protected": f"{self.account} was protected from every sync",
        }
        now = self.as_basis()
        return [words[key] for key in words if key in basis and basis[key] != now[key]]


def _unknown(row: PlannedChange, connection_id: int) -> DirectoryUser:
    """Somebody whom the mirror does not hold, such as one mapped by hand."""
    return DirectoryUser(
        connection_id=connection_id,
        salesforce_id=row.salesforce_user_id,
        name=row.person_name,
        email=row.person_email,
    )


def gather_for_revert(
    connection_id: int, company_id: int, rows: Sequence[PlannedChange]
) -> dict[int, RevertFacts]:
    """The facts by `PlannedChange.pk`, in five queries."""
    account_ids = {row.account_id for row in rows if row.account_id is not None}
    people = _people(connection_id, rows)
    accounts = User.objects.filter(company=company_id).defer("search").in_bulk(account_ids)
    mapped_to = _mapped_to(connection_id, rows)
    places = _places_mapped_to(account_ids)
    in_use = accounts_in_use(account_ids)
    facts: dict[int, RevertFacts] = {}
    for row in rows:
        account_id = row.account_id or 0
        mapped_account_id, mapped_by = mapped_to.get(row.salesforce_user_id, (None, ""))
        here = {(connection_id, row.salesforce_user_id)}
        facts[row.pk] = RevertFacts(
            person=people.get(row.salesforce_user_id) or _unknown(row, connection_id),
            account=accounts.get(account_id),
            mapped_account_id=mapped_account_id,
            mapped_by=mapped_by,
            is_mapped_elsewhere=bool(places.get(account_id, set()) - here),
            in_use=in_use.get(account_id, ""),
        )
    return facts


def _people(connection_id: int, rows: Sequence[PlannedChange]) -> dict[str, DirectoryUser]:
    people = DirectoryUser.objects.filter(
        connection=connection_id, salesforce_id__in=[row.salesforce_user_id for row in rows]
    )
    found = people.select_related("ignored_by").defer("search", "ignored_by__search")
    return {person.salesforce_id: person for person in found}


def _mapped_to(
    connection_id: int, rows: Sequence[PlannedChange]
) -> dict[str, tuple[int | None, str]]:
    """By Salesforce user, the account and the approach of the mapping that there is."""
    mappings = UserMapping.objects.filter(
        connection=connection_id, salesforce_user_id__in=[row.salesforce_user_id for row in rows]
    ).values_list("salesforce_user_id", "account_id", "approach")
    return {user_id: (account_id, approach) for user_id, account_id, approach in mappings}


def _places_mapped_to(account_ids: Collection[int]) -> dict[int, set[tuple[int, str]]]:
    """By account, the connections and ids of the Salesforce users that are mapped to it."""
    places: dict[int, set[tuple[int, str]]] = {}
    for mapping in UserMapping.objects.filter(account__in=account_ids):
        place = (mapping.connection_id, mapping.salesforce_user_id)
        places.setdefault(mapping.account_id, set()).add(place)
    return places
