"""Reading CSV files strictly: whatever is wrong is named by file, line and column."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import NoReturn, TypeVar

T = TypeVar("T")


class BrokenData(Exception):
    """A CSV file can't be used. The text is one line for whoever wrote the file."""


@dataclass(frozen=True)
class Line:
    """One line of a file; its cells are asked for by column, so errors know where they are."""

    file: str
    number: int
    cells: dict[str, str]

    def fail(self, column: str, message: str) -> NoReturn:
        raise BrokenData(f"{self.file}, line {self.number}, column {column}: {message}")

    def text(self, column: str) -> str:
        return self.cells[column]

    def required(self, column: str) -> str:
        return self.cells[column] or self.fail(column, "this must not be empty.")

    def date(self, column: str) -> date | None:
        """A date written month/day/year, or None where the cell is empty."""
        return self._converted(column, _date, "is not a date (month/day/year)")

    def number_(self, column: str) -> float | None:
        return self._converted(column, _number, "is not a number")

    def whole(self, column: str) -> int | None:
        return self._converted(column, int, "is not a whole number")

    def _converted(self, column: str, convert: Callable[[str], T], wrong: str) -> T | None:
        cell = self.cells[column]
        if not cell:
            return None
        try:
            return convert(cell)
        except ValueError:
            self.fail(column, f"{cell!r} {wrong}.")


def _date(cell: str) -> date:
    return datetime.strptime(cell, "%m/%d/%Y").date()  # noqa: DTZ007 - a day has no time zone


def _number(cell: str) -> float:
    value = float(cell)
    if value in (float("inf"), float("-inf")) or value != value:
        raise ValueError(cell)
    return value


def read_lines(path: Path, columns: tuple[str, ...]) -> Iterator[Line]:
    """Yield the lines of a UTF-8 CSV file that has at least these columns; BrokenData if not."""
    text = _decoded(path)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(path.name, header, columns)
        for cells in reader:
            if cells:
                yield _line(path.name, reader.line_num, header, cells)
    except csv.Error as error:
        where = f"{path.name}, line {reader.line_num}, column {header[0]}"
        raise BrokenData(f"{where}: this is not CSV ({error}).") from error


def _decoded(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BrokenData(f"{path}: the file can't be read ({error.strerror}).") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        number = before.count(b"\n") + 1
        cell = before.rsplit(b"\n", 1)[-1].count(b",")
        names = content.split(b"\n", 1)[0].decode("utf-8-sig", "replace").strip().split(",")
        column = names[cell] if cell < len(names) else str(cell + 1)
        message = "this is not UTF-8; save the file as UTF-8."
        raise BrokenData(f"{path.name}, line {number}, column {column}: {message}") from error


def _check_header(file: str, header: list[str], columns: tuple[str, ...]) -> None:
    for column in columns:
        if column not in header:
            raise BrokenData(f"{file}, line 1, column {column}: this column is missing.")
    for column in header:
        if header.count(column) > 1:
            raise BrokenData(f"{file}, line 1, column {column}: this column is there twice.")


def _line(file: str, number: int, header: list[str], cells: list[str]) -> Line:
    if len(cells) > len(header):
        where = f"{file}, line {number}, column {len(header) + 1}"
        raise BrokenData(f"{where}: there are more cells than columns.")
    if len(cells) < len(header):
        where = f"{file}, line {number}, column {header[len(cells)]}"
        raise BrokenData(f"{where}: the line ends before this column.")
    return Line(file, number, dict(zip(header, (cell.strip() for cell in cells), strict=True)))
