"""*Pending people*: accounts that wait to be opened, with a team, or to be rejected."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts import audit, states
from accounts.models import Team, User
from accounts.reach import number_in, person
from integrations.models import Connection, UserMapping
from integrations.user_sync import account_work, automatic
from integrations.user_sync.errors import PlanError

from .addresses import page_of
from .chosen_connection import changeable_connection
from .subpage import attempt, show_plan, subpage
from .ticked_mappings import listed, ticked
from .typed_text import typed_reason
from .words import counted


def urls() -> list[tuple[str, Callable[..., HttpResponse], str]]:
    return [("pending/", pending, "pending")]


def pending(request: HttpRequest, connection_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    page = page_of("connection_pending", connection.pk)
    if request.method == "POST":
        return attempt(request, lambda: _decide(request, connection)) or redirect(page)
    waiting = account_work.pending(connection).order_by("account__name", "pk")
    return subpage(
        request,
        connection,
        "pending",
        title="Pending people",
        listed=listed(connection, waiting),
        number=waiting.count(),
        teams=Team.objects.filter(company=connection.company_id).order_by("name"),
    )


def _decide(request: HttpRequest, connection: Connection) -> HttpResponse:
    match request.POST.get("act"):
        case "activate":
            return _activate(request, connection)
        case "reject":
            return _reject(request, connection)
    raise PlanError("There is no such button.")


def _activate(request: HttpRequest, connection: Connection) -> HttpResponse:
    """Open the accounts, in the chosen team where they have none; all of them, or none."""
    accounts = _accounts(ticked(request, account_work.pending(connection)))
    team = _team(request, connection)
    with transaction.atomic():
        change = states.reactivate(
            User.objects.filter(pk__in=[one.pk for one in accounts]),
            by=person(request),
            request=request,
        )
        if change.refused:
            account, why = change.refused[0]
            raise PlanError(f"{account}: {why} Nobody was activated.")
        if team is not None:
            _join(request, accounts, team)
    number = counted(len(accounts), "account")
    messages.success(request, f"{number} activated. What waited for them is reported now.")
    return redirect(page_of("connection_pending", connection.pk))


def _join(request: HttpRequest, accounts: Sequence[User], team: Team) -> None:
    chosen = User.objects.filter(pk__in=[account.pk for account in accounts])
    teamless = list(chosen.filter(team=None).select_for_update(no_key=True))
    User.objects.filter(pk__in=[account.pk for account in teamless]).update(team=team)
    audit.record_many(
        audit.entry(
            "changed",
            account,
            by=person(request),
            request=request,
            before={"team": None},
            after={"team": str(team)},
        )
        for account in teamless
    )


def _reject(request: HttpRequest, connection: Connection) -> HttpResponse:
    """A preview after which these people are ignored, and their accounts are closed."""
    accounts = _accounts(ticked(request, account_work.pending(connection)))
    reason = typed_reason(request)
    return show_plan(automatic.reject(connection, accounts, by=person(request), reason=reason))


def _accounts(mappings: Sequence[UserMapping]) -> list[User]:
    return [mapping.account for mapping in mappings]


def _team(request: HttpRequest, connection: Connection) -> Team | None:
    chosen = request.POST.get("team", "")
    if not chosen:
        return None
    teams = Team.objects.filter(company=connection.company_id)
    team = teams.filter(pk=number_in(chosen) or 0).first()
    if team is None:
        raise PlanError("There is no such team.")
    return team
