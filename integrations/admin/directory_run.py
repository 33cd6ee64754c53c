"""How the last refresh of the directory went, for the list of Salesforce users."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from integrations.models import Connection, SyncRun
from integrations.user_sync.progress import silent

from .support_details import details_of_run

State = SyncRun.State


@dataclass(frozen=True)
class ShownRun:
    run: SyncRun

    HEADLINES = {
        State.QUEUED: "Waiting for the worker.",
        State.RUNNING: "Reading users from Salesforce.",
        State.FAILED: "The list could not be refreshed.",
        State.HELD: "The list was not refreshed: this needs you.",
    }

    @property
    def state(self) -> str:
        return f"{self.run.pk}-{self.run.state}"

    @property
    def is_under_way(self) -> bool:
        return self.run.state in (State.QUEUED, State.RUNNING)

    @property
    def is_held(self) -> bool:
        return self.run.state == State.HELD

    @property
    def is_told(self) -> bool:
        """A refresh that went well needs no words beside the new list."""
        return self.run.state in self.HEADLINES

    @property
    def headline(self) -> str:
        return self.HEADLINES.get(State(self.run.state), "")

    @property
    def tone(self) -> str:
        if self.is_held:
            return "warn"
        return "" if self.is_under_way else "bad"

    @property
    def support_details(self) -> str:
        return "" if self.is_under_way else details_of_run(self.run)

    @property
    def silent_since(self) -> datetime | None:
        """Since when no worker has shown itself while this run waits for one."""
        return silent(self.run.created_at) if self.run.state == State.QUEUED else None


def last_run(connection: Connection) -> ShownRun | None:
    run = connection.runs.filter(kind=SyncRun.Kind.DIRECTORY).order_by("-created_at", "-pk").first()
    return ShownRun(run) if run else None
