"""Judging records that are kept, a batch in one transaction; again when others were in its way."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import transaction

from integrations.models import Connection

from .arriving import again_when_it_passes
from .evaluating import Evaluated, evaluate, lock


def judge_records(
    connection: Connection, object_name: str, change: Callable[[], Sequence[int]]
) -> Evaluated:
    """Change some records, which returns and locks them, and judge them in one transaction."""

    def write() -> Evaluated:
        with transaction.atomic():
            return evaluate(connection, object_name, change(), live=True)

    return again_when_it_passes(write)


def judge_kept(
    connection: Connection,
    object_name: str,
    record_ids: Sequence[int],
    *,
    anyway: bool = False,
    brakes_on: bool = True,
) -> Evaluated:
    """Judge what is due of these records, or all ``anyway``, but those in others' hands."""

    def write() -> Evaluated:
        with transaction.atomic():
            locked = lock(record_ids)
            return evaluate(
                connection,
                object_name,
                locked,
                anyway=locked if anyway else (),
                brakes_on=brakes_on,
            )

    return again_when_it_passes(write)
