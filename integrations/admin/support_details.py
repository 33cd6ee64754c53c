"""*Copy details for support*: ids, codes and versions; never a name, an address or an amount."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import django

from integrations.models import Connection, PlannedChange, SyncPlan, SyncRun

from .plan_counts import Counts


def details_of_connection(connection: Connection) -> str:
    return _line(
        connection=connection.pk,
        company=connection.company_id,
        org=connection.org_id,
        environment=connection.environment,
        state=connection.state,
        since=f"{connection.state_since:%Y-%m-%dT%H:%M:%SZ}",
        **_versions(),
    )


def details_of_run(run: SyncRun) -> str:
    return _line(
        run=run.pk,
        kind=run.kind,
        object=run.object_name,
        state=run.state,
        attempts=run.attempts,
        code=run.error_code,
        read=run.read,
        expected=run.expected,
        calls=run.api_calls,
        created=f"{run.created_at:%Y-%m-%dT%H:%M:%SZ}",
        connection=run.connection_id,
        company=run.company_id,
        **_versions(),
    )


def details_of_plan(plan: SyncPlan, counts: Counts) -> str:
    outcomes = ",".join(
        f"{outcome}:{number}"
        for outcome in PlannedChange.Outcome.values
        if (number := counts.with_outcome(outcome))
    )
    return _line(
        plan=plan.pk,
        kind=plan.kind,
        approach=plan.approach,
        state=plan.state,
        attempts=plan.attempts,
        rows=outcomes,
        reverts=plan.reverts_id,
        created=f"{plan.created_at:%Y-%m-%dT%H:%M:%SZ}",
        connection=plan.connection_id,
        company=plan.company_id,
        **_versions(),
    )


def _versions() -> dict[str, str]:
    try:
        own = version("scoreline")
    except PackageNotFoundError:  # run from its folder, not installed
        own = "source"
    return {"scoreline": own, "django": django.__version__, "python": platform.python_version()}


def _line(**values: object) -> str:
    """“plan=12 kind=import …”, without what is empty."""
    return " ".join(f"{name}={value}" for name, value in values.items() if value not in (None, ""))
