"""What Salesforce works out by itself when a record is saved."""

from datetime import date, datetime, time, timedelta
from typing import Any

from .schema.sales import STAGES

Row = dict[str, Any]


def derive(object_name: str, row: Row, given: Row) -> None:
    """Fill in the fields of `row` that follow from others; `given` is what the writer set."""
    if object_name == "User":
        row["Name"] = " ".join(part for part in (row["FirstName"], row["LastName"]) if part)
    elif object_name == "Opportunity":
        _derive_opportunity(row, given)
    elif object_name == "Task":
        _derive_task(row)
    elif object_name == "Event":
        _derive_event(row, given)


def _derive_opportunity(row: Row, given: Row) -> None:
    if "StageName" in given:
        stage = STAGES[row["StageName"]]
        row["IsClosed"], row["IsWon"] = stage.is_closed, stage.is_won
        row["ForecastCategory"] = row["ForecastCategoryName"] = stage.forecast
        row["LastStageChangeDate"] = row["LastModifiedDate"]
        if "Probability" not in given:
            row["Probability"] = float(stage.probability)
    row["ExpectedRevenue"] = None
    if row["Amount"] is not None and row["Probability"] is not None:
        row["ExpectedRevenue"] = row["Amount"] * row["Probability"] / 100
    closes: date = row["CloseDate"]
    row["FiscalYear"], row["FiscalQuarter"] = closes.year, (closes.month + 2) // 3
    row["Fiscal"] = f"{row['FiscalYear']} {row['FiscalQuarter']}"


def _derive_task(row: Row) -> None:
    row["IsClosed"] = row["Status"] == "Completed"
    row["IsHighPriority"] = row["Priority"] == "High"
    if not row["IsClosed"]:
        row["CompletedDateTime"] = None
    elif row["CompletedDateTime"] is None:
        row["CompletedDateTime"] = row["LastModifiedDate"]


def _derive_event(row: Row, given: Row) -> None:
    """Start, end, duration and day say one thing; what was not given follows from what was."""
    start: datetime | None = row["StartDateTime"]
    if "StartDateTime" not in given and given.get("ActivityDateTime"):
        start = row["ActivityDateTime"]
    if start is None:
        return
    if row["IsAllDayEvent"]:
        start = datetime.combine(start, time(tzinfo=start.tzinfo))
    end: datetime | None = row["EndDateTime"] if "EndDateTime" in given else None
    if end is None:
        end = start + timedelta(minutes=row["DurationInMinutes"] or 0)
    row["StartDateTime"] = row["ActivityDateTime"] = start
    row["EndDateTime"] = end
    row["DurationInMinutes"] = int((end - start).total_seconds()) // 60
    row["ActivityDate"], row["EndDate"] = start.date(), end.date()
