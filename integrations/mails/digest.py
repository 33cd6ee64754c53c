"""One mail a day to each company admin about what waits; none when nothing waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import Company, User
from integrations.models import Connection
from integrations.user_sync.work import Work, work_list

from .sending import Letter, MailServerAway, post

#: From this hour of the company's own clock.
MORNING = 7
#: Shown on the work list only: nobody waits for these.
QUIET = {"new_people", "suggested_matches", "out_of_scope", "email_differs", "unknown_teams"}


@dataclass(frozen=True)
class Part:
    """What waits at one connection."""

    connection: Connection
    lines: Sequence[Work]


def send_digests(now: datetime | None = None) -> int:
    """Those of today that were not sent yet, wherever it is morning. Raises `MailServerAway`."""
    now = now or timezone.now()
    sent = 0
    for company in Company.objects.filter(connections__isnull=False).distinct().order_by("pk"):
        there = now.astimezone(ZoneInfo(company.time_zone))
        if there.hour >= MORNING and (due := list(_due(company, there.date()))):
            parts = what_waits(company)
            sent += sum(_send(admin, there.date(), company, parts) for admin in due)
    return sent


def what_waits(company: Company) -> list[Part]:
    parts = []
    connections = Connection.objects.filter(company=company).order_by("pk")
    for connection in connections.exclude(state=Connection.State.TERMINATED):
        quiet = QUIET if company.may_approve_own_requests else QUIET | {"open_requests"}
        lines = [work for work in work_list(connection) if work.key not in quiet]
        if lines:
            parts.append(Part(connection, lines))
    return parts


def _due(company: Company, today: date) -> Sequence[User]:
    before = Q(digest_sent_on=None) | Q(digest_sent_on__lt=today)
    admins = User.objects.active_admins().filter(before, company=company, daily_digest=True)
    return list(admins.order_by("pk"))


def _send(admin: User, today: date, company: Company, parts: Sequence[Part]) -> int:
    """The day is written down first, so that two workers send one mail."""
    claim = User.objects.filter(pk=admin.pk, digest_sent_on=admin.digest_sent_on)
    if not claim.update(digest_sent_on=today) or not parts:
        return 0
    try:
        return post([_letter(admin, company, parts)])
    except MailServerAway:
        User.objects.filter(pk=admin.pk).update(digest_sent_on=admin.digest_sent_on)
        raise


def _letter(admin: User, company: Company, parts: Sequence[Part]) -> Letter:
    path = reverse("admin:index")
    return Letter(
        "digest",
        admin,
        f"{path}?connection={parts[0].connection.pk}" if len(parts) == 1 else path,
        {
            "company": company,
            "parts": parts,
            "several": len(parts) > 1,
            "kinds": sum(len(part.lines) for part in parts),
            "account_path": reverse("admin:accounts_user_change", args=[admin.pk]),
        },
    )
