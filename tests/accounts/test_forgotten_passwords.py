from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django_q.models import OrmQ

from accounts import links, password_link_views, tasks, throttling
from accounts.models import Company, User

from .conftest import PASSWORD, make_user
from .links import use

pytestmark = pytest.mark.django_db


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    queued: list[list[int]] = []
    monkeypatch.setattr(password_link_views, "async_task", lambda name, ids: queued.append(ids))
    return queued


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


def test_the_answer_is_the_same_for_an_unknown_address(
    client: Client, member: User, mail_works: None, queued: list[list[int]]
) -> None:
    answers = [
        client.post(reverse("forgotten_password"), {"email": email}).text
        for email in (member.email, "nobody@acme.example")
    ]
    assert answers[0] == answers[1]
    assert queued == [[member.pk], []]


def test_nobodys_mailbox_is_filled_by_asking_again(
    member: User, mail_works: None, queued: list[list[int]]
) -> None:
    for _ in range(throttling.MOST_FORGOTTEN_FOR_AN_EMAIL):
        Client().post(reverse("forgotten_password"), {"email": member.email})
    refused = Client().post(reverse("forgotten_password"), {"email": member.email})
    assert refused.status_code == 429
    assert len(queued) == throttling.MOST_FORGOTTEN_FOR_AN_EMAIL


def test_asking_really_queues_a_task_of_ids_only(
    client: Client, member: User, mail_works: None
) -> None:
    client.post(reverse("forgotten_password"), {"email": member.email})
    task = OrmQ.objects.get().task
    assert task["func"] == "accounts.tasks.mail_forgotten_passwords"
    assert task["args"] == ([member.pk],)


def test_without_mail_settings_the_page_says_whom_to_ask(client: Client) -> None:
    page = client.get(reverse("forgotten_password"))
    assert "an admin of your company" in page.text
    assert "<form" not in page.text
    assert client.post(reverse("forgotten_password"), {"email": "a@b.example"}).status_code == 302


def test_a_forgotten_password_does_not_come_back(client: Client, member: User) -> None:
    assert use(client, links.FORGOTTEN_PASSWORD.url(member))
    member.refresh_from_db()
    assert not member.check_password(PASSWORD)
