"""One fault at a time, at the second of three pages, over real sockets."""

import logging
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.salesforce.access import Access
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import (
    ConfigurationError,
    LimitReached,
    PermanentError,
    SalesforceError,
    TransientError,
)
from integrations.salesforce.oauth import OAuthApp
from integrations.salesforce.retry import LONGEST_PAUSE, MOST_ATTEMPTS

from .conftest import SHORT, FakeTime, TokensInMemory
from .payloads import SOQL, next_url, user
from .scripted_server import (
    Answer,
    ScriptedServer,
    drip,
    error_answer,
    half_body,
    half_body_without_length,
    hang,
    html_answer,
    json_answer,
    page,
    page_payload,
    raw_answer,
    reset,
    text_answer,
)

SECOND = page_payload([user(2)], 3, next_url(2))

PASSING_FAULTS = [
    pytest.param(error_answer(503, "SERVER_UNAVAILABLE"), id="503"),
    pytest.param(html_answer(503), id="503 as a web page"),
    pytest.param(html_answer(502), id="502"),
    pytest.param(error_answer(500, "UNKNOWN_EXCEPTION"), id="500"),
    pytest.param(text_answer("", 429), id="429"),
    pytest.param(text_answer("", 420), id="420"),
    pytest.param(
        error_answer(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
        id="too many at once",
    ),
    pytest.param(html_answer(200), id="a web page with status 200"),
    pytest.param(text_answer("", 200), id="an empty body"),
    pytest.param(text_answer("", 204), id="no content"),
    pytest.param(json_answer({}), id="an empty object"),
    pytest.param(json_answer([{"errorCode": "X"}]), id="an error with status 200"),
    pytest.param(text_answer("[" * 100_000, 200), id="nesting beyond reason"),
    pytest.param(half_body(SECOND), id="half a body"),
    pytest.param(half_body_without_length(SECOND), id="half a body without a length"),
    pytest.param(reset, id="a reset"),
    pytest.param(raw_answer(b""), id="hanging up"),
    pytest.param(raw_answer(b"\x00\xff\r\n\r\n"), id="no HTTP"),
]


@pytest.mark.parametrize("fault", PASSING_FAULTS)
@pytest.mark.parametrize("times", [1, 3])
def test_a_fault_that_passes_costs_a_request_and_nothing_else(
    client: SalesforceClient,
    server: ScriptedServer,
    fake_time: FakeTime,
    fault: Answer,
    times: int,
) -> None:
    server.answers(
        page([user(1)], 3, next_url(1)),
        *[fault] * times,
        json_answer(SECOND),
        page([user(3)], 3),
    )
    assert [row["Id"] for row in client.query(SOQL)] == ["id 1", "id 2", "id 3"]
    assert len(server.requests) == 3 + times
    assert len(fake_time.pauses) == times


@pytest.mark.parametrize("fault", PASSING_FAULTS)
def test_a_fault_for_ever_ends_after_a_few_growing_pauses(
    client: SalesforceClient, server: ScriptedServer, fake_time: FakeTime, fault: Answer
) -> None:
    server.answers(page([user(1)], 3, next_url(1)), fault)
    with pytest.raises(TransientError):
        list(client.query(SOQL))
    assert len(server.requests) == 1 + MOST_ATTEMPTS
    for number, pause in enumerate(fake_time.pauses):
        assert 2**number / 2 <= pause <= 2**number


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (
            error_answer(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
            LimitReached,
        ),
        (error_answer(403, "API_DISABLED_FOR_ORG"), ConfigurationError),
        (
            error_answer(400, "INVALID_FIELD", "No such column 'B' on entity 'C'"),
            ConfigurationError,
        ),
        (error_answer(400, "MALFORMED_QUERY"), PermanentError),
        (error_answer(400, "INVALID_QUERY_LOCATOR", "invalid query locator"), TransientError),
        (error_answer(400, "QUERY_TIMEOUT"), TransientError),
        (text_answer("Gone", 410), ConfigurationError),
        (html_answer(302, Location="https://evil.example/"), ConfigurationError),
        (html_answer(403), PermanentError),
        (text_answer("", 503, Retry_After="3600"), TransientError),
    ],
)
def test_what_the_same_request_cannot_mend_is_not_sent_again(
    client: SalesforceClient,
    server: ScriptedServer,
    fake_time: FakeTime,
    answer: Answer,
    kind: type[SalesforceError],
) -> None:
    server.answers(page([user(1)], 3, next_url(1)), answer)
    with pytest.raises(kind) as caught:
        list(client.query(SOQL))
    assert type(caught.value) is kind
    assert len(server.requests) == 2
    assert fake_time.pauses == []


def test_the_pause_that_salesforce_asks_for_is_kept(
    client: SalesforceClient, server: ScriptedServer, fake_time: FakeTime
) -> None:
    server.answers(text_answer("", 429, Retry_After="17"), json_answer({"a": 1}))
    assert client.describe_global() == {"a": 1}
    assert fake_time.pauses == [17]


def test_a_pause_longer_than_we_wait_is_told_to_the_caller(
    client: SalesforceClient, server: ScriptedServer
) -> None:
    asked = LONGEST_PAUSE + 1
    server.answers(text_answer("", 429, Retry_After=str(int(asked))))
    with pytest.raises(TransientError) as caught:
        client.describe_global()
    assert caught.value.retry_after == asked
    assert len(server.requests) == 1


def test_no_pause_passes_the_end_of_the_call(
    client: SalesforceClient, server: ScriptedServer, fake_time: FakeTime
) -> None:
    server.answers(text_answer("", 429, Retry_After="25"))
    with pytest.raises(TransientError):
        client.describe_global()  # within 60 seconds
    assert fake_time.pauses == [25, 25]


@pytest.mark.parametrize(
    "answer", [hang, drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")], ids=["hang", "drip"]
)
def test_a_call_ends_within_its_limit_whatever_the_server_does(
    app: OAuthApp, store: TokensInMemory, server: ScriptedServer, answer: Answer
) -> None:
    server.answers(answer)
    started = time.monotonic()
    with (
        SalesforceClient(Access(app, store, "66.0", allow_loopback=True), limits=SHORT) as client,
        pytest.raises(TransientError),
    ):
        client.describe_global()
    assert time.monotonic() - started < SHORT.total + 3


def test_each_new_attempt_leaves_a_line_in_the_log(
    client: SalesforceClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers(error_answer(503, "SERVER_UNAVAILABLE", "down"), json_answer({"a": 1}))
    with caplog.at_level(logging.WARNING):
        client.describe_global()
    (line,) = [record.message for record in caplog.records if "again" in record.message]
    assert "SERVER_UNAVAILABLE" in line


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary() | st.text().map(str.encode) | st.sampled_from([b"0", b"null", b'"a"', b"{}"]))
def test_any_body_is_rows_or_an_error_of_ours(
    client: SalesforceClient, server: ScriptedServer, body: bytes
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    server.answers(raw_answer(head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body))
    with pytest.raises(SalesforceError):
        list(client.query(SOQL))
