"""Mappings that somebody wrote down elsewhere, planned all at once or not at all.

- ``plan_lines(connection, lines, by=...) -> SyncPlan``: a draft; raises `BadLines`, naming each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models.functions import Lower

from accounts.models import User
from integrations.models import (
    Approach,
    Connection,
    DirectoryUser,
    PlannedChange,
    SyncPlan,
    UserMapping,
)

from .candidates import folded
from .errors import PlanError
from .mapping_rows import map_to
from .plan_rows import DecidedRow, draft

Action = PlannedChange.Action
#: All that a line is decided by: there may be 100,000, and somebody waits.
OF_PEOPLE = ("salesforce_id", "name", "username", "email", "federation_id", "ignored_at")
OF_ACCOUNTS = ("name", "email", "federation_id", "role", "state", "protected")


@dataclass(frozen=True)
class BadLine:
    number: int
    problem: str


class BadLines(PlanError):
    """Nothing was planned; ``lines`` holds the number of each bad line, and what is wrong."""

    def __init__(self, lines: Sequence[BadLine]) -> None:
        self.lines = sorted(lines, key=lambda line: line.number)
        shown = "; ".join(f"line {line.number}: {line.problem}" for line in self.lines[:5])
        more = f"; and {len(lines) - 5:,} more" if len(lines) > 5 else ""
        super().__init__(f"Nothing was changed: {shown}{more}.")


@dataclass(frozen=True)
class Line:
    """A Salesforce user and the account to map them to, as written."""

    number: int
    salesforce_id: str
    email: str

    @property
    def claim(self) -> str:
        """What a later line with the same account is told."""
        return f"the same account as in line {self.number}"


def plan_lines(
    connection: Connection, lines: Sequence[Line], *, by: User, bad: Sequence[BadLine] = ()
) -> SyncPlan:
    """A draft that maps as the lines say. ``bad`` are those that could not even be read.

    Raises `BadLines`; `PlanError` where nothing is new.
    """
    rows, refused = _decide(connection, lines)
    if bad or refused:
        raise BadLines([*bad, *refused])
    if all(row["action"] == Action.NOTHING for _, row in rows):
        raise PlanError(
            "Nothing is new in this file: its mappings are there already, or its people ignored."
        )
    rows.sort(key=lambda row: "emails_differ" not in row[1].get("values", {}))
    return draft(connection, SyncPlan.Kind.MAPPINGS, Approach.MANUAL, rows, by=by)


def _decide(
    connection: Connection, lines: Sequence[Line]
) -> tuple[list[DecidedRow], list[BadLine]]:
    known = _Known(connection, lines)
    rows: list[DecidedRow] = []
    bad: list[BadLine] = []
    first_with: dict[str, int] = {}
    for line in lines:
        first = first_with.setdefault(line.salesforce_id, line.number)
        if first != line.number:
            bad.append(BadLine(line.number, f"the same Salesforce user as line {first}"))
            continue
        try:
            rows.append(known.row_of(line))
        except PlanError as error:
            bad.append(BadLine(line.number, str(error).rstrip(".")))
    return rows, bad


class _Known:
    """The people and the accounts that a file names, and who is mapped to whom already."""

    def __init__(self, connection: Connection, lines: Sequence[Line]) -> None:
        ids = [line.salesforce_id for line in lines]
        people = DirectoryUser.objects.filter(connection=connection, salesforce_id__in=ids)
        self.people = {one.salesforce_id: one for one in people.only(*OF_PEOPLE)}
        holders = User.objects.holding_address().alias(address=Lower("email"))
        accounts = holders.filter(
            company=connection.company_id, address__in={line.email for line in lines}
        )
        self.accounts = {folded(one.email): one for one in accounts.only(*OF_ACCOUNTS)}
        mappings = UserMapping.objects.filter(connection=connection)
        self.mapped_to: dict[str, User] = {
            one.salesforce_user_id: one.account
            for one in mappings.filter(salesforce_user_id__in=ids)
            .select_related("account")
            .defer("account__search")
        }
        current = mappings.filter(is_current=True, account__in=self.accounts.values())
        self.taken = {
            account_id: f"mapped to {salesforce_id} already"
            for account_id, salesforce_id in current.values_list("account_id", "salesforce_user_id")
        }

    def row_of(self, line: Line) -> DecidedRow:
        """Raises `PlanError` for a line that cannot be carried out."""
        person, account = self.people.get(line.salesforce_id), self.accounts.get(line.email)
        if person is None:
            raise PlanError(f"{line.salesforce_id} is not in the Salesforce users")
        if account is None:
            raise PlanError(f"no account has the e-mail {line.email}")
        mapped_to = self.mapped_to.get(line.salesforce_id)
        if mapped_to == account:
            return person, {"action": Action.NOTHING, "reason": "Mapped already"}
        if mapped_to is not None:
            raise PlanError(f"{person} is mapped to {mapped_to}: unlink first")
        said = self.taken.setdefault(account.pk, line.claim)
        if said != line.claim:
            raise PlanError(f"{account} is {said}")
        return person, map_to(person, account, "as the file says")
