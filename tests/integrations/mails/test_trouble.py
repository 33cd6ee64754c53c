"""Mails about a connection in trouble."""

from __future__ import annotations

import pytest

from accounts.models import User
from integrations import connection_states
from integrations.models import Connection

from .rounds import told

pytestmark = pytest.mark.django_db


def test_trouble_names_the_reason_and_the_button(
    connection: Connection, admin: User, support: User
) -> None:
    connection_states.reconnect_required(connection, "Access was withdrawn. Log in again.")
    first, second = told()
    assert {first.to[0], second.to[0]} == {admin.email, support.email}
    assert "Access was withdrawn. Log in again." in first.body
    assert "Connect again" in str(first.alternatives[0][0])
