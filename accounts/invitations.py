"""Inviting people: a link by mail, or in the admin's hand where no mail is set up."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.core.mail import BadHeaderError, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone

from accounts import audit
from accounts.links import FORGOTTEN_PASSWORD, INVITATION
from accounts.models import User

logger = logging.getLogger(__name__)


@dataclass
class Invited:
    """What became of each: mailed, a link to hand over, or the reason in a sentence."""

    mailed: list[User] = field(default_factory=list)
    links: list[tuple[User, str]] = field(default_factory=list)
    refused: list[tuple[User, str]] = field(default_factory=list)


def invite(users: Sequence[User], by: User | None, request: HttpRequest | None = None) -> Invited:
    """Invite each of them: by mail when mail is set up, else with links for ``by`` to hand over.

    Waits for the mail server, so a page calls it only where there is none.
    """
    invited = Invited()
    connection = get_connection()
    for user in users:
        if refusal := reason_not_to_invite(user):
            invited.refused.append((user, refusal))
            continue
        former = user.invited_at
        _note_invited(user, timezone.now())
        if not settings.EMAIL_CONFIGURED:
            invited.links.append((user, INVITATION.url(user)))
            audit.record("invitation_link_made", user, by=by, request=request)
        elif _mail(user, "invitation", INVITATION.url(user), connection, by=by):
            invited.mailed.append(user)
            audit.record("invited", user, by=by, request=request, after={"e-mail": user.email})
        else:
            _note_invited(user, former)
            invited.refused.append((user, "The mail server did not take the mail."))
            audit.record("invitation_failed", user, by=by, request=request)
    return invited


def _note_invited(user: User, moment: datetime | None) -> None:
    """Before the link is made, which holds for this one invitation."""
    user.invited_at = moment
    user.save(update_fields=["invited_at"])


def reason_not_to_invite(user: User) -> str | None:
    """A sentence for the admin; ``None`` for somebody who can be invited."""
    if user.state == User.State.PENDING:
        return "Pending: activate the account first."
    if user.state == User.State.DEACTIVATED:
        return "Deactivated: reactivate the account first."
    return None


def mail_forgotten_password(user: User) -> None:
    """Send a link to set a new password; the log says where the mail server did not take it."""
    _mail(user, "forgotten_password", FORGOTTEN_PASSWORD.url(user), get_connection())


def _mail(
    user: User,
    template: str,
    link: str,
    connection: BaseEmailBackend,
    *,
    by: User | None = None,
) -> bool:
    context = {
        "user": user,
        "link": link,
        "by": by,
        "product_name": settings.PRODUCT_NAME,
    }
    folder = f"accounts/mail/{template}"
    message = EmailMultiAlternatives(
        subject=" ".join(render_to_string(f"{folder}_subject.txt", context).split()),
        body=render_to_string(f"{folder}.txt", context),
        to=[user.email],
        connection=connection,
    )
    message.attach_alternative(render_to_string(f"{folder}.html", context), "text/html")
    try:
        sent = message.send() == 1
    except (smtplib.SMTPException, OSError, BadHeaderError) as error:
        # An SMTP error's text may hold the address; its kind is enough to find the cause.
        logger.warning("Mail “%s” to account %s: %s", template, user.pk, type(error).__name__)
        return False
    return sent
