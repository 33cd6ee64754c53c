"""What to try in the first five minutes: printed at the start, and shown on the start page."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.http import urlencode

from integrations.models import Connection, DirectoryUser, SalesforceRecord, Workflow

_LOOPBACK = ("127.0.0.1", "localhost")
#: In any other state the steps stay: who broke the access needs the last one most.
_NOT_SET_UP = (Connection.State.NOT_CONNECTED, Connection.State.TERMINATED)


@dataclass(frozen=True)
class FirstStep:
    """Something to try; an address is a path of this site, or whole and the demo org's."""

    title: str
    words: str
    links: tuple[tuple[str, str], ...]


def first_steps(connection: Connection) -> list[FirstStep]:
    """In their order; none where the connection is to a real org."""
    host = urlsplit(connection.login_url).hostname
    is_demo = settings.SELF_CONTAINED and host in _LOOPBACK
    if not is_demo or connection.state in _NOT_SET_UP:
        return []
    steps = [_import(connection)]
    if not connection.workflows.filter(state=Workflow.State.ON).exists():
        steps.append(_workflow(connection))
    if _shared_addresses(connection).exists():
        steps.append(_conflict(connection))
    return [*steps, _live(connection), _why(connection), _break_it(connection)]


def _import(connection: Connection) -> FirstStep:
    return FirstStep(
        "One press",
        "Tick five people and press Import: the next page shows what became of each, and has"
        " Revert. Their deals are in the feed a moment later.",
        (
            ("Salesforce users", _people(connection, account="waiting", verdict="create")),
            ("Feed", reverse("feed")),
        ),
    )


def _workflow(connection: Connection) -> FirstStep:
    return FirstStep(
        "What counts",
        "Make the workflow “Closed-won deals”, try it, and switch it on since a day: the deals"
        " of those who have an account are in the feed.",
        (("What counts", f"{_page('workflow_add')}?{urlencode({'connection': connection.pk})}"),),
    )


def _conflict(connection: Connection) -> FirstStep:
    return FirstStep(
        "A conflict",
        "Two Salesforce users share an e-mail address. Nothing is guessed: tick one, press"
        " Import, and decide who is who.",
        (("Conflicts", _people(connection, verdict="conflict")),),
    )


def _live(connection: Connection) -> FirstStep:
    return FirstStep(
        "Live",
        "Log in to the demo org as one of your five; its log-in page lists everybody. Open the tab"
        " in one window and a deal in another. Close it as won: within a second it is in the tab."
        " Reopen it: it is taken back.",
        (
            ("The tab", f"{connection.login_url}/lightning/n/scoreline"),
            ("Open deals", f"{connection.login_url}/lightning/Opportunity?view=open"),
        ),
    )


def _why(connection: Connection) -> FirstStep:
    people = DirectoryUser.objects.filter(connection=connection).annotate(address=Lower("email"))
    # Of whom the approaches say most: somebody who shares an address with another.
    people = people.alias(
        shares=Q(is_active=True, address__in=_shared_addresses(connection)),
    ).order_by("-shares", "-is_active", "name")
    records = SalesforceRecord.objects.filter(connection=connection).order_by("-record_id")
    deal = records.values_list("record_id", flat=True).first()
    find = f"?{urlencode({'q': deal})}" if deal else ""
    page = _page("connection_where_is_my_deal", connection.pk)
    explained = [
        (f"Explain {one}", _page("connection_explain", connection.pk, one.pk)) for one in people[:1]
    ]
    return FirstStep(
        "Ask why",
        "See what each approach would do with one person, and why; and follow one deal from"
        " Salesforce to the feed.",
        (*explained, ("Where is my deal?", f"{page}{find}")),
    )


def _break_it(connection: Connection) -> FirstStep:
    return FirstStep(
        "Break it",
        "Break something in the demo org, such as “Smaller directory”, then Refresh the Salesforce"
        " users, and read what is said. Mend it and refresh: nothing is lost. Then revert your"
        " import.",
        (
            ("Break it", f"{connection.login_url}/break-it"),
            ("Refresh here", _people(connection)),
            ("Revert here", _page("syncplan_changelist")),
        ),
    )


def _shared_addresses(connection: Connection) -> QuerySet[DirectoryUser, str]:
    """Addresses of several active people, in small letters."""
    people = DirectoryUser.objects.filter(connection=connection, is_active=True)
    addresses = people.exclude(email="").values(address=Lower("email"))
    shared = addresses.annotate(people=Count("pk")).filter(people__gt=1)
    return shared.values_list("address", flat=True)


def _people(connection: Connection, **filters: str) -> str:
    asked = urlencode({"connection": str(connection.pk), **filters})
    return f"{_page('directoryuser_changelist')}?{asked}"


def _page(name: str, *args: int) -> str:
    return reverse(f"admin:integrations_{name}", args=args)
