"""The way back: a revert with its preview."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import User
from integrations.models import Connection, SyncPlan, UserMapping
from integrations.user_sync.applying import apply_plan
from integrations.user_sync.reverting import plan_revert
from tests.activities.making import make_report, make_type
from tests.activities.threads import in_own_connection, wait_until_somebody_waits_for_a_lock
from tests.integrations.user_sync.builders import imported, people

from .browsing import button, html_of, page_of


def test_revert_leads_to_its_preview_and_ends_without_a_trace(
    client: Client, admin: User, connection: Connection
) -> None:
    plan = imported(connection, people(connection, [1, 2]), admin)
    answer = client.post(button(plan, "revert"))
    revert = SyncPlan.objects.get(kind=SyncPlan.Kind.REVERT)
    assert answer["Location"] == page_of(revert)
    html = html_of(client, revert)
    assert "Revert 2 changes" in html
    assert f'href="{page_of(plan)}"' in html
    assert "What cannot be undone" not in html
    assert "stay in the feed" not in html
    client.post(button(revert, "approve"))
    apply_plan(revert.pk)
    assert not UserMapping.objects.exists()
    html = html_of(client, plan)
    assert "This was reverted." in html
    assert "Revert…" not in html
    assert "Nothing was changed" not in html_of(client, revert)


def test_the_preview_of_a_revert_says_what_stays(
    client: Client, admin: User, connection: Connection
) -> None:
    plan = imported(connection, people(connection, [1, 2]), admin)
    stays, gone = User.objects.filter(name__in=("Person 1", "Person 2")).order_by("name")
    assert stays.company is not None
    make_report(stays, make_type(stays.company))
    UserMapping.objects.filter(account=gone).delete()
    gone.delete()
    client.post(button(plan, "revert"))
    revert = SyncPlan.objects.get(kind=SyncPlan.Kind.REVERT)
    html = html_of(client, revert)
    assert "What cannot be undone is listed first" in html
    assert "Their reports stay in the feed" in html
    client.post(button(revert, "approve"))
    apply_plan(revert.pk)
    html = html_of(client, revert)
    assert "What cannot be undone" not in html
    assert f'href="{page_of(plan)}"' in html


@pytest.mark.django_db(transaction=True)
def test_a_revert_is_approved_while_another_one_is_made(
    client: Client, admin: User, second_admin: User, connection: Connection
) -> None:
    plan = imported(connection, people(connection, [1, 2]), admin)
    former = plan_revert(plan, by=admin)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            SyncPlan.objects.select_for_update(no_key=True).get(pk=plan.pk)  # as a revert begins
            late = in_own_connection(pool, lambda: client.post(button(former, "approve")))
            wait_until_somebody_waits_for_a_lock()
            fresh = plan_revert(plan, by=second_admin)
        answer = late.result(10)
    assert answer["Location"] == page_of(former)
    former.refresh_from_db()
    assert (former.state, fresh.state) == (SyncPlan.State.DISCARDED, SyncPlan.State.DRAFT)
    assert "This revert was discarded" in html_of(client, former)
