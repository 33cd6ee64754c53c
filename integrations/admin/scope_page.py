"""The scope rules: who is in for Automatic and All active users, tried before they are saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.forms import formset_factory
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.reach import person
from integrations.models import Connection, ScopeRule
from integrations.salesforce.errors import SalesforceError
from integrations.user_sync import trying, user_fields
from integrations.user_sync.scope import MOST_RULES
from integrations.user_sync.user_fields import UserField

from .addresses import page_of
from .chosen_connection import changeable_connection
from .named_person import NamedPerson, named_person
from .object_fields import ASKED_AGAIN_AFTER, DESCRIBED_FOR
from .rule_forms import ScopeRuleForm, ScopeRuleForms, digest
from .subpage import attempt, subpage


def urls() -> list[tuple[str, Callable[..., HttpResponse], str]]:
    return [("scope-rules/", scope_rules, "scope_rules")]


def scope_rules(request: HttpRequest, connection_id: int) -> HttpResponse:
    connection = changeable_connection(request, connection_id)
    fields = fields_of(request, connection)
    saved = list(connection.scope_rules.order_by("position"))
    forms = _forms(request, fields, saved)
    if request.method != "POST" or not forms.is_valid():
        return _show(request, connection, forms)
    rules = forms.rules(connection)
    act = request.POST.get("act")
    if act == "read":
        return attempt(request, lambda: _read_fields(request, connection, rules)) or _show(
            request, connection, forms
        )
    if act == "save" and request.POST.get("tried") == digest(rules):
        answer = attempt(request, lambda: _save(request, connection, rules))
        return answer or _show(request, connection, forms, rules)
    return _show(request, connection, forms, rules)


def fields_of(request: HttpRequest, connection: Connection) -> list[UserField]:
    """Salesforce's fields of a user; those that are always mirrored where it cannot be asked."""
    found = _described(connection) if connection.has_access else []
    if isinstance(found, str):
        messages.warning(request, f"{found} Only the usual fields are offered.")
        found = []
    return found or [UserField(name, name) for name in sorted(user_fields.MIRRORED)]


def _described(connection: Connection) -> list[UserField] | str:
    """The fields, or why Salesforce could not be asked, in a sentence."""
    key = f"user-fields-{connection.pk}"
    known: list[UserField] | str | None = cache.get(key)
    if known is not None:
        return known
    try:
        fields = user_fields.describe(connection)
    except SalesforceError as error:
        cache.set(key, error.message, ASKED_AGAIN_AFTER)
        return error.message
    cache.set(key, fields, DESCRIBED_FOR)
    return fields


def _forms(
    request: HttpRequest, fields: Sequence[UserField], saved: Sequence[ScopeRule]
) -> ScopeRuleForms:
    made = formset_factory(
        ScopeRuleForm, formset=ScopeRuleForms, extra=2, can_delete=True, max_num=MOST_RULES
    )
    forms = made(
        request.POST if request.method == "POST" else None,
        initial=[ScopeRuleForm.initial_of(rule) for rule in saved],
        form_kwargs={"fields": fields},
        prefix="rule",
    )
    assert isinstance(forms, ScopeRuleForms)
    return forms


def _save(request: HttpRequest, connection: Connection, rules: list[ScopeRule]) -> HttpResponse:
    trying.save_scope_rules(
        connection, rules, by=person(request), confirmed="confirmed" in request.POST
    )
    messages.success(request, "Saved. Automatic and All active users go by it from now on.")
    return redirect(page_of("connection_scope_rules", connection.pk))


def _read_fields(
    request: HttpRequest, connection: Connection, rules: list[ScopeRule]
) -> HttpResponse:
    """Have the fields read that the mirror does not know; the rules are tried after that."""
    try:
        for rule in rules:
            user_fields.want_field(connection, field=rule.field, by=person(request))
    except SalesforceError as error:
        messages.error(request, error.message)
    else:
        messages.info(request, "These fields are being read. Try the rules again in a moment.")
    return redirect(page_of("connection_scope_rules", connection.pk))


def _show(
    request: HttpRequest,
    connection: Connection,
    forms: ScopeRuleForms,
    rules: list[ScopeRule] | None = None,
) -> HttpResponse:
    tried = _tried(request, connection, rules) if rules is not None else {}
    return subpage(
        request,
        connection,
        "scope_rules",
        title="Who is in",
        forms=forms,
        has_rules=connection.scope_rules.exists(),
        check=request.POST.get("check", ""),
        **tried,
    )


def _tried(request: HttpRequest, connection: Connection, rules: list[ScopeRule]) -> dict[str, Any]:
    trial = trying.try_scope_rules(connection, rules)
    return {
        "trial": trial,
        "tried": digest(rules),
        "kept_out": list(zip(rules, trial.kept_out_by, strict=True)),
        "named": _named(connection, request.POST.get("check", ""), rules),
    }


def _named(connection: Connection, words: str, rules: list[ScopeRule]) -> NamedPerson | None:
    """Whether one named person is in, and by which rule not."""
    found = named_person(connection, words)
    if found is None or found.person is None:
        return found
    why = trying.check_scope(connection, rules, found.person)
    return NamedPerson(found.words, found.person, why)
