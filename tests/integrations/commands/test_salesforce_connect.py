from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from accounts.models import AuditEntry, Company, User
from integrations.connecting import logging_in
from integrations.credentials import CredentialStore, client_for
from integrations.demo_org.org import CONSUMER_KEY, CONSUMER_SECRET, DemoOrg
from integrations.models import Connection, ConnectionCredential
from integrations.salesforce.oauth import OAuthApp
from tests.integrations.connect.browser import log_in_at_salesforce

from .running import Ran, run, run_json

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def keys(tmp_path: Path) -> tuple[str, ...]:
    secret = tmp_path / "secret"
    secret.write_text(f"{CONSUMER_SECRET}\n")
    return ("--consumer-key", CONSUMER_KEY, "--secret-file", str(secret))


def connect(org: DemoOrg, *args: str) -> Ran:
    return run_json("salesforce_connect", "--new", "Sales", "--login-url", org.url, *args)


def test_a_company_is_connected_without_a_browser(
    org: DemoOrg, keys: tuple[str, ...], company: Company, admin: User
) -> None:
    ran = connect(org, *keys, "--by", admin.email)
    assert ran.code == 0
    link = Connection.objects.get()
    assert (link.company, link.name, link.state) == (company, "Sales", Connection.State.CONNECTED)
    assert ran.values == {
        "connection": link.pk,
        "org": org.org_id,
        "connecting_user": link.connecting_username,
        "state": "connected",
    }
    assert link.connecting_user_id == org.integration_user_id
    assert AuditEntry.objects.filter(action="connection.connected", actor=admin).exists()
    checked = run("salesforce_check")
    assert "ok       API Enabled" in checked.out
    assert CONSUMER_SECRET not in ran.out + checked.out


def test_access_goes_on_after_the_token_has_ended(
    org: DemoOrg, keys: tuple[str, ...], company: Company
) -> None:
    connect(org, *keys)
    org.authority.expire()
    with client_for(Connection.objects.get()) as client:
        assert client.organization()["Name"]


def test_connecting_again_needs_no_keys_and_gives_the_former_access_back(
    org: DemoOrg, keys: tuple[str, ...], company: Company
) -> None:
    connect(org, *keys)
    assert run("salesforce_connect").code == 0
    assert len(org.authority._tokens) == 1
    assert Connection.objects.count() == 1


def test_a_secret_from_notepad_is_the_secret(
    org: DemoOrg, keys: tuple[str, ...], company: Company, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text(f"{CONSUMER_SECRET}\n", encoding="utf-8-sig")
    assert connect(org, *keys).code == 0


def test_a_name_turns_no_other_words_around(
    org: DemoOrg, keys: tuple[str, ...], company: Company
) -> None:
    login = ("--login-url", org.url)
    assert run("salesforce_connect", "--new", " Sal\u202ees\n", *login, *keys).code == 0
    assert Connection.objects.get().name == "Sales"


def test_a_dry_run_names_the_user_and_keeps_nothing(
    org: DemoOrg, keys: tuple[str, ...], company: Company
) -> None:
    ran = connect(org, *keys, "--dry-run")
    assert (ran.code, ran.values["org"]) == (0, org.org_id)
    assert not Connection.objects.exists()
    assert not ConnectionCredential.objects.exists()


def test_a_dry_run_ends_no_session_that_a_connection_lives_on(
    org: DemoOrg, keys: tuple[str, ...], company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(org, *keys)
    live = CredentialStore(Connection.objects.get()).load()
    monkeypatch.setattr(OAuthApp, "client_credentials", lambda app: live)
    assert run("salesforce_connect", "--dry-run").code == 0
    assert live.access_token in org.authority._tokens


def test_an_admin_connects_by_a_printed_address(
    org: DemoOrg, keys: tuple[str, ...], admin: User
) -> None:
    ran = connect(org, *keys, "--flow", "browser", "--by", admin.email)
    assert ran.code == 3
    assert "Dana Cole opens this address" in ran.values["waits_for"]
    username = org.user(next(one.username for one in org.logins))["Username"]
    answer = parse_qs(urlsplit(log_in_at_salesforce(ran.values["address"], username)).query)
    attempt = logging_in.come_back(answer["state"][0], answer["code"][0], admin)
    logging_in.connect_as(attempt, by=admin)
    assert Connection.objects.get().state == Connection.State.CONNECTED


def test_refusals_are_one_line_and_keep_nothing(
    org: DemoOrg, keys: tuple[str, ...], company: Company, tmp_path: Path
) -> None:
    org.app.client_credentials = False
    refused = connect(org, *keys)
    assert (refused.code, "Run As" in refused.error) == (1, True)
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong")
    refused = connect(org, *keys[:3], str(wrong))
    assert (refused.code, "consumer key and secret" in refused.error) == (1, True)
    assert not Connection.objects.exists()
    assert not ConnectionCredential.objects.exists()


def test_the_key_of_another_org_leaves_a_live_connection_as_it_was(
    org: DemoOrg, keys: tuple[str, ...], company: Company, tmp_path: Path
) -> None:
    connect(org, *keys)
    Connection.objects.update(org_id="00D000000000001EAA")
    before = Connection.objects.values().get(), ConnectionCredential.objects.values().get()
    org.app.consumer_secret = "of another org"
    (tmp_path / "secret").write_text("of another org")
    refused = run_json("salesforce_connect", *keys)
    assert (refused.code, "another Salesforce org" in refused.error) == (1, True)
    now = Connection.objects.values().get(), ConnectionCredential.objects.values().get()
    assert now == before


def test_an_org_that_is_connected_already_leaves_no_second_connection_behind(
    org: DemoOrg, keys: tuple[str, ...], company: Company
) -> None:
    connect(org, *keys)
    refused = connect(org, *keys)
    assert (refused.code, "already connected" in refused.error) == (1, True)
    assert Connection.objects.count() == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--consumer-key", "k"), "belong together"),
        (("--consumer-key", "k", "--secret-file", "/nowhere"), "/nowhere cannot be read"),
        ((), "has no key yet"),
        (("--flow", "browser"), "has no key yet"),
    ],
)
def test_bad_use_is_one_line(
    org: DemoOrg, company: Company, args: tuple[str, ...], said: str
) -> None:
    ran = connect(org, *args)
    assert (ran.code, said in ran.error) == (2, True), ran.error
    assert not Connection.objects.exists()


def test_what_is_broken_fails_the_check(
    org: DemoOrg, keys: tuple[str, ...], company: Company
) -> None:
    connect(org, *keys)
    org.faults.break_it("revoke_grant")
    org.authority.expire()
    org.app.client_credentials = False
    ran = run_json("salesforce_check")
    assert (ran.code, ran.values["state"]) == (1, "reconnect_required")
    assert "Salesforce could not be asked" in ran.values["error"]
