"""A mail in HTML and text, and the door to the mail server."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.mail import BadHeaderError, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string

from accounts.models import User

logger = logging.getLogger(__name__)


class MailServerAway(Exception):
    """Nothing was sent; it is tried again in the next round."""


@dataclass(frozen=True)
class Letter:
    """What ``to`` is told. ``path`` is the page of the button that mends it."""

    template: str
    to: User
    path: str
    context: dict[str, Any] = field(default_factory=dict)

    def message(self) -> EmailMultiAlternatives:
        context = self.context | {
            "user": self.to,
            "link": settings.BASE_URL + self.path,
            "product_name": settings.PRODUCT_NAME,
            "base_url": settings.BASE_URL,
        }
        name = f"integrations/mail/{self.template}"
        message = EmailMultiAlternatives(
            subject=" ".join(render_to_string(f"{name}_subject.txt", context).split()),
            body=render_to_string(f"{name}.txt", context).strip() + "\n",
            to=[self.to.email],
        )
        message.attach_alternative(render_to_string(f"{name}.html", context), "text/html")
        return message


def post(letters: Sequence[Letter]) -> int:
    """How many the mail server took. Raises `MailServerAway` where it took none, in passing.

    One address that is refused does not keep the others from knowing.
    """
    if not letters:
        return 0
    mailbox = get_connection()
    try:
        mailbox.open()
    except OSError as error:
        raise MailServerAway from error
    try:
        refusals = [_post_one(letter, mailbox) for letter in letters]
    finally:
        mailbox.close()
    sent = refusals.count(None)
    passing = [refusal for refusal in refusals if refusal is not None and _passes(refusal)]
    if passing and not sent:
        raise MailServerAway from passing[-1]
    return sent


def _post_one(letter: Letter, mailbox: BaseEmailBackend) -> Exception | None:
    """Why the mail server did not take it, if it did not."""
    message = letter.message()
    message.connection = mailbox
    try:
        message.send()
    except (OSError, BadHeaderError) as error:
        # The error's own text may hold the address.
        logger.warning(
            "mail “%s” to account %s: %s", letter.template, letter.to.pk, type(error).__name__
        )
        return error
    return None


def _passes(error: Exception) -> bool:
    if isinstance(error, smtplib.SMTPResponseException):
        return 400 <= error.smtp_code < 500
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(400 <= code < 500 for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPException):
        return isinstance(error, smtplib.SMTPServerDisconnected)
    return isinstance(error, OSError)
