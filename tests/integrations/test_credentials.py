from datetime import UTC, datetime

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.models import Company
from config.checks import check_encryption_keys
from integrations import connection_states, credentials
from integrations.credentials import CredentialStore
from integrations.models import Connection, ConnectionCredential
from integrations.salesforce.errors import (
    ConfigurationError,
    ReconnectRequired,
    SalesforceError,
    TransientError,
)
from integrations.salesforce.tokens import AppKeys, Tokens
from integrations.sealing import SecretUnreadable, seal, unseal

KEYS = AppKeys("a consumer key", "CANARY-consumer-secret")


def tokens(number: int = 1) -> Tokens:
    return Tokens(
        access_token=f"00D000000000001!CANARY-access-{number}",
        refresh_token=f"CANARY-refresh-{number}",
        instance_url="https://acme.my.salesforce.com",
        identity_url="https://login.salesforce.com/id/00D000000000001EAA/005000000000001AAA",
        issued_at=datetime(2026, 5, 3, tzinfo=UTC),
    )


def make_connection(slug: str = "acme") -> Connection:
    company = Company.objects.create(name=slug, slug=slug, time_zone="Europe/Oslo", currency="EUR")
    connection = Connection.objects.create(
        company=company,
        login_url="https://acme.my.salesforce.com",
        state=Connection.State.CONNECTED,
    )
    credentials.store_app_keys(connection, KEYS)
    credentials.store_tokens(connection, tokens())
    return connection


@pytest.fixture
def connection(db: None) -> Connection:
    return make_connection()


@given(st.text(), st.text(min_size=1), st.text(min_size=1))
def test_a_secret_opens_in_its_own_place_only(value: str, place: str, other: str) -> None:
    sealed = seal(value, place=place)
    assert unseal(sealed, place=place) == value
    if other != place:
        with pytest.raises(SecretUnreadable):
            unseal(sealed, place=other)


@pytest.mark.parametrize("key", ["", "short", "x" * 43, "ø" * 44])
def test_a_key_that_is_none_is_named_before_anything_starts(settings: Settings, key: str) -> None:
    good = settings.FIELD_ENCRYPTION_KEYS[0]
    settings.FIELD_ENCRYPTION_KEYS = [good, key]
    assert [error.id for error in check_encryption_keys(None)] == ["scoreline.E004"]
    settings.FIELD_ENCRYPTION_KEYS = [good]
    assert check_encryption_keys(None) == []


def test_a_changed_ciphertext_does_not_open() -> None:
    sealed = seal("CANARY", place="here")
    with pytest.raises(SecretUnreadable):
        unseal(sealed[:-4] + "AAA=", place="here")


def test_keys_and_tokens_come_back_as_they_were_stored(connection: Connection) -> None:
    assert credentials.app_keys(connection) == KEYS
    assert CredentialStore(connection).load() == tokens()


def test_nothing_in_the_row_shows_a_secret(connection: Connection) -> None:
    row = ConnectionCredential.objects.values().get(connection=connection)
    assert "CANARY" not in str(row)
    assert "CANARY" not in repr(CredentialStore(connection).load())


def test_secrets_of_another_connection_do_not_open_here(connection: Connection) -> None:
    other = make_connection("other")
    theirs = ConnectionCredential.objects.values(
        "sealed_access_token", "sealed_refresh_token", "sealed_consumer_secret"
    ).get(connection=other)
    ConnectionCredential.objects.filter(connection=connection).update(**theirs)
    with pytest.raises(SecretUnreadable) as caught:
        CredentialStore(connection).load()
    assert "CANARY" not in f"{caught.value!r} {caught.value.detail}"
    with pytest.raises(SecretUnreadable):
        credentials.app_keys(connection)


def test_two_secrets_of_one_connection_cannot_change_places(connection: Connection) -> None:
    row = ConnectionCredential.objects.get(connection=connection)
    row.sealed_access_token = row.sealed_refresh_token
    row.save()
    with pytest.raises(SecretUnreadable):
        CredentialStore(connection).load()


def test_after_rotation_the_old_key_can_go(connection: Connection, settings: Settings) -> None:
    old, new = settings.FIELD_ENCRYPTION_KEYS[0], Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    assert CredentialStore(connection).load() == tokens()
    call_command("rotate_encryption_keys")
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert CredentialStore(connection).load() == tokens()
    assert credentials.app_keys(connection) == KEYS


def test_rotation_names_what_no_key_opens(connection: Connection, settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match="connection credential"):
        call_command("rotate_encryption_keys")


def test_a_lost_key_is_said_with_what_to_do(connection: Connection, settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(SecretUnreadable) as caught:
        CredentialStore(connection).load()
    assert "Paste key and secret again" in caught.value.message


def test_renewed_tokens_are_kept(connection: Connection) -> None:
    seen = []

    def refresh(old: Tokens) -> Tokens:
        seen.append(old)
        return tokens(2)

    assert CredentialStore(connection).renew(tokens().access_token, refresh) == tokens(2)
    assert seen == [tokens()]
    assert CredentialStore(connection).load() == tokens(2)


def test_tokens_that_somebody_else_renewed_are_taken(connection: Connection) -> None:
    def refresh(old: Tokens) -> Tokens:
        raise AssertionError("nobody may ask again")

    assert CredentialStore(connection).renew("an older token", refresh) == tokens()


def test_a_refused_refresh_requires_a_new_log_in_and_nobody_asks_again(
    connection: Connection,
) -> None:
    asked = []

    def refresh(old: Tokens) -> Tokens:
        asked.append(old)
        raise ReconnectRequired("Salesforce has withdrawn our access.", code="invalid_grant")

    store = CredentialStore(connection)
    for _ in range(3):
        with pytest.raises(ReconnectRequired, match="withdrawn"):
            store.renew(tokens().access_token, refresh)
    with pytest.raises(ReconnectRequired, match="withdrawn"):
        store.load()
    connection.refresh_from_db()
    assert connection.state == Connection.State.RECONNECT_REQUIRED
    assert connection.state_reason == "Salesforce has withdrawn our access."
    assert len(asked) == 1


def test_a_refusal_during_a_pause_leaves_it_and_nobody_asks_again(connection: Connection) -> None:
    asked = []

    def refresh(old: Tokens) -> Tokens:
        asked.append(old)
        raise ReconnectRequired("Salesforce has withdrawn our access.", code="invalid_grant")

    connection_states.paused(connection, "Until Friday", by=None)
    for _ in range(3):
        with pytest.raises(ReconnectRequired):
            CredentialStore(connection).renew(tokens().access_token, refresh)
    connection.refresh_from_db()
    assert (connection.state, connection.state_reason) == ("paused", "Until Friday")
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (TransientError("Salesforce is away."), Connection.State.CONNECTED),
        (ConfigurationError("The secret is wrong."), Connection.State.NEEDS_ATTENTION),
    ],
)
def test_a_failed_refresh_keeps_the_tokens(
    connection: Connection, error: SalesforceError, state: str
) -> None:
    def refresh(old: Tokens) -> Tokens:
        raise error

    with pytest.raises(type(error)):
        CredentialStore(connection).renew(tokens().access_token, refresh)
    connection.refresh_from_db()
    assert connection.state == state
    assert CredentialStore(connection).load() == tokens()


def test_forgotten_tokens_require_a_log_in(connection: Connection) -> None:
    assert credentials.take_tokens(connection) == tokens()
    assert credentials.take_tokens(connection) is None
    with pytest.raises(ReconnectRequired):
        CredentialStore(connection).load()
