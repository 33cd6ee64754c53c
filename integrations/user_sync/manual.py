"""Mapping by hand: one person, one account, chosen by an admin. Each act is a plan of one row.

- ``look_up(connection=..., salesforce_id=...) -> DirectoryUser`` also one the mirror has not seen;
- ``add_person(connection=..., salesforce_id=..., by=..., name, email, team, role) -> SyncPlan``;
- ``map_account(connection=..., salesforce_id=..., account=..., by=...) -> SyncPlan``;
- ``unlink(connection=..., salesforce_id=..., reason=..., by=...) -> SyncPlan``;
- ``change_now(connection, person, row, by=...) -> SyncPlan`` for a row that is decided already.

The plans come back applied (state *done*), or as a draft where its one row is a conflict for the
person to decide. All raise `PlanError` with the reason. A mapping made by hand is never changed by
another approach: only these functions and `returning.move` change a mapping that there is.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.models import Team, User
from integrations.credentials import client_for
from integrations.models import (
    Approach,
    Connection,
    DirectoryUser,
    PlannedChange,
    SyncPlan,
    TeamSource,
    UserMapping,
)
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.ids import QUEUE, USER, InvalidSalesforceId, prefix, to_18
from integrations.salesforce.session import WHILE_SOMEBODY_WAITS

from . import applying, approving
from .candidates import folded
from .directory_reading import read_user
from .directory_writing import write_one
from .errors import PlanError
from .linking import as_basis
from .mapping_rows import map_row
from .matching import why_unusable
from .plan_rows import Row, draft
from .planning import plan_import

Action = PlannedChange.Action


def look_up(connection: Connection, *, salesforce_id: str) -> DirectoryUser:
    """The Salesforce user of an id of 15 or 18 characters; asks Salesforce where it is new."""
    user_id = checked_user_id(salesforce_id)
    known = DirectoryUser.objects.filter(connection=connection, salesforce_id=user_id).first()
    if known is not None:
        return known
    if not connection.has_access:
        raise PlanError("Salesforce cannot be asked for this user now: reconnect first.")
    try:
        with client_for(connection, limits=WHILE_SOMEBODY_WAITS) as client:
            values = read_user(client, user_id, connection.extra_user_fields)
    except SalesforceError as error:
        raise PlanError(error.message) from error
    if values is None:
        raise PlanError(f"There is no user {user_id} in {connection}, or it cannot be seen.")
    return write_one(connection, values, timezone.now())


def checked_user_id(text: str) -> str:
    """The 18-character form; raises `PlanError` for what is no id, or not a user's."""
    try:
        user_id = to_18(text)
    except InvalidSalesforceId as error:
        raise PlanError(str(error)) from error
    if prefix(user_id) == QUEUE:
        raise PlanError(f"{user_id} is a queue: nobody works as a queue, so it gets no account.")
    if prefix(user_id) != USER:
        raise PlanError(f"{user_id} is not the id of a Salesforce user: those begin with 005.")
    return user_id


def add_person(
    connection: Connection,
    *,
    salesforce_id: str,
    by: User,
    name: str = "",
    email: str = "",
    team: Team | None = None,
    role: str = User.Role.MEMBER,
    send_invitation: bool = False,
) -> SyncPlan:
    """An account and its mapping together. ``name`` and ``email`` replace Salesforce's if given."""
    person = look_up(connection, salesforce_id=salesforce_id)
    with transaction.atomic():
        plan = plan_import(
            connection,
            [person],
            by=by,
            approach=Approach.MANUAL,
            team_source=TeamSource.CHOSEN if team else TeamSource.NONE,
            team=team,
            role=role,
            send_invitations=send_invitation,
        )
        row = plan.changes.get()
        if row.action == Action.NOTHING:
            raise PlanError(f"{person}: {row.reason}.")
        if row.action == Action.CREATE:
            _rename(row, name.strip(), email.strip(), connection)
    return plan if row.action == Action.CONFLICT else run_now(plan, by=by)


def _rename(row: PlannedChange, name: str, email: str, connection: Connection) -> None:
    """Give the new account this name and this e-mail, as far as they are given."""
    if email:
        _check_address(row, email, connection)
    given = {"name": name, "email": email}
    row.values |= {key: value for key, value in given.items() if value}
    row.save(update_fields=["values"])


def _check_address(row: PlannedChange, email: str, connection: Connection) -> None:
    if folded(email) == folded(row.values["email"]):
        return
    if unusable := why_unusable(email):
        raise PlanError(f"The e-mail “{email}” {unusable}.")
    holders = User.objects.holding_address().with_address(email)
    if holder := holders.filter(company=connection.company_id).first():
        raise PlanError(f"{holder} already has the e-mail {email}: map to that account instead.")


def map_account(connection: Connection, *, salesforce_id: str, account: User, by: User) -> SyncPlan:
    """Map a Salesforce user to an account there is."""
    person = look_up(connection, salesforce_id=salesforce_id)
    row = map_row(connection, person, account)
    if row["action"] == Action.NOTHING:
        raise PlanError(f"{person}: {row['reason']}.")
    return change_now(connection, person, row, by=by)


def unlink(connection: Connection, *, salesforce_id: str, reason: str, by: User) -> SyncPlan:
    """Remove a mapping; no run links the two again until a person does."""
    user_id = checked_user_id(salesforce_id)
    mapping = mapping_of(connection, user_id)
    if mapping is None:
        raise PlanError("This Salesforce user is not mapped to anybody.")
    if not reason.strip():
        raise PlanError("Say why: whoever looks at this person later will want to know.")
    return change_now(connection, _person(connection, user_id), unlink_row(mapping, reason), by=by)


def unlink_row(mapping: UserMapping, reason: str) -> Row:
    return {
        "action": Action.UNLINK,
        "reason": f"Unlink from {mapping.account}",
        "account": mapping.account_id,
        "account_name": str(mapping.account),
        "values": {"reason": reason.strip()[:255]},
        "basis": {"mapping": as_basis(mapping)},
    }


def run_now(plan: SyncPlan, *, by: User | None) -> SyncPlan:
    """Approve and apply a plan of few rows at once, without waiting for the worker.

    A crash in between does no harm: the worker finds it approved.
    """
    approving.approve(plan, by=by)
    applying.apply_plan(plan.pk)
    plan.refresh_from_db()
    return plan


def change_now(connection: Connection, person: DirectoryUser, row: Row, *, by: User) -> SyncPlan:
    """One change of a mapping, at once."""
    plan = draft(connection, SyncPlan.Kind.MAPPINGS, Approach.MANUAL, [(person, row)], by=by)
    return run_now(plan, by=by)


def mapping_of(connection: Connection, user_id: str) -> UserMapping | None:
    mappings = UserMapping.objects.filter(connection=connection, salesforce_user_id=user_id)
    return mappings.select_related("account").first()


def _person(connection: Connection, user_id: str) -> DirectoryUser:
    """The mirrored user, or a stand-in for one that was mapped without being seen."""
    known = DirectoryUser.objects.filter(connection=connection, salesforce_id=user_id).first()
    return known or DirectoryUser(connection=connection, salesforce_id=user_id, name=user_id)
