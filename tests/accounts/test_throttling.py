from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts import log_in_views, throttling
from accounts.models import LogInAttempt, User

from .conftest import PASSWORD
from .logging_in import log_in

pytestmark = pytest.mark.django_db


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
