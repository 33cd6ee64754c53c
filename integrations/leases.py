"""The one lock of background work: a row with an end, renewed by its holder, with a fencing token.

Whoever held a lease and was slow, or dead, for longer than it lasts finds that it is somebody
else's: `HeldLease.confirm`, as the last statement of a transaction, lets nothing be written then.
Session locks would not do: they are lost unnoticed with their connection, or behind a pooler.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import Error as DatabaseTrouble
from django.db import connection, models, transaction
from django.db.models import F
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now

from integrations.models import Lease

logger = logging.getLogger(__name__)

SECONDS = 60
RENEWED_EVERY = 15.0


class LeaseTaken(Exception):
    """Somebody else is at work on it."""


class LeaseLost(Exception):
    """It is somebody else's now; what was not committed yet must not be."""


class HeldLease:
    def __init__(self, name: str, token: int, seconds: int) -> None:
        self.name = name
        self.token = token
        self.seconds = seconds
        self._lost = threading.Event()

    @property
    def lost(self) -> bool:
        return self._lost.is_set()

    def renew(self) -> None:
        """Raises `LeaseLost`."""
        mine = self._rows().update(expires_at=_in(self.seconds))
        if not mine:
            self._lost.set()
            raise LeaseLost(self.name)

    def confirm(self) -> None:
        """Inside a transaction: nobody takes the lease before it ends. Raises `LeaseLost`."""
        if not self._rows().select_for_update(no_key=True).exists():
            self._lost.set()
            raise LeaseLost(self.name)

    def release(self) -> None:
        self._rows().update(holder="", expires_at=Now())

    def _rows(self) -> models.QuerySet[Lease]:
        return Lease.objects.filter(name=self.name, token=self.token)


@contextmanager
def held_lease(name: str, *, holder: str = "", seconds: int = SECONDS) -> Iterator[HeldLease]:
    """Hold a lease for the block, renewed by a thread. Raises `LeaseTaken`.

    A process that dies keeps it for at most ``seconds``.
    """
    lease = _take(name, holder or f"{socket.gethostname()}:{os.getpid()}", seconds)
    ended = threading.Event()
    renewer = threading.Thread(
        target=_keep_renewing, args=(lease, ended), name=f"lease {name}", daemon=True
    )
    renewer.start()
    try:
        yield lease
    finally:
        ended.set()
        renewer.join()
        _give_back(lease)


def is_free(name: str) -> bool:
    """Whether nobody works on it: never taken, given back, or its holder died."""
    return not taken([name])


def taken(names: Collection[str]) -> set[str]:
    """Those of these names that somebody works on."""
    held = Lease.objects.filter(name__in=names, expires_at__gt=Now())
    return set(held.values_list("name", flat=True))


def last_sign_of_life(lease: Lease) -> datetime:
    """When its holder last renewed it, or gave it back."""
    if not lease.holder:
        return lease.expires_at
    return lease.expires_at - timedelta(seconds=SECONDS)


def of_plan(plan_id: int) -> str:
    return f"plan:{plan_id}"


def of_run(run_id: int) -> str:
    return f"run:{run_id}"


def of_records(connection_id: int) -> str:
    """Reading the latest changes of a connection's records."""
    return f"records:{connection_id}"


def of_stream(connection_id: int) -> str:
    """Listening to a connection's changes."""
    return f"stream:{connection_id}"


@transaction.atomic
def _take(name: str, holder: str, seconds: int) -> HeldLease:
    Lease.objects.bulk_create([Lease(name=name, expires_at=Now())], ignore_conflicts=True)
    is_mine = Lease.objects.filter(name=name, expires_at__lte=Now()).update(
        holder=holder, token=F("token") + 1, expires_at=_in(seconds)
    )
    if not is_mine:
        raise LeaseTaken(name)
    return HeldLease(name, Lease.objects.values_list("token", flat=True).get(name=name), seconds)


def _in(seconds: int) -> CombinedExpression:
    """By the database's clock: those of several machines differ."""
    return Now() + timedelta(seconds=seconds)


def _give_back(lease: HeldLease) -> None:
    try:
        lease.release()
    except DatabaseTrouble:
        # It ends by itself. What went wrong inside the block must not be hidden by this.
        logger.warning("The lease %s could not be given back", lease.name, exc_info=True)
        connection.close()


def _keep_renewing(lease: HeldLease, ended: threading.Event) -> None:
    """In a thread of its own, with a connection of its own."""
    try:
        while not ended.wait(min(RENEWED_EVERY, lease.seconds / 4)):
            try:
                lease.renew()
            except DatabaseTrouble:
                # The database may come back before the lease ends; if not, it is lost by then.
                logger.warning("The lease %s could not be renewed", lease.name, exc_info=True)
                connection.close()
    except LeaseLost:
        logger.warning("The lease %s was taken over", lease.name)
    finally:
        connection.close()
