from __future__ import annotations

import smtplib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Company, User
from integrations import connection_states
from integrations.mails.digest import send_digests
from integrations.mails.rounds import send_what_is_due
from integrations.mails.sending import MailServerAway
from integrations.models import (
    AccessRequest,
    Approach,
    Connection,
    PlannedChange,
    SyncPlan,
    TabVisitor,
)
from integrations.user_sync import deciding, held, requesting
from tests.integrations.user_sync.builders import account, imported, mapped, people, person

pytestmark = pytest.mark.django_db
State = SyncPlan.State
MORNING = datetime(2026, 11, 3, 7, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def mail_is_set_up(settings: Settings) -> None:
    settings.EMAIL_CONFIGURED = True
    settings.BASE_URL = "https://scoreline.example"


@pytest.fixture
def company(db: None) -> Company:
    return Company.objects.create(
        name="Maventech", slug="maventech", time_zone="Europe/Oslo", currency="NOK"
    )


@pytest.fixture
def admin(company: Company) -> User:
    """Has had today's digest."""
    return User.objects.create_user(
        company=company,
        email="dana@example.com",
        name="Dana Cole",
        role=User.Role.ADMIN,
        digest_sent_on=datetime(2099, 1, 1, tzinfo=UTC).date(),
    )


@pytest.fixture
def support(db: None) -> User:
    return User.objects.create_superuser(email="sam@support.example", name="Sam Support")


@pytest.fixture
def connection(company: Company) -> Connection:
    return Connection.objects.create(
        company=company,
        login_url="https://acme.my.salesforce.com",
        state=Connection.State.CONNECTED,
    )


def told(again: int = 0) -> list[EmailMultiAlternatives]:
    """The mails of a round; the next round repeats none."""
    mail.outbox.clear()
    send_what_is_due()
    sent = [message for message in mail.outbox if isinstance(message, EmailMultiAlternatives)]
    assert len(sent) == len(mail.outbox)
    assert send_what_is_due() == again, "a mail comes once"
    for message in sent:
        ((html, kind),) = message.alternatives
        assert isinstance(html, str)
        assert isinstance(message.body, str)
        assert kind == "text/html"
        assert "https://scoreline.example/admin/" in html
        assert "https://scoreline.example/admin/" in message.body
        assert "{{" not in html + message.body
        assert "&#" not in f"{message.body}{message.subject}"
    return sent


def plan(connection: Connection, by: User | None, **fields: object) -> SyncPlan:
    values = {"kind": SyncPlan.Kind.IMPORT, "approach": Approach.ON_DEMAND} | fields
    made = SyncPlan.objects.create(
        company=connection.company, connection=connection, approved_by=by, **values
    )
    for position in (1, 2):
        PlannedChange.objects.create(
            company=connection.company,
            plan=made,
            position=position,
            salesforce_user_id=f"00500000000000{position}AAA",
            person_name=f"Person {position}",
            action=PlannedChange.Action.CREATE,
            reason="New",
            outcome=PlannedChange.Outcome.DONE if position == 1 else PlannedChange.Outcome.NO_SEAT,
        )
    return made


def ran(minutes: float) -> dict[str, object]:
    now = timezone.now()
    started = now - timedelta(minutes=minutes)
    return {"approved_at": started, "started_at": started, "finished_at": now}


def test_who_started_a_long_plan_hears_of_its_end(connection: Connection, admin: User) -> None:
    plan(connection, admin, state=State.DONE, **ran(3))
    (message,) = told()
    assert message.to == ["dana@example.com"]
    assert "1 of 2 people are done; 1 was not" in message.body


def test_a_short_plan_says_nothing(connection: Connection, admin: User) -> None:
    plan(connection, admin, state=State.DONE, **ran(1.9))
    plan(connection, admin, state=State.APPLYING, **ran(9))
    plan(connection, None, state=State.DONE, **ran(3))
    assert told() == []


def test_a_plan_that_needs_a_person_says_what_to_do(connection: Connection, admin: User) -> None:
    plan(connection, admin, state=State.NEEDS_A_PERSON, problem="Choose Continue.", **ran(1))
    (message,) = told()
    assert "Choose Continue." in message.body
    assert "needs you" in message.subject


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"approach": Approach.AUTOMATIC}, "2 people wait for an account"),
        ({"approach": Approach.AUTOMATIC, "kind": SyncPlan.Kind.LEAVERS}, "2 people is held"),
    ],
)
def test_what_is_held_is_told_to_admins_and_support(
    connection: Connection, admin: User, support: User, fields: dict[str, str], words: str
) -> None:
    made = plan(connection, None, state=State.HELD, held_reason="More than usual.", **fields)
    messages = told()
    assert sorted(message.to[0] for message in messages) == [admin.email, support.email]
    assert words in messages[0].subject
    assert "More than usual." in messages[0].body
    assert f"/syncplan/{made.pk}/change/" in messages[0].body


def test_who_decided_about_a_held_plan_hears_also_of_its_end(
    connection: Connection, admin: User
) -> None:
    waiting = plan(connection, None, state=State.HELD, held_reason="More than usual.")
    assert len(told()) == 1
    held.decide(waiting, by=admin)
    assert told() == []
    SyncPlan.objects.update(state=State.DONE, **ran(3))
    (message,) = told()
    assert "1 of 2 people are done" in message.body


def test_a_request_goes_to_who_may_decide_and_back(
    connection: Connection, admin: User, support: User
) -> None:
    people(connection, range(1, 4))
    request = requesting.request(connection, by=admin, note="For <Q4> & later")
    (asked,) = told()
    assert (asked.to, asked.subject) == (
        [support.email],
        "Maventech asks for accounts for 3 people",
    )
    assert "For <Q4> & later" in asked.body
    assert "For &lt;Q4&gt; &amp; later" in str(asked.alternatives[0][0])
    deciding.refuse(request, by=support, reason="Not before the audit.")
    (refused,) = told()
    assert (refused.to, "Not before the audit." in refused.body) == ([admin.email], True)
    assert refused.subject == "Your request was refused"


def test_an_approved_request_is_told_and_later_its_end(
    connection: Connection, admin: User, support: User
) -> None:
    people(connection, range(1, 4))
    request = requesting.request(connection, by=admin)
    assert len(told()) == 1
    applied = deciding.approve(request, by=support)
    (approved,) = told()
    assert "Sam Support approved your request" in approved.body
    SyncPlan.objects.filter(pk=applied.pk).update(state=State.DONE, finished_at=timezone.now())
    (done,) = told()
    assert done.to == [admin.email]
    assert done.subject == "The accounts you asked for are there: 0 of 3"


def test_who_decides_their_own_request_gets_no_mail_about_it(
    connection: Connection, admin: User, company: Company
) -> None:
    Company.objects.filter(pk=company.pk).update(may_approve_own_requests=True)
    people(connection, range(1, 4))
    connection.refresh_from_db()
    deciding.approve(requesting.request(connection, by=admin), by=admin)
    assert told() == []


def test_a_withdrawn_request_is_told_to_nobody(
    connection: Connection, admin: User, support: User
) -> None:
    people(connection, range(1, 4))
    requesting.withdraw(requesting.request(connection, by=admin), by=admin)
    assert told() == []
    assert AccessRequest.objects.get().approvers_told_at is None


def test_trouble_names_the_reason_and_the_button(
    connection: Connection, admin: User, support: User
) -> None:
    connection_states.reconnect_required(connection, "Access was withdrawn. Log in again.")
    first, second = told()
    assert {first.to[0], second.to[0]} == {admin.email, support.email}
    assert "Access was withdrawn. Log in again." in first.body
    assert "Connect again" in str(first.alternatives[0][0])


def test_somebody_who_left_is_told_nothing(connection: Connection, admin: User) -> None:
    User.objects.filter(pk=admin.pk).update(state=User.State.DEACTIVATED)
    plan(connection, admin, state=State.DONE, **ran(3))
    connection_states.needs_attention(connection, "Look.")
    assert told() == []


def test_old_news_is_not_sent_when_mail_is_set_up_later(
    connection: Connection, admin: User, settings: Settings
) -> None:
    settings.EMAIL_CONFIGURED = False
    old = plan(connection, admin, state=State.DONE, **ran(60 * 24 * 3))
    assert send_what_is_due() == 0
    settings.EMAIL_CONFIGURED = True
    assert told() == []
    old.refresh_from_db()
    assert old.told_at is None


# --- the mail server


def refuses(*errors: Exception | None) -> Callable[[EmailMultiAlternatives], int]:
    waiting = list(errors)

    def send(message: EmailMultiAlternatives, fail_silently: bool = False) -> int:
        error = waiting.pop(0) if waiting else None
        if error:
            raise error
        mail.outbox.append(message)
        return 1

    return send


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPServerDisconnected("gone"),
        smtplib.SMTPDataError(451, b"later"),
        smtplib.SMTPRecipientsRefused({"a@b": (450, b"greylisted")}),
        TimeoutError("slow"),
    ],
)
def test_a_server_that_is_away_gets_the_mail_later(
    connection: Connection, admin: User, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = plan(connection, admin, state=State.DONE, **ran(3))
    monkeypatch.setattr(EmailMultiAlternatives, "send", refuses(error))
    assert send_what_is_due() == 0
    waiting.refresh_from_db()
    assert waiting.told_at is None
    assert send_what_is_due() == 1
    assert send_what_is_due() == 0


def test_a_refused_address_does_not_keep_the_others_from_knowing(
    connection: Connection,
    admin: User,
    support: User,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    refused = smtplib.SMTPRecipientsRefused({admin.email: (550, b"no such user")})
    monkeypatch.setattr(EmailMultiAlternatives, "send", refuses(refused))
    connection_states.needs_attention(connection, "Look.")
    assert send_what_is_due() == 1
    assert send_what_is_due() == 0
    assert [message.to for message in mail.outbox] == [[support.email]]
    assert admin.email not in caplog.text


# --- the digest


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
