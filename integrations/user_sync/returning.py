"""Leavers who came back as a new Salesforce user: the same person, or somebody else?"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Lower, Trim

from accounts.models import User
from integrations.models import Connection, DirectoryUser, PlannedChange, SyncPlan, UserMapping

from .candidates import folded
from .errors import PlanError
from .linking import as_basis
from .manual import change_now, checked_user_id, look_up, mapping_of

Action = PlannedChange.Action


def returning_leavers(
    connection: Connection, people: Sequence[DirectoryUser]
) -> dict[int, UserMapping]:
    """Current mappings of leavers who may have come back as one of these, by `DirectoryUser.pk`.

    Same e-mail, federation id or name. Which it is (*same person* or *different*) a person says.
    """
    newcomers = [one for one in people if one.is_active]
    leavers = {one.salesforce_id: one for one in _leavers_like(connection, newcomers)}
    mappings = UserMapping.objects.filter(
        connection=connection, is_current=True, salesforce_user_id__in=leavers
    ).select_related("account")
    found: dict[str, UserMapping] = {}
    for mapping in mappings:
        for key in _marks(leavers[mapping.salesforce_user_id]):
            found.setdefault(key, mapping)
    return {
        person.pk: found[key]
        for person in newcomers
        for key in reversed(_marks(person))
        if key in found
    }


def _leavers_like(
    connection: Connection, newcomers: Sequence[DirectoryUser]
) -> QuerySet[DirectoryUser]:
    """Those who share a mark with one of these; PostgreSQL folds both sides, in its own way."""
    federation_ids = {one.federation_id for one in newcomers} - {""}
    addresses = {one.email for one in newcomers} - {""}
    names = {one.name for one in newcomers}
    leavers: QuerySet[DirectoryUser] = (
        DirectoryUser.objects.filter(connection=connection, is_active=False)
        .alias(address=Lower("email"), folded_name=Lower(Trim("name")))
        .filter(
            Q(federation_id__in=federation_ids)
            | Q(address__in=[Lower(Trim(Value(one))) for one in addresses])
            | Q(folded_name__in=[Lower(Trim(Value(one))) for one in names])
        )
    )
    return leavers.defer("search")


def _marks(person: DirectoryUser) -> list[str]:
    """What makes somebody look like somebody else, the surest first."""
    marks = {
        "federation": person.federation_id,
        "e-mail": folded(person.email),
        "name": _folded_name(person),
    }
    return [f"{kind}:{mark}" for kind, mark in marks.items() if mark]


def _folded_name(person: DirectoryUser) -> str:
    return person.name.strip().lower()


def move(connection: Connection, *, former_id: str, new_id: str, by: User) -> SyncPlan:
    """The same person came back as a new Salesforce user: their account goes on with the new one.

    The old mapping becomes a former one, and nothing of the past moves.
    """
    person = look_up(connection, salesforce_id=new_id)
    former = mapping_of(connection, checked_user_id(former_id))
    if former is None or not former.is_current:
        raise PlanError("The former Salesforce user has no current mapping.")
    if mapping := mapping_of(connection, person.salesforce_id):
        raise PlanError(f"{person} is mapped to {mapping.account} already.")
    account = former.account
    row = {
        "action": Action.MOVE,
        "reason": f"The same person came back: {account} goes on with {person}",
        "account": account.pk,
        "account_name": str(account),
        "values": {"former_id": former.salesforce_user_id},
        "basis": {"mapping": None, "former": as_basis(former), "state": account.state},
    }
    return change_now(connection, person, row, by=by)
