"""Automatic, all active users and manual, each with 50,000 Salesforce users."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from activities.models import ActivityType
from integrations.models import (
    AccessRequest,
    Connection,
    DirectoryUser,
    Evaluation,
    SalesforceRecord,
    SyncPlan,
    UserMapping,
    Workflow,
)
from integrations.user_sync import applying, automatic, preparing, wanted
from tests.integrations.admin.browsing import button, page, page_of
from tests.integrations.user_sync.builders import NOON, people, salesforce_id

from .big_company import PEOPLE, analyze, apply, big_company, look_at, timed

pytestmark = [pytest.mark.nightly, pytest.mark.django_db(transaction=True)]

IDS = [salesforce_id(number) for number in range(PEOPLE)]
State = SyncPlan.State
#: The rules of who is in, and one statement in its transaction.
FEW = 4


@pytest.fixture
def dana() -> User:
    """The admin of a big company, which has a connection and 50,000 Salesforce users."""
    salesforce, dana = big_company()
    for first in range(0, PEOPLE, 5_000):
        people(salesforce, range(first, first + 5_000))
    analyze()
    return dana


@pytest.fixture
def salesforce(dana: User) -> Connection:
    return Connection.objects.get(company=dana.company)


@pytest.fixture
def client(dana: User) -> Client:
    client = Client()
    client.force_login(dana)
    return client


@pytest.fixture
def workflow(salesforce: Connection) -> Workflow:
    """One whose people get accounts, with Automatic on."""
    company = salesforce.company
    Connection.objects.update(automatic_is_on=True)
    return Workflow.objects.create(
        company=company,
        connection=salesforce,
        name="Deals",
        object_name="Opportunity",
        activity_type=ActivityType.objects.create(company=company, name="Deal won"),
        date_field="CloseDate",
        creates_accounts=True,
        state=Workflow.State.ON,
    )


def test_automatic_marks_50_000_once_and_makes_twenty_accounts_a_day(
    client: Client, dana: User, salesforce: Connection, workflow: Workflow
) -> None:
    salesforce.refresh_from_db()
    cause = wanted.Cause("006000000000001AAA", workflow)
    with timed("marking 50,000 people as wanted", 60):
        assert wanted.mark_wanted(salesforce, IDS, cause) == PEOPLE
    with timed("marking them again", 5), CaptureQueriesContext(database) as queries:
        assert wanted.mark_wanted(salesforce, IDS, cause) == 0
    assert len(queries) <= FEW
    analyze()
    with timed("planning those who are wanted", 30):
        approved, held = automatic.plan_wanted(salesforce)
    assert applying.apply_plan(approved.pk) == applying.Ended.DONE
    assert (approved.state, held.state) == (State.QUEUED, State.HELD)
    assert automatic.made_today(salesforce) == UserMapping.objects.count() == 20
    look_at(client, "the page of Automatic", page("automatic", salesforce))
    look_at(client, "the held plan", page_of(held), 1)
    with timed("refusing all of it", 10):
        client.post(button(held, "refuse"), {"reason": "Not yet"})
    assert applying.apply_plan(held.pk) == applying.Ended.DONE
    refused = DirectoryUser.objects.filter(ignored_reason="Not yet").count()
    assert refused == held.changes.count() > 1_000
    with timed("planning, importing and applying the others, press by press", 300):
        assert presses_until_nobody_is_held(client, salesforce) <= 10
    accounts = UserMapping.objects.values("account").distinct().count()
    assert accounts == UserMapping.objects.count() == PEOPLE - refused


def presses_until_nobody_is_held(client: Client, salesforce: Connection) -> int:
    """Each held plan is made when the one before it is done."""
    presses = 0
    while plans := automatic.plan_wanted(salesforce):
        (held,) = plans
        client.post(button(held, "approve"))
        assert applying.apply_plan(held.pk) == applying.Ended.DONE
        presses += 1
    return presses


def test_automatic_marks_the_owners_of_50_000_records_that_wait_already(
    salesforce: Connection, workflow: Workflow
) -> None:
    hold_a_record_of_each(workflow)
    salesforce.refresh_from_db()
    with timed("marking the owners of 50,000 held records", 60):
        assert wanted.mark_owners_of_held_records(salesforce) == PEOPLE
    with timed("marking them again", 5), CaptureQueriesContext(database) as queries:
        assert wanted.mark_owners_of_held_records(salesforce) == 0
    assert len(queries) <= FEW
    assert DirectoryUser.objects.values("wanted_record_id").distinct().count() == PEOPLE


def hold_a_record_of_each(workflow: Workflow) -> None:
    records = (
        SalesforceRecord(
            company=workflow.company,
            connection=workflow.connection,
            object_name=workflow.object_name,
            record_id=f"006{number:012d}AAA",
            system_modstamp=NOON,
            requested_at=NOON,
        )
        for number in range(PEOPLE)
    )
    ids = [one.pk for one in SalesforceRecord.objects.bulk_create(records, batch_size=5_000)]
    evaluations = (
        Evaluation(
            company=workflow.company,
            record_id=record_id,
            workflow=workflow,
            verdict=Evaluation.Verdict.HELD,
            hold=Evaluation.Hold.NOT_MAPPED,
            reason="No account yet",
            salesforce_user_id=owner,
            record_version=1,
            workflow_version=1,
            held_since=NOON,
            evaluated_at=NOON,
        )
        for record_id, owner in zip(ids, IDS, strict=True)
    )
    Evaluation.objects.bulk_create(evaluations, batch_size=5_000)
    analyze()


def test_50_000_active_users_are_requested_approved_and_imported(
    client: Client, dana: User, salesforce: Connection
) -> None:
    with timed("asking for a preview of everybody", 3):
        client.post(page("all_active_preview", salesforce))
    plan = SyncPlan.objects.get()
    with timed("preparing it", 120):
        preparing.prepare(plan.pk)
    look_at(client, "the preview of everybody", page("all_active", salesforce), 1)
    with timed("requesting it", 3):
        client.post(page("all_active_decide", salesforce, "request"), {"plan": plan.pk})
    request = AccessRequest.objects.get()
    support = Client()
    support.force_login(User.objects.create_superuser(email="sam@support.example", name="Sam"))
    look_at(support, "the support's page", page("all_active", salesforce), 1)
    look_at(support, "row by row", page_of(plan), 1)
    with timed("approving it", 3):
        asked = {"request": request.pk, "plan": plan.pk}
        support.post(page("all_active_decide", salesforce, "approve"), asked)
    plan.refresh_from_db()
    assert plan.state == State.QUEUED
    with timed("applying it", 300):
        while applying.apply_plan(plan.pk) != applying.Ended.DONE:
            pass
    assert UserMapping.objects.values("account").distinct().count() == PEOPLE
    assert User.objects.filter(company=dana.company).exclude(pk=dana.pk).count() == PEOPLE
    look_at(client, "what became of it", page("all_active", salesforce), 1)


def test_one_of_50_000_is_found_while_typing(client: Client, salesforce: Connection) -> None:
    typing = f"{page('add_person', salesforce)}?part=results&q="
    assert "Person 49999" in client.get(typing + IDS[-1]).content.decode()
    for words in ("p", "person", "person 49", "person49999@example.com", IDS[-1]):
        look_at(client, f"typing {words!r}", typing + words)


def test_50_000_are_mapped_by_a_file(client: Client, dana: User, salesforce: Connection) -> None:
    give_everybody_an_account(dana)
    mappings = f"/admin/integrations/usermapping/?connection={salesforce.pk}"
    look_at(client, "the mappings, with none", mappings)
    with timed("taking the mappings out", 10):
        answer: Any = client.get(page("csv", salesforce))
        text = b"".join(answer.streaming_content).decode()
    heading, *lines = text.splitlines()
    assert len(lines) == PEOPLE
    filled = [line + address_of(line.split(",")[1]) for line in lines]
    file = SimpleUploadedFile("mappings.csv", "\r\n".join([heading, *filled]).encode())
    with timed(f"bringing {file.size:,} bytes back, as a preview", 60):
        client.post(page("csv_import", salesforce), {"file": file})
    plan = SyncPlan.objects.get()
    assert plan.changes.filter(action="map").count() == PEOPLE
    look_at(client, "the preview", page_of(plan), 1)
    apply(plan, dana, "applying it", 300)
    assert UserMapping.objects.values("account").distinct().count() == PEOPLE
    look_at(client, "the mappings, with all", mappings)


def give_everybody_an_account(dana: User) -> None:
    names = (f"Person {number}" for number in range(PEOPLE))
    accounts = (User(company=dana.company, email=address_of(one), name=one) for one in names)
    User.objects.bulk_create(accounts, batch_size=5_000)
    analyze()


def address_of(name: str) -> str:
    """As long as many are."""
    return f"{name.lower().replace(' ', '.')}@sales.northern-europe.maventech.example"
