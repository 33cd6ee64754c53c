"""Reports that unusually many changes at once in Salesforce would change: held until somebody says.

Told at once: the reports stay as they are, and so look right, while nobody knows.
"""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone

from integrations.models import HeldChange
from integrations.record_sync.previewing import preview_held_change, undecided_changes

from .recipients import admins_and_support
from .sending import Letter
from .telling import NEWS, tell


def tell_of_held_reports() -> int:
    news = undecided_changes().filter(created_at__gt=timezone.now() - NEWS)
    return tell(news.select_related("company", "connection"), "told_at", _letters)


def _letters(change: HeldChange) -> list[Letter]:
    path = reverse("admin:integrations_connection_held_changes", args=[change.connection_id])
    number = preview_held_change(change)
    moves = change.kind == HeldChange.Kind.MOVE
    context = {"change": change, "number": number, "moves": moves}
    people = admins_and_support(change.company)
    return [Letter("held_reports", one, path, context) for one in people]
