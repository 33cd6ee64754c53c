"""Invitations to the accounts that a plan has made, once all its rows are applied."""

from __future__ import annotations

import time

from django.conf import settings
from django.db.models import QuerySet

from accounts.invitations import invite
from accounts.models import User
from integrations.leases import HeldLease, LeaseLost
from integrations.models import PlannedChange, SyncPlan

from .progress import beat

#: Few, since a mail server may take its time for each.
BATCH = 10


def send_invitations(plan: SyncPlan, lease: HeldLease, deadline: float) -> bool:
    """Invite each person once; false when ``deadline`` (monotonic) came first.

    Without mail settings nobody is invited: the links are for the admin to hand over.
    """
    if not settings.EMAIL_CONFIGURED:
        return True
    asked = 0
    while waiting := list(not_invited(plan).filter(pk__gt=asked)[:BATCH]):
        if time.monotonic() > deadline:
            return False
        if lease.lost:
            raise LeaseLost(lease.name)
        asked = waiting[-1].pk  # nobody is asked twice, also not where the mail server refuses
        invited = invite(waiting, plan.approved_by)
        SyncPlan.objects.filter(pk=plan.pk).update(attempts=0)
        beat()
        if not invited.mailed:
            break  # the mail server is away: the others would only wait for it, too
    _tell(plan, not_invited(plan).count())
    return True


def not_invited(plan: SyncPlan) -> QuerySet[User]:
    """The accounts that the plan made and that nobody has been invited to."""
    made = plan.changes.filter(
        action=PlannedChange.Action.CREATE, outcome=PlannedChange.Outcome.DONE
    )
    waiting: QuerySet[User] = User.objects.filter(
        company=plan.company_id,
        pk__in=made.values("account"),
        state=User.State.ACTIVE,
        invited_at__isnull=True,
    ).order_by("pk")
    return waiting


def _tell(plan: SyncPlan, number: int) -> None:
    if not number:
        return
    people = "1 person was" if number == 1 else f"{number} people were"
    sentence = f"{people} not invited: the mail server did not take the mail. Invite them again."
    plan.problem = f"{plan.problem} {sentence}".strip()
    plan.save(update_fields=["problem"])
