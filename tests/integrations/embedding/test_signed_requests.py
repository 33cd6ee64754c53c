"""Which signed requests are believed, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.models import User
from integrations.credentials import store_app_keys
from integrations.demo_org.org import CONSUMER_KEY, DemoOrg
from integrations.models import Connection, ConnectionCredential, TabVisitor
from integrations.salesforce.tokens import AppKeys

from .conftest import signed_request
from .opening import heading, opened

FORGED: dict[str, Callable[[DemoOrg, str], str]] = {
    "forged": lambda org, user: signed_request(org, user, "another secret"),
    "truncated": lambda org, user: signed_request(org, user)[:-9],
    "oversized": lambda org, user: signed_request(org, user, padding="x" * 70_000),
    "huge": lambda org, user: "x" * 300_000,
    "wrong algorithm": lambda org, user: signed_request(org, user, algorithm="none"),
    "missing": lambda org, user: "",
}


@pytest.mark.parametrize("kind", FORGED)
def test_bad_requests_get_one_and_the_same_clear_answer(
    kind: str, connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    response = opened(connection, FORGED[kind](org, salesforce_user))
    assert response.status_code == 403
    assert heading(response) == "This tab could not be opened"
    assert "Traceback" not in response.content.decode()
    assert not TabVisitor.objects.exists()


def test_another_org_is_refused(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    connection.org_id = "00Dx0000000BV7zEAG"
    connection.save()
    assert opened(connection, signed_request(org, salesforce_user)).status_code == 403


def test_whoever_knows_the_secret_still_needs_the_users_own_token(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    """A company admin knows the consumer secret, and must not become a colleague by it."""
    own = org.authority.session(org.integration_user_id)
    client = {"oauthToken": own, "targetOrigin": org.url}
    assert (
        opened(connection, signed_request(org, salesforce_user, client=client)).status_code == 403
    )


def test_a_replay_after_the_token_was_revoked_is_refused(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    text = signed_request(org, salesforce_user)
    assert opened(connection, text).status_code == 200
    org.authority.expire()
    assert opened(connection, text).status_code == 200  # the same text may be posted again …
    cache.clear()  # … for ten minutes
    assert opened(connection, text).status_code == 403


def test_salesforce_out_of_reach_says_so(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    Connection.objects.update(instance_url="http://127.0.0.1:9")
    response = opened(connection, signed_request(org, salesforce_user))
    assert response.status_code == 503
    assert heading(response) == "Salesforce does not answer"


def test_the_secret_of_before_counts_for_a_day(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    store_app_keys(connection, AppKeys(CONSUMER_KEY, "a new secret"))
    assert opened(connection, signed_request(org, salesforce_user)).status_code == 200
    ConnectionCredential.objects.update(previous_secret_until=timezone.now() - timedelta(minutes=1))
    assert opened(connection, signed_request(org, salesforce_user)).status_code == 403
