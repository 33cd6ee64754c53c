from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.forms import LogInForm
from accounts.models import User

pytestmark = pytest.mark.django_db
INLINE = ("<script>", "<style", " style=", " onclick=", " onload=", " onsubmit=", "javascript:")
PUBLIC = ["login", "forgotten_password"]
OWN = ["account", "feed", "leaderboard", "my_activity", "report_by_hand", "change_password"]
ADMIN = ["accounts_user", "accounts_team", "accounts_company", "accounts_auditentry"]


def assert_bears_the_policy(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200, address
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert [word for word in INLINE if word in answer.text] == []


@pytest.mark.parametrize("name", PUBLIC)
def test_public_pages_hold_nothing_inline(client: Client, name: str) -> None:
    assert_bears_the_policy(client, reverse(name))


@pytest.mark.parametrize("name", OWN)
def test_ones_own_pages_hold_nothing_inline(client: Client, member: User, name: str) -> None:
    client.force_login(member)
    assert_bears_the_policy(client, reverse(name))


@pytest.mark.parametrize("name", ADMIN)
def test_admin_lists_hold_nothing_inline(client: Client, admin: User, name: str) -> None:
    client.force_login(admin)
    assert_bears_the_policy(client, reverse(f"admin:{name}_changelist"))


def test_admin_forms_hold_nothing_inline(client: Client, admin: User) -> None:
    client.force_login(admin)
    assert_bears_the_policy(client, reverse("admin:accounts_user_add"))
    assert_bears_the_policy(client, reverse("admin:accounts_user_change", args=[admin.pk]))


def test_names_cannot_bring_markup_along(client: Client, member: User) -> None:
    User.objects.filter(pk=member.pk).update(name="<b onload=x>Mia</b>")
    client.force_login(member)
    assert "&lt;b onload=x&gt;" in client.get(reverse("account")).text


def test_a_page_that_is_not_there_says_so_in_our_words(client: Client, member: User) -> None:
    client.force_login(member)
    answer = client.get("/no/such/page/")
    assert answer.status_code == 404
    assert "There is nothing at this address" in answer.text


def test_support_staff_read_about_no_company_on_their_page(client: Client, support: User) -> None:
    client.force_login(support)
    page = client.get(reverse("account")).text
    assert "support staff see all" in page
    assert "<dd>None</dd>" not in page


def test_only_who_has_a_password_is_asked_to_change_it(client: Client, member: User) -> None:
    client.force_login(member)
    assert reverse("change_password") in client.get(reverse("account")).text
    member.set_unusable_password()
    member.save()
    client.force_login(member)
    assert reverse("change_password") not in client.get(reverse("account")).text


def test_what_fails_says_so_in_our_words(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.raise_request_exception = False
    monkeypatch.setattr(LogInForm, "is_valid", None)
    answer = client.post(reverse("login"))
    assert answer.status_code == 500
    assert "It is our fault" in answer.text
    assert [word for word in INLINE if word in answer.text] == []


@pytest.mark.parametrize("name", ["logout", "change_password"])
def test_ones_own_forms_are_refused_without_their_token(member: User, name: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    assert client.post(reverse(name)).status_code == 403


@pytest.mark.parametrize("name", PUBLIC)
def test_public_forms_are_refused_without_their_token(name: str) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post(reverse(name), {"email": "x@y.example"})
    assert answer.status_code == 403
    assert "load the page again" in answer.text
