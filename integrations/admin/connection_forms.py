"""The forms of a connection's page."""

from typing import Any

from django import forms
from django.conf import settings

from accounts.company_form import CompanyBoundForm
from activities.text import one_line
from integrations.models import Connection
from integrations.salesforce.errors import ConfigurationError
from integrations.salesforce.hosts import checked_url
from integrations.salesforce.tokens import AppKeys


class KeysForm(forms.Form):
    """Step 2. Key and secret are never shown again; empty means: as it is."""

    login_url = forms.CharField(
        label="My Domain",
        max_length=200,
        help_text=(
            "Where your people log in, such as https://acme.my.salesforce.com, or"
            " https://acme--test.sandbox.my.salesforce.com for a sandbox. In Salesforce: Setup,"
            " My Domain, “Current My Domain URL”."
        ),
    )
    consumer_key = forms.CharField(max_length=500, required=False, strip=True)
    consumer_secret = forms.CharField(
        max_length=500,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, has_keys: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_keys = has_keys
        self.fields["consumer_key"].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}

    def clean_login_url(self) -> str:
        text: str = self.cleaned_data["login_url"]
        url = text if "://" in text else f"https://{text}"
        try:
            return checked_url(url, allow_loopback=settings.SALESFORCE_ALLOW_LOOPBACK)
        except ConfigurationError as error:
            raise forms.ValidationError(error.message) from error

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        key, secret = cleaned.get("consumer_key"), cleaned.get("consumer_secret")
        if bool(key) != bool(secret):
            missing = "consumer_secret" if key else "consumer_key"
            self.add_error(missing, "Key and secret belong together: paste both.")
        elif not key and not self.has_keys:
            self.add_error("consumer_key", "Paste the consumer key of your external client app.")
        return cleaned

    @property
    def keys(self) -> AppKeys | None:
        """What was pasted, or None when the present key and secret stay."""
        key, secret = self.cleaned_data["consumer_key"], self.cleaned_data["consumer_secret"]
        return AppKeys(key, secret) if key and secret else None


class NamedConnectionForm(CompanyBoundForm):
    def clean_name(self) -> str:
        """It stands in lists and sentences, where a mark of direction would turn others' words."""
        typed: str = self.cleaned_data["name"]
        name = one_line(typed, len(typed))
        if not name:
            raise forms.ValidationError("Give the connection a name that can be seen.")
        return name


class SettingsForm(NamedConnectionForm):
    class Meta:
        model = Connection
        fields = ("name", "email_policy")
