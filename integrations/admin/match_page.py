"""The match rules: how a Salesforce user's account is found, tried before they are saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts import audit
from accounts.reach import person
from integrations.models import Connection, PlannedChange
from integrations.user_sync import trying

from .addresses import page_of
from .chosen_connection import changeable_connection
from .named_person import NamedPerson, named_person
from .rule_forms import MatchRulesForm, digest
from .subpage import attempt, subpage

Action = PlannedChange.Action
VERDICTS = {
    Action.CREATE: "New account",
    Action.MAP: "Mapped to an account",
    Action.CONFLICT: "Conflict, for you to decide",
    Action.NOTHING: "Not for an account",
}


def urls() -> list[tuple[str, Callable[..., HttpResponse], str]]:
    return [("match-rules/", match_rules, "match_rules")]


def match_rules(request: HttpRequest, connection_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    if request.method != "POST":
        return _show(request, connection, MatchRulesForm(connection))
    form = MatchRulesForm(connection, request.POST)
    if not form.is_valid():
        return _show(request, connection, form)
    tried = digest(form.rules(), form.cleaned_data["email_policy"])
    if request.POST.get("act") == "save" and request.POST.get("tried") == tried:
        answer = attempt(request, lambda: _save(request, connection, form))
        if answer is not None:
            return answer
    return _show(request, connection, form, **_trial(request, connection, form), tried=tried)


@transaction.atomic
def _save(request: HttpRequest, connection: Connection, form: MatchRulesForm) -> HttpResponse:
    before = connection.email_policy
    trying.save_match_rules(connection, form.rules(), by=person(request))
    policy = form.cleaned_data["email_policy"]
    if policy != before:
        Connection.objects.filter(pk=connection.pk).update(email_policy=policy)
        audit.record(
            "rules.email_policy",
            connection,
            by=person(request),
            request=request,
            before={"policy": before},
            after={"policy": policy},
        )
    messages.success(request, "Saved. The list of Salesforce users shows the new verdicts.")
    return redirect(page_of("connection_match_rules", connection.pk))


def _trial(request: HttpRequest, connection: Connection, form: MatchRulesForm) -> dict[str, Any]:
    """What these rules say of everybody without an account, beside what the saved ones say."""
    policy = form.cleaned_data["email_policy"]
    trial = trying.try_match_rules(connection, form.rules(), policy)
    counts = [
        (words, trial.before.get(action, 0), trial.verdicts.get(action, 0))
        for action, words in VERDICTS.items()
    ]
    return {
        "counts": [one for one in counts if one[1] or one[2]],
        "named": _named(connection, request.POST.get("check", ""), form),
    }


def _named(connection: Connection, words: str, form: MatchRulesForm) -> NamedPerson | None:
    found = named_person(connection, words)
    if found is None or found.person is None:
        return found
    policy = form.cleaned_data["email_policy"]
    match = trying.check_match(connection, form.rules(), found.person, policy)
    return NamedPerson(found.words, found.person, match.reason)


def _show(
    request: HttpRequest, connection: Connection, form: MatchRulesForm, **context: Any
) -> HttpResponse:
    return subpage(
        request,
        connection,
        "match_rules",
        title="How people are found",
        form=form,
        check=request.POST.get("check", ""),
        **context,
    )
