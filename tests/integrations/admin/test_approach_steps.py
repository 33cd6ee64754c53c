"""Each approach as its person goes through it, page by page."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from accounts.models import Company, Team, User
from activities.models import ActivityType
from integrations.admin import plan_actions
from integrations.models import (
    AccessRequest,
    Approach,
    Connection,
    ScopeRule,
    SyncPlan,
    UserMapping,
    Workflow,
)
from integrations.salesforce.errors import TransientError
from integrations.tasks import plan_request_again
from integrations.user_sync import approving, preparing, replanning, user_fields
from integrations.user_sync.applying import apply_plan
from integrations.user_sync.planning import plan_import
from tests.integrations.user_sync.builders import account, mapped, people, person, salesforce_id

from .browsing import button, messages, page_of
from .conftest import logged_in

State = SyncPlan.State


def page(name: str, connection: Connection, *more: object) -> str:
    return reverse(f"admin:integrations_connection_{name}", args=[connection.pk, *more])


def paused(connection: Connection) -> None:
    """Describing fields asks Salesforce; without access the mirrored ones are offered."""
    connection.state = Connection.State.PAUSED
    connection.save(update_fields=["state"])


# --- pause and resume


def test_pausing_needs_a_reason_and_resuming_catches_up(
    client: Client, connection: Connection
) -> None:
    client.post(page("pause", connection), {"reason": " "})
    connection.refresh_from_db()
    assert connection.state == Connection.State.CONNECTED
    client.post(page("pause", connection), {"reason": "Our org moves on Friday"})
    connection.refresh_from_db()
    assert connection.state == Connection.State.PAUSED
    html = client.get("/admin/").content.decode()
    assert "Our org moves on Friday" in html
    assert html.count("btn primary") == 1
    client.post(page("resume", connection))
    connection.refresh_from_db()
    assert connection.state == Connection.State.CONNECTED
    assert connection.check_requested_at is not None


# --- manual


def test_a_person_is_found_by_name_and_by_both_forms_of_the_id(
    client: Client, connection: Connection
) -> None:
    darcel = person(connection, 1, name="Darcel Schlecht")
    for words in ("darcel", darcel.email, darcel.salesforce_id, darcel.salesforce_id[:15]):
        found = client.get(page("add_person", connection), {"q": words}).context["picker"].found
        assert [one.person.pk for one in found] == [darcel.pk], words


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("001000000000001AAA", "id of something else"),
        ("005000000000001AAB", "id"),
        (salesforce_id(99), "Look it up in Salesforce"),
    ],
)
def test_an_id_that_cannot_be_is_named(
    client: Client, connection: Connection, words: str, said: str
) -> None:
    assert said in client.get(page("add_person", connection), {"q": words}).content.decode()


def test_saving_a_person_makes_account_and_mapping_together(
    client: Client, connection: Connection, company: Company
) -> None:
    team = Team.objects.create(company=company, name="Central")
    chosen = person(connection, 1, department="Central")
    shown = client.get(page("add_person", connection), {"person": chosen.salesforce_id})
    assert shown.context["form"].initial["team"] == team
    form = {
        "person": chosen.salesforce_id,
        "name": "Darcel S.",
        "email": "darcel@example.com",
        "team": team.pk,
        "role": "member",
    }
    client.post(page("add_person", connection), form)
    mapping = UserMapping.objects.select_related("account").get()
    assert (mapping.account.name, mapping.account.email) == ("Darcel S.", "darcel@example.com")
    assert (mapping.account.team, mapping.approach) == (team, "manual")


def test_a_team_of_another_company_is_refused(
    client: Client, connection: Connection, other_company: Company
) -> None:
    team = Team.objects.create(company=other_company, name="Theirs")
    chosen = person(connection, 1)
    form = {"person": chosen.salesforce_id, "name": "A", "email": "a@example.com"}
    client.post(page("add_person", connection), form | {"team": team.pk, "role": "member"})
    assert not UserMapping.objects.exists()


def test_an_account_is_mapped_moved_and_unlinked_with_a_reason(
    client: Client, connection: Connection, company: Company
) -> None:
    first, second = people(connection, [1, 2])
    dana = account(company, "dana.w@example.com")
    act = page("account_map", connection, dana.pk)
    client.post(act, {"person": first.salesforce_id})
    assert UserMapping.objects.get().salesforce_user_id == first.salesforce_id
    client.post(act, {"person": second.salesforce_id})
    current = dict(UserMapping.objects.values_list("salesforce_user_id", "is_current"))
    assert current == {first.salesforce_id: False, second.salesforce_id: True}
    unlink = page("account_unlink", connection, dana.pk)
    client.post(unlink, {"mapping": second.salesforce_id, "reason": ""})
    assert UserMapping.objects.count() == 2
    client.post(unlink, {"mapping": second.salesforce_id, "reason": "Wrong person"})
    second.refresh_from_db()
    assert second.unlinked_reason == "Wrong person"
    assert UserMapping.objects.count() == 1


def test_combining_shows_a_preview_first(
    client: Client, connection: Connection, company: Company
) -> None:
    keep, other = account(company, "keep@example.com"), account(company, "other@example.com")
    mapped(connection, 1, other)
    person(connection, 1)
    found = client.get(page("account", connection, keep.pk), {"other": "oth"})
    assert "Preview" in found.content.decode()
    client.post(page("account_combine", connection, keep.pk), {"other": other.pk})
    plan = SyncPlan.objects.get()
    assert (plan.kind, plan.state) == (SyncPlan.Kind.COMBINE, State.DRAFT)
    assert client.get(page_of(plan)).status_code == 200


def _csv(text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("mappings.csv", text.encode(), "text/csv")


def test_a_file_goes_out_and_comes_in_as_a_preview(
    client: Client, connection: Connection, company: Company
) -> None:
    person(connection, 1, name="=HYPERLINK(1)")
    account(company, "darcel@example.com")
    answer: Any = client.get(page("csv", connection))
    text = b"".join(answer.streaming_content).decode()
    assert "'=HYPERLINK(1)" in text
    filled = text.replace(",\r\n", ",darcel@example.com\r\n")
    client.post(page("csv_import", connection), {"file": _csv(filled)})
    plan = SyncPlan.objects.get()
    assert plan.state == State.DRAFT
    assert not UserMapping.objects.exists()


def test_each_bad_line_of_a_file_is_named_and_nothing_is_planned(
    client: Client, connection: Connection
) -> None:
    one = person(connection, 1)
    heading = "Salesforce user id,Account e-mail\n"
    lines = f"{one.salesforce_id},nobody@example.com\n00Q1,x@example.com\n"
    html = client.post(
        page("csv_import", connection), {"file": _csv(heading + lines)}
    ).content.decode()
    assert "Line 3" in html
    assert not SyncPlan.objects.exists()
    answer = client.post(page("csv_import", connection), {"file": _csv("\x00\x01")})
    assert answer.status_code == 200


# --- automatic


def test_automatic_is_turned_on_with_its_limits(client: Client, connection: Connection) -> None:
    form = {
        "automatic_is_on": "on",
        "automatic_accounts": "pending",
        "automatic_team_source": "from_salesforce",
        "automatic_daily_limit": "7",
    }
    form["workflows"] = str(_workflow(connection, "Deals").pk)
    client.post(page("automatic", connection), form)
    connection.refresh_from_db()
    assert (connection.automatic_is_on, connection.automatic_daily_limit) == (True, 7)
    assert "At most 7 a day" in client.get("/admin/").content.decode()
    client.post(page("automatic", connection), form | {"automatic_daily_limit": "0"})
    connection.refresh_from_db()
    assert connection.automatic_daily_limit == 7


def test_automatic_without_a_workflow_says_that_nobody_gets_an_account(
    client: Client, connection: Connection
) -> None:
    form = {
        "automatic_is_on": "on",
        "automatic_accounts": "pending",
        "automatic_team_source": "from_salesforce",
        "automatic_daily_limit": "7",
    }
    words = "On, but no workflow is chosen: nobody gets an account by it"
    answer = client.post(page("automatic", connection), form, follow=True)
    assert answer.content.decode().count(words) == 1
    assert "Turned on" not in answer.content.decode()
    assert words in client.get("/admin/").content.decode()


def test_automatic_is_offered_with_the_workflows_that_are_on(
    client: Client, connection: Connection
) -> None:
    _workflow(connection, "Off")
    on = _workflow(connection, "On", state=Workflow.State.ON)
    form = client.get(page("automatic", connection)).context["form"]
    assert form.initial["workflows"] == [on.pk]
    Connection.objects.update(automatic_is_on=True)
    form = client.get(page("automatic", connection)).context["form"]
    assert form.initial["workflows"] == []


def _workflow(connection: Connection, name: str, **settings: Any) -> Workflow:
    kind, _ = ActivityType.objects.get_or_create(company=connection.company, name="Deal won")
    return Workflow.objects.create(
        company=connection.company,
        connection=connection,
        name=name,
        object_name="Opportunity",
        activity_type=kind,
        date_field="CloseDate",
        **settings,
    )


def test_pending_people_are_activated_with_a_team_or_rejected(
    client: Client, connection: Connection, company: Company
) -> None:
    team = Team.objects.create(company=company, name="West")
    chosen = people(connection, [1, 2])
    first, second = (
        mapped(connection, n, account(company, f"p{n}@example.com", state=User.State.PENDING))
        for n in (1, 2)
    )
    client.post(
        page("pending", connection),
        {"mapping": [first.pk], "team": team.pk, "act": "activate"},
    )
    first.account.refresh_from_db()
    assert (first.account.state, first.account.team) == (User.State.ACTIVE, team)
    client.post(
        page("pending", connection), {"mapping": [second.pk], "act": "reject", "reason": "Partner"}
    )
    plan = SyncPlan.objects.get()
    client.post(button(plan, "approve"), _ticks(plan))

    apply_plan(plan.pk)
    chosen[1].refresh_from_db()
    assert chosen[1].ignored_reason == "Partner"


def _ticks(plan: SyncPlan) -> dict[str, list[int]]:
    rows = list(plan.changes.values_list("pk", flat=True))
    return {"listed": rows, "row": rows}


def test_unticked_rows_of_a_held_change_are_refused_for_good(
    client: Client, connection: Connection, admin: User
) -> None:

    first, second = people(connection, [1, 2])
    plan = plan_import(connection, [first, second], by=None, approach=Approach.AUTOMATIC)
    SyncPlan.objects.update(state=State.HELD, held_reason="At most 20 a day.")
    assert "At most 20 a day." in client.get(page_of(plan)).content.decode()
    ticks = _ticks(plan)
    ticks["row"] = [plan.changes.get(person_name="Person 1").pk]
    client.post(button(plan, "approve"), {**ticks, "reason": "Works elsewhere"})
    apply_plan(plan.pk)
    second.refresh_from_db()
    assert second.ignored_reason == "Works elsewhere"
    assert UserMapping.objects.get().salesforce_user_id == first.salesforce_id


def test_refusing_all_rows_of_a_plan_that_a_colleague_approved_meanwhile_changes_nothing(
    client: Client, connection: Connection, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_import(connection, people(connection, [1, 2]), by=None, approach=Approach.AUTOMATIC)
    SyncPlan.objects.update(state=State.HELD, held_reason="At most 20 a day.")

    def after_the_colleague(request: HttpRequest, plan_id: int) -> SyncPlan:
        plan = find_plan(request, plan_id)
        approving.approve(SyncPlan.objects.get(pk=plan_id), by=admin)
        return plan

    find_plan = plan_actions.find_plan
    monkeypatch.setattr(plan_actions, "find_plan", after_the_colleague)
    answer = client.post(button(plan, "refuse"), {"reason": "No"})
    assert "already approved" in messages(answer)
    assert plan.changes.filter(included=True, action="create").count() == 2


# --- all active users


def _requested(client: Client, connection: Connection) -> AccessRequest:
    client.post(page("all_active_preview", connection))
    return _asked(client, connection)


def _asked(client: Client, connection: Connection) -> AccessRequest:
    plan = SyncPlan.objects.get(state=State.DRAFT)
    client.post(
        page("all_active_decide", connection, "request"),
        {"plan": plan.pk, "note": "The team starts on Monday"},
    )
    return AccessRequest.objects.get(withdrawn_at=None, decision="")


def _decision(client: Client, request: AccessRequest, act: str, **more: str) -> str:
    form = {"request": request.pk, "plan": request.plan_id, **more}
    answer = client.post(page("all_active_decide", request.connection, act), form)
    return messages(answer)


def test_all_active_users_are_requested_and_approved_by_support(
    client: Client, connection: Connection, support: User
) -> None:
    people(connection, [1, 2])
    request = _requested(client, connection)
    html = client.get(page("all_active", connection)).content.decode()
    assert "Waiting" in html
    assert "--self-approve" in html
    assert "btn primary" not in html
    staff = logged_in(support)
    assert "The team starts on Monday" in staff.get("/admin/").content.decode()
    _decision(staff, request, "approve")
    request.refresh_from_db()
    assert (request.decision, request.decided_by) == ("approved", support)
    assert request.plan.state == State.QUEUED
    shown = client.get(page("all_active", connection))
    assert "Under way: 0 of 2 done so far." in shown.content.decode()
    apply_plan(request.plan_id)
    assert "2 new accounts." in client.get(page("all_active", connection)).content.decode()


def test_who_asked_cannot_approve_by_any_post(client: Client, connection: Connection) -> None:
    people(connection, [1])
    request = _requested(client, connection)
    said = _decision(client, request, "approve")
    assert "--self-approve" in said
    client.post(button(request.plan, "approve"), _ticks(request.plan))
    client.post(button(request.plan, "continue"))
    request.refresh_from_db()
    request.plan.refresh_from_db()
    assert (request.decision, request.plan.state) == ("", State.REQUESTED)


def test_a_company_that_may_decides_itself(
    client: Client, connection: Connection, company: Company
) -> None:
    Company.objects.filter(pk=company.pk).update(may_approve_own_requests=True)
    people(connection, [1])
    request = _requested(client, connection)
    _decision(client, request, "approve")
    request.refresh_from_db()
    assert request.decision == "approved"


def test_a_refusal_has_a_reason_that_whoever_asked_reads(
    client: Client, connection: Connection, support: User
) -> None:
    people(connection, [1])
    request = _requested(client, connection)
    staff = logged_in(support)
    assert "Say why" in _decision(staff, request, "refuse")
    _decision(staff, request, "refuse", reason="No seats before May")
    assert "No seats before May" in client.get(page("all_active", connection)).content.decode()


def test_a_request_is_withdrawn_and_asked_again(client: Client, connection: Connection) -> None:
    people(connection, [1])
    request = _requested(client, connection)
    _decision(client, request, "withdraw")
    assert "Not requested" in client.get(page("all_active", connection)).content.decode()
    assert _requested(client, connection).pk != request.pk


def test_very_many_people_are_prepared_before_they_are_requested(
    client: Client, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "AT_ONCE", 2)
    people(connection, range(1, 4))
    client.post(page("all_active_preview", connection))
    assert "Being prepared" in client.get(page("all_active", connection)).content.decode()
    preparing.prepare(SyncPlan.objects.get().pk)
    request = _asked(client, connection)
    assert request.plan.changes.count() == 3
    people(connection, [4])
    answer = _decision(client, request, "plan-again")
    assert "being planned again" in answer
    plan_request_again(request.pk, request.requested_by_id or 0)
    request.refresh_from_db()
    assert request.plan.changes.count() == 4


def test_a_plan_that_was_made_again_is_looked_at_before_it_is_approved(
    client: Client, connection: Connection, support: User
) -> None:
    people(connection, [1])
    request = _requested(client, connection)
    stale = AccessRequest.objects.get(pk=request.pk)
    people(connection, [2])
    replanning.plan_again(request, by=None)
    staff = logged_in(support)
    assert "planned again" in _decision(staff, stale, "approve")
    html = staff.get(page("all_active", connection)).content.decode()
    assert "New: Person 2" in html


# --- rules


def _scope_form(*rules: tuple[str, str, str], **more: str) -> dict[str, str]:
    form = {"rule-TOTAL_FORMS": str(len(rules)), "rule-INITIAL_FORMS": "0", **more}
    for n, (field, operator, value) in enumerate(rules):
        form |= {
            f"rule-{n}-field": field,
            f"rule-{n}-operator": operator,
            f"rule-{n}-value": value,
        }
    return form


def test_where_salesforce_does_not_answer_the_next_page_does_not_wait_for_it(
    client: Client, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def describe(connection: Connection) -> list[user_fields.UserField]:
        asked.append(connection)
        raise TransientError("Salesforce did not answer.")

    monkeypatch.setattr(user_fields, "describe", describe)
    for _ in range(2):
        html = client.get(page("scope_rules", connection)).content.decode()
        assert "Salesforce did not answer. Only the usual fields are offered." in html
    assert len(asked) == 1


def test_scope_rules_are_tried_before_they_are_saved(
    client: Client, connection: Connection
) -> None:
    paused(connection)
    people(connection, [1, 2, 3], department="Sales")
    person(connection, 4, department="Finance")
    rule = ("Department", "in", "sales, support")
    page_ = page("scope_rules", connection)
    client.post(page_, _scope_form(rule, act="save"))
    assert not ScopeRule.objects.exists()
    tried = client.post(page_, _scope_form(rule, act="try", check="Person 4"))
    assert (tried.context["trial"].inside, tried.context["trial"].outside) == (3, 1)
    assert "Out of scope: the rule is" in tried.content.decode()
    token = tried.context["tried"]
    other = ("Department", "equals", "Finance")
    client.post(page_, _scope_form(other, act="save", tried=token))
    assert not ScopeRule.objects.exists()
    client.post(page_, _scope_form(rule, act="save", tried=token))
    assert ScopeRule.objects.get().value == ["sales", "support"]


def test_rules_that_leave_most_people_out_are_confirmed(
    client: Client, connection: Connection
) -> None:
    paused(connection)
    people(connection, [1, 2, 3], department="Sales")
    rule = ("Department", "equals", "Nowhere")
    page_ = page("scope_rules", connection)
    token = client.post(page_, _scope_form(rule, act="try")).context["tried"]
    client.post(page_, _scope_form(rule, act="save", tried=token))
    assert not ScopeRule.objects.exists()
    client.post(page_, _scope_form(rule, act="save", tried=token, confirmed="1"))
    assert ScopeRule.objects.count() == 1


def test_match_rules_show_both_counts_before_they_are_saved(
    client: Client, connection: Connection, company: Company
) -> None:
    person(connection, 1)
    account(company, "person1@example.com")
    page_ = page("match_rules", connection)
    form = {
        "email_policy": "never",
        "on-federation_id": "on",
        "place-federation_id": "2",
        "place-email": "1",
        "on-username": "on",
        "place-username": "3",
        "check": "Person 1",
    }
    tried = client.post(page_, form | {"act": "try"})
    counts = {words: (before, after) for words, before, after in tried.context["counts"]}
    assert counts == {
        "Mapped to an account": (1, 0),
        "Conflict, for you to decide": (0, 1),
    }
    connection.refresh_from_db()
    assert connection.email_policy == "ask"
    client.post(page_, form | {"act": "save", "tried": tried.context["tried"]})
    connection.refresh_from_db()
    assert connection.email_policy == "never"
    rules = list(connection.match_rules.values_list("rule", "enabled"))
    assert rules == [("email", False), ("federation_id", True), ("username", True)]


def test_an_attribute_follows_salesforce_only_after_its_rule_was_tried(
    client: Client, connection: Connection, company: Company
) -> None:
    paused(connection)
    person(connection, 1, title="Sales Lead", department="Nowhere")
    someone = account(company, "one@example.com", title="Rep")
    mapped(connection, 1, someone)
    form = {
        f"{what}-{rule.attribute}": getattr(rule, what)
        for rule in connection.attribute_rules.all()
        for what in ("policy", "source")
    } | {"policy-title": "salesforce", "policy-team": "fill"}
    page_ = page("attributes", connection)
    tried = client.post(page_, form | {"act": "try"})
    assert "“Rep” becomes “Sales Lead”" in tried.content.decode()
    client.post(page_, form | {"act": "save", "tried": tried.context["tried"]})
    assert connection.attribute_rules.get(attribute="title").policy == "salesforce"
    html = client.get(page_).content.decode()
    assert "Nowhere" in html
    work = {line.kind: line.count for line in client.get("/admin/").context["work"]}
    assert work["unknown_teams"] == 1
    shown = client.get(reverse("admin:accounts_user_change", args=[someone.pk]))
    assert 'name="title"' not in shown.content.decode()


# --- leavers


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


# --- explain


def test_a_person_is_explained_in_five_steps(client: Client, connection: Connection) -> None:
    one = person(connection, 1, is_active=False)
    html = client.get(page("explain", connection, one.pk)).content.decode()
    for step in ("Read", "Scope", "Match", "Plan", "Apply"):
        assert f"<h3>{step}</h3>" in html
    assert "Left Salesforce" in html
