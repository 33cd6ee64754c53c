"""Mails about plans: long ones, held ones, and those that need a person."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from accounts.models import User
from integrations import connection_states
from integrations.mails.rounds import send_what_is_due
from integrations.models import Approach, Connection, SyncPlan
from integrations.user_sync import held

from .rounds import State, plan, ran, told

pytestmark = pytest.mark.django_db


def test_who_started_a_long_plan_hears_of_its_end(connection: Connection, admin: User) -> None:
    plan(connection, admin, state=State.DONE, **ran(3))
    (message,) = told()
    assert message.to == ["dana@example.com"]
    assert "1 of 2 people are done; 1 was not" in message.body


def test_a_short_plan_says_nothing(connection: Connection, admin: User) -> None:
    plan(connection, admin, state=State.DONE, **ran(1.9))
    plan(connection, admin, state=State.APPLYING, **ran(9))
    plan(connection, None, state=State.DONE, **ran(3))
    assert told() == []


def test_a_plan_that_needs_a_person_says_what_to_do(connection: Connection, admin: User) -> None:
    plan(connection, admin, state=State.NEEDS_A_PERSON, problem="Choose Continue.", **ran(1))
    (message,) = told()
    assert "Choose Continue." in message.body
    assert "needs you" in message.subject


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"approach": Approach.AUTOMATIC}, "2 people wait for an account"),
        ({"approach": Approach.AUTOMATIC, "kind": SyncPlan.Kind.LEAVERS}, "2 people is held"),
    ],
)
def test_what_is_held_is_told_to_admins_and_support(
    connection: Connection, admin: User, support: User, fields: dict[str, str], words: str
) -> None:
    made = plan(connection, None, state=State.HELD, held_reason="More than usual.", **fields)
    messages = told()
    assert sorted(message.to[0] for message in messages) == [admin.email, support.email]
    assert words in messages[0].subject
    assert "More than usual." in messages[0].body
    assert f"/syncplan/{made.pk}/change/" in messages[0].body


def test_who_decided_about_a_held_plan_hears_also_of_its_end(
    connection: Connection, admin: User
) -> None:
    waiting = plan(connection, None, state=State.HELD, held_reason="More than usual.")
    assert len(told()) == 1
    held.decide(waiting, by=admin)
    assert told() == []
    SyncPlan.objects.update(state=State.DONE, **ran(3))
    (message,) = told()
    assert "1 of 2 people are done" in message.body


def test_somebody_who_left_is_told_nothing(connection: Connection, admin: User) -> None:
    User.objects.filter(pk=admin.pk).update(state=User.State.DEACTIVATED)
    plan(connection, admin, state=State.DONE, **ran(3))
    connection_states.needs_attention(connection, "Look.")
    assert told() == []


def test_old_news_is_not_sent_when_mail_is_set_up_later(
    connection: Connection, admin: User, settings: Settings
) -> None:
    settings.EMAIL_CONFIGURED = False
    old = plan(connection, admin, state=State.DONE, **ran(60 * 24 * 3))
    assert send_what_is_due() == 0
    settings.EMAIL_CONFIGURED = True
    assert told() == []
    old.refresh_from_db()
    assert old.told_at is None
