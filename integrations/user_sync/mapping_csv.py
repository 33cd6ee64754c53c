"""Mappings as CSV, out and in again.

- ``export(connection) -> Iterator[str]``: its lines;
- ``plan_csv(connection, text, by=...) -> SyncPlan``: a draft; raises `BadLines`, naming each.

A line maps its Salesforce user to the account with its e-mail; a line without an e-mail changes
nothing. Nothing is unlinked by leaving lines out. Cells that a spreadsheet would take for a formula
begin with an apostrophe, which the way in takes off again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from accounts.bulk_writer import storable
from accounts.models import User
from integrations.models import Connection, DirectoryUser, SyncPlan, UserMapping

from .candidates import folded
from .errors import PlanError
from .manual import checked_user_id
from .mapping_lines import BadLine, Line, plan_lines
from .plan_rows import CHUNK

_Cells = tuple[int, list[str]]  # the number of its first line, and a row

COLUMNS = ("Salesforce user id", "Salesforce name", "Salesforce username", "Account e-mail")
_ID, _EMAIL = COLUMNS[0], COLUMNS[3]
MOST_LINES = 100_000
#: Room for so many lines as `export` writes them.
LONGEST = 200 * MOST_LINES
#: What makes a spreadsheet take a cell for a formula, also after blanks.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%")


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
    lines, bad = _read(text)
    if not any(line.email for line in lines) and not bad:
        raise PlanError("This file maps nobody: it needs lines with an account e-mail.")
    return plan_lines(connection, [line for line in lines if line.email], by=by, bad=bad)


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


def _read(text: str) -> tuple[list[Line], list[BadLine]]:
    """The lines, and those that make no sense."""
    if len(text) > LONGEST:
        raise PlanError(f"This file is too big: at most {LONGEST // 1_000_000} MB can be read.")
    text = text.removeprefix("\ufeff")
    heading = text.split("\n", 1)[0]
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    try:
        table = list(_rows(text, delimiter))
    except csv.Error as error:
        raise PlanError(f"This is not a CSV file that can be read: {error}.") from error
    columns = _columns(table)
    lines: list[Line] = []
    bad: list[BadLine] = []
    for number, cells in table[1:]:
        if not any(cell.strip() for cell in cells):
            continue
        try:
            lines.append(_parsed(number, cells, columns))
        except PlanError as error:
            bad.append(BadLine(number, str(error).rstrip(".")))
    return lines, bad


def _rows(text: str, delimiter: str) -> Iterator[_Cells]:
    """Each row with the line it begins in; a quoted cell may hold line breaks."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    for cells in reader:
        yield begins, cells
        begins = reader.line_num + 1


def _columns(table: list[_Cells]) -> dict[str, int]:
    if not table:
        raise PlanError("This file is empty.")
    if len(table) > 1 + MOST_LINES:
        raise PlanError(f"A file has a heading and at most {MOST_LINES:,} lines.")
    heading = [cell.strip().lower() for cell in table[0][1]]
    for name in (_ID, _EMAIL):
        if name.lower() not in heading:
            raise PlanError(f"The first line has no column “{name}”.")
        if heading.count(name.lower()) > 1:
            raise PlanError(f"The first line has the column “{name}” twice.")
    return {name: heading.index(name.lower()) for name in (_ID, _EMAIL)}


def _parsed(number: int, cells: list[str], columns: dict[str, int]) -> Line:
    if len(cells) <= max(columns.values()):
        raise PlanError("has fewer columns than the heading")
    salesforce_id = checked_user_id(_as_written(cells[columns[_ID]]))
    email = folded(_as_written(cells[columns[_EMAIL]]))
    if email != storable(email):
        raise PlanError("has a character in its e-mail that cannot be one")
    return Line(number, salesforce_id, email)
