"""A round of mails, and plans that are worth one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from accounts.models import User
from integrations.mails.rounds import send_what_is_due
from integrations.models import Approach, Connection, PlannedChange, SyncPlan

State = SyncPlan.State


def told() -> list[EmailMultiAlternatives]:
    """The mails of a round; the next round repeats none."""
    mail.outbox.clear()
    send_what_is_due()
    sent = [message for message in mail.outbox if isinstance(message, EmailMultiAlternatives)]
    assert len(sent) == len(mail.outbox)
    assert send_what_is_due() == 0, "a mail comes once"
    for message in sent:
        ((html, kind),) = message.alternatives
        assert isinstance(html, str)
        assert isinstance(message.body, str)
        assert kind == "text/html"
        assert "https://scoreline.example/admin/" in html
        assert "https://scoreline.example/admin/" in message.body
        assert "{{" not in html + message.body
        assert "&#" not in f"{message.body}{message.subject}"
    return sent


def plan(connection: Connection, by: User | None, **fields: object) -> SyncPlan:
    values = {"kind": SyncPlan.Kind.IMPORT, "approach": Approach.ON_DEMAND} | fields
    made = SyncPlan.objects.create(
        company=connection.company, connection=connection, approved_by=by, **values
    )
    for position in (1, 2):
        PlannedChange.objects.create(
            company=connection.company,
            plan=made,
            position=position,
            salesforce_user_id=f"00500000000000{position}AAA",
            person_name=f"Person {position}",
            action=PlannedChange.Action.CREATE,
            reason="New",
            outcome=PlannedChange.Outcome.DONE if position == 1 else PlannedChange.Outcome.NO_SEAT,
        )
    return made


def ran(minutes: float) -> dict[str, object]:
    now = timezone.now()
    started = now - timedelta(minutes=minutes)
    return {"approved_at": started, "started_at": started, "finished_at": now}


def refuses(*errors: Exception | None) -> Callable[[EmailMultiAlternatives], int]:
    waiting = list(errors)

    def send(message: EmailMultiAlternatives, fail_silently: bool = False) -> int:
        error = waiting.pop(0) if waiting else None
        if error:
            raise error
        mail.outbox.append(message)
        return 1

    return send
