"""What accounts take from Salesforce: a policy an attribute, tried first; and unknown teams."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.reach import person
from integrations.models import AttributeRule, Connection
from integrations.user_sync import account_work, attributes, user_fields
from integrations.user_sync.attributes import Difference
from integrations.user_sync.errors import PlanError

from .addresses import page_of
from .chosen_connection import changeable_connection
from .difference_words import DifferenceWords
from .rule_forms import AttributeRulesForm
from .scope_page import fields_of
from .subpage import attempt, show_plan, subpage

SHOWN = 50


@dataclass(frozen=True)
class ShownDifference:
    name: str
    account_id: int
    lines: list[str]


def urls() -> list[tuple[str, Callable[..., HttpResponse], str]]:
    return [("attributes/", attribute_rules, "attributes")]


def attribute_rules(request: HttpRequest, connection_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    fields = fields_of(request, connection)
    if request.method != "POST":
        return _show(request, connection, AttributeRulesForm(connection, fields))
    if request.POST.get("act") == "update":
        return attempt(request, lambda: _update(request, connection)) or _to_page(connection)
    form = AttributeRulesForm(connection, fields, request.POST)
    if not form.is_valid():
        return _show(request, connection, form)
    rules = form.rules()
    asked = "|".join(f"{rule.attribute}={rule.policy},{rule.source}" for rule in rules)
    if request.POST.get("act") == "save" and request.POST.get("tried") == asked:
        return attempt(request, lambda: _save(request, connection, rules)) or _to_page(connection)
    would = attributes.preview(connection, rules)
    return _show(
        request,
        connection,
        form,
        tried=asked,
        number=len(would),
        differences=_shown(connection, would[:SHOWN]),
        not_read=_not_read(connection, rules),
    )


@transaction.atomic
def _save(
    request: HttpRequest, connection: Connection, rules: Sequence[AttributeRule]
) -> HttpResponse:
    by = person(request)
    wanted = {rule.attribute: (rule.policy, rule.source) for rule in rules}
    for rule in connection.attribute_rules.select_for_update():
        policy, source = wanted[rule.attribute]
        attributes.change_rule(rule, policy=policy, source=source, by=by)
        if source != AttributeRule.MANAGERS_TEAM and not user_fields.is_read(connection, source):
            user_fields.want_field(connection, field=source, by=by)
    messages.success(request, "Saved. Accounts follow it after each refresh of the list.")
    return _to_page(connection)


def _update(request: HttpRequest, connection: Connection) -> HttpResponse:
    plan = attributes.plan_attributes(connection, by=person(request))
    if plan is None:
        raise PlanError("There is nothing to update, or an update is under way already.")
    return show_plan(plan)


def _show(
    request: HttpRequest, connection: Connection, form: AttributeRulesForm, **context: Any
) -> HttpResponse:
    return subpage(
        request,
        connection,
        "attributes",
        title="What accounts take from Salesforce",
        form=form,
        unknown_teams=account_work.unknown_teams(connection)[:SHOWN],
        **context,
    )


def _shown(connection: Connection, found: Sequence[Difference]) -> list[ShownDifference]:
    """Each difference in words; teams by name."""
    words = DifferenceWords(connection.company_id)
    return [
        ShownDifference(str(one.account), one.account.pk, words.of(one.values)) for one in found
    ]


def _not_read(connection: Connection, rules: Sequence[AttributeRule]) -> list[str]:
    sources = {rule.source for rule in rules if rule.policy != AttributeRule.Policy.NEVER}
    sources.discard(AttributeRule.MANAGERS_TEAM)
    return sorted(one for one in sources if not user_fields.is_read(connection, one))


def _to_page(connection: Connection) -> HttpResponse:
    return redirect(page_of("connection_attributes", connection.pk))
