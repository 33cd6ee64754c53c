"""What the queue calls: thin, with ids only. Each can run any number of times."""

from __future__ import annotations

from collections.abc import Callable

from integrations.connecting import check, logging_in
from integrations.mails import rounds as mail_rounds
from integrations.record_sync import backfilling, due, left_jobs, polling, reconciling
from integrations.record_sync import taking_up as records_taking_up
from integrations.user_sync import applying, directory, following, preparing, replanning, taking_up
from integrations.user_sync.progress import beat

EACH_MINUTE: tuple[Callable[[], object], ...] = (
    taking_up.take_up_work,
    following.every_minute,
    records_taking_up.take_up_work,
    left_jobs.queue_left_jobs,
    logging_in.forget_expired,
    mail_rounds.send_what_is_due,
)


def refresh_directory(run_id: int) -> None:
    beat()
    directory.refresh_directory(run_id)
    following.follow_refresh(run_id)


def apply_plan(plan_id: int) -> None:
    beat()
    applying.apply_plan(plan_id)
    due.release_after(plan_id)


def prepare_plan(plan_id: int) -> None:
    beat()
    preparing.prepare(plan_id)


def plan_request_again(request_id: int, by_id: int) -> None:
    beat()
    replanning.plan_again_later(request_id, by_id)


def poll_records(connection_id: int) -> None:
    beat()
    polling.poll(connection_id)


def retry_records(connection_id: int) -> None:
    beat()
    due.retry_what_is_due(connection_id)


def backfill_records(run_id: int) -> None:
    beat()
    backfilling.backfill(run_id)


def reconcile_records(run_id: int) -> None:
    beat()
    reconciling.reconcile(run_id)


def forget_left_job(run_id: int) -> None:
    beat()
    left_jobs.forget_left_job(run_id)


def check_connection(connection_id: int) -> None:
    beat()
    check.check(connection_id)


def every_minute() -> None:
    """The worker shows that it is alive, and takes up what was left lying.

    Each step is tried, whatever became of those before it; then raises an ``ExceptionGroup``.
    """
    beat()
    failures: list[Exception] = []
    for step in EACH_MINUTE:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - raised below
            failures.append(error)
    if failures:
        raise ExceptionGroup("Some of the minute's work was not done", failures)
