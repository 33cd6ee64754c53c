"""The forms of the rules: scope, matching, attributes. They make unsaved rows, to try first."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from django import forms
from django.forms.formsets import BaseFormSet

from integrations.models import AttributeRule, Connection, MatchRule, ScopeRule
from integrations.user_sync.user_fields import UserField

LONGEST_VALUE = 500


class ScopeRuleForm(forms.Form):
    """One line “Department is one of Sales, Support”; empty lines are left out."""

    use_required_attribute = False

    field = forms.ChoiceField(label="Field", required=False)
    operator = forms.ChoiceField(
        label="Operator", choices=ScopeRule.Operator.choices, required=False
    )
    value = forms.CharField(label="Value", required=False, max_length=LONGEST_VALUE)

    def __init__(self, *args: Any, fields: Sequence[UserField], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chooser = self.fields["field"]
        assert isinstance(chooser, forms.ChoiceField)
        known = {one.name for one in fields}
        kept = self.initial.get("field")
        missing = [(kept, kept)] if kept and kept not in known else []
        chooser.choices = [
            ("", "Choose a field"),
            *missing,
            *((one.name, one.label) for one in fields),
        ]
        self.fields["value"].widget.attrs |= {"placeholder": "Sales, or: Sales, Support"}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not cleaned.get("field"):
            return cleaned
        operator, value = cleaned.get("operator"), cleaned.get("value", "")
        if operator == "":
            self.add_error("operator", "Choose how the field is compared.")
        if operator in ScopeRule.WITHOUT_VALUE:
            cleaned["value"] = None
            return cleaned
        if operator in ScopeRule.WITH_LIST:
            cleaned["value"] = [part.strip() for part in value.split(",") if part.strip()]
        if not self.errors and not cleaned["value"]:
            self.add_error("value", "Say with what the field is compared.")
        return cleaned

    @staticmethod
    def initial_of(rule: ScopeRule) -> dict[str, Any]:
        value = ", ".join(rule.value) if isinstance(rule.value, list) else rule.value or ""
        return {"field": rule.field, "operator": rule.operator, "value": value}


class ScopeRuleForms(BaseFormSet):  # type: ignore[type-arg] # not subscriptable at run time
    def rules(self, connection: Connection) -> list[ScopeRule]:
        """What the lines say, not saved."""
        kept = [form.cleaned_data for form in self.forms if form.cleaned_data.get("field")]
        kept = [one for one in kept if not one.get("DELETE")]
        return [
            ScopeRule(
                company=connection.company,
                connection=connection,
                position=position,
                field=one["field"],
                operator=one["operator"],
                value=one["value"],
            )
            for position, one in enumerate(kept, 1)
        ]


class MatchRulesForm(forms.Form):
    """Which rules find an account, in which order; and what a same e-mail means."""

    email_policy = forms.ChoiceField(
        label="When an account has the same e-mail", choices=Connection.EmailPolicy.choices
    )

    def __init__(self, connection: Connection, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"email_policy": connection.email_policy})
        super().__init__(*args, **kwargs)
        self.connection = connection
        self.saved = list(connection.match_rules.order_by("position"))
        for rule in self.saved:
            self.fields[f"on-{rule.rule}"] = forms.BooleanField(
                required=False, label=str(rule), initial=rule.enabled
            )
            self.fields[f"place-{rule.rule}"] = forms.IntegerField(
                label=f"Place of {rule}",
                min_value=1,
                max_value=len(self.saved),
                initial=rule.position,
            )

    @property
    def lines(self) -> list[tuple[Any, Any]]:
        """The switch and the place of each rule."""
        return [(self[f"on-{rule.rule}"], self[f"place-{rule.rule}"]) for rule in self.saved]

    def rules(self) -> list[MatchRule]:
        """The rules as the form has them, not saved. Equal places keep their former order."""
        asked = sorted(
            self.saved, key=lambda rule: (self.cleaned_data[f"place-{rule.rule}"], rule.position)
        )
        return [
            MatchRule(
                company=self.connection.company,
                connection=self.connection,
                rule=rule.rule,
                position=position,
                enabled=self.cleaned_data[f"on-{rule.rule}"],
            )
            for position, rule in enumerate(asked, 1)
        ]


class AttributeRulesForm(forms.Form):
    """Each attribute's policy, and for the team its source."""

    def __init__(
        self, connection: Connection, fields: Sequence[UserField], *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.saved = list(connection.attribute_rules.order_by("pk"))
        for rule in self.saved:
            self.fields[f"policy-{rule.attribute}"] = forms.ChoiceField(
                label=rule.get_attribute_display(),
                choices=AttributeRule.Policy.choices,
                initial=rule.policy,
            )
            self.fields[f"source-{rule.attribute}"] = forms.ChoiceField(
                label=f"{rule.get_attribute_display()} comes from",
                choices=_sources(rule, fields),
                initial=rule.source,
            )

    @property
    def lines(self) -> list[tuple[AttributeRule, Any, Any]]:
        return [
            (rule, self[f"policy-{rule.attribute}"], self[f"source-{rule.attribute}"])
            for rule in self.saved
        ]

    def rules(self) -> list[AttributeRule]:
        """The rules as the form has them, not saved."""
        for rule in self.saved:
            rule.policy = self.cleaned_data[f"policy-{rule.attribute}"]
            rule.source = self.cleaned_data[f"source-{rule.attribute}"]
        return self.saved


def _sources(rule: AttributeRule, fields: Sequence[UserField]) -> list[tuple[str, str]]:
    choices = [(one.name, one.label) for one in fields]
    if rule.source not in (*(name for name, _ in choices), AttributeRule.MANAGERS_TEAM):
        choices.insert(0, (rule.source, rule.source))
    if rule.attribute == AttributeRule.Attribute.TEAM:
        choices.insert(0, (AttributeRule.MANAGERS_TEAM, "The manager's team"))
    return choices


def digest(rules: Sequence[Any], *more: str) -> str:
    """Stands for these rules, so that what is saved is what was tried."""
    names = ("field", "rule", "operator", "value", "enabled", "position")
    text = repr([[getattr(rule, name, None) for name in names] for rule in rules]) + repr(more)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
