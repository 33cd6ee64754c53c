"""Invitations of an import: only where asked for, once each, and said where it failed."""

from __future__ import annotations

import pytest
from django.core import mail
from pytest_django import Settings

from accounts.models import Company, User
from integrations.models import Connection, SyncPlan
from integrations.user_sync import applying

from .builders import account, imported, people, person

State = SyncPlan.State


@pytest.fixture(autouse=True)
def mail_server(settings: Settings) -> None:
    settings.EMAIL_CONFIGURED = True


def test_nobody_is_invited_unless_asked_for(connection: Connection, admin: User) -> None:
    imported(connection, people(connection, range(3)), by=admin)
    assert mail.outbox == []


def test_each_new_account_is_invited_once_all_rows_are_done(
    connection: Connection, company: Company, admin: User
) -> None:
    account(company, "person2@example.com")
    everybody = people(connection, range(1, 4))
    imported(connection, everybody, by=admin, send_invitations=True)
    assert sorted(message.to[0] for message in mail.outbox) == [
        "person1@example.com",
        "person3@example.com",
    ]


def test_somebody_invited_before_the_worker_died_is_not_invited_again(
    connection: Connection, admin: User
) -> None:
    everybody = people(connection, range(1, 4))
    plan = imported(connection, everybody, by=admin, send_invitations=True)
    mail.outbox.clear()
    User.objects.filter(email="person2@example.com").update(invited_at=None)
    SyncPlan.objects.filter(pk=plan.pk).update(state=State.APPLYING)
    applying.apply_plan(plan.pk)
    assert [message.to[0] for message in mail.outbox] == ["person2@example.com"]


def test_a_mail_server_that_refuses_ends_the_plan_and_is_said(
    connection: Connection, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.invitations._mail", lambda *_, **__: False)
    everybody = people(connection, range(12))
    plan = imported(connection, everybody, by=admin, send_invitations=True)
    assert plan.state == State.DONE
    assert plan.problem.count("12 people were not invited: the mail server did not take") == 1
    assert not User.objects.exclude(invited_at=None).exists(), "they can be invited again"


def test_without_mail_nobody_counts_as_invited(
    connection: Connection, admin: User, settings: Settings
) -> None:
    settings.EMAIL_CONFIGURED = False
    imported(connection, [person(connection, 1)], by=admin, send_invitations=True)
    assert User.objects.get(email="person1@example.com").invited_at is None
