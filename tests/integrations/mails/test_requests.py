"""Mails about requests for all active users."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import Company, User
from integrations.models import AccessRequest, Connection, SyncPlan
from integrations.user_sync import deciding, requesting
from tests.integrations.user_sync.builders import people

from .rounds import State, told

pytestmark = pytest.mark.django_db


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
