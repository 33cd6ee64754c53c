"""The form under every admin page: its row and what it points at stay in one company."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models

from accounts.models import Company, User


class CompanyBoundForm(forms.ModelForm):  # type: ignore[type-arg] # not subscriptable at run time
    """``person`` is set by the admin; their company is that of every new row they make."""

    person: ClassVar[User | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_new = self.instance.pk is None and hasattr(self.instance, "company_id")
        if is_new and self.person and self.person.company_id:
            self.instance.company_id = self.person.company_id

    @property
    def company_id(self) -> int | None:
        """The company of the row: chosen in this form, or the row's own."""
        chosen = self.cleaned_data.get("company")
        return chosen.pk if isinstance(chosen, Company) else self.instance.company_id

    def clean(self) -> dict[str, Any]:
        """Refuse rows of another company, which support staff could pick."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not hasattr(self.instance, "company_id"):
            return cleaned
        for name, value in list(cleaned.items()):
            if name == "company" or not isinstance(value, models.Model):
                continue
            if getattr(value, "company_id", self.company_id) != self.company_id:
                self.add_error(name, f"“{value}” belongs to another company.")
        return cleaned

    def validate_unique(self) -> None:
        """Check all that is unique: Django leaves out what concerns a field not on the form."""
        for check in (self.instance.validate_unique, self.instance.validate_constraints):
            if NON_FIELD_ERRORS in self.errors:
                return
            try:
                check(exclude=set(self.errors))
            except ValidationError as error:
                for name, errors in error.update_error_dict({}).items():
                    self.add_error(name if name in self.fields else None, errors)
