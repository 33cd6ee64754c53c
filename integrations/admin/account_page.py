"""One account and its Salesforce user: map, move, unlink, combine. Each is a plan, to be undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.reach import number_in, within_reach
from accounts.reach import person as who_asks
from accounts.search import prefix_query
from activities.models import ActivityReport
from integrations.models import Connection, PlannedChange, SyncPlan
from integrations.user_sync import combining, manual, returning
from integrations.user_sync.errors import PlanError

from .add_person import look_up
from .addresses import page_of
from .chosen_connection import changeable_connection
from .mapping_list import AccountRow, rows_of
from .person_picker import FOUND_AT_MOST, chosen_person, picker
from .subpage import attempt, show_plan, subpage
from .typed_text import typed_reason
from .words import count_of


def urls() -> list[tuple[str, Callable[..., HttpResponse], str]]:
    return [
        ("accounts/<int:account_id>/", account_page, "account"),
        ("accounts/<int:account_id>/map/", map_or_move, "account_map"),
        ("accounts/<int:account_id>/unlink/", unlink, "account_unlink"),
        ("accounts/<int:account_id>/combine/", combine, "account_combine"),
    ]


def account_page(request: HttpRequest, connection_id: int, account_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    account = _account(request, connection, account_id)
    if "unseen" in request.POST:
        return look_up(request, connection, _page(connection, account))
    found = picker(request, connection)
    if request.GET.get("part") == "results":
        return render(request, "integrations/picker_results.html", {"picker": found})
    row = rows_of(connection, [account])[0]
    return subpage(
        request,
        connection,
        "account",
        title=str(account),
        account=account,
        row=row,
        reports=_reports(account) if row.current else "",
        picker=found,
        person=chosen_person(request, connection),
        **_others(request, connection, account),
    )


@require_POST
def map_or_move(request: HttpRequest, connection_id: int, account_id: int) -> HttpResponse:
    """Map the account; where it is mapped already, its mapping moves, and the past stays."""
    connection = changeable_connection(request, connection_id)
    account = _account(request, connection, account_id)
    chosen = chosen_person(request, connection)
    row = rows_of(connection, [account])[0]

    def act() -> HttpResponse:
        if chosen is None:
            raise PlanError("Choose a Salesforce user first.")
        by, new_id = who_asks(request), chosen.salesforce_id
        if row.current is None:
            plan = manual.map_account(connection, salesforce_id=new_id, account=account, by=by)
        else:
            former_id = row.current.mapping.salesforce_user_id
            plan = returning.move(connection, former_id=former_id, new_id=new_id, by=by)
        return _after(request, plan, _page(connection, account))

    return attempt(request, act) or redirect(_page(connection, account))


@require_POST
def unlink(request: HttpRequest, connection_id: int, account_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    account = _account(request, connection, account_id)
    mapped_ids = _mapped_ids(rows_of(connection, [account])[0])

    def act() -> HttpResponse:
        salesforce_id = request.POST.get("mapping", "")
        if salesforce_id not in mapped_ids:
            raise PlanError("This mapping was changed meanwhile. Look at it again.")
        plan = manual.unlink(
            connection,
            salesforce_id=salesforce_id,
            reason=typed_reason(request),
            by=who_asks(request),
        )
        return _after(request, plan, _page(connection, account))

    return attempt(request, act) or redirect(_page(connection, account))


@require_POST
def combine(request: HttpRequest, connection_id: int, account_id: int) -> HttpResponse:
    """A preview after which this account has all of the other one's, which is deactivated."""
    connection = changeable_connection(request, connection_id)
    account = _account(request, connection, account_id)
    other = _account(request, connection, number_in(request.POST.get("other", "")))

    def act() -> HttpResponse:
        by = who_asks(request)
        return show_plan(combining.plan_combine(connection, keep=account, give_up=other, by=by))

    return attempt(request, act) or redirect(_page(connection, account))


def _after(request: HttpRequest, plan: SyncPlan, page: str) -> HttpResponse:
    row = plan.changes.get()
    if row.outcome != PlannedChange.Outcome.DONE:
        return show_plan(plan)
    messages.success(request, f"{row.outcome_note} You can revert it under Changes.")
    return redirect(page)


def _account(request: HttpRequest, connection: Connection, account_id: int | None) -> User:
    """The account, of the connection's company; 404 for any other."""
    accounts: QuerySet[User] = within_reach(User.objects.all(), who_asks(request))
    return get_object_or_404(accounts, pk=account_id, company=connection.company_id)


def _page(connection: Connection, account: User) -> str:
    return page_of("connection_account", connection.pk, account.pk)


def _mapped_ids(row: AccountRow) -> set[str]:
    people = [*row.former, *([row.current] if row.current else [])]
    return {one.mapping.salesforce_user_id for one in people}


def _reports(account: User) -> str:
    """How many reports an unlinking holds again."""
    return count_of(ActivityReport.objects.filter(user=account, retracted_at=None), "report")


def _others(request: HttpRequest, connection: Connection, account: User) -> dict[str, Any]:
    """Accounts of the same company by words, to combine with."""
    words = request.GET.get("other", "").replace("\x00", "").strip()[:200]
    query = prefix_query(words) if words else None
    if query is None:
        return {"other_words": words, "others": []}
    accounts = User.objects.filter(company=connection.company_id, search=query)
    found = accounts.exclude(pk=account.pk).defer("search", "password").order_by("name", "pk")
    return {"other_words": words, "others": found[:FOUND_AT_MOST]}
