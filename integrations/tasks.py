"""What the queue calls: thin, with ids only. Each can run any number of times."""

from __future__ import annotations

from integrations import connection_mail
from integrations.connecting import check, logging_in
from integrations.user_sync import applying, directory, taking_up
from integrations.user_sync.progress import beat


def refresh_directory(run_id: int) -> None:
    beat()
    directory.refresh_directory(run_id)


def apply_plan(plan_id: int) -> None:
    beat()
    applying.apply_plan(plan_id)


def check_connection(connection_id: int) -> None:
    beat()
    check.check(connection_id)


def every_minute() -> None:
    """The worker shows that it is alive, and takes up what was left lying."""
    beat()
    taking_up.take_up_work()
    connection_mail.tell_what_was_missed()
    logging_in.forget_expired()
