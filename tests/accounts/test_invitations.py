from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from accounts import tasks
from accounts.invitations import invite
from accounts.links import INVITATION
from accounts.models import AuditEntry, Company, User

from .account_pages import act
from .conftest import make_user
from .links import opened, use

pytestmark = pytest.mark.django_db


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


def test_without_mail_settings_the_admin_gets_the_link(
    client: Client, admin: User, invited: User
) -> None:
    outcome = invite([invited], admin)
    ((user, link),) = outcome.links
    assert user == invited
    assert mail.outbox == []
    assert use(client, link)


def test_a_second_invitation_ends_the_first(client: Client, admin: User, invited: User) -> None:
    ((_, first),) = invite([invited], admin).links
    ((_, second),) = invite([invited], admin).links
    assert opened(client, first) is None
    assert opened(client, second)


@pytest.mark.parametrize("state", [User.State.PENDING, User.State.DEACTIVATED])
def test_who_is_not_active_is_not_invited(
    admin: User, invited: User, state: User.State, mail_works: None
) -> None:
    invited.state = state
    invited.save()
    outcome = invite([invited], admin)
    assert [user for user, _ in outcome.refused] == [invited]
    assert mail.outbox == []


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


def test_an_invitation_that_could_not_be_mailed_leaves_the_former_one_good(
    client: Client, admin: User, invited: User, settings: Settings
) -> None:
    former, link = invited.invited_at, INVITATION.url(invited)
    settings.EMAIL_CONFIGURED = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    tasks.send_invitations([invited.pk], admin.pk, timezone.now().isoformat())
    invited.refresh_from_db()
    assert invited.invited_at == former
    assert use(client, link)


def test_a_task_delivered_twice_invites_once(admin: User, invited: User, mail_works: None) -> None:
    asked_at = timezone.now().isoformat()
    for _ in range(2):
        tasks.send_invitations([invited.pk], admin.pk, asked_at)
    assert len(mail.outbox) == 1


@pytest.mark.usefixtures("logged_in")
def test_without_mail_settings_the_links_are_shown(client: Client, member: User) -> None:
    page = act(client, "send_invitations", member)
    assert f"http://testserver{reverse('home')}invitation/" in page.text
    assert page.headers["Cache-Control"].startswith("max-age=0")


@pytest.mark.usefixtures("logged_in")
def test_with_mail_settings_the_worker_sends_them(
    client: Client, member: User, admin: User, settings: Settings
) -> None:
    settings.EMAIL_CONFIGURED = True
    page = act(client, "send_invitations", member)
    assert "1 invitation on the way" in page.text
    task = OrmQ.objects.get().task
    assert task["func"] == "accounts.tasks.send_invitations"
    assert task["args"][:2] == ([member.pk], admin.pk)


@pytest.mark.usefixtures("logged_in")
def test_nobody_gets_a_link_who_could_not_log_in(client: Client, member: User) -> None:
    User.objects.filter(pk=member.pk).deactivate()
    page = act(client, "send_invitations", member)
    assert "reactivate the account first" in page.text
    assert "/invitation/" not in page.text
