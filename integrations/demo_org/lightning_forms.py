"""What the org's own pages show of a record: its fields, columns and quick actions, and as text."""

from datetime import date, datetime
from typing import Any

from .store import Row

ROOT = "/lightning"
ROWS = 50
FORMS = {
    "Opportunity": (
        "Name",
        "AccountId",
        "StageName",
        "Amount",
        "CloseDate",
        "Type",
        "NextStep",
        "OwnerId",
        "IsPrivate",
    ),
    "Task": (
        "Subject",
        "Status",
        "TaskSubtype",
        "Priority",
        "ActivityDate",
        "CallDurationInSeconds",
        "OwnerId",
    ),
    "Event": ("Subject", "StartDateTime", "DurationInMinutes", "Location", "OwnerId", "IsPrivate"),
}
COLUMNS = {
    "Opportunity": ("Name", "StageName", "Amount", "CloseDate", "OwnerId"),
    "Task": ("Subject", "Status", "ActivityDate", "OwnerId"),
    "Event": ("Subject", "StartDateTime", "DurationInMinutes", "OwnerId"),
}
#: What one does most, by one press: the label and what it sets.
QUICK: dict[str, dict[str, Row]] = {
    "Opportunity": {
        "Close as won": {"StageName": "Closed Won"},
        "Close as lost": {"StageName": "Closed Lost"},
        "Reopen": {"StageName": "Negotiation/Review"},
    },
    "Task": {"Mark complete": {"Status": "Completed"}, "Reopen": {"Status": "Not Started"}},
    "Event": {},
}
VIEWS = {"all": "All", "mine": "Mine", "open": "Open", "closed": "Closed"}


def in_form(value: Any) -> Any:
    """A stored value as a form field holds it."""
    if isinstance(value, bool):
        return value
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M}"
    if isinstance(value, float):
        return f"{value:.2f}".removesuffix(".00")
    return "" if value is None else str(value)


def as_text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}".removesuffix(".00")
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)
