"""*Leavers and returners*: whose access should end, who is back, and by which setting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts import audit
from accounts.company_form import CompanyBoundForm
from accounts.reach import person
from integrations.models import Connection, DirectoryUser, UserMapping
from integrations.user_sync import account_work, leavers, returning
from integrations.user_sync.deprovisioning import MOST_GRACE
from integrations.user_sync.errors import PlanError

from .addresses import page_of
from .chosen_connection import changeable_connection
from .directory_verdicts import leavers_with_account, possible_newcomers
from .person_picker import chosen_person
from .subpage import attempt, show_plan, subpage
from .ticked_mappings import LISTED, listed, ticked

SETTINGS = ("deprovisioning", "deprovisioning_grace_days")


class LeaversForm(CompanyBoundForm):
    class Meta:
        model = Connection
        fields = SETTINGS

    def clean_deprovisioning_grace_days(self) -> int:
        days: int = self.cleaned_data["deprovisioning_grace_days"]
        if days > MOST_GRACE:
            raise forms.ValidationError(f"At most {MOST_GRACE} days.")
        return days


@dataclass(frozen=True)
class Return:
    """Two Salesforce users who may be one person: the leaver, and somebody new."""

    mapping: UserMapping
    leaver: DirectoryUser | None
    newcomer: DirectoryUser


def urls() -> list[tuple[str, Callable[..., HttpResponse], str]]:
    return [
        ("leavers/", leavers_page, "leavers"),
        ("leavers/settings/", save_settings, "leavers_settings"),
        ("leavers/same-person/", same_person, "leavers_same_person"),
    ]


def leavers_page(request: HttpRequest, connection_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    if request.method == "POST":
        return attempt(request, lambda: _plan(request, connection)) or _to_page(connection)
    return _show(request, connection, LeaversForm(instance=connection))


def save_settings(request: HttpRequest, connection_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    form = LeaversForm(request.POST or None, instance=connection)
    if request.method != "POST" or not form.is_valid():
        connection.refresh_from_db()
        return _show(request, connection, form)
    before = Connection.objects.filter(pk=connection.pk).values(*SETTINGS).get()
    after = {name: form.cleaned_data[name] for name in SETTINGS}
    with transaction.atomic():
        connection.save(update_fields=SETTINGS)
        if before != after:
            audit.record(
                "connection.leavers",
                connection,
                by=person(request),
                request=request,
                before=before,
                after=after,
            )
    messages.success(request, "Saved.")
    return _to_page(connection)


def same_person(request: HttpRequest, connection_id: int) -> HttpResponse:
    """The answer to “Is this the same person?”: move the mapping, or make a new account."""
    connection = changeable_connection(request, connection_id)
    newcomer = chosen_person(request, connection)

    def answer() -> HttpResponse:
        if newcomer is None:
            raise PlanError("Choose one of the two answers.")
        if request.POST.get("answer") == "different":
            page = page_of("connection_add_person", connection.pk)
            return redirect(f"{page}?person={newcomer.salesforce_id}")
        plan = returning.move(
            connection,
            former_id=request.POST.get("former", ""),
            new_id=newcomer.salesforce_id,
            by=person(request),
        )
        return show_plan(plan)

    if request.method != "POST":
        return _to_page(connection)
    return attempt(request, answer) or _to_page(connection)


def _plan(request: HttpRequest, connection: Connection) -> HttpResponse:
    """A preview for the ticked people of one of the two lists."""
    by = person(request)
    match request.POST.get("act"):
        case "deactivate":
            chosen = ticked(request, leavers.to_deactivate(connection))
            return show_plan(leavers.plan_leavers(connection, chosen, by=by))
        case "keep":
            chosen = ticked(request, leavers.to_deactivate(connection))
            return show_plan(leavers.plan_keeping(connection, chosen, by=by))
        case "reactivate":
            chosen = ticked(request, leavers.to_reactivate(connection))
            return show_plan(leavers.plan_returners(connection, chosen, by=by))
    raise PlanError("There is no such button.")


def _show(request: HttpRequest, connection: Connection, form: LeaversForm) -> HttpResponse:
    return subpage(
        request,
        connection,
        "leavers",
        title="Leavers and returners",
        form=form,
        leaving=listed(connection, leavers.to_deactivate(connection)),
        returning=listed(connection, leavers.to_reactivate(connection)),
        outside=listed(connection, account_work.out_of_scope(connection).order_by("pk")),
        returns=possible_returns(connection),
    )


def possible_returns(connection: Connection) -> list[Return]:
    """Leavers with an account who may have come back as somebody without one."""
    if not leavers_with_account(connection).exists():
        return []
    newcomers = list(possible_newcomers(connection)[:LISTED])
    found = returning.returning_leavers(connection, newcomers)
    ids = [mapping.salesforce_user_id for mapping in found.values()]
    leavers_known = {
        one.salesforce_id: one
        for one in DirectoryUser.objects.filter(connection=connection, salesforce_id__in=ids).defer(
            "search"
        )
    }
    return [
        Return(found[one.pk], leavers_known.get(found[one.pk].salesforce_user_id), one)
        for one in newcomers
        if one.pk in found
    ]


def _to_page(connection: Connection) -> HttpResponse:
    return redirect(page_of("connection_leavers", connection.pk))
