from __future__ import annotations

import time

import pytest
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts import log_in_views, throttling
from accounts.models import AuditEntry, Company, LogInAttempt, User

from .conftest import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def log_in(client: Client, email: str, password: str = PASSWORD, **extra: object):  # type: ignore[no-untyped-def]  # noqa: ANN201
    return client.post(reverse("login"), {"email": email, "password": password, **extra})


def person_of(client: Client) -> object:
    request = HttpRequest()
    request.session = client.session
    return get_user(request)


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


# --- several companies


def test_who_is_known_in_several_companies_is_asked_which(
    client: Client, company: Company, other_company: Company
) -> None:
    make_user(company, "two@example.com", name="Two At Acme")
    at_bolt = make_user(other_company, "TWO@example.com", name="Two At Bolt")
    asked = client.get(log_in(client, "two@example.com", next="/password/").headers["Location"])
    assert "_auth_user_id" not in client.session
    assert "Acme" in asked.text
    assert "Bolt" in asked.text
    response = client.post(reverse("which_company") + "?next=/password/", {"account": at_bolt.pk})
    assert response.headers["Location"] == "/password/"
    assert person_of(client) == at_bolt


def test_another_password_in_the_other_company_is_not_asked_about(
    client: Client, company: Company, other_company: Company
) -> None:
    at_acme = make_user(company, "two@example.com")
    make_user(other_company, "two@example.com", password="quite another")
    log_in(client, "two@example.com")
    assert person_of(client) == at_acme


def test_nobody_chooses_an_account_whose_password_they_did_not_give(
    client: Client, company: Company, other_company: Company, foreign_admin: User
) -> None:
    make_user(company, "two@example.com")
    make_user(other_company, "two@example.com")
    log_in(client, "two@example.com")
    response = client.post(reverse("which_company"), {"account": foreign_admin.pk})
    assert response.status_code == 200
    assert "_auth_user_id" not in client.session


def test_the_choice_ends_with_five_minutes_a_new_password_and_its_use(
    client: Client, company: Company, other_company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = [make_user(place, "two@example.com") for place in (company, other_company)]
    chosen = {"account": accounts[0].pk}

    log_in(client, "two@example.com")
    with monkeypatch.context() as later:
        now = time.time()
        later.setattr(time, "time", lambda: now + log_in_views.CHOICE_SECONDS + 1)
        assert client.post(reverse("which_company"), chosen).headers["Location"] == reverse("login")

    log_in(client, "two@example.com")
    for user in accounts:
        user.set_password("something new")
        user.save()
    assert client.post(reverse("which_company"), chosen).headers["Location"] == reverse("login")
    assert "_auth_user_id" not in client.session

    log_in(client, "two@example.com", "something new")
    client.post(reverse("which_company"), chosen)
    client.post(reverse("logout"))
    assert client.post(reverse("which_company"), chosen).headers["Location"] == reverse("login")


# --- sessions


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


# --- guessing


def test_strangers_run_out_of_guesses_and_the_right_password_does_not_help_them(
    member: User,
) -> None:
    for guess in range(throttling.MOST_FOR_AN_EMAIL):
        assert log_in(Client(), member.email, f"guess {guess}").status_code == 200
    refused = log_in(Client(), member.email)
    assert refused.status_code == 429
    assert log_in_views.TOO_MANY in refused.text


def test_a_browser_that_has_logged_in_before_is_not_locked_out_by_strangers(
    client: Client, member: User
) -> None:
    log_in(client, member.email)
    client.post(reverse("logout"))
    for guess in range(throttling.MOST_FOR_AN_EMAIL + 1):
        log_in(Client(), member.email, f"guess {guess}")
    assert log_in(client, member.email).headers["Location"] == reverse("home")


def test_a_known_browser_may_not_guess_for_ever_either(client: Client, member: User) -> None:
    log_in(client, member.email)
    client.post(reverse("logout"))
    for guess in range(throttling.MOST_OF_A_KNOWN_BROWSER):
        log_in(client, member.email, f"guess {guess}")
    assert log_in(client, member.email).status_code == 429


def test_a_browser_known_to_one_person_is_a_stranger_to_others(
    client: Client, admin: User, member: User
) -> None:
    log_in(client, member.email)
    client.post(reverse("logout"))
    log_in(client, admin.email, "wrong")
    assert LogInAttempt.objects.get().browser == ""


def test_a_forged_cookie_makes_no_known_browser(client: Client, member: User) -> None:
    client.cookies[throttling.COOKIE] = "forged:cookie:value"
    log_in(client, member.email, "wrong")
    assert LogInAttempt.objects.get().browser == ""


def test_one_address_may_not_try_everybody(
    client: Client, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttling, "MOST_FROM_AN_ADDRESS", 3)
    for number in range(3):
        log_in(client, f"person{number}@acme.example", "wrong")
    assert log_in(client, member.email).status_code == 429
    elsewhere = client.post(
        reverse("login"), {"email": member.email, "password": PASSWORD}, REMOTE_ADDR="10.9.9.9"
    )
    assert elsewhere.status_code == 302


def test_the_wait_ends_by_itself_and_is_not_extended_by_trying(member: User) -> None:
    for guess in range(throttling.MOST_FOR_AN_EMAIL + 5):
        log_in(Client(), member.email, f"guess {guess}")
    assert LogInAttempt.objects.count() == throttling.MOST_FOR_AN_EMAIL
    for attempt in LogInAttempt.objects.all():
        attempt.at -= throttling.WINDOW
        attempt.save()
    assert log_in(Client(), member.email).status_code == 302


def test_no_address_and_no_password_is_kept_of_an_attempt(client: Client, member: User) -> None:
    log_in(client, member.email, "a secret guess")
    kept = str(LogInAttempt.objects.values().get())
    assert "acme" not in kept
    assert "secret" not in kept


def test_https_sites_send_their_cookies_over_https_only(
    client: Client, member: User, settings: Settings
) -> None:
    settings.SESSION_COOKIE_SECURE = True
    log_in(client, member.email)
    cookie = client.cookies[throttling.COOKIE]
    assert cookie["secure"]
    assert cookie["httponly"]
