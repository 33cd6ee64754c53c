"""Who is told by mail that a connection needs a person: once for each change of state."""

import logging
from collections.abc import Iterable

from django.conf import settings
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from accounts.models import Company, User
from integrations.models import Connection

logger = logging.getLogger(__name__)

STATES_TOLD = (Connection.State.NEEDS_ATTENTION, Connection.State.RECONNECT_REQUIRED)


def tell(connection_id: int) -> int:
    """Mail the company's admins and the support staff about the connection's state.

    Return the number of mails sent: none when the state was told already, or has changed again.
    A process that dies in the middle sends nothing twice.
    """
    if not settings.EMAIL_CONFIGURED:
        return 0
    claimed = Connection.objects.filter(
        pk=connection_id, state__in=STATES_TOLD, state_told_at=None
    ).update(state_told_at=timezone.now())
    if not claimed:
        return 0
    mailbox = mail.get_connection()
    try:
        mailbox.open()
    except OSError:
        logger.exception("the mail server cannot be reached; mails are tried again")
        Connection.objects.filter(pk=connection_id).update(state_told_at=None)
        return 0
    connection = Connection.objects.select_related("company").get(pk=connection_id)
    sent = sum(
        _send(_message(connection, address), mailbox) for address in _addresses(connection.company)
    )
    mailbox.close()
    return sent


def tell_what_was_missed() -> None:
    """For states that were entered while the mail server, or the process, was gone."""
    untold = Connection.objects.filter(state__in=STATES_TOLD, state_told_at=None)
    for connection_id in untold.values_list("pk", flat=True):
        tell(connection_id)


def _addresses(company: Company) -> Iterable[str]:
    people = User.objects.filter(
        Q(company=company, role=User.Role.ADMIN) | Q(is_superuser=True),
        state=User.State.ACTIVE,
    )
    return sorted(
        {email.lower(): email for email in people.values_list("email", flat=True)}.values()
    )


def _message(connection: Connection, address: str) -> mail.EmailMessage:
    path = reverse("admin:integrations_connection_change", args=[connection.pk])
    body = render_to_string(
        "integrations/connect/trouble_mail.txt",
        {
            "connection": connection,
            "product_name": settings.PRODUCT_NAME,
            "url": settings.BASE_URL + path,
        },
    )
    subject = f"Salesforce of {connection.company}: {connection.get_state_display().lower()}"
    return mail.EmailMessage(subject, body, to=[address])


def _send(message: mail.EmailMessage, mailbox: BaseEmailBackend) -> int:
    """One address that is refused must not keep the others from knowing."""
    message.connection = mailbox
    try:
        return message.send()
    except OSError:
        logger.exception("a mail about a connection could not be sent")
        return 0
