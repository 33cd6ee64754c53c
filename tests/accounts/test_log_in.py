from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts import log_in_views
from accounts.models import AuditEntry, User

from .conftest import PASSWORD
from .logging_in import log_in

pytestmark = pytest.mark.django_db


def test_a_member_logs_in_whatever_the_case_of_the_address(client: Client, member: User) -> None:
    response = log_in(client, " Mia@ACME.example")
    assert response.headers["Location"] == reverse("home")
    page = client.get(reverse("account"))
    assert "Mia Member" in page.text
    assert "North" in page.text
    assert "Acme" in page.text


def test_an_admin_lands_in_the_admin(client: Client, admin: User) -> None:
    response = log_in(client, admin.email)
    assert client.get(response.headers["Location"]).headers["Location"] == reverse("admin:index")


def test_a_log_in_is_in_the_audit_with_its_address(client: Client, member: User) -> None:
    client.post(
        reverse("login"), {"email": member.email, "password": PASSWORD}, REMOTE_ADDR="10.1.2.3"
    )
    entry = AuditEntry.objects.get(action="logged_in")
    assert (entry.actor, entry.company, entry.address) == (member, member.company, "10.1.2.3")


def test_the_admins_own_log_in_page_leads_to_ours_and_back(client: Client, admin: User) -> None:
    wanted = reverse("admin:accounts_user_changelist")
    at_the_door = client.get(wanted, follow=True)
    assert at_the_door.redirect_chain[-1][0] == f"{reverse('login')}?next={wanted}"
    assert log_in(client, admin.email, next=wanted).headers["Location"] == wanted


def test_it_leads_to_no_other_site(client: Client, member: User) -> None:
    assert log_in(client, member.email, next="https://evil.example/").headers[
        "Location"
    ] == reverse("home")


@pytest.mark.parametrize("email", ["mia@acme.example", "nobody@acme.example", ""])
def test_a_wrong_password_and_an_unknown_address_read_the_same(
    client: Client, member: User, email: str
) -> None:
    response = log_in(client, email or "nobody", "wrong")
    assert response.status_code == 200
    assert response.context["form"].non_field_errors() == [log_in_views.WRONG]


@pytest.mark.parametrize("state", [User.State.PENDING, User.State.DEACTIVATED])
def test_only_who_knows_the_password_learns_that_an_account_is_not_active(
    client: Client, member: User, state: User.State
) -> None:
    User.objects.filter(pk=member.pk).update(state=state)
    assert log_in_views.NOT_ACTIVE[state] in log_in(client, member.email).text
    assert log_in_views.NOT_ACTIVE[state] not in log_in(client, member.email, "wrong").text
    assert "_auth_user_id" not in client.session


def test_an_unknown_address_costs_as_many_hashes_as_a_known_one(
    client: Client, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.contrib.auth.hashers import MD5PasswordHasher

    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counting(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counting)
    log_in(client, member.email, "wrong")
    known = len(hashed)
    hashed.clear()
    log_in(client, "nobody@acme.example", "wrong")
    assert (known, len(hashed)) == (1, 1)
