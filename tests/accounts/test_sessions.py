from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User

from .conftest import PASSWORD

pytestmark = pytest.mark.django_db


def test_a_session_dies_with_the_account_and_stays_dead_when_it_returns(
    client: Client, member: User
) -> None:
    client.force_login(member)
    assert client.get(reverse("account")).status_code == 200
    User.objects.filter(pk=member.pk).deactivate()
    assert client.get(reverse("account")).status_code == 302
    User.objects.filter(pk=member.pk).update(state=User.State.ACTIVE)
    assert client.get(reverse("account")).status_code == 302


def test_logging_out_takes_a_post(client: Client, member: User) -> None:
    client.force_login(member)
    assert client.get(reverse("logout")).status_code == 405
    assert client.post(reverse("logout")).headers["Location"] == reverse("login")
    assert "_auth_user_id" not in client.session


def test_changing_ones_password_keeps_this_browser_and_logs_the_others_out(
    client: Client, member: User
) -> None:
    elsewhere = Client()
    client.force_login(member)
    elsewhere.force_login(member)
    new = "even more correct horses"
    response = client.post(
        reverse("change_password"),
        {"old_password": PASSWORD, "new_password1": new, "new_password2": new},
    )
    assert response.headers["Location"] == reverse("account")
    assert client.get(reverse("account")).status_code == 200
    assert elsewhere.get(reverse("account")).status_code == 302
    assert AuditEntry.objects.filter(action="password_changed", actor=member).exists()
