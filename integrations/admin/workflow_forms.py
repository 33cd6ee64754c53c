"""The form of a workflow and of its conditions, typed by what Salesforce says of the object."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.http import QueryDict

from accounts.company_form import CompanyBoundForm
from activities.models import ActivityType
from integrations.models import Workflow, WorkflowCondition
from integrations.record_sync.workflows import Condition

from .condition_values import UnfitValue, typed_value
from .object_fields import ObjectField, ObjectFields

Operator = WorkflowCondition.Operator
LONGEST_VALUE = 500
MOST_CONDITIONS = 20
SETTINGS = (
    "name",
    "activity_type",
    "match",
    "user_field",
    "value_field",
    "currency_field",
    "date_field",
    "title_field",
    "includes_private",
    "owner_change",
)
_TITLE_TYPES = {"string", "textarea", "picklist", "combobox", "email", "phone", "url"}


class WorkflowForm(CompanyBoundForm):
    class Meta:
        model = Workflow
        fields = SETTINGS

    def __init__(self, *args: Any, known: ObjectFields, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        types = self.fields["activity_type"]
        assert isinstance(types, forms.ModelChoiceField)
        types.queryset = ActivityType.objects.filter(company=self.instance.company_id).order_by(
            "name"
        )
        types.empty_label = "Choose an activity type"
        self.fields["match"].label = "Counts a record when it meets"
        fields = known.fields
        self._offer("user_field", "Whose work it is", [one for one in fields if one.is_user])
        self._offer("date_field", "When it happened", [one for one in fields if one.is_date])
        numbers = [one for one in fields if one.is_number]
        self._offer("value_field", "How much", numbers, empty="Each record counts as one")
        currencies = [one for one in fields if "currency" in one.name.lower()]
        currencies = [one for one in currencies if not one.is_number]
        self._offer("currency_field", "Currency", currencies, empty="The company's currency")
        titles = [one for one in fields if one.type in _TITLE_TYPES]
        self._offer("title_field", "Title", titles, empty="The activity's name only")

    def _offer(self, name: str, label: str, fields: Iterable[ObjectField], empty: str = "") -> None:
        """A choice of these fields, and of the one that is kept, whatever became of it."""
        choices = [(one.name, f"{one.label} ({one.name})") for one in fields]
        kept = getattr(self.instance, name)
        if kept and kept not in dict(choices):
            choices.insert(0, (kept, kept))
        first = [("", empty or "Choose a field")]
        self.fields[name] = forms.ChoiceField(
            label=label, choices=[*first, *choices], required=not empty
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        kind = cleaned.get("activity_type")
        is_money = kind is not None and kind.unit == ActivityType.Unit.MONEY
        if is_money and not cleaned.get("value_field"):
            self.add_error("value_field", f"“{kind}” is money: choose the field with the amount.")
        return cleaned


class ConditionForm(forms.Form):
    """One line “Stage is Closed Won”; lines without a field are left out."""

    use_required_attribute = False

    field = forms.ChoiceField(label="Field", required=False)
    operator = forms.ChoiceField(label="Comparison", choices=Operator.choices, required=False)
    value = forms.CharField(label="Value", required=False, max_length=LONGEST_VALUE)

    def __init__(self, *args: Any, known: ObjectFields, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = known
        chooser = self.fields["field"]
        assert isinstance(chooser, forms.ChoiceField)
        kept = self.initial.get("field")
        choices = [(one.name, f"{one.label} ({one.name})") for one in known.fields]
        if kept and kept not in dict(choices):
            choices.insert(0, (kept, kept))
        chooser.choices = [("", "Choose a field"), *choices]
        self.fields["value"].widget.attrs |= {"list": f"values-{self['field'].value() or ''}"}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        name, operator = cleaned.get("field"), cleaned.get("operator")
        if not name:
            return cleaned
        if operator == "":
            self.add_error("operator", "Choose how the field is compared.")
        elif operator in WorkflowCondition.WITHOUT_VALUE:
            cleaned["value"] = None
        elif operator and "value" in cleaned:
            self._read(cleaned, name, Operator(operator))
        return cleaned

    def _read(self, cleaned: dict[str, Any], name: str, operator: Operator) -> None:
        if not cleaned["value"]:
            self.add_error("value", "Say with what the field is compared.")
            return
        if cleaned["value"] == self.initial.get("value") and not self.has_changed():
            cleaned["value"] = self.initial["kept"]
            return
        try:
            cleaned["value"] = typed_value(self.known.named(name), cleaned["value"], operator)
        except UnfitValue as error:
            self.add_error("value", str(error))

    @staticmethod
    def initial_of(condition: WorkflowCondition) -> dict[str, Any]:
        return {
            "field": condition.field,
            "operator": condition.operator,
            "value": condition.value_as_typed,
            "kept": condition.value,
        }


class ConditionForms(BaseFormSet):  # type: ignore[type-arg] # not subscriptable at run time
    def conditions(self) -> list[Condition]:
        """What the lines say, not saved."""
        kept = [form.cleaned_data for form in self.forms if form.cleaned_data.get("field")]
        return [
            Condition(one["field"], one["operator"], one["value"])
            for one in kept
            if not one.get("DELETE")
        ]


def condition_forms(
    posted: QueryDict | None, known: ObjectFields, saved: Sequence[WorkflowCondition]
) -> ConditionForms:
    made = formset_factory(
        ConditionForm, formset=ConditionForms, extra=2, can_delete=True, max_num=MOST_CONDITIONS
    )
    forms_ = made(
        posted,
        initial=[ConditionForm.initial_of(one) for one in saved],
        form_kwargs={"known": known},
        prefix="condition",
    )
    assert isinstance(forms_, ConditionForms)
    return forms_


def digest(workflow: Workflow, conditions: Sequence[Condition]) -> str:
    """Stands for what the form says, so that what is saved is what was previewed."""
    values = [str(getattr(workflow, name, "")) for name in SETTINGS if name != "activity_type"]
    text = repr((workflow.pk, workflow.version, workflow.activity_type_id, values, conditions))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
