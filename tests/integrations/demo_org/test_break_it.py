"""*Break it*: the page for people, and the address for programs."""

import pytest
import requests

from integrations.demo_org.break_it import GROUPS
from integrations.demo_org.fault_kinds import KINDS

from .client import PATIENCE, USERS, Client


def test_break_it_shows_every_fault_once() -> None:
    shown = [kind.name for _, group in GROUPS for kind in group]
    assert sorted(shown) == sorted(KINDS)


def test_programs_switch_faults_over_http(client: Client) -> None:
    url = f"{client.url}/break-it/api"
    body = {"fault": "server_error", "times": 3, "where": "/query"}
    state = requests.post(url, json=body, timeout=PATIENCE).json()
    assert state["broken"][0]["times"] == 3
    assert client.query(USERS).status_code == 500
    assert requests.get(url, timeout=PATIENCE).json()["broken"][0]["hits"] == 1
    requests.post(url, json={"mend": "everything"}, timeout=PATIENCE)
    assert client.query(USERS).status_code == 200


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"fault": "moon"}', b"{}"])
def test_nonsense_over_http_is_refused_in_words(client: Client, body: bytes) -> None:
    answer = requests.post(f"{client.url}/break-it/api", data=body, timeout=PATIENCE)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_people_switch_faults_on_the_page(client: Client) -> None:
    url = f"{client.url}/break-it"
    form = {"fault": "unavailable", "times": "once", "where": "data", "value": "1"}
    page = requests.post(url, data=form, timeout=PATIENCE).text
    assert "1 broken" in page
    assert "1 to go" in page
    assert client.query(USERS).status_code == 503
    bad = requests.post(url, data={"fault": "api_usage", "value": "much"}, timeout=PATIENCE)
    assert bad.status_code == 400
    assert "is not a number" in bad.text
    requests.post(url, data={"fault": "rotation"}, timeout=PATIENCE)
    assert client.org.authority.rotation
    requests.post(url, data={"mend": "everything"}, timeout=PATIENCE)
    assert not client.org.authority.rotation
