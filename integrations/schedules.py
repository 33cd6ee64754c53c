"""The queue's schedules, written by code: nobody edits them, and a deployment brings them along."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django_q.models import Schedule

#: The scheduler looks about every 30 seconds, so two schedules of a minute each, half a minute
#: apart, are the shortest beat there is: killed work is found within a minute of its lease's end.
BEATS = {"every minute": 0, "every minute, at half": 30}


def write_schedules(**kwargs: Any) -> None:
    """Make or mend the schedules; called after each ``migrate``."""
    for name, second in BEATS.items():
        Schedule.objects.update_or_create(
            name=name,
            defaults={
                "func": "integrations.tasks.every_minute",
                "schedule_type": Schedule.MINUTES,
                "minutes": 1,
                "repeats": -1,
                "next_run": _next(second),
            },
        )


def _next(second: int) -> datetime:
    """The next time that the clock shows this second."""
    now = timezone.now()
    moment = now.replace(second=second, microsecond=0)
    return moment if moment > now else moment + timedelta(minutes=1)
