"""Faults that spoil answers, seen from a client."""

import time

import pytest
import requests

from integrations.demo_org import DemoOrg

from .client import USERS, Client, code_of


def test_an_expired_session_is_mended_by_a_refresh(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("token_expired", times=1)
    for _ in range(2):
        answer = client.query(USERS)
        assert (answer.status_code, code_of(answer)) == (401, "INVALID_SESSION_ID")
    client.tokens |= client.refresh().json()
    assert client.query(USERS).status_code == 200


def test_unavailable_says_when_to_come_back_or_does_not(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("unavailable", times=1, value="7")
    answer = client.query(USERS)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert code_of(answer) == "SERVER_UNAVAILABLE"
    org.faults.break_it("unavailable", times=1)
    answer = client.query(USERS)
    assert answer.status_code == 503
    assert "Retry-After" not in answer.headers
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("limit", ["TotalRequests", "ConcurrentPerOrgLongTxn"])
def test_a_limit_is_told_by_name(client: Client, org: DemoOrg, limit: str) -> None:
    org.faults.break_it("request_limit", times=1, value=limit)
    answer = client.query(USERS)
    assert answer.status_code == 403
    assert answer.json() == [
        {"message": f"{limit} Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
    ]


def test_a_web_page_and_an_empty_body_come_with_status_200(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("html_page", times=1)
    page = client.query(USERS)
    assert (page.status_code, page.text[:15]) == (200, "<!DOCTYPE html>")
    org.faults.break_it("empty_body", times=1)
    empty = client.query(USERS)
    assert (empty.status_code, empty.content) == (200, b"")


def test_half_an_answer_breaks_off(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("half_page", times=1)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.query(USERS)
    assert client.query(USERS).status_code == 200


def test_a_reset_cuts_the_connection(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("reset", times=1)
    with pytest.raises(requests.exceptions.ConnectionError):
        client.query(USERS)
    assert client.query(USERS).status_code == 200


def test_a_reset_at_the_token_endpoint_loses_a_rotated_token(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("rotation")
    org.faults.break_it("reset", times=1, where="login")
    with pytest.raises(requests.exceptions.ConnectionError):
        client.refresh()
    assert client.refresh().json()["error"] == "invalid_grant"


def test_no_answer_ever_comes(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("hang", times=1)
    with pytest.raises(requests.exceptions.ReadTimeout):
        client.query(USERS, timeout=0.3)
    assert client.query(USERS).status_code == 200


def test_a_drip_keeps_the_client_waiting_though_bytes_come(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("slow_drip", times=1, value="0.05")
    started = time.monotonic()
    with client.query(USERS, stream=True, timeout=0.3) as answer:
        chunks = answer.raw.stream(1, decode_content=False)
        for _ in range(5):
            next(chunks)
    assert time.monotonic() - started > 0.2
    assert client.query(USERS).status_code == 200


def test_a_lost_locator_leaves_first_pages_alone(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("small_pages")
    org.faults.break_it("locator_lost", times=1)
    page = client.query(USERS).json()
    assert code_of(client.get(page["nextRecordsUrl"])) == "INVALID_QUERY_LOCATOR"
    assert client.get(page["nextRecordsUrl"]).status_code == 200
