"""Reading rows: whole lists in pages, or an error, never a list that lacks something."""

from typing import Any

import pytest

from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import PermanentError, TransientError

from .conftest import ACCESS_TOKEN
from .payloads import SOQL, next_url, user
from .scripted_server import ScriptedServer, json_answer, page, running_server


def test_all_pages_are_read_in_order(client: SalesforceClient, server: ScriptedServer) -> None:
    server.answers(
        page([user(1), user(2)], 5, next_url(2)),
        page([user(3), user(4)], 5, next_url(4)),
        page([user(5)], 5),
    )
    assert [row["Id"] for row in client.query(SOQL)] == [f"id {n}" for n in range(1, 6)]
    assert server.paths == [
        "/services/data/v66.0/query/?q=SELECT+Id%2C+Name+FROM+User",
        next_url(2),
        next_url(4),
    ]
    assert server.bearers == [ACCESS_TOKEN] * 3


def test_a_page_is_fetched_only_when_it_is_needed(
    client: SalesforceClient, server: ScriptedServer
) -> None:
    server.answers(page([user(1)], 2, next_url(1)), page([user(2)], 2))
    rows = client.query(SOQL)
    assert server.requests == []
    next(rows)
    assert len(server.requests) == 1


def test_rows_are_plain_also_inside(client: SalesforceClient, server: ScriptedServer) -> None:
    children = {"totalSize": 1, "done": True, "records": [user(9)]}
    record = user(1) | {"Profile": user(2), "Account": None, "Tasks": children, "Amount": 1.5}
    server.answers(page([record]))
    assert list(client.query(SOQL)) == [
        {
            "Id": "id 1",
            "Name": "User 1",
            "Profile": {"Id": "id 2", "Name": "User 2"},
            "Account": None,
            "Tasks": {
                "totalSize": 1,
                "done": True,
                "records": [{"Id": "id 9", "Name": "User 9"}],
            },
            "Amount": "1.5",
        }
    ]


def test_deleted_records_are_read_by_query_all(
    client: SalesforceClient, server: ScriptedServer
) -> None:
    server.answers(page([user(1)]))
    assert len(list(client.query_all(SOQL))) == 1
    assert server.paths[0].startswith("/services/data/v66.0/queryAll/?q=SELECT")


def test_an_org_without_such_rows_is_an_empty_list(
    client: SalesforceClient, server: ScriptedServer
) -> None:
    server.answers(page([]))
    assert list(client.query(SOQL)) == []


def test_a_count_is_the_total_of_the_first_page(
    client: SalesforceClient, server: ScriptedServer
) -> None:
    server.answers(page([], 17))
    assert client.first_page("SELECT COUNT() FROM User").total_size == 17


def test_a_plus_in_a_query_arrives_as_a_plus(
    client: SalesforceClient, server: ScriptedServer
) -> None:
    server.answers(page([]))
    list(client.query("SELECT Id FROM User WHERE Name = 'a+b & c'"))
    assert server.paths[0].endswith("Name+%3D+%27a%2Bb+%26+c%27")


@pytest.mark.parametrize(
    "pages",
    [
        [page([user(1)], 2)],
        [page([user(1), user(2)], 1)],
        [page([], 3)],
        [page([user(1)], 3, next_url(1)), page([user(2)], 3)],
        [page([user(1)], 9, next_url(1)), page([user(2)], 9, next_url(1))],
    ],
    ids=["one missing", "one too many", "all missing", "missing at the end", "for ever the same"],
)
def test_a_list_that_is_not_whole_never_passes_for_one_that_is(
    client: SalesforceClient, server: ScriptedServer, pages: list[Any]
) -> None:
    server.answers(*pages)
    with pytest.raises(TransientError, match="whole list"):
        list(client.query(SOQL))


@pytest.mark.parametrize(
    "payload",
    [
        {},
        [],
        None,
        7,
        {"records": []},
        {"records": [], "done": True},
        {"totalSize": 0, "done": True},
        {"totalSize": 0, "done": "true", "records": []},
        {"totalSize": 5, "done": False, "records": []},
        {"totalSize": 1, "done": True, "records": [7]},
        {"totalSize": 1, "done": True, "records": {"Id": "1"}},
    ],
)
def test_a_page_without_its_marks_is_an_error_not_an_empty_list(
    client: SalesforceClient, server: ScriptedServer, payload: object
) -> None:
    server.answers(json_answer(payload))
    with pytest.raises(TransientError):
        list(client.query(SOQL))


def test_a_next_page_elsewhere_is_not_fetched(
    client: SalesforceClient, server: ScriptedServer
) -> None:
    with running_server() as elsewhere:
        evil = elsewhere.url.removeprefix("http://")
        server.answers(page([user(1)], 2, f"@{evil}/services/data/v66.0/query/01g"))
        with pytest.raises(PermanentError):
            list(client.query(SOQL))
        assert elsewhere.requests == []
