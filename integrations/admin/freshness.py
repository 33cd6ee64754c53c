"""How fresh the records are: each object's lag, the stream, the last comparison, the budget."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import naturaltime
from django.utils import timezone

from accounts.time_zone import written_day
from integrations.models import Connection, Watermark
from integrations.record_sync import budget
from integrations.record_sync.describing import objects_in_use
from integrations.record_sync.stream_runs import is_listening


@dataclass(frozen=True)
class FreshnessLine:
    what: str
    words: str
    tone: str = ""


def freshness(connection: Connection) -> list[FreshnessLine]:
    """Nothing where no workflow is on."""
    objects = objects_in_use(connection)
    if not objects:
        return []
    marks = {
        one.object_name: one
        for one in Watermark.objects.filter(connection=connection, object_name__in=objects)
    }
    return [
        *(_lag(connection, name, marks.get(name)) for name in objects),
        _stream(connection),
        _comparison(list(marks.values())),
        *_budget(connection),
    ]


def _lag(connection: Connection, name: str, mark: Watermark | None) -> FreshnessLine:
    if mark is None or mark.polled_at is None:
        return FreshnessLine(name, "not asked yet", "warn")
    late = timezone.now() - mark.polled_at > 3 * budget.poll_every(connection)
    return FreshnessLine(name, f"last asked {naturaltime(mark.polled_at)}", "warn" if late else "")


def _stream(connection: Connection) -> FreshnessLine:
    if is_listening(connection.pk):
        return FreshnessLine("Stream", "listening: within seconds", "good")
    minutes = round(budget.poll_every(connection).total_seconds() / 60)
    often = "minute" if minutes == 1 else f"{minutes} minutes"
    return FreshnessLine("Stream", f"not listening: changes arrive every {often}")


def _comparison(marks: list[Watermark]) -> FreshnessLine:
    compared = [one.reconciled_at for one in marks if one.reconciled_at]
    if not compared:
        return FreshnessLine("Compared with Salesforce", "not yet: that is done each night")
    return FreshnessLine("Compared with Salesforce", written_day(min(compared)))


def _budget(connection: Connection) -> list[FreshnessLine]:
    if not connection.api_calls_allowed or connection.api_calls_used is None:
        return []
    share = budget.used_share(connection)
    words = (
        f"{connection.api_calls_used:,} of {connection.api_calls_allowed:,} today,"
        f" all apps together ({share:.0%})"
    )
    tone = "warn" if share >= budget.SLOW_FROM else ""
    return [FreshnessLine("API requests", words, tone)]
