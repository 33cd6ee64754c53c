"""What support needs to know of an installation: ids, codes, versions, counts and times.

Every value is chosen here by name. No sentence is among them, since a sentence names people; nor
any name, e-mail, title, amount, host or secret.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

import django
from django.conf import settings
from django.db import connection as database
from django.db import models
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Count
from django.utils import timezone
from django_q.models import Failure, OrmQ, Success

from accounts.models import User
from integrations.models import (
    AccessRequest,
    AttributeRule,
    Connection,
    Heartbeat,
    Lease,
    MatchRule,
    PlannedChange,
    ScopeRule,
    SyncPlan,
    SyncRun,
    UserMapping,
    Workflow,
)

#: Of each connection, the newest.
RUNS, PLANS, FAILURES = 50, 50, 50
PACKAGES = ("django-q2", "psycopg", "requests", "cryptography")
APPS = ("accounts", "activities", "integrations")
QUEUE_SETTINGS = ("workers", "timeout", "retry", "max_attempts", "poll")


def bundle(connections: Iterable[Connection]) -> dict[str, Any]:
    """About the installation, and about these connections."""
    return {
        "made_at": timezone.now(),
        "versions": _versions(),
        "settings": _settings(),
        "queue": _queue(),
        "connections": [_connection(connection) for connection in connections],
    }


def _versions() -> dict[str, Any]:
    applied = MigrationRecorder.Migration.objects.filter(app__in=APPS).order_by("app", "name")
    return {
        "python": platform.python_version(),
        "django": django.get_version(),
        "postgresql": _postgresql(),
        "packages": {name: version(name) for name in PACKAGES},
        "migrations": [f"{row.app}.{row.name}" for row in applied],
    }


def _postgresql() -> str:
    with database.cursor() as cursor:
        cursor.execute("SHOW server_version")
        row = cursor.fetchone()
    return str(row[0])


def _settings() -> dict[str, Any]:
    return {
        "debug": settings.DEBUG,
        "self_contained": settings.SELF_CONTAINED,
        "served_by_https": settings.SERVED_BY_HTTPS,
        "mail": settings.EMAIL_CONFIGURED,
        "encryption_keys": len(settings.FIELD_ENCRYPTION_KEYS),
        "salesforce_api_version": settings.SALESFORCE_API_VERSION,
        "loopback_allowed": settings.SALESFORCE_ALLOW_LOOPBACK,
        "queue": {name: settings.Q_CLUSTER[name] for name in QUEUE_SETTINGS},
    }


def _queue() -> dict[str, Any]:
    failures = Failure.objects.order_by("-started")[:FAILURES]
    return {
        "waiting": OrmQ.objects.count(),
        "done": Success.objects.count(),
        "heartbeats": dict(Heartbeat.objects.values_list("name", "at")),
        "leases": list(Lease.objects.order_by("name").values("name", "token", "expires_at")),
        "failures": [
            {"task": task.func, "at": task.started, "error": _kind_of_error(str(task.result))}
            for task in failures
        ],
    }


def _kind_of_error(result: str) -> str:
    """The exception's class, from the traceback's last line; its text may name anybody."""
    lines = [line for line in result.splitlines() if line and not line.startswith(" ")]
    kind = lines[-1].partition(":")[0].strip() if lines else ""
    return kind if kind.replace(".", "").replace("_", "").isalnum() else ""


def _connection(connection: Connection) -> dict[str, Any]:
    company = connection.company
    return {
        **_columns(connection, CONNECTION_COLUMNS),
        "company": _columns(company, COMPANY_COLUMNS),
        "accounts": _counts(User.objects.filter(company=company), "state"),
        "directory": _counts(connection.directory.all(), "is_active"),
        "mappings": _counts(UserMapping.objects.filter(connection=connection), "approach"),
        "findings": [finding.get("level") for finding in connection.check_findings],
        "rules": {
            "match": list(_of(MatchRule, connection).values("rule", "position", "enabled")),
            "scope": list(_of(ScopeRule, connection).values("position", "field", "operator")),
            "attribute": list(_of(AttributeRule, connection).values("attribute", "policy")),
        },
        "workflows": list(_of(Workflow, connection).order_by("pk").values("id", "object_name")),
        "runs": list(_of(SyncRun, connection).order_by("-pk").values(*RUN_COLUMNS)[:RUNS]),
        "plans": [_plan(plan) for plan in _of(SyncPlan, connection).order_by("-pk")[:PLANS]],
        "requests": list(
            _of(AccessRequest, connection).order_by("-pk").values(*REQUEST_COLUMNS)[:PLANS]
        ),
    }


def _plan(plan: SyncPlan) -> dict[str, Any]:
    rows = PlannedChange.objects.filter(plan=plan)
    return {
        **_columns(plan, PLAN_COLUMNS),
        "actions": _counts(rows, "action"),
        "outcomes": _counts(rows, "outcome"),
    }


def _of(model: type[models.Model], connection: Connection) -> models.QuerySet[Any]:
    return model._default_manager.filter(connection=connection)


def _columns(row: models.Model, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _counts(rows: models.QuerySet[Any], column: str) -> dict[str, int]:
    counts = rows.order_by(column).values_list(column).annotate(rows=Count("pk"))
    return {str(value): number for value, number in counts}


COMPANY_COLUMNS = ("id", "time_zone", "currency", "seat_limit", "may_approve_own_requests")
CONNECTION_COLUMNS = (
    "id",
    "org_id",
    "environment",
    "state",
    "state_since",
    "state_told_at",
    "connecting_user_id",
    "email_policy",
    "automatic_is_on",
    "automatic_accounts",
    "automatic_team_source",
    "automatic_daily_limit",
    "deprovisioning",
    "deprovisioning_grace_days",
    "extra_user_fields",
    "checked_at",
    "directory_refreshed_at",
    "api_calls_used",
    "api_calls_allowed",
    "created_at",
)
RUN_COLUMNS = (
    "id",
    "kind",
    "object_name",
    "state",
    "created_at",
    "started_at",
    "finished_at",
    "attempts",
    "expected",
    "read",
    "added",
    "changed",
    "missing",
    "reported",
    "taken_back",
    "set_aside",
    "api_calls",
    "error_code",
    "retry_at",
)
PLAN_COLUMNS = (
    "id",
    "kind",
    "approach",
    "state",
    "reverts_id",
    "team_source",
    "role",
    "created_at",
    "approved_at",
    "started_at",
    "finished_at",
    "stop_requested_at",
    "attempts",
    "told_at",
)
REQUEST_COLUMNS = (
    "id",
    "plan_id",
    "requested_at",
    "planned_at",
    "decision",
    "decided_at",
    "withdrawn_at",
    "approvers_told_at",
    "decision_told_at",
    "done_told_at",
)
