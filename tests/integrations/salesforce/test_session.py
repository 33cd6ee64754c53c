import time
from pathlib import Path

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.salesforce.errors import PermanentError, SalesforceError, TransientError
from integrations.salesforce.session import (
    ApiUsage,
    SalesforceSession,
    TimeLimits,
    api_usage,
    parsed_date,
    retry_after,
)

from .conftest import ACCESS_TOKEN, SHORT
from .scripted_server import (
    Answer,
    ScriptedServer,
    drip,
    hang,
    html_answer,
    json_answer,
    raw_answer,
    reset,
    running_server,
    text_answer,
    then_hang,
)

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(hang, id="nothing at all"),
        pytest.param(drip(b""), id="a status line by drops"),
        pytest.param(drip(HEAD + b"X-Slow: "), id="a header by drops"),
        pytest.param(drip(HEAD + b"\r\n"), id="a body by drops"),
    ],
)
def test_a_slow_answer_ends_at_the_limit(server: ScriptedServer, answer: Answer) -> None:
    server.answers(answer)
    started = time.monotonic()
    with SalesforceSession(server.url, SHORT) as session, pytest.raises(TransientError):
        session.get(server.url + "/slow")
    assert time.monotonic() - started < SHORT.total + 3


def test_the_total_limit_ends_a_wait_that_the_read_limit_would_allow(
    server: ScriptedServer,
) -> None:
    server.answers(then_hang(HEAD + b"\r\nhalf"))
    started = time.monotonic()
    limits = TimeLimits(connect=2, read=20, total=0.5)
    with SalesforceSession(server.url, limits) as session, pytest.raises(TransientError):
        session.get(server.url + "/stuck")
    assert time.monotonic() - started < 5


def test_a_limit_holds_on_a_connection_that_is_used_again(server: ScriptedServer) -> None:
    server.answers(json_answer({}), drip(HEAD + b"\r\n"))
    with SalesforceSession(server.url, TimeLimits(connect=2, read=2, total=20)) as session:
        session.get(server.url + "/fast")
        # Were the limit the connection's, it would be the 20 seconds of the first exchange.
        started = time.monotonic()
        with pytest.raises(TransientError):
            session.get(server.url + "/slow", timeout=session.timeout(at_most=0.5))
    assert 0.4 < time.monotonic() - started < 5


def test_a_long_answer_that_flows_is_read_to_its_end(server: ScriptedServer) -> None:
    server.answers(json_answer(["x" * 100] * 50_000))
    with SalesforceSession(server.url, TimeLimits(2, 2, 10)) as session:
        assert len(session.get(server.url + "/long").json()) == 50_000


def test_an_address_where_nobody_listens_is_transient() -> None:
    with running_server() as gone:
        url = gone.url
    with SalesforceSession(url, SHORT) as session, pytest.raises(TransientError):
        session.get(url + "/")


def test_a_reset_is_transient(server: ScriptedServer) -> None:
    server.answers(reset)
    with SalesforceSession(server.url, SHORT) as session, pytest.raises(TransientError):
        session.get(server.url + "/")


def test_a_redirect_is_not_followed(server: ScriptedServer) -> None:
    with running_server() as elsewhere:
        elsewhere.answers(json_answer({}))
        server.answers(html_answer(302, Location=elsewhere.url + "/steal"))
        with SalesforceSession(server.url, SHORT) as session:
            session.bearer = ACCESS_TOKEN
            assert session.get(server.url + "/", allow_redirects=True).status_code == 302
        assert elsewhere.requests == []


def test_a_session_speaks_to_its_own_server_only(server: ScriptedServer) -> None:
    server.answers(json_answer({}))
    with SalesforceSession("https://acme.my.salesforce.com", SHORT) as session:
        session.bearer = ACCESS_TOKEN
        for url in (server.url, server.url.replace("http:", "https:"), "file:///etc/passwd"):
            with pytest.raises(PermanentError):
                session.get(url + "/")
    assert server.requests == []


def test_a_netrc_file_does_not_replace_the_bearer(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.answers(json_answer({}))
    with SalesforceSession(server.url, SHORT) as session:
        session.get(server.url + "/without")
        session.bearer = ACCESS_TOKEN
        session.get(server.url + "/with")
    without, with_bearer = (request.headers for request in server.requests)
    assert "Authorization" not in without
    assert with_bearer["Authorization"] == f"Bearer {ACCESS_TOKEN}"


def test_a_proxy_of_the_environment_is_not_used_for_this_machine(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    server.answers(json_answer({}))
    with SalesforceSession(server.url, SHORT) as session:
        assert session.get(server.url + "/").status_code == 200


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary() | st.binary().map(lambda data: b"HTTP/1.1 200 OK\r\n" + data))
def test_any_bytes_for_an_answer_are_an_answer_or_an_error_of_ours(
    server: ScriptedServer, data: bytes
) -> None:
    server.answers(raw_answer(data))
    with SalesforceSession(server.url, SHORT) as session:
        try:
            session.get(server.url + "/")
        except SalesforceError as error:
            assert error.message  # noqa: PT017 - both ends are right


@pytest.mark.parametrize("answer", [hang, drip(b""), text_answer("no", 403), reset])
def test_a_proxy_that_does_not_let_us_through_is_transient_and_bounded(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    server.answers(answer)
    started = time.monotonic()
    with (
        SalesforceSession("https://acme.my.salesforce.com", SHORT) as session,
        pytest.raises(TransientError),
    ):
        session.get("https://acme.my.salesforce.com/")
    assert time.monotonic() - started < SHORT.connect + 3
    assert server.requests[0].method == "CONNECT"


def headers(**values: str) -> "requests.structures.CaseInsensitiveDict[str]":
    return requests.structures.CaseInsensitiveDict(
        {name.replace("_", "-"): value for name, value in values.items()}
    )


def test_the_api_usage_is_read() -> None:
    text = "api-usage=25/5000; per-app-api-usage=17/250(appName=sample-connected-app)"
    assert api_usage(headers(Sforce_Limit_Info=text)) == ApiUsage(25, 5000)
    assert api_usage(headers(Sforce_Limit_Info="per-app-api-usage=17/250(appName=a)")) is None
    assert api_usage(headers()) is None


def test_a_pause_is_read_as_seconds_or_as_a_date() -> None:
    assert retry_after(headers(Retry_After="7")) == 7
    assert retry_after(headers(Retry_After="Wed, 21 Oct 2015 07:28:00 GMT")) == 0
    far = retry_after(headers(Retry_After="Wed, 21 Oct 2065 07:28:00 GMT"))
    assert far is not None
    assert far > 1e9
    assert retry_after(headers(Retry_After="soon")) is None
    assert retry_after(headers()) is None


@given(st.text())
def test_any_text_in_a_header_is_read_or_left(text: str) -> None:
    parsed = parsed_date(text)
    assert parsed is None or parsed.tzinfo is not None
    assert (retry_after(headers(Retry_After=text)) or 0) >= 0
    api_usage(headers(Sforce_Limit_Info=text))
