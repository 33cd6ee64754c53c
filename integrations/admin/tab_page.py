"""*Put the tab in Salesforce*: how to deploy it, and how to let in those who cannot open it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts import audit
from accounts.capped_paginator import CappedPaginator
from accounts.reach import person
from integrations.models import Connection, DirectoryUser, TabVisitor
from integrations.user_sync.directory_reading import TAB_PERMISSION_SET
from integrations.user_sync.mapping_csv import csv_line

from .addresses import people_with
from .chosen_connection import changeable_connection
from .subpage import subpage
from .tab_access import shut_out

#: People whom one line lets in, and people in all the lines: the file has everybody.
IN_A_LINE, IN_LINES = 50, 500
COLUMNS = ("Salesforce username", "Name", "E-mail", "Salesforce user id")


def urls() -> list[tuple[str, Callable[..., HttpResponseBase], str]]:
    return [("tab/", tab_page, "tab"), ("tab/people.csv", export, "tab_csv")]


@require_GET
def tab_page(request: HttpRequest, connection_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    waiting = shut_out(connection)
    usernames = list(waiting.order_by("name", "pk").values_list("username", flat=True)[:IN_LINES])
    visitors = TabVisitor.objects.filter(connection=connection)
    everybody = DirectoryUser.objects.filter(connection=connection)
    counted = CappedPaginator(waiting.order_by("pk"), 1)
    return subpage(
        request,
        connection,
        "tab",
        title="The tab in Salesforce",
        package_line=package_line(connection),
        permission_set=TAB_PERMISSION_SET,
        is_deployed=everybody.filter(can_open_tab__isnull=False).exists(),
        visitors=CappedPaginator(visitors.order_by("pk"), 1),
        waiting=counted,
        listed_at=waiting_list(connection),
        lines=assigning_lines(usernames),
        more=max(0, counted.count - len(usernames)),
    )


@require_GET
def export(request: HttpRequest, connection_id: int) -> HttpResponseBase:
    """Everybody who cannot open the tab, for whoever assigns permission sets from a file."""
    connection = changeable_connection(request, connection_id)
    audit.record("tab.people_exported", connection, by=person(request), request=request)
    name = f"cannot-open-the-tab-{connection.pk}-{timezone.localdate():%Y-%m-%d}.csv"
    return HttpResponse(
        "".join(_csv(connection)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def waiting_list(connection: Connection) -> str:
    """The address of *Salesforce users*, narrowed to whom `shut_out` finds."""
    return people_with(connection, account="has", active="yes", tab="no")


def package_line(connection: Connection) -> str:
    return (
        f"manage.py salesforce_package --url {settings.BASE_URL}"
        f" --connection {connection.key} --out package"
    )


def assigning_lines(usernames: list[str]) -> list[str]:
    """Lines of the Salesforce CLI; a name can be no option and nothing for the shell."""
    return [
        f"sf org assign permset --name {TAB_PERMISSION_SET} "
        + " ".join(
            f"--on-behalf-of={shlex.quote(name)}" for name in usernames[first : first + IN_A_LINE]
        )
        for first in range(0, len(usernames), IN_A_LINE)
    ]


def _csv(connection: Connection) -> Iterator[str]:
    yield csv_line(COLUMNS)
    people = shut_out(connection).order_by("name", "pk")
    rows = people.values_list("username", "name", "email", "salesforce_id")
    for row in rows.iterator(chunk_size=2_000):
        yield csv_line(row)
