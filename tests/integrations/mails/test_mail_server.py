"""A mail server that is away, or refuses an address."""

from __future__ import annotations

import smtplib

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from pytest_django import Settings

from accounts.models import User
from integrations import connection_states
from integrations.mails.rounds import send_what_is_due
from integrations.models import Connection

from .rounds import State, plan, ran, refuses

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPServerDisconnected("gone"),
        smtplib.SMTPDataError(451, b"later"),
        smtplib.SMTPRecipientsRefused({"a@b": (450, b"greylisted")}),
        TimeoutError("slow"),
    ],
)
def test_a_server_that_is_away_gets_the_mail_later(
    connection: Connection, admin: User, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = plan(connection, admin, state=State.DONE, **ran(3))
    monkeypatch.setattr(EmailMultiAlternatives, "send", refuses(error))
    assert send_what_is_due() == 0
    waiting.refresh_from_db()
    assert waiting.told_at is None
    assert send_what_is_due() == 1
    assert send_what_is_due() == 0


def test_a_refused_address_does_not_keep_the_others_from_knowing(
    connection: Connection,
    admin: User,
    support: User,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    refused = smtplib.SMTPRecipientsRefused({admin.email: (550, b"no such user")})
    monkeypatch.setattr(EmailMultiAlternatives, "send", refuses(refused))
    connection_states.needs_attention(connection, "Look.")
    assert send_what_is_due() == 1
    assert send_what_is_due() == 0
    assert [message.to for message in mail.outbox] == [[support.email]]
    assert admin.email not in caplog.text


def test_mails_wait_for_a_mail_server_that_cannot_be_reached(
    connection: Connection, admin: User, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    connection_states.reconnect_required(connection, "Log in again.")
    assert send_what_is_due() == 0
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert send_what_is_due() == 1
    assert send_what_is_due() == 0
    assert [message.to for message in mail.outbox] == [[admin.email]]


@pytest.mark.usefixtures("admin")
def test_without_mail_settings_nothing_is_sent(connection: Connection, settings: Settings) -> None:
    settings.EMAIL_CONFIGURED = False
    connection_states.reconnect_required(connection, "Log in again.")
    assert send_what_is_due() == 0
    assert mail.outbox == []
