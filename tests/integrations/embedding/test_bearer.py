"""The bearer: for one person, one company, one connection, ten minutes at most."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any
from unittest import mock

import psycopg
import pytest
from django.core import signing
from django.test import Client

from accounts.bearer import SECONDS, Bearer
from accounts.entrance import new_code
from accounts.models import EntranceCode, User
from activities.live import ACCESS_CHANNEL, _address
from integrations.connection_states import terminated
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, UserMapping
from tests.accounts.conftest import make_company, make_user

from .conftest import signed_request


def asked(connection: Connection, bearer: str, path: str = "feed/") -> Any:
    return Client().get(
        f"/embed/{connection.key}/{path}", headers={"Authorization": f"Bearer {bearer}"}
    )


def bearer_of(user: User, connection: Connection) -> str:
    return Bearer.of(user, connection.key).as_text()


def test_a_bearer_opens_the_pages(connection: Connection, ann: User) -> None:
    bearer = bearer_of(ann, connection)
    for path in ("feed/", "leaderboard/", "my-activity/", "report/", "feed/side/"):
        response = asked(connection, bearer, path)
        assert response.status_code == 200, path
        assert not response.cookies


def test_a_bearer_dies_of_age(connection: Connection, ann: User) -> None:
    bearer = bearer_of(ann, connection)
    later = time.time() + SECONDS + 1
    with mock.patch("django.core.signing.time.time", return_value=later):
        assert asked(connection, bearer).status_code == 401
    assert SECONDS <= 600


@pytest.mark.parametrize(
    "bearer",
    ["", "x", "a:b:c", "Bearer", pytest.param(signing.dumps([1, 2, 3]), id="of another salt")],
)
def test_a_forged_bearer_opens_nothing(bearer: str, connection: Connection) -> None:
    assert asked(connection, bearer).status_code == 401


def test_a_deactivated_account_is_out_at_once(connection: Connection, ann: User) -> None:
    bearer = bearer_of(ann, connection)
    User.objects.filter(pk=ann.pk).deactivate()
    assert asked(connection, bearer).status_code == 401


def test_an_account_that_comes_back_needs_a_new_bearer(connection: Connection, ann: User) -> None:
    bearer = bearer_of(ann, connection)
    User.objects.filter(pk=ann.pk).deactivate()
    User.objects.filter(pk=ann.pk).update(state=User.State.ACTIVE)
    assert asked(connection, bearer).status_code == 401


@pytest.mark.parametrize("change", ["unmapped", "former", "terminated"])
def test_without_a_mapping_there_is_no_tab(change: str, connection: Connection, ann: User) -> None:
    bearer = bearer_of(ann, connection)
    if change == "unmapped":
        UserMapping.objects.all().delete()
    elif change == "former":
        UserMapping.objects.update(is_current=False)
    else:
        Connection.objects.update(state=Connection.State.TERMINATED)
    assert asked(connection, bearer).status_code == 401


def test_a_bearer_of_another_company_opens_nothing_here(connection: Connection, ann: User) -> None:
    bolt = make_company("Bolt")
    elsewhere = Connection.objects.create(company=bolt, name="Elsewhere")
    sue = make_user(bolt, "sue@bolt.example")
    UserMapping.objects.create(
        company=bolt,
        connection=elsewhere,
        salesforce_user_id="005x00000012Q9PAAU",
        account=sue,
        approach="on_demand",
    )
    assert asked(elsewhere, bearer_of(sue, elsewhere)).status_code == 200
    assert asked(connection, bearer_of(sue, elsewhere)).status_code == 401
    assert asked(connection, bearer_of(sue, connection)).status_code == 401
    assert asked(elsewhere, bearer_of(ann, elsewhere)).status_code == 401


def test_a_new_signed_request_gives_a_new_bearer(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    text = signed_request(org, salesforce_user)
    answer = Client().post(f"/embed/{connection.key}/bearer/", {"signed_request": text})
    assert asked(connection, json.loads(answer.content)["bearer"]).status_code == 200
    User.objects.filter(pk=ann.pk).deactivate()
    refused = Client().post(f"/embed/{connection.key}/bearer/", {"signed_request": text})
    assert refused.status_code == 403


def test_an_admin_leaves_the_frame_once(connection: Connection, ann: User) -> None:
    User.objects.filter(pk=ann.pk).update(role=User.Role.ADMIN)
    ann.refresh_from_db()
    answer = Client().post(
        f"/embed/{connection.key}/window/",
        headers={"Authorization": f"Bearer {bearer_of(ann, connection)}"},
    )
    address = json.loads(answer.content)["address"]
    elsewhere = Client().get(address, headers={"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.status_code == 403
    browser = Client()
    assert browser.get(address, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 302
    assert browser.get("/admin/").status_code == 200
    assert Client().get(address).status_code == 403


def test_a_code_older_than_a_minute_opens_nothing(connection: Connection, ann: User) -> None:
    code = new_code(ann)
    row = EntranceCode.objects.get()
    assert row.expires_at - row.user.created_at < timedelta(seconds=120)
    EntranceCode.objects.update(expires_at=row.expires_at - timedelta(seconds=61))
    assert Client().get(f"/enter/{code}/").status_code == 403


def test_a_member_gets_no_way_into_the_admin(connection: Connection, ann: User) -> None:
    answer = Client().post(
        f"/embed/{connection.key}/window/",
        headers={"Authorization": f"Bearer {bearer_of(ann, connection)}"},
    )
    assert answer.status_code == 403
    assert not EntranceCode.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_terminating_ends_the_streams_of_everybody_whom_the_connection_let_in(
    connection: Connection, ann: User
) -> None:
    with psycopg.connect(**_address(), autocommit=True) as listener:
        listener.execute(f"LISTEN {ACCESS_CHANNEL}")
        terminated(connection, by=None)
        told = next(listener.notifies(timeout=10))
    assert told.payload == str(ann.pk)


def test_a_bearer_is_not_refused_while_salesforce_does_not_answer(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    Connection.objects.update(instance_url="http://127.0.0.1:9")
    text = signed_request(org, salesforce_user)
    answer = Client().post(f"/embed/{connection.key}/bearer/", {"signed_request": text})
    assert answer.status_code == 503
