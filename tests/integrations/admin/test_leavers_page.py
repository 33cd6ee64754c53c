"""Leavers and returners, and a person explained."""

from __future__ import annotations

from django.test import Client

from accounts.models import Company
from integrations.models import Connection, SyncPlan, UserMapping
from tests.integrations.user_sync.builders import account, mapped, person, salesforce_id

from .browsing import page, page_of


def test_leavers_are_deactivated_or_kept_after_a_preview(
    client: Client, connection: Connection, company: Company
) -> None:
    person(connection, 1, is_active=False)
    gone = mapped(connection, 1, account(company, "gone@example.com"))
    work = {line.kind: line.count for line in client.get("/admin/").context["work"]}
    assert work["to_deactivate"] == 1
    client.post(page("leavers", connection), {"mapping": [gone.pk], "act": "deactivate"})
    plan = SyncPlan.objects.get()
    assert "Deactivate 1 account" in client.get(page_of(plan)).content.decode()


def test_who_came_back_is_shown_side_by_side_with_nothing_preselected(
    client: Client, connection: Connection, company: Company
) -> None:
    person(connection, 1, is_active=False, name="Darcel Schlecht")
    back = person(connection, 2, name="Darcel Schlecht")
    mapped(connection, 1, account(company, "darcel@example.com"))
    html = client.get(page("leavers", connection)).content.decode()
    same, different = "Same person: move the mapping", "Different person: new account"
    assert html.index(same) < html.index(different)
    answer = {"person": back.salesforce_id, "former": salesforce_id(1), "answer": "same"}
    client.post(page("leavers_same_person", connection), answer)
    current = dict(UserMapping.objects.values_list("salesforce_user_id", "is_current"))
    assert current == {salesforce_id(1): False, salesforce_id(2): True}


def test_a_different_person_gets_a_form_for_a_new_account(
    client: Client, connection: Connection
) -> None:
    one = person(connection, 2)
    answer = client.post(
        page("leavers_same_person", connection),
        {"person": one.salesforce_id, "answer": "different"},
    )
    assert answer.headers["Location"].endswith(f"?person={one.salesforce_id}")


def test_a_person_is_explained_in_five_steps(client: Client, connection: Connection) -> None:
    one = person(connection, 1, is_active=False)
    html = client.get(page("explain", connection, one.pk)).content.decode()
    for step in ("Read", "Scope", "Match", "Plan", "Apply"):
        assert f"<h3>{step}</h3>" in html
    assert "Left Salesforce" in html


def test_what_follows_when_somebody_leaves_is_set_on_the_page(
    client: Client, connection: Connection
) -> None:
    html = client.get(page("leavers", connection)).content.decode()
    assert f'action="{page("leavers_settings", connection)}"' in html
    setting = {"deprovisioning": "deactivate", "deprovisioning_grace_days": "5"}
    saved = client.post(page("leavers_settings", connection), setting)
    assert saved.status_code == 302
    connection.refresh_from_db()
    assert (connection.deprovisioning, connection.deprovisioning_grace_days) == ("deactivate", 5)
    refused = client.post(
        page("leavers_settings", connection), setting | {"deprovisioning_grace_days": "999"}
    )
    assert "At most" in refused.content.decode()
