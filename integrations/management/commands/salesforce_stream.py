import logging
import signal
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import Any, ClassVar

from integrations import leases
from integrations.management.scriptable import Answer, ScriptableCommand
from integrations.management.selection import add_connection_arguments, connections_of
from integrations.models import Connection, Lease, SyncRun, Watermark
from integrations.record_sync.describing import objects_in_use
from integrations.record_sync.keeping_streams import keep_streams
from integrations.record_sync.stream_runs import is_listening, last_heard_of

logger = logging.getLogger(__name__)


class Command(ScriptableCommand):
    help = (
        "Listens to the changes in Salesforce, of every connection, until it is stopped. Any number"
        " of these may run: each connection is listened to by one of them. With --status it only"
        " says who listens, and fails when somebody should and nobody does."
    )
    has_dry_run: ClassVar[bool] = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add_connection_arguments(parser)
        parser.add_argument("--status", action="store_true", help="say who listens, and end")

    def answer(self, options: dict[str, Any]) -> Answer:
        if options["status"]:
            return _who_listens(connections_of(options))
        chosen = options["company"] is not None or options["connection"] is not None
        _listen([one.pk for one in connections_of(options)] if chosen else [])
        return Answer([])


def _listen(only: list[int]) -> None:
    stop = threading.Event()

    def ask_to_stop(signum: int, frame: FrameType | None) -> None:
        stop.set()

    wanted = (signal.SIGINT, signal.SIGTERM)
    former = {each: signal.signal(each, ask_to_stop) for each in wanted}
    try:
        logger.info("Listening to the changes in Salesforce")
        keep_streams(stop, only)
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)


def _who_listens(connections: list[Connection]) -> Answer:
    rows = [_status(one) for one in connections]
    unheard = [row["name"] for row in rows if row["needed"] and not row["listening"]]
    return Answer(
        rows,
        [f"{row['name']}: {row['says']}" for row in rows],
        failure=f"Nobody listens to {', '.join(unheard)}." if unheard else "",
    )


def _status(connection: Connection) -> dict[str, Any]:
    run = (
        SyncRun.objects.filter(connection=connection, kind=SyncRun.Kind.STREAM)
        .order_by("-pk")
        .first()
    )
    lease = Lease.objects.filter(name=leases.of_stream(connection.pk)).first()
    listening = is_listening(connection.pk)
    objects = objects_in_use(connection) if connection.has_access else []
    positions = Watermark.objects.filter(connection=connection).exclude(replay_id="")
    error = run.error if run is not None and run.state != SyncRun.State.DONE else ""
    return {
        "connection": connection.pk,
        "name": str(connection),
        "needed": bool(objects),
        "objects": objects,
        "listening": listening,
        "holder": lease.holder if lease is not None else "",
        "since": run.started_at if run is not None and listening else None,
        "last_heard_of": last_heard_of(connection.pk),
        "records": run.read if run is not None else 0,
        "positions": dict(positions.values_list("object_name", "replay_id")),
        "error": error,
        "says": _in_words(connection, listening, objects, error),
    }


def _in_words(connection: Connection, listening: bool, objects: list[str], error: str) -> str:
    if not connection.has_access:
        return connection.state_reason or connection.get_state_display()
    if not objects:
        return "no workflow is on, so there is nothing to listen to."
    if error:
        return error
    if listening:
        return f"listening to {', '.join(objects)}."
    return "nobody listens; changes come by the poll."
