"""*Mappings* as a CSV file: out, and in again as a preview."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts import audit
from accounts.reach import person
from integrations.user_sync import mapping_csv
from integrations.user_sync.errors import PlanError
from integrations.user_sync.mapping_lines import BadLine, BadLines

from .chosen_connection import changeable_connection
from .subpage import show_plan, subpage

SHOWN_LINES = 100


def urls() -> list[tuple[str, Callable[..., HttpResponseBase], str]]:
    return [("mappings.csv", export, "csv"), ("mappings/import/", import_csv, "csv_import")]


@require_GET
def export(request: HttpRequest, connection_id: int) -> HttpResponseBase:
    connection = changeable_connection(request, connection_id)
    audit.record("mappings.exported", connection, by=person(request), request=request)
    name = f"mappings-{connection.pk}-{timezone.localdate():%Y-%m-%d}.csv"
    return HttpResponse(
        "".join(mapping_csv.export(connection)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def import_csv(request: HttpRequest, connection_id: int) -> HttpResponse:
    """A file in, its plan out; each bad line is named, and then nothing is planned."""
    connection = changeable_connection(request, connection_id)
    problem = ""
    lines: list[BadLine] = []
    if request.method == "POST":
        try:
            plan = mapping_csv.plan_csv(connection, _text(request), by=person(request))
            return show_plan(plan)
        except BadLines as error:
            problem, lines = "Nothing was changed: correct these lines first.", error.lines
        except PlanError as error:
            problem = str(error)
    return subpage(
        request,
        connection,
        "csv_import",
        title="Mappings from a file",
        problem=problem,
        lines=lines[:SHOWN_LINES],
        more=max(0, len(lines) - SHOWN_LINES),
        columns=mapping_csv.COLUMNS,
    )


def _text(request: HttpRequest) -> str:
    file = request.FILES.get("file")
    if file is None:
        raise PlanError("Choose a file first.")
    if (file.size or 0) > mapping_csv.LONGEST:
        raise PlanError(f"This file is larger than {mapping_csv.LONGEST // 1_000_000} MB.")
    try:
        text: str = file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PlanError("This file is not in UTF-8. Save it as “CSV UTF-8”.") from error
    return text
