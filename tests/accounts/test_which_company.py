from __future__ import annotations

import time

import pytest
from django.test import Client
from django.urls import reverse

from accounts import log_in_views
from accounts.models import Company, User

from .conftest import make_user
from .logging_in import log_in, person_of

pytestmark = pytest.mark.django_db


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
