from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from accounts import links, password_link_views, tasks, throttling
from accounts.invitations import invitation_link, invite
from accounts.models import AuditEntry, Company, User

from .conftest import PASSWORD, make_user

NEW = {"new_password1": "brand new horses", "new_password2": "brand new horses"}


@pytest.fixture
def invited(company: Company) -> User:
    return make_user(company, "ivy@acme.example", password=None, invited_at=timezone.now())


@pytest.fixture
def mail_works(settings: Settings) -> None:
    settings.EMAIL_CONFIGURED = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def path_of(link: str) -> str:
    return link.removeprefix("http://testserver")


def opened(client: Client, link: str) -> str | None:
    """The address of the form behind the link; ``None`` for a dead link."""
    response = client.get(path_of(link))
    return response.headers["Location"] if response.status_code == 302 else None


def use(client: Client, link: str) -> bool:
    form = opened(client, link)
    return form is not None and client.post(form, NEW).status_code == 302


@pytest.mark.django_db
def test_an_invitation_sets_a_password_and_logs_in(client: Client, invited: User) -> None:
    assert use(client, invitation_link(invited))
    assert "Acme" in client.get(reverse("feed")).text
    invited.refresh_from_db()
    assert invited.check_password(NEW["new_password1"])
    assert AuditEntry.objects.filter(action="invitation_used", actor=invited).exists()


@pytest.mark.django_db
def test_the_token_is_not_in_the_address_of_the_form(client: Client, invited: User) -> None:
    link = invitation_link(invited)
    form = opened(client, link)
    assert form is not None
    assert link.rstrip("/").rpartition("/")[2] not in form


@pytest.mark.django_db
def test_a_link_works_once(client: Client, invited: User) -> None:
    link = invitation_link(invited)
    assert use(Client(), link)
    assert opened(client, link) is None
    assert "does not work any more" in client.get(path_of(link)).text


@pytest.mark.django_db
def test_a_link_open_in_two_windows_works_once(invited: User) -> None:
    windows = [Client(), Client()]
    forms = [opened(window, invitation_link(invited)) for window in windows]
    assert None not in forms
    assert windows[0].post(forms[0], NEW).status_code == 302  # type: ignore[arg-type]
    late = windows[1].post(forms[1], {k: "too late for this" for k in NEW})  # type: ignore[arg-type]
    assert "does not work any more" in late.text
    invited.refresh_from_db()
    assert invited.check_password(NEW["new_password1"])


@pytest.mark.django_db(transaction=True)
def test_two_uses_in_the_same_moment_set_one_password(invited: User) -> None:
    windows = [Client(), Client()]
    forms = [opened(window, invitation_link(invited)) for window in windows]
    barrier = threading.Barrier(2)
    outcomes: list[int] = []

    def press(window: Client, form: str | None) -> None:
        assert form
        barrier.wait(10)
        outcomes.append(window.post(form, NEW).status_code)
        connection.close()

    threads = [
        threading.Thread(target=press, args=pair) for pair in zip(windows, forms, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == [200, 302]


@pytest.mark.django_db
def test_a_link_dies_with_a_deactivation_even_when_the_account_returns(
    client: Client, invited: User
) -> None:
    link = invitation_link(invited)
    User.objects.filter(pk=invited.pk).deactivate()
    assert opened(client, link) is None
    User.objects.filter(pk=invited.pk).update(state=User.State.ACTIVE)
    assert opened(client, link) is None


@pytest.mark.django_db
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
    link = invitation_link(invited)
    User.objects.filter(pk=invited.pk).update(**change)
    assert opened(client, link) is None


@pytest.mark.django_db
def test_who_came_in_by_salesforce_may_still_set_a_password(client: Client, invited: User) -> None:
    link = invitation_link(invited)
    User.objects.filter(pk=invited.pk).update(last_login=timezone.now())
    assert use(client, link)


@pytest.mark.django_db
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


@pytest.mark.django_db
def test_a_link_of_one_kind_does_not_open_the_other_page(client: Client, invited: User) -> None:
    forgotten = links.FORGOTTEN_PASSWORD.url(invited)
    assert opened(client, forgotten.replace("password/forgotten", "invitation")) is None


@pytest.mark.django_db
@pytest.mark.parametrize("uid", ["MQ", "x", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "%00"])
def test_an_address_made_up_is_a_dead_link_and_no_error(client: Client, uid: str) -> None:
    assert "does not work any more" in client.get(f"/invitation/{uid}/abc-def/").text


@pytest.mark.django_db
def test_a_weak_password_is_refused_with_the_reason(client: Client, invited: User) -> None:
    form = opened(client, invitation_link(invited))
    assert form
    answer = client.post(form, {"new_password1": "password", "new_password2": "password"})
    assert "too common" in answer.text
    invited.refresh_from_db()
    assert not invited.has_usable_password()


# --- invitations


@pytest.mark.django_db
def test_an_invitation_is_mailed_with_a_link_of_this_site(
    client: Client, admin: User, invited: User, mail_works: None, settings: Settings
) -> None:
    settings.BASE_URL = "https://score.example"
    outcome = invite([invited], admin)
    assert outcome.mailed == [invited]
    (message,) = mail.outbox
    assert message.to == ["ivy@acme.example"]
    assert message.subject == "Your Scoreline account at Acme"
    assert "Ada Admin has invited you to Scoreline at Acme." in message.body
    (link,) = [line for line in message.body.splitlines() if line.startswith("https://")]
    assert link.startswith("https://score.example/invitation/")
    assert link in message.alternatives[0].content  # type: ignore[attr-defined]
    assert use(client, link.removeprefix("https://score.example"))
    assert AuditEntry.objects.filter(action="invited", subject_id=str(invited.pk)).exists()


@pytest.mark.django_db
def test_names_are_escaped_in_the_mail_and_plain_in_the_text(
    company: Company, admin: User, mail_works: None
) -> None:
    Company.objects.filter(pk=company.pk).update(name="Smith & <b>Sons</b>\nBcc: x@y.example")
    company.refresh_from_db()
    invite([make_user(company, "bo@acme.example", password=None)], admin)
    (message,) = mail.outbox
    assert "Smith & <b>Sons</b>" in message.subject
    assert "\n" not in message.subject
    assert "Smith &amp; &lt;b&gt;Sons" in message.alternatives[0].content  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_without_mail_settings_the_admin_gets_the_link(
    client: Client, admin: User, invited: User
) -> None:
    outcome = invite([invited], admin)
    ((user, link),) = outcome.links
    assert user == invited
    assert mail.outbox == []
    assert use(client, link)


@pytest.mark.django_db
def test_a_second_invitation_ends_the_first(client: Client, admin: User, invited: User) -> None:
    ((_, first),) = invite([invited], admin).links
    ((_, second),) = invite([invited], admin).links
    assert opened(client, first) is None
    assert opened(client, second)


@pytest.mark.django_db
@pytest.mark.parametrize("state", [User.State.PENDING, User.State.DEACTIVATED])
def test_who_is_not_active_is_not_invited(
    admin: User, invited: User, state: User.State, mail_works: None
) -> None:
    invited.state = state
    invited.save()
    outcome = invite([invited], admin)
    assert [user for user, _ in outcome.refused] == [invited]
    assert mail.outbox == []


@pytest.mark.django_db
def test_a_mail_server_that_says_no_is_told_and_audited(
    admin: User, invited: User, settings: Settings
) -> None:
    settings.EMAIL_CONFIGURED = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert [why for _, why in invite([invited], admin).refused] == [
        "The mail server did not take the mail."
    ]
    assert AuditEntry.objects.filter(action="invitation_failed").exists()


@pytest.mark.django_db
def test_an_invitation_that_could_not_be_mailed_leaves_the_former_one_good(
    client: Client, admin: User, invited: User, settings: Settings
) -> None:
    former, link = invited.invited_at, invitation_link(invited)
    settings.EMAIL_CONFIGURED = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    tasks.send_invitations([invited.pk], admin.pk, timezone.now().isoformat())
    invited.refresh_from_db()
    assert invited.invited_at == former
    assert use(client, link)


@pytest.mark.django_db
def test_a_task_delivered_twice_invites_once(admin: User, invited: User, mail_works: None) -> None:
    asked_at = timezone.now().isoformat()
    for _ in range(2):
        tasks.send_invitations([invited.pk], admin.pk, asked_at)
    assert len(mail.outbox) == 1


# --- forgotten passwords


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    queued: list[list[int]] = []
    monkeypatch.setattr(password_link_views, "async_task", lambda name, ids: queued.append(ids))
    return queued


@pytest.mark.django_db
def test_every_active_account_of_the_address_gets_its_own_link(
    client: Client,
    company: Company,
    other_company: Company,
    mail_works: None,
    queued: list[list[int]],
) -> None:
    both = [make_user(place, "Two@example.com") for place in (company, other_company)]
    make_user(company, "two@example.com", state=User.State.DEACTIVATED)
    answer = client.post(reverse("forgotten_password"), {"email": "two@EXAMPLE.com"})
    assert "a link is on its way" in answer.text
    assert [sorted(ids) for ids in queued] == [[user.pk for user in both]]
    tasks.mail_forgotten_passwords(queued[0])
    assert sorted(message.subject for message in mail.outbox) == [
        "Set a new password for Scoreline at Acme",
        "Set a new password for Scoreline at Bolt",
    ]
    (link,) = [line for line in mail.outbox[0].body.splitlines() if line.startswith("http")]
    assert use(client, link)


@pytest.mark.django_db
def test_the_answer_is_the_same_for_an_unknown_address(
    client: Client, member: User, mail_works: None, queued: list[list[int]]
) -> None:
    answers = [
        client.post(reverse("forgotten_password"), {"email": email}).text
        for email in (member.email, "nobody@acme.example")
    ]
    assert answers[0] == answers[1]
    assert queued == [[member.pk], []]


@pytest.mark.django_db
def test_nobodys_mailbox_is_filled_by_asking_again(
    member: User, mail_works: None, queued: list[list[int]]
) -> None:
    for _ in range(throttling.MOST_FORGOTTEN_FOR_AN_EMAIL):
        Client().post(reverse("forgotten_password"), {"email": member.email})
    refused = Client().post(reverse("forgotten_password"), {"email": member.email})
    assert refused.status_code == 429
    assert len(queued) == throttling.MOST_FORGOTTEN_FOR_AN_EMAIL


@pytest.mark.django_db
def test_asking_really_queues_a_task_of_ids_only(
    client: Client, member: User, mail_works: None
) -> None:
    client.post(reverse("forgotten_password"), {"email": member.email})
    task = OrmQ.objects.get().task
    assert task["func"] == "accounts.tasks.mail_forgotten_passwords"
    assert task["args"] == ([member.pk],)


@pytest.mark.django_db
def test_without_mail_settings_the_page_says_whom_to_ask(client: Client) -> None:
    page = client.get(reverse("forgotten_password"))
    assert "an admin of your company" in page.text
    assert "<form" not in page.text
    assert client.post(reverse("forgotten_password"), {"email": "a@b.example"}).status_code == 302


@pytest.mark.django_db
def test_a_forgotten_password_does_not_come_back(client: Client, member: User) -> None:
    assert use(client, links.FORGOTTEN_PASSWORD.url(member))
    member.refresh_from_db()
    assert not member.check_password(PASSWORD)
