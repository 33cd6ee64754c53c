"""How a connection is, in a sentence or two."""

from __future__ import annotations

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db.models import Max

from accounts.time_zone import written_time
from integrations.models import Connection, SyncRun, Watermark
from integrations.record_sync.describing import objects_in_use
from integrations.record_sync.runs import not_made_good
from integrations.record_sync.stream_runs import is_listening
from integrations.user_sync.progress import silent

from .words import from_now, sentence

State = Connection.State


def health(connection: Connection) -> str:
    """What an admin wants to know first: whether data comes, since when, why not, what next."""
    if words := _standstill(connection):
        return words
    if stalled := silent(connection.state_since):
        return (
            f"No worker has answered since {written_time(stalled)}: nothing new arrives. Ask"
            f" whoever runs {settings.PRODUCT_NAME} to start it: manage.py qcluster."
        )
    if connection.state == State.NEEDS_ATTENTION:
        return connection.state_reason
    if failed := _failed_refresh(connection) or _failed_reading(connection):
        return failed
    return f"All is well: {_last_heard(connection)}."


def _standstill(connection: Connection) -> str:
    """Why Salesforce is not asked; empty where it is."""
    since, reason = written_time(connection.state_since), sentence(connection.state_reason)
    match connection.state:
        case State.NOT_CONNECTED:
            return "Nobody has logged in to Salesforce yet."
        case State.PAUSED:
            return (
                f"Paused since {since}: {reason} Nothing new arrives until somebody presses"
                " Resume; what happens in Salesforce meanwhile is read then."
            )
        case State.RECONNECT_REQUIRED:
            return (
                f"{reason} Nothing new has arrived since {since}; what happens in Salesforce"
                " meanwhile is read once somebody reconnects."
            )
        case State.TERMINATED:
            return (
                f"{reason} Nothing new has arrived since {since}. Connecting the same org again"
                " goes on where it stopped."
            )
    return ""


def _failed_refresh(connection: Connection) -> str | None:
    people = connection.runs.filter(kind=SyncRun.Kind.DIRECTORY)
    last = people.exclude(state__in=SyncRun.STATES_UNDER_WAY).order_by("-pk").first()
    if last is None or last.state not in (SyncRun.State.FAILED, SyncRun.State.HELD):
        return None
    when = naturaltime(last.finished_at or last.created_at)
    if last.state == SyncRun.State.HELD:
        return f"People were not refreshed {when}. {sentence(last.error)}"
    if last.retry_at is None:
        then = "Press Refresh on the list of Salesforce users to try again."
    else:
        due = from_now(last.retry_at)
        then = f"The next try is {due}; Refresh, on the list of Salesforce users, tries at once."
    return f"People could not be read {when}. {sentence(last.error)} {then}"


def _failed_reading(connection: Connection) -> str | None:
    """Of records; where several failed, the one that matters most."""
    failed = not_made_good(connection).first()
    if failed is None:
        return None
    name, when = failed.object_name, naturaltime(failed.finished_at or failed.created_at)
    if failed.kind == SyncRun.Kind.BACKFILL:
        what = f"Earlier {name} records could not be read {when}."
        then = f"Press Read them again on the page of a workflow for {name}."
    else:
        what = f"{name} records could not be compared with Salesforce {when}."
        then = "They are compared again at night."
    if failed.retry_at is not None:
        then = f"The next try is {from_now(failed.retry_at)}."
    return f"{what} {sentence(failed.error)} {then}"


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
