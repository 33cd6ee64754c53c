from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from accounts.models import User


class LogInForm(forms.Form):
    email = forms.CharField(
        label="E-mail",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class WhichCompanyForm(forms.Form):
    """Asked after the password, when one person has accounts in several companies."""

    account = forms.ChoiceField(label="Company", widget=forms.RadioSelect)

    def __init__(self, accounts: Sequence[User], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(user.pk), company_name(user)) for user in accounts]
        field = self.fields["account"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


class ForgottenPasswordForm(forms.Form):
    email = forms.EmailField(
        label="E-mail",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )


def company_name(user: User) -> str:
    return user.company.name if user.company else "Support staff"
