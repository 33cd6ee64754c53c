"""A mail as soon as the brakes hold what Salesforce would change."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import User
from activities.models import ActivityType
from integrations.models import Connection, Evaluation, HeldChange, Workflow
from tests.integrations.user_sync.builders import waiting_record

from .rounds import told

pytestmark = pytest.mark.django_db


def held(connection: Connection, kind: HeldChange.Kind) -> HeldChange:
    """A change that two reports wait for."""
    made = Workflow.objects.create(
        company=connection.company,
        connection=connection,
        name="Deals",
        state=Workflow.State.ON,
        object_name="Opportunity",
        activity_type=ActivityType.objects.create(company=connection.company, name="Deals"),
        date_field="CloseDate",
    )
    for number in range(2):
        waiting_record(made, number, verdict=Evaluation.Verdict.WAITING, hold=kind.value)
    return HeldChange.objects.create(
        company=connection.company, connection=connection, object_name="Opportunity", kind=kind
    )


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (HeldChange.Kind.MOVE, "2 reports would change hands"),
        (HeldChange.Kind.TAKE_BACK, "2 reports would be taken back"),
    ],
)
def test_admins_and_support_hear_of_reports_that_wait_for_a_person(
    connection: Connection, admin: User, support: User, kind: HeldChange.Kind, words: str
) -> None:
    held(connection, kind)
    messages = told()
    assert sorted(message.to[0] for message in messages) == [admin.email, support.email]
    assert messages[0].subject == f"Maventech: {words}"
    assert words in messages[0].body
    assert f"/connection/{connection.pk}/held-changes/" in messages[0].body


@pytest.mark.usefixtures("admin")
def test_nobody_hears_of_reports_that_wait_no_longer(connection: Connection) -> None:
    held(connection, HeldChange.Kind.MOVE)
    Workflow.objects.update(state=Workflow.State.OFF)
    assert told() == []


@pytest.mark.usefixtures("admin")
def test_what_somebody_decided_meanwhile_is_no_news(connection: Connection) -> None:
    change = held(connection, HeldChange.Kind.MOVE)
    change.decision, change.decided_at = HeldChange.Decision.KEEP, timezone.now()
    change.save()
    assert told() == []
