"""What an admin does to several accounts at once; changes of state are confirmed on a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone
from django_q.tasks import async_task

from accounts import states
from accounts.admin_base import CompanyScopedAdmin
from accounts.invitations import invite, reason_not_to_invite
from accounts.models import User
from accounts.reach import person
from accounts.states import StateChange

#: Links on one page; more people than that should have mail.
MOST_LINKS_AT_ONCE = 500


@dataclass(frozen=True)
class _Change:
    """One confirmed action: its words, and the functions that preview and do it."""

    name: str
    verb: str
    done: str
    consequence: str
    preview: Callable[[Iterable[User], User], StateChange]
    apply: Callable[..., StateChange]


DEACTIVATE = _Change(
    name="deactivate",
    verb="Deactivate",
    done="deactivated",
    consequence="They are logged out at once and cannot log in. Their mappings, reports and the"
    " past stay, their seats become free, and you can reactivate them.",
    preview=states.preview_deactivation,
    apply=states.deactivate,
)
REACTIVATE = _Change(
    name="reactivate",
    verb="Reactivate",
    done="reactivated",
    consequence="They can log in again, with the team and the role they had. Pending accounts"
    " become active. Each takes a seat.",
    preview=states.preview_reactivation,
    apply=states.reactivate,
)


@admin.action(description="Deactivate", permissions=["change"])
def deactivate(
    page: CompanyScopedAdmin[User], request: HttpRequest, queryset: QuerySet[User]
) -> TemplateResponse | None:
    return _confirm_or_do(DEACTIVATE, page, request, queryset)


@admin.action(description="Reactivate", permissions=["change"])
def reactivate(
    page: CompanyScopedAdmin[User], request: HttpRequest, queryset: QuerySet[User]
) -> TemplateResponse | None:
    return _confirm_or_do(REACTIVATE, page, request, queryset)


@admin.action(description="Send invitations", permissions=["change"])
def send_invitations(
    page: CompanyScopedAdmin[User], request: HttpRequest, queryset: QuerySet[User]
) -> TemplateResponse | None:
    """By mail, through the worker; without mail settings, links for the admin to hand over."""
    users = list(queryset.select_related("company"))
    if settings.EMAIL_CONFIGURED:
        _queue_invitations(page, request, users)
        return None
    if len(users) > MOST_LINKS_AT_ONCE:
        message = f"Choose at most {MOST_LINKS_AT_ONCE} people at a time. No link was made."
        page.message_user(request, message, messages.ERROR)
        return None
    invited = invite(users, person(request), request)
    return _page(page, request, "invitation_links", title="Invitation links", invited=invited)


def _queue_invitations(
    page: CompanyScopedAdmin[User], request: HttpRequest, users: list[User]
) -> None:
    refused = [(user, why) for user in users if (why := reason_not_to_invite(user))]
    ids = [user.pk for user in users if not reason_not_to_invite(user)]
    _say_refused(page, request, refused)
    if ids:
        asked_at = timezone.now().isoformat()
        async_task("accounts.tasks.send_invitations", ids, person(request).pk, asked_at)
        message = f"{_people(len(ids), 'invitation')} on the way. “Invited” says when it was sent."
        page.message_user(request, message, messages.SUCCESS)


def _confirm_or_do(
    change: _Change,
    page: CompanyScopedAdmin[User],
    request: HttpRequest,
    queryset: QuerySet[User],
) -> TemplateResponse | None:
    users = queryset.select_related("company").order_by("name", "pk")
    preview = change.preview(users, person(request))
    if not preview.accepted:
        _say_refused(page, request, preview.refused)
        return None
    if request.POST.get("confirmed") != str(len(preview.accepted)):
        return _confirmation(change, page, request, preview)
    outcome = change.apply(users, by=person(request), request=request)
    _say_refused(page, request, outcome.refused)
    if outcome.accepted:
        message = f"{_people(len(outcome.accepted), 'account')} {change.done}."
        page.message_user(request, message, messages.SUCCESS)
    return None


def _confirmation(
    change: _Change, page: CompanyScopedAdmin[User], request: HttpRequest, preview: StateChange
) -> TemplateResponse:
    """The page that says who is meant. It comes again when the number has changed meanwhile."""
    return _page(
        page,
        request,
        "confirm_state_change",
        title=f"{change.verb} {_people(len(preview.accepted), 'account')}?",
        change=change,
        preview=preview,
        changed_meanwhile="confirmed" in request.POST,
        select_across=request.POST.get("select_across", "0") != "0",
        selected=request.POST.getlist(helpers.ACTION_CHECKBOX_NAME),
        checkbox_name=helpers.ACTION_CHECKBOX_NAME,
    )


def _page(
    page: CompanyScopedAdmin[User], request: HttpRequest, template: str, **context: Any
) -> TemplateResponse:
    context = {**page.admin_site.each_context(request), "opts": page.opts, **context}
    return TemplateResponse(request, f"admin/accounts/user/{template}.html", context)


def _say_refused(
    page: CompanyScopedAdmin[User], request: HttpRequest, refused: list[tuple[User, str]]
) -> None:
    """One message a reason, naming the first few people."""
    by_reason: dict[str, list[str]] = {}
    for user, why in refused:
        by_reason.setdefault(why, []).append(str(user))
    for why, names in by_reason.items():
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        page.message_user(request, f"{', '.join(names[:5])}{more}: {why}", messages.WARNING)


def _people(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
