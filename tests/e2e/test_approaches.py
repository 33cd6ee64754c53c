"""Manual, Automatic and All active users, each once as its person goes through it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.demo import Demo

from .browsing import Visit
from .conftest import Visitor
from .site import (
    ADMIN,
    SUPPORT,
    expect_done,
    mappings,
    open_card,
    people_to_create,
    revert,
    wait_for_their_reports,
)

pytestmark = [pytest.mark.e2e, pytest.mark.nightly]

#: Work of two people arrives: what the record sync says, and what the worker does each minute.
WORK_ARRIVES = """
from django.db import transaction
from activities.models import ActivityType
from integrations.models import Connection, DirectoryUser, Workflow
from integrations.user_sync import automatic, wanted
connection = Connection.objects.get()
kind = ActivityType.objects.filter(company=connection.company).first()
kind = kind or ActivityType.objects.create(company=connection.company, name="Deal won")
workflow, _ = Workflow.objects.get_or_create(
    company=connection.company, connection=connection, name="Deals",
    defaults=dict(object_name="Opportunity", activity_type=kind, date_field="CloseDate"),
)
workflow.creates_accounts = True
workflow.save()
names = {names!r}
ids = DirectoryUser.objects.filter(name__in=names).values_list("salesforce_id", flat=True)
with transaction.atomic():
    wanted.mark_wanted(connection, list(ids), wanted.Cause("006000000000001AAA", workflow))
automatic.plan_everywhere()
"""


def test_the_start_page_offers_four_approaches_and_one_way_on(admin: Visit) -> None:
    page = admin.page
    page.goto("/admin/")
    for title in ("On demand", "Manual", "Automatic", "All active users"):
        expect(page.get_by_role("article", name=title)).to_be_visible()
    expect(page.locator(".btn.primary")).to_have_count(1)
    expect(page.locator(".btn.primary")).to_contain_text("Choose from")


def test_a_person_is_added_by_hand_while_typing(admin: Visit) -> None:
    page = admin.page
    (name,) = people_to_create(page, 1)
    open_card(page, "Manual", "Add person")
    field = page.get_by_role("searchbox", name="Search the Salesforce users")
    field.press_sequentially(name[: len(name) - 1], delay=20)
    page.get_by_role("link", name=name, exact=True).first.click()
    expect(page.get_by_label("Name")).to_have_value(name)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"{name} has an account")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.get_by_role("link", name="Open the account").click()
    expect(page.get_by_text("manual.")).to_be_visible()
    page.goto("/admin/integrations/syncplan/")
    page.get_by_role("link", name="Imported 1 user").first.click()
    revert(page, 1)
    assert mappings(page) == 0


def test_automatic_makes_pending_accounts_of_whoever_has_work(admin: Visit, demo: Demo) -> None:
    page = admin.page
    names = people_to_create(page, 2)
    open_card(page, "Automatic", "Turn on…")
    page.get_by_role("checkbox", name="Automatically sync users").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".page-head .chip")).to_have_text("On")
    demo.manage("shell", "--no-imports", "-c", WORK_ARRIVES.format(names=names))
    page.reload()
    page.get_by_role("region", name="What it did").get_by_role("link").first.click()
    expect_done(page, "Imported 2 users")
    done_at = page.url
    page.goto("/admin/")
    page.get_by_role("region", name="Needs you").get_by_role("link", name="Pending people").click()
    for name in names:
        expect(page.get_by_role("link", name=name)).to_be_visible()
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("2 accounts activated.")).to_be_visible()
    expect(page.get_by_role("heading", name="Nobody is pending")).to_be_visible()
    open_card(page, "Automatic", "Settings")
    page.get_by_role("checkbox", name="Automatically sync users").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".page-head .chip")).to_have_text("Off")
    page.goto(done_at)
    revert(page, 2)


def test_all_active_users_are_requested_by_one_and_approved_by_another(
    visitor: Visitor, demo: Demo
) -> None:
    page = visitor(ADMIN).page
    open_card(page, "All active users", "Request…")
    page.get_by_role("button", name="Show me who").click()
    expect(page.get_by_text("Nothing has happened yet.")).to_be_visible()
    page.get_by_label("A note for whoever decides").fill("The team starts on Monday")
    page.get_by_role("button", name="Request accounts for all active users").click()
    expect(page.get_by_role("heading", name=re.compile("Requested, waiting since"))).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Approve"))).to_have_count(0)
    expect(page.get_by_text("--self-approve")).to_be_visible()

    decider = visitor(SUPPORT).page
    decider.goto("/admin/")
    decider.get_by_role("link", name=re.compile("accounts for all active users")).click()
    expect(decider.get_by_text("The team starts on Monday")).to_be_visible()
    approve = decider.get_by_role("button", name=re.compile("Approve: Import"))
    number = int(approve.inner_text().split()[2])
    approve.click()
    expect_done(decider, f"Imported {number} users")

    wait_for_their_reports(demo)
    page.reload()
    expect(page.locator(".page-head .chip")).to_have_text("Approved")
    page.get_by_role("link", name="See it row by row").click()
    revert(page, number)
    assert mappings(page) == 0


def test_a_rule_is_tried_on_the_real_list_before_it_is_saved(admin: Visit) -> None:
    page = admin.page
    page.goto("/admin/")
    page.get_by_role("link", name="Who is in").click()
    page.get_by_label("Field of rule 1").select_option("Department")
    page.get_by_label("Comparison of rule 1").select_option("contains")
    page.get_by_label("Value of rule 1").fill("Sales")
    page.get_by_label("Is this person in?").fill("Amber Parker")
    page.get_by_role("button", name="Try on the real list").click()
    expect(page.get_by_role("heading", name="Nothing is saved yet.")).to_be_visible()
    expect(page.get_by_text("keeps")).to_be_visible()
    page.get_by_role("button", name="Save the rules").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.get_by_label("Remove rule 1").check()
    page.get_by_role("button", name="Try on the real list").click()
    page.get_by_role("button", name="Save the rules").click()
    expect(page.get_by_text("There is no rule yet")).to_be_visible()
