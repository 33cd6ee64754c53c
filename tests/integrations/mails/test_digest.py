"""One mail a day about what waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from accounts.models import Company, User
from integrations.mails.digest import send_digests
from integrations.mails.sending import MailServerAway
from integrations.models import Connection, TabVisitor
from tests.integrations.user_sync.builders import account, imported, mapped, people, person

from .rounds import refuses

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 11, 3, 7, 30, tzinfo=UTC)


@pytest.fixture
def reader(admin: User) -> User:
    admin.digest_sent_on = None
    admin.save()
    return admin


@pytest.fixture
def work(connection: Connection, company: Company) -> None:
    """One pending account, and one plan held."""
    person(connection, 1)
    mapped(connection, 1, account(company, "person1@example.com", state=User.State.PENDING))


@pytest.mark.usefixtures("work")
def test_the_digest_comes_once_a_day_in_the_company_s_morning(reader: User) -> None:
    assert send_digests(MORNING - timedelta(hours=2)) == 0, "half past six in Oslo"
    assert send_digests(MORNING) == 1
    assert send_digests(MORNING + timedelta(hours=10)) == 0
    assert send_digests(MORNING + timedelta(days=1)) == 1
    message = mail.outbox[0]
    assert message.subject == "Maventech: pending accounts (1)"
    assert "1  Pending accounts" in message.body
    assert f"/admin/accounts/user/{reader.pk}/change/" in message.body


def test_the_digest_counts_who_asked_to_be_added(
    reader: User, connection: Connection, company: Company
) -> None:
    for number in (1, 2):
        TabVisitor.objects.create(
            company=company,
            connection=connection,
            salesforce_user_id=person(connection, number).salesforce_id,
            last_opened_at=MORNING,
            asked_at=MORNING if number == 1 else None,
        )
    assert send_digests(MORNING) == 1
    assert mail.outbox[0].to == [reader.email]
    assert "1  Asked to be added" in mail.outbox[0].body


@pytest.mark.usefixtures("connection")
def test_a_day_without_work_has_no_digest(reader: User) -> None:
    assert send_digests(MORNING) == 0
    reader.refresh_from_db()
    assert reader.digest_sent_on == MORNING.date(), "work of later that day waits for tomorrow"


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize(
    "fields", [{"daily_digest": False}, {"role": "member"}, {"state": "deactivated"}]
)
def test_who_wants_no_digest_or_is_no_admin_gets_none(
    reader: User, fields: dict[str, object]
) -> None:
    User.objects.filter(pk=reader.pk).update(**fields)
    assert send_digests(MORNING) == 0


@pytest.mark.usefixtures("work")
def test_a_digest_waits_for_the_mail_server(reader: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EmailMultiAlternatives, "send", refuses(TimeoutError()))
    with pytest.raises(MailServerAway):
        send_digests(MORNING)
    assert send_digests(MORNING) == 1
    assert len(mail.outbox) == 1


def test_people_who_are_only_new_are_no_digest(connection: Connection, reader: User) -> None:
    people(connection, range(1, 9))
    assert send_digests(MORNING) == 0
    imported(connection, [person(connection, 20)], reader)
    assert send_digests(MORNING + timedelta(days=1)) == 0
