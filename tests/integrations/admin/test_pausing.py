"""Pausing with a reason, and resuming."""

from __future__ import annotations

from django.test import Client

from integrations.models import Connection

from .browsing import page


def test_pausing_needs_a_reason_and_resuming_catches_up(
    client: Client, connection: Connection
) -> None:
    client.post(page("pause", connection), {"reason": " "})
    connection.refresh_from_db()
    assert connection.state == Connection.State.CONNECTED
    client.post(page("pause", connection), {"reason": "Our org moves on Friday"})
    connection.refresh_from_db()
    assert connection.state == Connection.State.PAUSED
    html = client.get("/admin/").content.decode()
    assert "Our org moves on Friday" in html
    assert html.count("btn primary") == 1
    client.post(page("resume", connection))
    connection.refresh_from_db()
    assert connection.state == Connection.State.CONNECTED
    assert connection.check_requested_at is not None
