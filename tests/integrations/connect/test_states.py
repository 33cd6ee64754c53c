import pytest
from django.core import mail
from pytest_django import Settings

from accounts.models import AuditEntry, Company, User
from integrations import connection_states
from integrations.mails.rounds import send_what_is_due
from integrations.models import Connection

State = Connection.State


@pytest.fixture
def link(company: Company) -> Connection:
    return Connection.objects.create(company=company, state=State.CONNECTED)


@pytest.mark.parametrize("state", [State.TERMINATED, State.RECONNECT_REQUIRED, State.PAUSED])
def test_less_trouble_never_hides_more(link: Connection, state: str) -> None:
    Connection.objects.update(state=state, state_reason="worse")
    assert not connection_states.needs_attention(link, "A permission is missing.")
    link.refresh_from_db()
    assert (link.state, link.state_reason) == (state, "worse")


def test_a_withdrawn_access_ends_nobodys_pause(link: Connection, admin: User) -> None:
    connection_states.paused(link, "We move.", by=admin)
    assert not connection_states.reconnect_required(link, "Withdrawn.")
    assert (link.state, link.state_reason) == (State.PAUSED, "We move.")
    assert connection_states.resumed(link, by=admin)
    assert connection_states.reconnect_required(link, "Withdrawn.")


@pytest.mark.parametrize("state", [State.TERMINATED, State.NOT_CONNECTED])
def test_what_is_not_connected_needs_no_reconnecting(link: Connection, state: str) -> None:
    Connection.objects.update(state=state)
    assert not connection_states.reconnect_required(link, "Withdrawn.")


@pytest.mark.parametrize("state", [s for s in State if s != State.NEEDS_ATTENTION])
def test_only_what_needed_attention_is_mended(link: Connection, state: str) -> None:
    Connection.objects.update(state=state)
    link.refresh_from_db()
    assert not connection_states.mended(link)
    link.refresh_from_db()
    assert link.state == state


def test_a_stale_copy_does_not_mend_what_broke_meanwhile(link: Connection) -> None:
    connection_states.needs_attention(link, "A permission is missing.")
    connection_states.reconnect_required(Connection.objects.get(), "Withdrawn.")
    assert link.state == State.NEEDS_ATTENTION
    assert not connection_states.mended(link)
    assert link.state == State.RECONNECT_REQUIRED


def test_each_change_is_audited_once(link: Connection, admin: User) -> None:
    assert connection_states.needs_attention(link, "A permission is missing.")
    assert not connection_states.needs_attention(link, "A permission is missing.")
    assert connection_states.mended(link)
    assert connection_states.terminated(link, by=admin)
    assert connection_states.connected(link, by=admin)
    assert connection_states.paused(link, "Until Friday", by=admin)
    assert connection_states.resumed(link, by=admin)
    actions = AuditEntry.objects.order_by("pk").values_list("action", "actor_name")
    assert list(actions) == [
        ("connection.needs_attention", ""),
        ("connection.connected", ""),
        ("connection.terminated", "Dana Cole"),
        ("connection.connected", "Dana Cole"),
        ("connection.paused", "Dana Cole"),
        ("connection.resumed", "Dana Cole"),
    ]


def test_every_reason_is_told_once_to_each(
    link: Connection, admin: User, settings: Settings
) -> None:
    settings.EMAIL_CONFIGURED = True
    for reason in ("A permission is missing.", "A permission is missing.", "The user is frozen."):
        connection_states.needs_attention(link, reason)
        send_what_is_due()
    assert [message.body.split("\n")[2] for message in mail.outbox] == [
        "A permission is missing.",
        "The user is frozen.",
    ]
