"""Activity types, drafts and reports for tests."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import Company, User
from activities.drafts import ReportDraft
from activities.models import ActivityReport, ActivityType, Feed
from activities.reports import record


def make_type(company: Company, name: str = "Deals", **fields: Any) -> ActivityType:
    values = {"sentence": f"did {name.lower()}", **fields}
    return ActivityType.objects.create(company=company, name=name, **values)


def draft(key: str, user: User, type_: ActivityType, **fields: Any) -> ReportDraft:
    values: dict[str, Any] = {
        "value": Decimal(100),
        "currency": "EUR" if type_.unit == "money" else "",
        "title": f"Deal {key}",
        "link": f"https://acme.example/{key}",
        "occurred_on": dt.date(2026, 5, 3),
        "published_at": timezone.now(),
        **fields,
    }
    return ReportDraft(source_key=key, user_id=user.pk, type_id=type_.pk, **values)


def make_report(user: User, type_: ActivityType, key: str = "k", **fields: Any) -> ActivityReport:
    assert user.company is not None
    record(user.company, [draft(key, user, type_, **fields)])
    return ActivityReport.objects.get(company=user.company, source_key=key)


def version(company: Company) -> int:
    """The feed's version; what waits for the commit happens now."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return next(iter(Feed.objects.filter(company=company).values_list("version", flat=True)), 0)


def row_stamps(company: Company) -> dict[str, str]:
    """The transaction that last wrote each report."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT source_key, xmin::text || '/' || ctid::text FROM activities_activityreport"
            " WHERE company_id = %s",
            [company.pk],
        )
        return dict(cursor.fetchall())
