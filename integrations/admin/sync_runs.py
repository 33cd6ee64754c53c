"""*Sync runs*: each round of reading from Salesforce, what it cost, and its error in words."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin_base import CompanyScopedAdmin
from integrations.models import SyncRun

from .shared_filters import ColumnFilter, ConnectionFilter
from .words import counted, listed, who_and_when

State = SyncRun.State
STATE_TONES = {State.DONE: "good", State.FAILED: "bad", State.HELD: "warn"}


class KindFilter(ColumnFilter):
    title, parameter_name, choices_of_column = "kind", "kind", SyncRun.Kind.choices


class StateFilter(ColumnFilter):
    title, parameter_name, choices_of_column = "state", "state", State.choices


#: Left out of a run's page where it has none.
MAY_BE_EMPTY = {
    "object_name",
    "error",
    "since",
    "requested_by",
    "started_at",
    "finished_at",
    "expected",
    "retry_at",
}


@admin.register(SyncRun)
class SyncRunAdmin(CompanyScopedAdmin[SyncRun]):
    list_display = ("run", "shown_state", "counts", "took", "calls", "begun")
    list_display_links = None
    list_filter = (ConnectionFilter, KindFilter, StateFilter)
    list_select_related = ("requested_by",)
    list_per_page = 50
    ordering = ("-created_at", "-pk")
    sortable_by = ()
    actions = None
    change_list_template = "admin/integrations/syncrun/change_list.html"
    fields = (
        "kind",
        "object_name",
        "shown_state",
        "error",
        "since",
        "requested_by",
        "created_at",
        "started_at",
        "finished_at",
        "took",
        "expected",
        "counts",
        "calls",
        "attempts",
        "retry_at",
    )
    readonly_fields = fields

    def get_fields(self, request: HttpRequest, obj: SyncRun | None = None) -> list[Any]:
        """Without what this run has nothing to say about."""
        empty = {name for name in MAY_BE_EMPTY if getattr(obj, name, None) in (None, "")}
        return [name for name in self.fields if name not in empty]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="run")
    def run(self, run: SyncRun) -> SafeString:
        address = reverse("admin:integrations_syncrun_change", args=[run.pk])
        words = run.get_kind_display()
        return format_html(
            '<strong><a href="{}">{}</a></strong><small>{}</small>', address, words, run.object_name
        )

    @admin.display(description="state")
    def shown_state(self, run: SyncRun) -> SafeString:
        tone = STATE_TONES.get(State(run.state), "")
        return format_html(
            '<span class="chip {}">{}</span><small>{}</small>',
            tone,
            run.get_state_display(),
            run.error,
        )

    @admin.display(description="what came of it")
    def counts(self, run: SyncRun) -> str:
        """“120 read, 3 added and 2 reported”."""
        parts = [
            f"{number:,} {word}"
            for number, word in (
                (run.read, "read"),
                (run.added, "added"),
                (run.changed, "changed"),
                (run.missing, "not visible any more"),
                (run.reported, "reported"),
                (run.taken_back, "taken back"),
                (run.set_aside, "set aside"),
            )
            if number
        ]
        return listed(parts) or "Nothing new"

    @admin.display(description="took", empty_value="")
    def took(self, run: SyncRun) -> SafeString | str:
        if run.started_at is None or run.finished_at is None:
            return ""
        seconds = (run.finished_at - run.started_at).total_seconds()
        words = f"{seconds:.1f} s" if seconds < 120 else counted(round(seconds / 60), "minute")
        return format_html('<span class="in-cards soft">Took </span>{}', words)

    @admin.display(description="API calls", empty_value="")
    def calls(self, run: SyncRun) -> SafeString | str:
        if not run.api_calls:
            return ""
        number = f"{run.api_calls:,}"
        return format_html('{}<span class="in-cards soft"> API calls</span>', number)

    @admin.display(description="begun")
    def begun(self, run: SyncRun) -> str:
        return who_and_when(run.requested_by, run.started_at or run.created_at)
