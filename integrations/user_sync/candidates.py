"""The accounts that some Salesforce users may be, by the rules of the connection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from accounts.models import User
from integrations.models import Connection, DirectoryUser, MatchRule, UserMapping

BY_FEDERATION_ID = "federation id"
BY_EMAIL = "e-mail"
BY_USERNAME = "username"
_RULES = {
    MatchRule.Rule.FEDERATION_ID: BY_FEDERATION_ID,
    MatchRule.Rule.EMAIL: BY_EMAIL,
    MatchRule.Rule.USERNAME: BY_USERNAME,
}


def folded(address: str) -> str:
    """An address as addresses are compared."""
    return address.strip().lower()


@dataclass(frozen=True)
class Candidate:
    """An account that a Salesforce user may be."""

    account_id: int
    name: str
    email: str
    role: str
    state: str
    protected: bool
    has_logged_in: bool
    found_by: tuple[str, ...]
    mapped_to: str = ""  # the id of another Salesforce user
    mapped_to_name: str = ""

    @property
    def is_live(self) -> bool:
        return self.state in User.STATES_HOLDING_ADDRESS

    def as_json(self) -> dict[str, Any]:
        """For `PlannedChange.candidates`; `Candidate.from_json` reads it."""
        return asdict(self) | {"found_by": list(self.found_by)}

    def as_basis(self) -> dict[str, Any]:
        """What of it a decision rests on."""
        return {
            "name": self.name,
            "role": self.role,
            "state": self.state,
            "protected": self.protected,
            "has_logged_in": self.has_logged_in,
            "mapped_to": self.mapped_to,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Candidate:
        return cls(**{**values, "found_by": tuple(values["found_by"])})


class Accounts:
    """The accounts behind the addresses and federation ids of some people."""

    def __init__(
        self,
        connection: Connection,
        people: Sequence[DirectoryUser],
        rules: Sequence[MatchRule],
    ) -> None:
        self.rules = [_RULES[MatchRule.Rule(one.rule)] for one in rules if one.enabled]
        self.by_address: dict[str, list[User]] = defaultdict(list)
        self.by_federation_id: dict[str, list[User]] = defaultdict(list)
        self.support_addresses: set[str] = set()
        addresses = {folded(one) for person in people for one in (person.email, person.username)}
        for account in _with_addresses(connection, addresses - {""}):
            if account.company_id is None:
                self.support_addresses.add(folded(account.email))
            else:
                self.by_address[folded(account.email)].append(account)
        for account in _with_federation_ids(connection, {one.federation_id for one in people}):
            self.by_federation_id[account.federation_id].append(account)
        self._read_mappings(connection)

    def _read_mappings(self, connection: Connection) -> None:
        found = [*self.by_address.values(), *self.by_federation_id.values()]
        self.mapped_to: dict[int, str] = dict(
            UserMapping.objects.filter(
                connection=connection,
                is_current=True,
                account__in={account.pk for accounts in found for account in accounts},
            ).values_list("account_id", "salesforce_user_id")
        )
        self.mapped_names: dict[str, str] = dict(
            DirectoryUser.objects.filter(
                connection=connection, salesforce_id__in=self.mapped_to.values()
            ).values_list("salesforce_id", "name")
        )

    def candidates(self, person: DirectoryUser) -> tuple[Candidate, ...]:
        """Live accounts; the deactivated ones, which hold no address, only where none is live.

        Who holds the person's e-mail is one of them also where nobody is mapped by e-mail: a new
        account could not have it.
        """
        found: dict[int, tuple[User, list[str]]] = {}
        for rule in self.rules:
            for account in self._found_by(rule, person):
                found.setdefault(account.pk, (account, []))[1].append(rule)
        if BY_EMAIL not in self.rules:
            for account in self._found_by(BY_EMAIL, person):
                if account.state in User.STATES_HOLDING_ADDRESS:
                    found.setdefault(account.pk, (account, []))[1].append(BY_EMAIL)
        candidates = [self._candidate(person, *one) for _, one in sorted(found.items())]
        return tuple([one for one in candidates if one.is_live] or candidates)

    def _found_by(self, rule: str, person: DirectoryUser) -> list[User]:
        if rule == BY_FEDERATION_ID:
            return self.by_federation_id.get(person.federation_id, [])
        address = person.email if rule == BY_EMAIL else person.username
        return self.by_address.get(folded(address), [])

    def _candidate(self, person: DirectoryUser, account: User, rules: Iterable[str]) -> Candidate:
        mapped_to = self.mapped_to.get(account.pk, "")
        if mapped_to == person.salesforce_id:
            mapped_to = ""
        return Candidate(
            account_id=account.pk,
            name=str(account),
            email=account.email,
            role=account.role,
            state=account.state,
            protected=account.protected,
            has_logged_in=account.last_login is not None,
            found_by=tuple(rules),
            mapped_to=mapped_to,
            mapped_to_name=self.mapped_names.get(mapped_to, mapped_to),
        )


def _with_addresses(connection: Connection, addresses: Collection[str]) -> Iterable[User]:
    found: QuerySet[User] = User.objects.annotate(address=Lower("email")).filter(
        Q(company=connection.company_id) | Q(company__isnull=True), address__in=addresses
    )
    return found.defer("search")


def _with_federation_ids(connection: Connection, federation_ids: Collection[str]) -> Iterable[User]:
    found: QuerySet[User] = User.objects.filter(
        company=connection.company_id, federation_id__in=federation_ids
    )
    return found.exclude(federation_id="").defer("search")  # else the partial index is not found
