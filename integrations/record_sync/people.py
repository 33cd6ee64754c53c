"""Whose work a record is: the Salesforce user in it, the account behind, and whether it counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from accounts.models import User
from integrations.models import Connection, DirectoryUser, Evaluation, UserMapping
from integrations.salesforce.ids import QUEUE, USER, prefix
from integrations.user_sync.scope import MACHINE_LICENSE
from integrations.user_sync.user_types import STANDARD_USER

Hold = Evaluation.Hold


@dataclass(frozen=True, slots=True)
class Person:
    """One owner of records. Without a ``hold`` the account gets the reports."""

    salesforce_id: str
    name: str
    account_id: int | None = None
    hold: str = ""
    unlinked_from: int | None = None  # the account whose reports theirs were

    @property
    def why(self) -> str:
        """Why their records are not reported, in a sentence."""
        if self.hold == Hold.NOT_MAPPED:
            return f"{self.name} has no account yet."
        if self.hold == Hold.PENDING:
            return f"{self.name}'s account is pending."
        if self.hold == Hold.DEACTIVATED:
            return f"{self.name}'s account is deactivated."
        if self.hold == Hold.IGNORED:
            return f"{self.name} is ignored."
        if prefix(self.salesforce_id) == QUEUE:
            return "It belongs to a queue, not to a person."
        return f"{self.name} is not a person of the company."


def load_people(connection: Connection, salesforce_ids: Collection[str]) -> Mapping[str, Person]:
    """These owners, in two queries; each id of them is in the answer.

    A former mapping goes on attributing the records of somebody who came back as a new user.
    """
    ids = [one for one in salesforce_ids if prefix(one) == USER]
    mappings = {
        mapping.salesforce_user_id: mapping.account
        for mapping in UserMapping.objects.filter(
            connection=connection, salesforce_user_id__in=ids
        ).select_related("account")
    }
    directory = {
        person.salesforce_id: person
        for person in DirectoryUser.objects.filter(
            connection=connection, salesforce_id__in=ids
        ).only(
            "salesforce_id",
            "name",
            "username",
            "user_type",
            "license_name",
            "ignored_at",
            "unlinked_from",
        )
    }
    return {one: _person(one, mappings.get(one), directory.get(one)) for one in salesforce_ids}


def _person(salesforce_id: str, account: User | None, known: DirectoryUser | None) -> Person:
    if account is not None:
        return Person(salesforce_id, str(account), account.pk, _hold_of_account(account))
    name = str(known) if known else f"The Salesforce user {salesforce_id}"
    unlinked_from = known.unlinked_from_id if known else None
    hold = _hold_of_stranger(salesforce_id, known)
    return Person(salesforce_id, name, None, hold, unlinked_from)


def _hold_of_account(account: User) -> str:
    if account.state == User.State.PENDING:
        return Hold.PENDING
    return Hold.DEACTIVATED if account.state == User.State.DEACTIVATED else ""


def _hold_of_stranger(salesforce_id: str, known: DirectoryUser | None) -> str:
    if prefix(salesforce_id) != USER:
        return Hold.NOT_A_PERSON
    if known is None:
        return Hold.NOT_MAPPED
    if known.user_type != STANDARD_USER or MACHINE_LICENSE in known.license_name.lower():
        return Hold.NOT_A_PERSON
    return Hold.IGNORED if known.ignored_at is not None else Hold.NOT_MAPPED
