"""Who opens the tab, when they last did, and who asks for an account there."""

from __future__ import annotations

from datetime import timedelta

from django.core import signing
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User
from integrations.models import Connection, DirectoryUser, TabVisitor
from integrations.salesforce.canvas import CanvasRequest

#: Opening the tab again within this time is not worth a write.
SEEN_LATELY = timedelta(minutes=10)
LOGGED_IN_LATELY = timedelta(hours=1)
_SALT = "integrations.embedding.visitors"
_TICKET_SECONDS = 3600


def seen(connection: Connection, request: CanvasRequest) -> TabVisitor:
    now = timezone.now()
    visitor, is_new = TabVisitor.objects.get_or_create(
        connection=connection,
        salesforce_user_id=request.user_id,
        defaults={
            "company_id": connection.company_id,
            "name": request.user_name[:255],
            "last_opened_at": now,
        },
    )
    if not is_new and visitor.last_opened_at < now - SEEN_LATELY:
        visitor.last_opened_at = now
        visitor.name = request.user_name[:255] or visitor.name
        visitor.save(update_fields=["last_opened_at", "name"])
    return visitor


def logged_in(account: User) -> None:
    """Who is let into the tab has logged in: what is used by nobody may be deleted."""
    now = timezone.now()
    if account.last_login is None or account.last_login < now - LOGGED_IN_LATELY:
        account.last_login = now
        account.save(update_fields=["last_login"])


def ticket(visitor: TabVisitor) -> str:
    """What proves on the next press who opened the page."""
    return signing.dumps(visitor.pk, salt=_SALT)


def visitor_of(ticket_text: str, connection: Connection) -> TabVisitor | None:
    try:
        visitor_id = signing.loads(ticket_text, salt=_SALT, max_age=_TICKET_SECONDS)
    except signing.BadSignature:
        return None
    return TabVisitor.objects.filter(pk=visitor_id, connection=connection).first()


@transaction.atomic
def ask(visitor: TabVisitor) -> None:
    """Ask to be added; asking again changes nothing, also after a refusal."""
    now = timezone.now()
    asked = TabVisitor.objects.filter(pk=visitor.pk, asked_at=None).update(asked_at=now)
    if asked:
        visitor.asked_at = now
        audit.record("tab.asked", visitor, by=None)
    else:
        visitor.refresh_from_db()


def declined_because(visitor: TabVisitor) -> str | None:
    """Why the person will not be added: an admin ignores them."""
    ignored = DirectoryUser.objects.filter(
        connection=visitor.connection_id,
        salesforce_id=visitor.salesforce_user_id,
        ignored_at__isnull=False,
    ).first()
    return (ignored.ignored_reason or "No reason was given.") if ignored else None
