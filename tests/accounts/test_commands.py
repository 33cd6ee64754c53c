from __future__ import annotations

import io
import re

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from accounts.models import AuditEntry, Company, User

pytestmark = pytest.mark.django_db
ACME = {
    "name": "Acme Ltd",
    "time_zone": "Europe/Oslo",
    "currency": "nok",
    "admin": "ada@acme.example",
}


def run(command: str, *args: str, **options: str) -> str:
    out = io.StringIO()
    flags = [f"--{key.replace('_', '-')}={value}" for key, value in options.items()]
    call_command(command, *args, *flags, stdout=out)
    return out.getvalue()


def link_in(text: str) -> str:
    (link,) = re.findall(r"http://testserver(/invitation/\S+)", text)
    return str(link)


def test_a_company_begins_with_one_command_and_one_link(client: Client) -> None:
    printed = run("create_company", **ACME)
    company = Company.objects.get(slug="acme-ltd")
    assert (company.name, company.currency) == ("Acme Ltd", "NOK")
    admin = User.objects.get(company=company)
    assert (admin.role, admin.state, admin.name) == ("admin", "active", "ada")
    assert client.get(link_in(printed)).status_code == 302
    assert AuditEntry.objects.filter(company=company, action="created").count() == 2


def test_a_second_company_of_the_same_name_gets_its_own_address() -> None:
    for number in range(3):
        run("create_company", **{**ACME, "admin": f"a{number}@acme.example"})
    slugs = set(Company.objects.values_list("slug", flat=True))
    assert slugs == {"acme-ltd", "acme-ltd-2", "acme-ltd-3"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"time_zone": "Oslo"}, "time_zone: “Oslo” is not a time zone"),
        ({"currency": "EURO"}, "currency"),
        ({"name": " "}, "name"),
        ({"admin": "ada"}, "email: Enter a valid email address"),
    ],
)
def test_a_wrong_option_is_one_line_and_makes_nothing(change: dict[str, str], said: str) -> None:
    with pytest.raises(CommandError, match=said) as failed:
        run("create_company", **{**ACME, **change})
    assert "\n" not in str(failed.value)
    assert not Company.objects.exists()
    assert not User.objects.exists()


def test_support_staff_are_made_by_a_command(client: Client) -> None:
    printed = run("create_support", email="sam@support.example", name="Sam")
    sam = User.objects.get(email="sam@support.example")
    assert sam.is_superuser
    assert sam.company is None
    assert client.get(link_in(printed)).status_code == 302
    with pytest.raises(CommandError, match="already has this e-mail"):
        run("create_support", email="SAM@support.example", name="Other")


def test_djangos_createsuperuser_works_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "long and boring")
    call_command(
        "createsuperuser", "--noinput", "--email=sue@support.example", "--name=Sue", verbosity=0
    )
    sue = User.objects.get(email="sue@support.example")
    assert sue.is_staff
    assert sue.check_password("long and boring")


def test_a_test_mail_is_sent_and_says_so(settings: Settings) -> None:
    settings.EMAIL_CONFIGURED = True
    assert "Sent to ops@acme.example" in run("send_test_mail", "ops@acme.example")
    (message,) = mail.outbox
    assert message.to == ["ops@acme.example"]


def test_a_test_mail_without_settings_names_the_setting() -> None:
    with pytest.raises(CommandError, match="EMAIL_URL is not set"):
        run("send_test_mail", "ops@acme.example")


def test_a_test_mail_that_fails_says_why(settings: Settings) -> None:
    settings.EMAIL_CONFIGURED = True
    with pytest.raises(CommandError, match="“nobody” is not an e-mail address") as failed:
        run("send_test_mail", "nobody")
    assert failed.value.returncode == 2
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    with pytest.raises(CommandError, match=r"did not take it: .*refused"):
        run("send_test_mail", "ops@acme.example")
