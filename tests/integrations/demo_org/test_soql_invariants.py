"""What holds for any text and any numbers in a query."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from integrations.demo_org import DemoOrg
from integrations.demo_org.access import UserAccess
from integrations.demo_org.soql import QueryError, Result, run
from integrations.demo_org.store import Row

EMPTY = DemoOrg.empty()
WORDS = "SELECT Id FROM User WHERE ( ) AND OR NOT IN LIKE = != ' \\ null 1 2026-01-01 , COUNT Name"


@given(st.text(max_size=60) | st.lists(st.sampled_from(WORDS.split())).map(" ".join))
def test_any_text_is_a_query_or_a_refusal(text: str) -> None:
    answer: object
    try:
        answer = run(text, EMPTY.store, UserAccess(EMPTY, EMPTY.integration_user_id))
    except QueryError as refusal:
        answer = refusal
    assert isinstance(answer, Result | QueryError)


AMOUNTS: dict[str, Callable[[float, float], bool]] = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


@given(
    st.lists(st.none() | st.integers(-5, 5), max_size=8),
    st.sampled_from(sorted(AMOUNTS)),
    st.integers(-5, 5),
)
def test_comparisons_agree_with_arithmetic(
    amounts: list[int | None], operator: str, wanted: int
) -> None:
    org = EMPTY
    rows: list[Row] = [
        org.insert("Account", Name="x", NumberOfEmployees=amount, OwnerId=org.integration_user_id)
        for amount in amounts
    ]
    ids = {row["Id"] for row in rows}
    soql = f"SELECT Id, NumberOfEmployees FROM Account WHERE NumberOfEmployees {operator} {wanted}"
    result = run(soql, org.store, UserAccess(org, org.integration_user_id))
    found = sorted(row["NumberOfEmployees"] for row in result.rows if row["Id"] in ids)
    compare = AMOUNTS[operator]
    assert found == sorted(a for a in amounts if a is not None and compare(a, wanted))
