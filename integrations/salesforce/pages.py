"""Reading what Salesforce answers: whole pages of rows, or an error, never a guess."""

from dataclasses import dataclass
from typing import Any

from integrations.salesforce.errors import TransientError
from integrations.salesforce.ids import to_18

Row = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """One page of a query's rows. `total_size` counts the rows of all pages."""

    rows: list[Row]
    total_size: int
    next_records_url: str  # empty on the last page


def object_from(answer: object) -> dict[str, Any]:
    """Return the answer when it is a JSON object; raises TypeError."""
    if not isinstance(answer, dict):
        raise TypeError("not a JSON object")
    return answer


def page_from(answer: object) -> Page:
    """Read a page. One without its marks is no page: it must never pass for an empty list.

    Raises TypeError.
    """
    page = object_from(answer)
    records, done, total = page.get("records"), page.get("done"), page.get("totalSize")
    next_url = page.get("nextRecordsUrl")
    if not isinstance(records, list) or not isinstance(done, bool) or not isinstance(total, int):
        raise TypeError("not a page of records")
    if not done and not (isinstance(next_url, str) and next_url):
        raise TypeError("a page without its next one")
    rows = [_plain(object_from(record)) for record in records]
    return Page(rows, total, "" if done else str(next_url))


def deleted_from(answer: object) -> list[str]:
    """Read the ids of the list of deleted records. Raises TypeError or ValueError."""
    records = object_from(answer).get("deletedRecords")
    if not isinstance(records, list):
        raise TypeError("not a list of deleted records")
    return [to_18(str(object_from(record).get("id"))) for record in records]


def not_whole(detail: str) -> TransientError:
    return TransientError(
        "Salesforce did not send the whole list, perhaps because it changed meanwhile. "
        "It is read again later.",
        detail=detail,
    )


def _plain(record: dict[str, Any]) -> Row:
    """Drop `attributes` (type and address), also of the parents and children inside."""
    record.pop("attributes", None)
    for value in record.values():
        if isinstance(value, dict):
            _plain(value)
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    _plain(item)
    return record
