"""The query language, against the store that it reads."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from integrations.demo_org import DemoOrg
from integrations.demo_org.access import UserAccess
from integrations.demo_org.soql import QueryError, run

REFERENCE = "Please reference your WSDL or the describe call for the appropriate names."


class Asker:
    """Asks as the integration user, who sees everything."""

    def __init__(self, org: DemoOrg) -> None:
        self.org = org

    def __call__(self, soql: str) -> list[dict[str, Any]]:
        access = UserAccess(self.org, self.org.integration_user_id)
        result = run(soql, self.org.store, access)
        return [result.selection.show(row, "/services/data/v66.0") for row in result.rows]

    def names(self, where: str) -> set[str]:
        return {row["Name"] for row in self(f"SELECT Name FROM Opportunity WHERE {where}")}

    def refusal(self, soql: str) -> QueryError:
        with pytest.raises(QueryError) as caught:
            self(soql)
        return caught.value


@pytest.fixture(scope="module")
def ask() -> Asker:
    org = DemoOrg.empty()
    owner = org.integration_user_id
    account = org.insert("Account", Name="Åland & Söhne", OwnerId=owner)
    for name, stage, amount, closes, day in (
        ("Alpha 100%", "Closed Won", 10.0, date(2026, 1, 31), 1),
        ("beta_one", "Closed Lost", None, date(2026, 2, 28), 2),
        ("Gamma's", "Prospecting", 30.5, date(2026, 3, 31), 3),
    ):
        org.insert(
            "Opportunity",
            Name=name,
            StageName=stage,
            Amount=amount,
            CloseDate=closes,
            OwnerId=owner,
            AccountId=account["Id"] if amount else None,
            CreatedDate=datetime(2026, 1, day, 12, tzinfo=UTC),
        )
    return Asker(org)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("IsWon = true", {"Alpha 100%"}),
        ("IsWon = FALSE AND Amount = null", {"beta_one"}),
        ("Amount != 10", {"beta_one", "Gamma's"}),
        ("Amount >= 10 AND Amount < 30.5", {"Alpha 100%"}),
        ("(IsWon = true OR Amount = null) AND CloseDate > 2026-01-31", {"beta_one"}),
        ("NOT (IsClosed = true)", {"Gamma's"}),
        ("Name = 'ALPHA 100%'", {"Alpha 100%"}),
        ("Name LIKE 'b%'", {"beta_one"}),
        ("Name LIKE '%100\\%'", {"Alpha 100%"}),
        ("Name LIKE 'beta\\_one'", {"beta_one"}),
        ("Name LIKE 'betaXone'", set()),
        ("Name = 'Gamma\\'s'", {"Gamma's"}),
        ("StageName IN ('closed won', 'Prospecting')", {"Alpha 100%", "Gamma's"}),
        ("Amount NOT IN (10, 30.5)", {"beta_one"}),
        ("Account.Name = 'åland & söhne'", {"Alpha 100%", "Gamma's"}),
        ("Account.Name = null", {"beta_one"}),
        (
            "Owner.Profile.UserLicense.Name LIKE '%Integration'",
            {"Alpha 100%", "beta_one", "Gamma's"},
        ),
        ("CreatedDate >= 2026-01-02T13:00:00+01:00", {"beta_one", "Gamma's"}),
        ("CreatedDate < 2026-01-02T12:00:00.500Z", {"Alpha 100%"}),
        (
            "OwnerId IN (SELECT Id FROM User WHERE IsActive = true)",
            {"Alpha 100%", "beta_one", "Gamma's"},
        ),
        ("OwnerId NOT IN (SELECT Id FROM User)", set()),
    ],
)
def test_a_condition_finds_what_salesforce_would(
    ask: Asker, where: str, expected: set[str]
) -> None:
    assert ask.names(where) == expected


def test_an_id_is_found_in_both_its_forms_and_never_in_other_case(ask: Asker) -> None:
    owner = ask.org.integration_user_id
    assert len(ask(f"SELECT Id FROM User WHERE Id = '{owner[:15]}'")) == 1
    assert len(ask(f"SELECT Id FROM User WHERE Id = '{owner}'")) == 1
    assert ask(f"SELECT Id FROM User WHERE Id = '{owner[:15].swapcase()}'") == []


def test_names_come_back_in_the_schemas_case_and_the_selects_order(ask: Asker) -> None:
    row = ask("select amount, ACCOUNT.name, id from OPPORTUNITY where name = 'alpha 100%'")[0]
    assert list(row) == ["attributes", "Amount", "Account", "Id"]
    assert row["Account"]["Name"] == "Åland & Söhne"
    assert row["Account"]["attributes"]["type"] == "Account"


def test_values_are_written_as_salesforce_writes_them(ask: Asker) -> None:
    row = ask("SELECT CloseDate, CreatedDate, Account.Name FROM Opportunity WHERE Amount = null")[0]
    assert row["CloseDate"] == "2026-02-28"
    assert row["CreatedDate"] == "2026-01-02T12:00:00.000+0000"
    assert row["Account"] is None


@pytest.mark.parametrize(
    ("order", "amounts"),
    [
        ("Amount", [None, 10.0, 30.5]),
        ("Amount DESC", [None, 30.5, 10.0]),
        ("Amount ASC NULLS LAST", [10.0, 30.5, None]),
        ("Amount DESC NULLS LAST", [30.5, 10.0, None]),
        ("IsClosed DESC, CreatedDate DESC", [None, 10.0, 30.5]),
    ],
)
def test_order_puts_nulls_first_unless_told(
    ask: Asker, order: str, amounts: list[float | None]
) -> None:
    rows = ask(f"SELECT Amount FROM Opportunity ORDER BY {order}")
    assert [row["Amount"] for row in rows] == amounts


def test_limit_and_offset_cut_after_the_order(ask: Asker) -> None:
    rows = ask("SELECT Name FROM Opportunity ORDER BY Name LIMIT 1 OFFSET 1")
    assert [row["Name"] for row in rows] == ["beta_one"]


def test_an_unknown_column_is_pointed_at(ask: Asker) -> None:
    refusal = ask.refusal("SELECT BAD FROM User")
    assert refusal.code == "INVALID_FIELD"
    assert refusal.message == (
        "\nSELECT BAD FROM User\n       ^\nERROR at Row:1:Column:8\n"
        "No such column 'BAD' on entity 'User'. If you are attempting to use a custom field, be "
        f"sure to append the '__c' after the custom field name. {REFERENCE}"
    )


def test_an_unknown_object_is_pointed_at(ask: Asker) -> None:
    refusal = ask.refusal("select count() from XYZZY")
    assert refusal.code == "INVALID_TYPE"
    assert refusal.message == (
        "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\n"
        "sObject type 'XYZZY' is not supported. If you are attempting to use a custom object, be "
        f"sure to append the '__c' after the entity name. {REFERENCE}"
    )


@pytest.mark.parametrize(
    ("soql", "code", "says"),
    [
        ("SELECT Id FORM User", "MALFORMED_QUERY", "unexpected token: 'FORM'"),
        ("SELECT Id FROM User WHERE", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM User LIMIT x", "MALFORMED_QUERY", "unexpected token: 'x'"),
        ("SELECT Id FROM User; DROP", "MALFORMED_QUERY", "unexpected token: ';'"),
        ("SELECT Id, id FROM User", "MALFORMED_QUERY", "duplicate field selected: id"),
        (
            "SELECT Id FROM User WHERE IsActive = true AND Name = 'a' OR Name = 'b'",
            "MALFORMED_QUERY",
            "unexpected token: 'OR'",
        ),
        ("SELECT Id FROM User WHERE IsActive = 'true'", "INVALID_FIELD", "must be of type boolean"),
        (
            "SELECT Id FROM Task WHERE CreatedDate > '2026-01-01'",
            "INVALID_FIELD",
            "of type dateTime",
        ),
        (
            "SELECT Id FROM Opportunity WHERE Name = 3",
            "INVALID_FIELD",
            "should be enclosed in quotes",
        ),
        (
            "SELECT Id FROM User WHERE Id = 'abc'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid ID field",
        ),
        ("SELECT Boss.Name FROM User", "INVALID_FIELD", "Didn't understand relationship 'Boss'"),
        ("SELECT Id FROM Task WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Id FROM Task OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "2000"),
        (
            "SELECT Id FROM Task WHERE CreatedDate > 2026-13-01T00:00:00Z",
            "MALFORMED_QUERY",
            "Invalid",
        ),
    ],
)
def test_a_bad_query_is_refused_in_salesforces_words(
    ask: Asker, soql: str, code: str, says: str
) -> None:
    refusal = ask.refusal(soql)
    assert refusal.code == code
    assert says in refusal.message


def test_the_row_of_an_error_counts_lines(ask: Asker) -> None:
    message = ask.refusal("SELECT Id\nFROM User\nWHERE Nope = 1").message
    assert message.startswith("\nWHERE Nope = 1\n      ^\nERROR at Row:3:Column:7\n")
