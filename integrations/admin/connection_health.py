"""How a connection is, in one sentence."""

from __future__ import annotations

from django.contrib.humanize.templatetags.humanize import naturaltime
from django.utils import timezone

from integrations.models import Connection, SyncRun
from integrations.user_sync.progress import silent

State = Connection.State


def health(connection: Connection) -> str:
    """What an admin wants to know first: whether data comes, since when, and why not."""
    since = timezone.localtime(connection.state_since)
    match connection.state:
        case State.NOT_CONNECTED:
            return "Nobody has logged in to Salesforce yet."
        case State.PAUSED:
            reason = connection.state_reason.rstrip(".")
            return f"Paused since {since:%-d %B, %H:%M}: {reason}. Nothing new arrives."
        case State.RECONNECT_REQUIRED | State.TERMINATED:
            return f"{connection.state_reason} Nothing new arrives since {since:%-d %B, %H:%M}."
    if stalled := silent(connection.state_since):
        local = timezone.localtime(stalled)
        return f"No worker has answered since {local:%-d %B, %H:%M}: nothing new arrives."
    if connection.state == State.NEEDS_ATTENTION:
        return connection.state_reason
    if failed := _failed_refresh(connection):
        return failed
    return f"All is well: {_newest(connection)}."


def _failed_refresh(connection: Connection) -> str | None:
    people = connection.runs.filter(kind=SyncRun.Kind.DIRECTORY)
    last = people.exclude(state__in=SyncRun.STATES_UNDER_WAY).order_by("-pk").first()
    if last is None or last.state != SyncRun.State.FAILED:
        return None
    when = naturaltime(last.finished_at or last.created_at)
    return f"People could not be read {when}. {last.error}"


def _newest(connection: Connection) -> str:
    records = (
        connection.runs.exclude(kind=SyncRun.Kind.DIRECTORY)
        .filter(state=SyncRun.State.DONE)
        .order_by("-created_at", "-pk")
        .values_list("finished_at", flat=True)
        .first()
    )
    if records:
        return f"newest records {naturaltime(records)}"
    if connection.directory_refreshed_at:
        return f"people read {naturaltime(connection.directory_refreshed_at)}"
    return "ready to read"
