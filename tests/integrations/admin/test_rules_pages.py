"""The rules of scope, matching and attributes: tried on the real list before they are saved."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Company
from integrations.models import Connection, ScopeRule
from integrations.salesforce.errors import TransientError
from integrations.user_sync import user_fields
from tests.integrations.user_sync.builders import account, mapped, people, person

from .browsing import page


def paused(connection: Connection) -> None:
    """Describing fields asks Salesforce; without access the mirrored ones are offered."""
    connection.state = Connection.State.PAUSED
    connection.save(update_fields=["state"])


def _scope_form(*rules: tuple[str, str, str], **more: str) -> dict[str, str]:
    form = {"rule-TOTAL_FORMS": str(len(rules)), "rule-INITIAL_FORMS": "0", **more}
    for n, (field, operator, value) in enumerate(rules):
        form |= {
            f"rule-{n}-field": field,
            f"rule-{n}-operator": operator,
            f"rule-{n}-value": value,
        }
    return form


def test_where_salesforce_does_not_answer_the_next_page_does_not_wait_for_it(
    client: Client, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def describe(connection: Connection) -> list[user_fields.UserField]:
        asked.append(connection)
        raise TransientError("Salesforce did not answer.")

    monkeypatch.setattr(user_fields, "describe", describe)
    for _ in range(2):
        html = client.get(page("scope_rules", connection)).content.decode()
        assert "Salesforce did not answer. Only the usual fields are offered." in html
    assert len(asked) == 1


def test_scope_rules_are_tried_before_they_are_saved(
    client: Client, connection: Connection
) -> None:
    paused(connection)
    people(connection, [1, 2, 3], department="Sales")
    person(connection, 4, department="Finance")
    rule = ("Department", "in", "sales, support")
    page_ = page("scope_rules", connection)
    client.post(page_, _scope_form(rule, act="save"))
    assert not ScopeRule.objects.exists()
    tried = client.post(page_, _scope_form(rule, act="try", check="Person 4"))
    assert (tried.context["trial"].inside, tried.context["trial"].outside) == (3, 1)
    assert "Out of scope: the rule is" in tried.content.decode()
    token = tried.context["tried"]
    other = ("Department", "equals", "Finance")
    client.post(page_, _scope_form(other, act="save", tried=token))
    assert not ScopeRule.objects.exists()
    client.post(page_, _scope_form(rule, act="save", tried=token))
    assert ScopeRule.objects.get().value == ["sales", "support"]


def test_rules_that_leave_most_people_out_are_confirmed(
    client: Client, connection: Connection
) -> None:
    paused(connection)
    people(connection, [1, 2, 3], department="Sales")
    rule = ("Department", "equals", "Nowhere")
    page_ = page("scope_rules", connection)
    token = client.post(page_, _scope_form(rule, act="try")).context["tried"]
    client.post(page_, _scope_form(rule, act="save", tried=token))
    assert not ScopeRule.objects.exists()
    client.post(page_, _scope_form(rule, act="save", tried=token, confirmed="1"))
    assert ScopeRule.objects.count() == 1


def test_match_rules_show_both_counts_before_they_are_saved(
    client: Client, connection: Connection, company: Company
) -> None:
    person(connection, 1)
    account(company, "person1@example.com")
    page_ = page("match_rules", connection)
    form = {
        "email_policy": "never",
        "on-federation_id": "on",
        "place-federation_id": "2",
        "place-email": "1",
        "on-username": "on",
        "place-username": "3",
        "check": "Person 1",
    }
    tried = client.post(page_, form | {"act": "try"})
    counts = {words: (before, after) for words, before, after in tried.context["counts"]}
    assert counts == {
        "Mapped to an account": (1, 0),
        "Conflict, for you to decide": (0, 1),
    }
    connection.refresh_from_db()
    assert connection.email_policy == "ask"
    client.post(page_, form | {"act": "save", "tried": tried.context["tried"]})
    connection.refresh_from_db()
    assert connection.email_policy == "never"
    rules = list(connection.match_rules.values_list("rule", "enabled"))
    assert rules == [("email", False), ("federation_id", True), ("username", True)]


def test_an_attribute_follows_salesforce_only_after_its_rule_was_tried(
    client: Client, connection: Connection, company: Company
) -> None:
    paused(connection)
    person(connection, 1, title="Sales Lead", department="Nowhere")
    someone = account(company, "one@example.com", title="Rep")
    mapped(connection, 1, someone)
    form = {
        f"{what}-{rule.attribute}": getattr(rule, what)
        for rule in connection.attribute_rules.all()
        for what in ("policy", "source")
    } | {"policy-title": "salesforce", "policy-team": "fill"}
    page_ = page("attributes", connection)
    tried = client.post(page_, form | {"act": "try"})
    assert "“Rep” becomes “Sales Lead”" in tried.content.decode()
    client.post(page_, form | {"act": "save", "tried": tried.context["tried"]})
    assert connection.attribute_rules.get(attribute="title").policy == "salesforce"
    html = client.get(page_).content.decode()
    assert "Nowhere" in html
    work = {line.kind: line.count for line in client.get("/admin/").context["work"]}
    assert work["unknown_teams"] == 1
    shown = client.get(reverse("admin:accounts_user_change", args=[someone.pk]))
    assert 'name="title"' not in shown.content.decode()
