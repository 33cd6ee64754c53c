from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.salesforce.errors import ConfigurationError
from integrations.salesforce.soql import checked_name, literal, literals, select, selectable

DESCRIBE = {
    "fields": [
        {"name": "Id", "relationshipName": None},
        {"name": "Email", "relationshipName": None},
        {"name": "ProfileId", "relationshipName": "Profile"},
    ]
}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("O'Neill \\ Co", r"'O\'Neill \\ Co'"),
        (True, "true"),
        (None, "null"),
        (7, "7"),
        (0.1, "0.1"),
        (1e22, "10000000000000000000000"),
        (Decimal("1.50"), "1.50"),
        (date(2026, 1, 31), "2026-01-31"),
        (datetime(2026, 1, 2, 3, 4, 5, 999, tzinfo=UTC), "2026-01-02T03:04:05Z"),
        (
            datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=1))),
            "2026-01-02T02:04:05Z",
        ),
    ],
)
def test_a_value_is_written_as_soql_writes_it(value: object, text: str) -> None:
    assert literal(value) == text  # type: ignore[arg-type]


@given(st.text())
def test_no_text_breaks_out_of_its_quotes(text: str) -> None:
    inside = literal(text)[1:-1]
    assert "'" not in inside.replace("\\\\", "").replace("\\'", "")


@pytest.mark.parametrize("value", [datetime(2026, 1, 2), float("nan"), float("inf")])  # noqa: DTZ001
def test_a_value_without_a_meaning_in_soql_is_refused(value: datetime | float) -> None:
    with pytest.raises(ValueError, match="query"):
        literal(value)


def test_a_list_is_written_for_in_and_never_empty() -> None:
    assert literals(["a", "b"]) == "('a','b')"
    with pytest.raises(ValueError, match="empty"):
        literals([])


@pytest.mark.parametrize("name", ["Name FROM User", "", "1a", "a.", "Ünit", "a'b", "a--"])
def test_what_cannot_be_a_name_is_refused_and_named(name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        checked_name(name)
    assert caught.value.field == name


def test_only_fields_that_the_describe_shows_are_selected() -> None:
    selection = selectable(["id", "EMAIL", "Profile.Name", "Mood__c", "Manager.Name"], DESCRIBE)
    assert selection.available == ["Id", "Email", "Profile.Name"]
    assert selection.missing == ["Mood__c", "Manager.Name"]


def test_a_query_is_put_together() -> None:
    query = select(
        ["Id", "Name", "Id"],
        "User",
        where=f"IsActive = {literal(value=True)}",
        order_by="Id",
        limit=5,
    )
    assert query == "SELECT Id, Name FROM User WHERE IsActive = true ORDER BY Id LIMIT 5"
