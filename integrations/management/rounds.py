"""Rounds of the record sync, done here and now instead of by the worker."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from django.utils import timezone

from integrations.models import SyncRun
from integrations.record_sync.backfilling import FIRST_DAY
from integrations.record_sync.runs import RunRefused

from .scriptable import Answer, in_one_line


def do_rounds(
    requests: Iterable[Callable[[], SyncRun]],
    carry_out: Callable[[int], None],
    *,
    refused: Sequence[str] = (),
) -> Answer:
    """What came of each round asked for.

    One that is ``refused``, already or now, keeps no other from being done.
    """
    runs, refusals = [], list(refused)
    for request in requests:
        try:
            run = request()
        except RunRefused as error:
            refusals.append(in_one_line(error))
            continue
        carry_out(run.pk)
        run.refresh_from_db()
        runs.append(run)
    answer = outcome_of(runs)
    refusals = list(dict.fromkeys(refusals))
    answer.values += [{"error": one} for one in refusals]
    answer.failure = " ".join([*refusals, answer.failure]).rstrip()
    return answer


def outcome_of(runs: Sequence[SyncRun]) -> Answer:
    failed = [run for run in runs if run.state == SyncRun.State.FAILED]
    unfinished = [
        run for run in runs if run.state not in (SyncRun.State.FAILED, SyncRun.State.DONE)
    ]
    return Answer(
        [_as_row(run) for run in runs],
        [_in_words(run) for run in runs if run.state != SyncRun.State.FAILED],
        waits_for=" ".join(f"{one.object_name}: {one.get_state_display()}." for one in unfinished),
        failure=" ".join(f"{one.object_name}: {one.error}" for one in failed),
    )


def day_since(text: str) -> date:
    """A day that has been, as the pages take it."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"“{text}” is not a day: write YYYY-MM-DD") from error
    if not FIRST_DAY <= day <= timezone.localdate():
        raise ArgumentTypeError(f"choose a day from {FIRST_DAY} to today")
    return day


def _as_row(run: SyncRun) -> dict[str, Any]:
    return {
        "run": run.pk,
        "connection": run.connection_id,
        "object": run.object_name,
        "kind": run.kind,
        "state": run.state,
        "read": run.read,
        "added": run.added,
        "changed": run.changed,
        "missing": run.missing,
        "reported": run.reported,
        "taken_back": run.taken_back,
        "set_aside": run.set_aside,
        "api_calls": run.api_calls,
        "error": run.error,
    }


def _in_words(run: SyncRun) -> str:
    return (
        f"{run.object_name}: {run.get_state_display().lower()}. {run.read} records read,"
        f" {run.added} new, {run.changed} changed; {run.reported} reports made,"
        f" {run.taken_back} taken back; {run.set_aside} set aside, {run.missing} no longer visible."
    )
