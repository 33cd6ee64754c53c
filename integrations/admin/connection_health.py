"""How a connection is, in one sentence."""

from __future__ import annotations

from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db.models import Max
from django.utils import timezone

from integrations.models import Connection, SyncRun, Watermark
from integrations.record_sync.describing import objects_in_use
from integrations.record_sync.stream_runs import is_listening
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
    return f"All is well: {_last_heard(connection)}."


def _failed_refresh(connection: Connection) -> str | None:
    people = connection.runs.filter(kind=SyncRun.Kind.DIRECTORY)
    last = people.exclude(state__in=SyncRun.STATES_UNDER_WAY).order_by("-pk").first()
    if last is None or last.state != SyncRun.State.FAILED:
        return None
    when = naturaltime(last.finished_at or last.created_at)
    return f"People could not be read {when}. {last.error}"


def _last_heard(connection: Connection) -> str:
    asked = Watermark.objects.filter(
        connection=connection, object_name__in=objects_in_use(connection)
    ).aggregate(last=Max("polled_at"))["last"]
    if asked:
        listening = "listening, " if is_listening(connection.pk) else ""
        return f"{listening}last asked {naturaltime(asked)}"
    if connection.directory_refreshed_at:
        return f"people read {naturaltime(connection.directory_refreshed_at)}"
    return "ready to read"
