"""Mail sent by the worker, since a page must not wait for a mail server. Arguments are ids only."""

from __future__ import annotations

import datetime as dt
import logging

from accounts.invitations import invite, mail_forgotten_password
from accounts.models import User

logger = logging.getLogger(__name__)


def mail_forgotten_passwords(account_ids: list[int]) -> None:
    """A link for each of these accounts that is still active."""
    for user in User.objects.filter(pk__in=account_ids).select_related("company"):
        if user.is_active:
            mail_forgotten_password(user)


def send_invitations(account_ids: list[int], by_id: int, asked_at: str) -> None:
    """Invite those not invited since ``asked_at`` (ISO 8601): the queue may deliver twice.

    Whom the mail server refuses goes on counting as not invited, so the lists show them.
    """
    by = User.objects.filter(pk=by_id).first()
    waiting = User.objects.filter(pk__in=account_ids).exclude(
        invited_at__gte=dt.datetime.fromisoformat(asked_at)
    )
    invited = invite(list(waiting.select_related("company")), by)
    if invited.refused:
        logger.warning("%s invitations were not sent", len(invited.refused))
