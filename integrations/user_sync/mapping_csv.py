"""Mappings as CSV, out and in again.

- ``export(connection) -> Iterator[str]``: lines, for a streaming response;
- ``plan_csv(connection, text, by=...) -> SyncPlan``: a draft; raises `BadLines`, naming each.

A line maps its Salesforce user to the account with its e-mail; a line without an e-mail changes
nothing. Nothing is unlinked by leaving lines out. Cells that a spreadsheet would take for a formula
begin with an apostrophe, which the way in takes off again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Lower

from accounts import bulk_writer
from accounts.models import User
from integrations.models import (
    Approach,
    Connection,
    DirectoryUser,
    PlannedChange,
    SyncPlan,
    TeamSource,
    UserMapping,
)

from .candidates import folded
from .errors import PlanError
from .manual import checked_user_id
from .mapping_rows import mapped
from .plan_rows import CHUNK, ROW_FIELDS, Row, save_ready

Action = PlannedChange.Action
_Cells = tuple[int, list[str]]  # the number of its first line, and a row

COLUMNS = ("Salesforce user id", "Salesforce name", "Salesforce username", "Account e-mail")
_ID, _EMAIL = COLUMNS[0], COLUMNS[3]
LONGEST = 5_000_000
MOST_LINES = 100_000
#: What makes a spreadsheet take a cell for a formula, also after blanks.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%")


class BadLines(PlanError):
    """Nothing was planned; ``lines`` holds the number of each bad line, and what is wrong."""

    def __init__(self, lines: list[tuple[int, str]]) -> None:
        self.lines = lines
        shown = "; ".join(f"line {number}: {what}" for number, what in lines[:5])
        more = f"; and {len(lines) - 5} more" if len(lines) > 5 else ""
        super().__init__(f"Nothing was changed: {shown}{more}.")


@dataclass(frozen=True)
class _Line:
    number: int
    salesforce_id: str
    email: str

    @property
    def claim(self) -> str:
        """What a later line with the same account is told."""
        return f"the same account as in line {self.number}"


def export(connection: Connection) -> Iterator[str]:
    """A heading, then a line for each Salesforce user, mapped or not; by name."""
    yield csv_line(COLUMNS)
    accounts = dict(
        UserMapping.objects.filter(connection=connection, is_current=True).values_list(
            "salesforce_user_id", "account__email"
        )
    )
    people = DirectoryUser.objects.filter(connection=connection).order_by("name", "pk")
    rows = people.values_list("salesforce_id", "name", "username").iterator(chunk_size=CHUNK)
    for salesforce_id, name, username in rows:
        yield csv_line((salesforce_id, name, username, accounts.get(salesforce_id, "")))


def plan_csv(connection: Connection, text: str, *, by: User) -> SyncPlan:
    """A draft that maps as the lines say. Raises `BadLines`; `PlanError` where nothing is new."""
    lines = _read(text)
    rows = _decide(connection, lines)
    if all(row["action"] == Action.NOTHING for _, row in rows):
        raise PlanError("Nothing is new in this file: all of its mappings are there already.")
    with transaction.atomic():
        plan = SyncPlan.objects.create(
            company=connection.company,
            connection=connection,
            kind=SyncPlan.Kind.MAPPINGS,
            approach=Approach.MANUAL,
            team_source=TeamSource.NONE,
            created_by=by,
        )
        ready = (save_ready(plan, n, person, row) for n, (person, row) in enumerate(rows, 1))
        bulk_writer.insert(PlannedChange, ROW_FIELDS, ready)
    return plan


def csv_line(cells: tuple[str, ...]) -> str:
    """A line that no spreadsheet takes for a formula."""
    target = io.StringIO()
    csv.writer(target).writerow([_harmless(cell) for cell in cells])
    return target.getvalue()


def _harmless(cell: str) -> str:
    risky = cell.lstrip(" ").startswith(_FORMULA) or cell.startswith("'")
    return f"'{cell}" if risky else cell


def _as_written(cell: str) -> str:
    return cell.strip().removeprefix("'").strip()


def _read(text: str) -> list[_Line]:
    """The lines that say something; raises `BadLines` for those that make no sense."""
    if len(text) > LONGEST:
        raise PlanError(f"This file is too big: at most {LONGEST // 1_000_000} MB can be read.")
    text = text.removeprefix("\ufeff")
    heading = text.split("\n", 1)[0]
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    try:
        table = list(_rows(text, delimiter))
    except csv.Error as error:
        raise PlanError(f"This is not a CSV file that can be read: {error}.") from error
    lines = _checked(table, _columns(table))
    if not lines:
        raise PlanError("This file maps nobody: it needs lines with an account e-mail.")
    return lines


def _rows(text: str, delimiter: str) -> Iterator[_Cells]:
    """Each row with the line it begins in; a quoted cell may hold line breaks."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    for cells in reader:
        yield begins, cells
        begins = reader.line_num + 1


def _checked(table: list[_Cells], columns: dict[str, int]) -> list[_Line]:
    """The lines with an e-mail; raises `BadLines` if any line makes no sense."""
    bad: list[tuple[int, str]] = []
    lines: list[_Line] = []
    seen: dict[str, int] = {}
    for number, cells in table[1:]:
        if not any(cell.strip() for cell in cells):
            continue
        try:
            line = _parsed(number, cells, columns)
        except PlanError as error:
            bad.append((number, str(error).rstrip(".")))
            continue
        if line.salesforce_id in seen:
            bad.append((number, f"the same Salesforce user as line {seen[line.salesforce_id]}"))
        seen[line.salesforce_id] = number
        if line.email:
            lines.append(line)
    if bad:
        raise BadLines(bad)
    return lines


def _columns(table: list[_Cells]) -> dict[str, int]:
    if not table or len(table) > MOST_LINES:
        raise PlanError(f"A file has a heading and at most {MOST_LINES:,} lines.")
    heading = [cell.strip().lower() for cell in table[0][1]]
    for name in (_ID, _EMAIL):
        if name.lower() not in heading:
            raise PlanError(f"The first line has no column “{name}”.")
        if heading.count(name.lower()) > 1:
            raise PlanError(f"The first line has the column “{name}” twice.")
    return {name: heading.index(name.lower()) for name in (_ID, _EMAIL)}


def _parsed(number: int, cells: list[str], columns: dict[str, int]) -> _Line:
    if len(cells) <= max(columns.values()):
        raise PlanError("has fewer columns than the heading")
    salesforce_id = checked_user_id(_as_written(cells[columns[_ID]]))
    return _Line(number, salesforce_id, folded(_as_written(cells[columns[_EMAIL]])))


def _decide(connection: Connection, lines: list[_Line]) -> list[tuple[DirectoryUser, Row]]:
    known = _Known(connection, lines)
    rows: list[tuple[DirectoryUser, Row]] = []
    bad: list[tuple[int, str]] = []
    for line in lines:
        try:
            rows.append(known.row_of(line))
        except PlanError as error:
            bad.append((line.number, str(error)))
    if bad:
        raise BadLines(bad)
    return rows


class _Known:
    """The people and the accounts that a file names, and who is mapped to whom already."""

    def __init__(self, connection: Connection, lines: list[_Line]) -> None:
        ids = [line.salesforce_id for line in lines]
        people = DirectoryUser.objects.filter(connection=connection, salesforce_id__in=ids)
        self.people = {one.salesforce_id: one for one in people.defer("search")}
        holders = User.objects.holding_address().alias(address=Lower("email"))
        accounts = holders.filter(
            company=connection.company_id, address__in={line.email for line in lines}
        )
        self.accounts = {folded(one.email): one for one in accounts.defer("search")}
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

    def row_of(self, line: _Line) -> tuple[DirectoryUser, Row]:
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
        return person, mapped(person, account, f"Maps to {account}, as the file says")
