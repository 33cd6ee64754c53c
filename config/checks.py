"""System checks for settings that would lose or repeat work without a word."""

from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

#: What each rule avoids was measured with django-q2 1.11: duplicates, endless retries, lost slots.
QUEUE_RULES: dict[str, tuple[Any, str]] = {
    "orm": ("default", "only the database broker keeps tasks when a worker is killed"),
    "max_attempts": (1, "a failing task would run again for ever; runs count their own attempts"),
    "ack_failures": (True, "a failing task would run again for ever"),
    "bulk": (1, "the retry clock starts when a task is fetched, not when it starts"),
    "queue_limit": (1, "the retry clock starts when a task is fetched, not when it starts"),
    "catch_up": (False, "a worker that was away would run every missed schedule at once"),
    "sync": (False, "a web request would wait for Salesforce"),
}
#: Ten years are for ever.
HELD_DAYS = range(1, 3_651)


@register(Tags.compatibility)
def check_queue(app_configs: Sequence[AppConfig] | None, **kwargs: object) -> list[CheckMessage]:
    """``Q_CLUSTER`` must hold the values under which no task is lost or doubled."""
    queue = settings.Q_CLUSTER
    problems: list[CheckMessage] = [
        Error(f"Q_CLUSTER[{name!r}] must be {value!r}: {reason}.", id="scoreline.E001")
        for name, (value, reason) in QUEUE_RULES.items()
        if queue.get(name) != value
    ]
    if not queue.get("timeout") or queue["retry"] < 3 * queue["timeout"]:
        problems.append(
            Error(
                "Q_CLUSTER['retry'] must be at least three times Q_CLUSTER['timeout']:"
                " one task may run, one wait and one be handed over.",
                id="scoreline.E002",
            )
        )
    return problems


@register(Tags.security)
def check_encryption_keys(
    app_configs: Sequence[AppConfig] | None, **kwargs: object
) -> list[CheckMessage]:
    """A key that is none would be found only when somebody connects Salesforce."""
    return [
        Error(
            f"Key {number} of FIELD_ENCRYPTION_KEYS is not a Fernet key: 32 random bytes in"
            " URL-safe base64. README.md, “Configuration”, says how to make one.",
            id="scoreline.E004",
        )
        for number, key in enumerate(settings.FIELD_ENCRYPTION_KEYS, start=1)
        if not _is_fernet_key(key)
    ]


@register(Tags.compatibility)
def check_held_record_days(
    app_configs: Sequence[AppConfig] | None, **kwargs: object
) -> list[CheckMessage]:
    """Zero would let every held record expire at once, and a million is no date any more."""
    if settings.HELD_RECORD_DAYS in HELD_DAYS:
        return []
    return [
        Error(
            f"HELD_RECORD_DAYS is {settings.HELD_RECORD_DAYS}: it must be a number of days from"
            f" {HELD_DAYS.start} to {HELD_DAYS.stop - 1:,}.",
            id="scoreline.E003",
        )
    ]


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True
