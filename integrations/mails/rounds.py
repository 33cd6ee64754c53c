"""One round of mails, each half minute."""

from __future__ import annotations

import logging

from django.conf import settings

from .connections import tell_of_trouble
from .digest import send_digests
from .held_reports import tell_of_held_reports
from .plans import tell_of_held_plans, tell_starters
from .requests import tell_of_requests
from .sending import MailServerAway

logger = logging.getLogger(__name__)

KINDS = (
    tell_of_trouble,
    tell_of_held_plans,
    tell_of_held_reports,
    tell_of_requests,
    tell_starters,
    send_digests,
)


def send_what_is_due() -> int:
    """How many mails were sent. While the mail server is away all of them wait."""
    if not settings.EMAIL_CONFIGURED:
        return 0
    sent = 0
    try:
        for kind in KINDS:
            sent += kind()
    except MailServerAway:
        logger.warning("the mail server cannot be reached; mails are tried again", exc_info=True)
    return sent
