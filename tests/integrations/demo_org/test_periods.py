"""Relative dates in a query."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.demo_org import DemoOrg
from integrations.demo_org.soql.periods import UNITS, Period, period

from .client import Client

WEDNESDAY = date(2026, 2, 4)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("TODAY", date(2026, 2, 4), date(2026, 2, 5)),
        ("YESTERDAY", date(2026, 2, 3), date(2026, 2, 4)),
        ("TOMORROW", date(2026, 2, 5), date(2026, 2, 6)),
        ("LAST_N_DAYS:7", date(2026, 1, 28), date(2026, 2, 5)),
        ("NEXT_N_DAYS:7", date(2026, 2, 5), date(2026, 2, 12)),
        ("N_DAYS_AGO:3", date(2026, 2, 1), date(2026, 2, 2)),
        ("THIS_WEEK", date(2026, 2, 1), date(2026, 2, 8)),
        ("LAST_WEEK", date(2026, 1, 25), date(2026, 2, 1)),
        ("THIS_MONTH", date(2026, 2, 1), date(2026, 3, 1)),
        ("THIS_QUARTER", date(2026, 1, 1), date(2026, 4, 1)),
        ("LAST_QUARTER", date(2025, 10, 1), date(2026, 1, 1)),
        ("LAST_N_MONTHS:2", date(2025, 12, 1), date(2026, 2, 1)),
        ("NEXT_N_QUARTERS:2", date(2026, 4, 1), date(2026, 10, 1)),
        ("THIS_YEAR", date(2026, 1, 1), date(2027, 1, 1)),
        ("N_YEARS_AGO:1", date(2025, 1, 1), date(2026, 1, 1)),
        ("LAST_90_DAYS", date(2025, 11, 6), date(2026, 2, 5)),
    ],
)
def test_a_period_has_its_days(text: str, start: date, end: date) -> None:
    assert period(text, WEDNESDAY) == Period(start, end)


@given(
    today=st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    unit=st.sampled_from(UNITS),
    count=st.integers(1, 30),
)
def test_periods_join_without_gap_or_overlap(today: date, unit: str, count: int) -> None:
    last, this, coming = (period(f"{which}_{unit}", today) for which in ("LAST", "THIS", "NEXT"))
    assert last is not None
    assert this is not None
    assert coming is not None
    assert last.end == this.start <= today < this.end == coming.start
    counted = period(f"LAST_N_{unit}S:{count}", today)
    assert counted is not None
    assert counted.end == this.start
    assert counted.start <= last.start


def test_a_query_takes_them_for_dates_and_times(client: Client, org: DemoOrg) -> None:
    deal = org.store.rows("Opportunity")[0]
    org.update("Opportunity", deal["Id"], CloseDate=org.today() - timedelta(days=3))
    one = f"SELECT Id FROM Opportunity WHERE Id = '{deal['Id']}' AND "
    for condition, found in (
        ("CloseDate = LAST_N_DAYS:3", True),
        ("CloseDate = last_n_days:2", False),
        ("CloseDate < TODAY", True),
        ("CloseDate >= TODAY", False),
        ("CloseDate != TODAY", True),
        ("LastModifiedDate = TODAY", True),
        ("LastModifiedDate > YESTERDAY", True),
        ("LastModifiedDate <= YESTERDAY", False),
    ):
        assert bool(client.records(one + condition)) is found, condition


@pytest.mark.parametrize("condition", ["Name = TODAY", "CloseDate = LAST_N_MOONS:3"])
def test_what_is_no_date_or_no_period_is_refused(client: Client, condition: str) -> None:
    answer = client.query(f"SELECT Id FROM Opportunity WHERE {condition}")
    assert answer.json()[0]["errorCode"] in ("INVALID_FIELD", "MALFORMED_QUERY")
