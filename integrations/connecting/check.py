"""Checking a connection: in the worker, on request; and what the check means for its state."""

import logging
from collections.abc import Sequence
from dataclasses import asdict

from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from integrations import connection_states
from integrations.connecting.findings import Finding, findings
from integrations.credentials import client_for
from integrations.models import Connection
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import ReconnectRequired, SalesforceError

logger = logging.getLogger(__name__)

NOT_ASKED = "Salesforce could not be asked"


def request_check(connection: Connection) -> None:
    """Let the worker check: it takes about ten calls, too long for a page to wait."""
    with transaction.atomic():
        connection.check_requested_at = timezone.now()
        connection.save(update_fields=["check_requested_at"])
        async_task("integrations.tasks.check_connection", connection.pk)


def check(connection_id: int) -> None:
    """Check now, keep what was found, and set the connection's state by it."""
    connection = Connection.objects.get(pk=connection_id)
    try:
        with client_for(connection) as client:
            found = findings(connection, client)
    except SalesforceError as error:
        logger.warning("connection %s could not be checked: %s", connection_id, error.detail)
        if isinstance(error, ReconnectRequired):
            connection_states.reconnect_required(connection, error.message)
        _keep(connection, [Finding("error", NOT_ASKED, error.message), *_last_time(connection)])
        return
    _keep(connection, found)
    if errors := [finding for finding in found if finding.level == "error"]:
        connection_states.needs_attention(connection, in_words(errors))
    else:
        connection_states.mended(connection)


def connecting_user_problems(connection: Connection, client: SalesforceClient) -> list[Finding]:
    """What stops something now, or has been lost since the last check.

    A warning that somebody has seen and left in place is no news. Changes nothing; raises
    SalesforceError.
    """
    seen = {finding.title for finding in _last_time(connection)}
    return [
        finding
        for finding in findings(connection, client)
        if finding.level == "error" or (finding.level == "warning" and finding.title not in seen)
    ]


def in_words(problems: Sequence[Finding]) -> str:
    """The problems as the reason of a state."""
    return " ".join(f"{problem.title}. {problem.breaks} {problem.fix}" for problem in problems)


def _keep(connection: Connection, found: Sequence[Finding]) -> None:
    connection.check_findings = [asdict(finding) for finding in found]
    connection.checked_at = timezone.now()
    connection.save(update_fields=["check_findings", "checked_at"])


def _last_time(connection: Connection) -> list[Finding]:
    kept = [Finding(**finding) for finding in connection.check_findings]
    return [finding for finding in kept if finding.title != NOT_ASKED]
