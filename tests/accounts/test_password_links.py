from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import links
from accounts.models import AuditEntry, User

from .at_once import at_once
from .links import NEW, opened, path_of, use

pytestmark = pytest.mark.django_db


def test_an_invitation_sets_a_password_and_logs_in(client: Client, invited: User) -> None:
    assert use(client, links.INVITATION.url(invited))
    assert "Acme" in client.get(reverse("feed")).text
    invited.refresh_from_db()
    assert invited.check_password(NEW["new_password1"])
    assert AuditEntry.objects.filter(action="invitation_used", actor=invited).exists()


def test_the_token_is_not_in_the_address_of_the_form(client: Client, invited: User) -> None:
    link = links.INVITATION.url(invited)
    form = opened(client, link)
    assert form is not None
    assert link.rstrip("/").rpartition("/")[2] not in form


def test_a_link_works_once(client: Client, invited: User) -> None:
    link = links.INVITATION.url(invited)
    assert use(Client(), link)
    assert opened(client, link) is None
    assert "does not work any more" in client.get(path_of(link)).text


def test_a_link_open_in_two_windows_works_once(invited: User) -> None:
    windows = [Client(), Client()]
    forms = [opened(window, links.INVITATION.url(invited)) for window in windows]
    assert None not in forms
    assert windows[0].post(forms[0], NEW).status_code == 302  # type: ignore[arg-type]
    late = windows[1].post(forms[1], {k: "too late for this" for k in NEW})  # type: ignore[arg-type]
    assert "does not work any more" in late.text
    invited.refresh_from_db()
    assert invited.check_password(NEW["new_password1"])


@pytest.mark.django_db(transaction=True)
def test_two_uses_in_the_same_moment_set_one_password(invited: User) -> None:
    windows = [Client(), Client()]
    forms = [opened(window, links.INVITATION.url(invited)) for window in windows]
    outcomes = at_once(
        [
            lambda window=window, form=form: window.post(form, NEW).status_code  # type: ignore[misc]
            for window, form in zip(windows, forms, strict=True)
        ]
    )
    assert sorted(outcomes) == [200, 302]  # type: ignore[type-var]


def test_a_link_dies_with_a_deactivation_even_when_the_account_returns(
    client: Client, invited: User
) -> None:
    link = links.INVITATION.url(invited)
    User.objects.filter(pk=invited.pk).deactivate()
    assert opened(client, link) is None
    User.objects.filter(pk=invited.pk).update(state=User.State.ACTIVE)
    assert opened(client, link) is None


@pytest.mark.parametrize(
    "change",
    [
        {"email": "other@acme.example"},
        {"state": User.State.PENDING},
        {"invited_at": timezone.now()},
        {"password": "!another"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_link_dies_with_a_change_of_the_account(
    client: Client, invited: User, change: dict[str, object]
) -> None:
    link = links.INVITATION.url(invited)
    User.objects.filter(pk=invited.pk).update(**change)
    assert opened(client, link) is None


def test_who_came_in_by_salesforce_may_still_set_a_password(client: Client, invited: User) -> None:
    link = links.INVITATION.url(invited)
    User.objects.filter(pk=invited.pk).update(last_login=timezone.now())
    assert use(client, link)


@pytest.mark.parametrize(("made", "days"), [(links.INVITATION, 7), (links.FORGOTTEN_PASSWORD, 1)])
def test_a_link_lives_for_its_days_and_no_longer(
    invited: User, made: links.PasswordLink, days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = made.make_token(invited)
    born = made._now()
    monkeypatch.setattr(made, "_now", lambda: born + dt.timedelta(days=days, seconds=-5))
    assert made.check_token(invited, token)
    monkeypatch.setattr(made, "_now", lambda: born + dt.timedelta(days=days, seconds=5))
    assert not made.check_token(invited, token)


def test_a_link_of_one_kind_does_not_open_the_other_page(client: Client, invited: User) -> None:
    forgotten = links.FORGOTTEN_PASSWORD.url(invited)
    assert opened(client, forgotten.replace("password/forgotten", "invitation")) is None


@pytest.mark.parametrize("uid", ["MQ", "x", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "%00"])
def test_an_address_made_up_is_a_dead_link_and_no_error(client: Client, uid: str) -> None:
    assert "does not work any more" in client.get(f"/invitation/{uid}/abc-def/").text


def test_a_weak_password_is_refused_with_the_reason(client: Client, invited: User) -> None:
    form = opened(client, links.INVITATION.url(invited))
    assert form
    answer = client.post(form, {"new_password1": "password", "new_password2": "password"})
    assert "too common" in answer.text
    invited.refresh_from_db()
    assert not invited.has_usable_password()
