"""A company from CSV files, good and broken."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from integrations.demo_org import BrokenData, DemoOrg
from integrations.demo_org.store import Row

NOW = datetime(2026, 11, 25, 15, 30, tzinfo=UTC)  # a Wednesday
FILES = {
    "sales_teams.csv": """sales_agent,manager,regional_office
Ann Lee,Max Moe,East
Bo de Vries,Max Moe,East
Ann  Lee,Zoë Zorn,West
""",
    "accounts.csv": """\
account,sector,year_established,revenue,employees,office_location,subsidiary_of
Acme,retail,1996,1100.04,2822,United States,
"Beta, Inc",medical,1999,,495,Kenya,Acme
""",
    "products.csv": """product,series,sales_price
GTX Pro,GTX,4821
""",
    "sales_pipeline.csv": """\
opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value
A1,Ann Lee,GTXPro,Acme,Won,10/20/2016,12/31/2017,1054
A2,Bo de Vries,GTX Pro,"Beta, Inc",Lost,10/25/2016,3/11/2017,0
A3,Ann Lee,GTX Pro,,Engaging,11/1/2017,,
A4,Bo de Vries,MG,Acme,Prospecting,,,
""",
}
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the good files, with replacements in one of them."""

    def write_files(file: str = "", old: str = "", new: str = "") -> Path:
        for name, text in FILES.items():
            assert name != file or old in text
            changed = text.replace(old, new, 1) if name == file else text
            (tmp_path / name).write_text(changed, encoding="utf-8")
        return tmp_path

    return write_files


def load(folder: Path, *, keep_dates: bool = False) -> DemoOrg:
    return DemoOrg.from_csv(folder, keep_dates=keep_dates, clock=lambda: NOW)


def deals(org: DemoOrg) -> dict[str, Row]:
    return {row["SourceId__c"]: row for row in org.store.rows("Opportunity")}


def test_agents_and_managers_become_users(write: Write) -> None:
    org = load(write())
    users = {row["Email"]: row for row in org.users}
    assert set(users) == {
        "integration@maventech.example",
        "max.moe@maventech.example",
        "zoe.zorn@maventech.example",
        "ann.lee@maventech.example",
        "ann.lee2@maventech.example",
        "bo.de.vries@maventech.example",
    }
    agent, manager = users["bo.de.vries@maventech.example"], users["max.moe@maventech.example"]
    assert (agent["FirstName"], agent["LastName"]) == ("Bo de", "Vries")
    assert agent["ManagerId"] == manager["Id"]
    assert (agent["Department"], manager["Department"]) == ("East", "East")
    roles = {row["Id"]: row for row in org.store.rows("UserRole")}
    assert roles[agent["UserRoleId"]]["Name"] == "East Sales Rep"
    assert roles[agent["UserRoleId"]]["ParentRoleId"] == manager["UserRoleId"]


def test_stages_amounts_and_accounts_are_taken_over(write: Write) -> None:
    found = deals(load(write(), keep_dates=True))
    assert {key: row["StageName"] for key, row in found.items()} == {
        "A1": "Closed Won",
        "A2": "Closed Lost",
        "A3": "Negotiation/Review",
        "A4": "Prospecting",
    }
    assert found["A1"]["Amount"] == 1054.0
    assert found["A3"]["Amount"] is None
    assert found["A3"]["AccountId"] is None
    assert found["A1"]["Name"] == "Acme: GTX Pro"
    assert found["A1"]["IsWon"] is True


def test_kept_dates_are_those_of_the_file(write: Write) -> None:
    found = deals(load(write(), keep_dates=True))
    assert found["A1"]["CloseDate"] == date(2017, 12, 31)
    assert found["A3"]["CloseDate"] == date(2017, 11, 1) + timedelta(days=90)
    assert found["A4"]["CloseDate"] == NOW.date() + timedelta(days=90)


def test_moved_dates_keep_the_weekday_and_end_last_week(write: Write) -> None:
    found = deals(load(write()))
    newest = found["A1"]["CloseDate"]
    assert newest == date(2026, 11, 22)  # the Sunday before; 12/31/2017 is a Sunday too
    assert found["A2"]["CloseDate"] == newest - (date(2017, 12, 31) - date(2017, 3, 11))


def test_no_stamp_lies_in_the_future(write: Write) -> None:
    for row in deals(load(write())).values():
        assert row["CreatedDate"] <= row["SystemModstamp"] <= NOW


def test_the_same_files_give_the_same_ids(write: Write) -> None:
    folder = write()
    first, second = load(folder), load(folder)
    assert [row["Id"] for row in first.users] == [row["Id"] for row in second.users]
    assert {k: row["Id"] for k, row in deals(first).items()} == {
        k: row["Id"] for k, row in deals(second).items()
    }


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (
            "sales_pipeline.csv",
            "12/31/2017",
            "13/31/2017",
            "line 2, column close_date: '13/31/2017' is not a date",
        ),
        ("sales_pipeline.csv", "12/31/2017", "2017-12-31", "line 2, column close_date"),
        ("sales_pipeline.csv", "12/31/2017", "", "line 2, column close_date"),
        (
            "sales_pipeline.csv",
            ",1054",
            ",a lot",
            "line 2, column close_value: 'a lot' is not a number",
        ),
        ("sales_pipeline.csv", ",1054", ",nan", "line 2, column close_value"),
        ("sales_pipeline.csv", ",1054", "", "line 2, column close_value: the line ends before"),
        ("sales_pipeline.csv", ",1054", ",1,054", "line 2, column 9: there are more cells"),
        ("sales_pipeline.csv", "A3,Ann Lee", "A3,Eve Doe", "line 4, column sales_agent: 'Eve Doe'"),
        ("sales_pipeline.csv", "A3,", "A1,", "line 4, column opportunity_id: 'A1' is there twice"),
        ("sales_pipeline.csv", "Engaging", "Dreaming", "line 4, column deal_stage: 'Dreaming'"),
        ("sales_pipeline.csv", "Acme,Won", "Nobody,Won", "line 2, column account: 'Nobody'"),
        (
            "sales_pipeline.csv",
            "close_value",
            "value",
            "line 1, column close_value: this column is missing",
        ),
        ("sales_teams.csv", "Bo de Vries,Max Moe", "Bo de Vries,", "line 3, column manager"),
        (
            "sales_teams.csv",
            "Bo de Vries,",
            "Ann Lee,",
            "line 3, column sales_agent: 'Ann Lee' is there twice",
        ),
        ("accounts.csv", "2822", "many", "line 2, column employees: 'many' is not a whole number"),
        (
            "accounts.csv",
            "Kenya,Acme",
            "Kenya,Acne",
            "line 3, column subsidiary_of: there is no account 'Acne'",
        ),
        ("accounts.csv", '"Beta, Inc"', '"Beta, Inc" x', "line 3"),
    ],
)
def test_a_broken_file_is_named_with_line_and_column(
    write: Write, file: str, old: str, new: str, says: str
) -> None:
    with pytest.raises(BrokenData) as caught:
        load(write(file, old, new))
    assert str(caught.value).startswith(f"{file}, {says}")
    assert "\n" not in str(caught.value)


def test_bytes_that_are_not_utf_8_are_named_with_line_and_column(write: Write) -> None:
    folder = write()
    path = folder / "sales_teams.csv"
    path.write_bytes(FILES["sales_teams.csv"].encode("latin-1"))
    with pytest.raises(BrokenData, match=re.escape("sales_teams.csv, line 4, column manager: ")):
        load(folder)


def test_a_byte_order_mark_and_windows_line_ends_are_no_harm(write: Write) -> None:
    folder = write()
    path = folder / "sales_teams.csv"
    path.write_bytes(FILES["sales_teams.csv"].replace("\n", "\r\n").encode("utf-8-sig"))
    assert len(load(folder).users) == 6


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_named(write: Write, file: str) -> None:
    folder = write()
    (folder / file).unlink()
    with pytest.raises(BrokenData, match=file):
        load(folder)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BrokenData, match="there is no such folder"):
        load(tmp_path / "nowhere")
