from __future__ import annotations

import pytest
from django.core import mail
from django.db import connection
from django.db.models.fields.json import KT
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from accounts import audit, states
from accounts.capped_paginator import COUNTED_AT_MOST, CappedPaginator
from accounts.models import AuditEntry, Company, Team, User

from .conftest import make_user

pytestmark = pytest.mark.django_db
LIST = "/admin/accounts/user/"


@pytest.fixture(autouse=True)
def logged_in(client: Client, admin: User) -> None:
    client.force_login(admin)


def change_url(user: User) -> str:
    return reverse("admin:accounts_user_change", args=[user.pk])


def form_data(**values: object) -> dict[str, object]:
    values = {"daily_digest": "on", **values}
    return {"name": "Nia New", "email": "nia@acme.example", "role": "member", **values}


def act(client: Client, action: str, *users: User, **data: object):  # type: ignore[no-untyped-def]  # noqa: ANN201
    ids = [user.pk for user in users]
    return client.post(LIST, {"action": action, "_selected_action": ids, **data}, follow=True)


def errors_of(response) -> str:  # type: ignore[no-untyped-def]  # noqa: ANN001
    assert response.status_code == 200
    return str(response.context["adminform"].form.errors)


# --- adding and changing


def test_a_new_account_is_of_the_admins_company_whatever_the_form_says(
    client: Client, company: Company, other_company: Company
) -> None:
    client.post(f"{LIST}add/", form_data(company=other_company.pk))
    made = User.objects.get(email="nia@acme.example")
    assert made.company == company
    assert not made.has_usable_password()
    entry = AuditEntry.objects.get(action="created", subject_id=str(made.pk))
    assert entry.after
    assert entry.after["email"] == "nia@acme.example"


def test_adding_writes_to_nobody(client: Client) -> None:
    page = client.post(f"{LIST}add/", form_data(), follow=True)
    assert "nobody was written to" in page.text
    assert mail.outbox == []
    assert not OrmQ.objects.exists()


def test_another_companys_team_is_refused_with_a_message(
    client: Client, foreign_team: Team, member: User, support: User
) -> None:
    answer = client.post(f"{LIST}add/", form_data(team=foreign_team.pk))
    assert "team" in errors_of(answer)
    client.force_login(support)
    answer = client.post(change_url(member), form_data(team=foreign_team.pk))
    assert "belongs to another company" in errors_of(answer)
    member.refresh_from_db()
    assert member.team != foreign_team


def test_support_staff_choose_a_company_for_a_new_account(
    client: Client, support: User, other_company: Company, foreign_team: Team
) -> None:
    client.force_login(support)
    assert "company" in errors_of(client.post(f"{LIST}add/", form_data()))
    client.post(f"{LIST}add/", form_data(company=other_company.pk, team=foreign_team.pk))
    assert User.objects.get(email="nia@acme.example").company == other_company


def test_an_account_never_changes_its_company(
    client: Client, support: User, member: User, other_company: Company
) -> None:
    client.force_login(support)
    client.post(change_url(member), form_data(company=other_company.pk, name="Moved"))
    member.refresh_from_db()
    assert member.name == "Moved"
    assert member.company != other_company


@pytest.mark.parametrize("email", ["mia@acme.example", "MIA@Acme.Example"])
def test_an_e_mail_that_a_colleague_has_is_refused(
    client: Client, member: User, email: str
) -> None:
    answer = client.post(f"{LIST}add/", form_data(email=email))
    assert "Somebody in your company already has this e-mail" in errors_of(answer)


def test_an_e_mail_of_another_company_or_of_somebody_who_left_is_free(
    client: Client, member: User, foreign_admin: User
) -> None:
    User.objects.filter(pk=member.pk).deactivate()
    for email in (member.email, foreign_admin.email):
        client.post(f"{LIST}add/", form_data(email=email))
        assert User.objects.filter(email=email, name="Nia New").count() == 1


def test_a_change_writes_only_what_was_changed_and_says_it_in_the_audit(
    client: Client, member: User, team: Team
) -> None:
    other = Team.objects.create(company=team.company, name="South")
    form = form_data(name=member.name, email=member.email, team=other.pk, title="Closer")
    client.post(change_url(member), form)
    entry = AuditEntry.objects.get(action="changed", subject_id=str(member.pk))
    assert entry.before == {"team": "North", "title": ""}
    assert entry.after == {"team": "South", "title": "Closer"}


def test_a_form_opened_before_a_deactivation_does_not_undo_it(client: Client, member: User) -> None:
    User.objects.filter(pk=member.pk).deactivate()
    client.post(change_url(member), form_data(name="Renamed", email=member.email, state="active"))
    member.refresh_from_db()
    assert (member.name, member.state) == ("Renamed", User.State.DEACTIVATED)


def test_no_page_shows_a_password(client: Client, member: User) -> None:
    for address in (LIST, change_url(member), f"{change_url(member)[:-7]}history/"):
        assert member.password not in client.get(address).text


def test_a_full_company_gets_no_more_accounts(client: Client, company: Company) -> None:
    Company.objects.filter(pk=company.pk).update(seat_limit=1)
    answer = client.post(f"{LIST}add/", form_data())
    assert "0 of 1 seats are free" in errors_of(answer)
    assert User.objects.count() == 1


# --- one's own account, and the last admin


def test_nobody_demotes_themselves(client: Client, admin: User, company: Company) -> None:
    make_user(company, "b@acme.example", role=User.Role.ADMIN)
    answer = client.post(change_url(admin), form_data(name=admin.name, email=admin.email))
    assert "ask another admin" in errors_of(answer)


def test_the_last_admin_is_not_demoted(client: Client, admin: User, support: User) -> None:
    client.force_login(support)
    answer = client.post(change_url(admin), form_data(name=admin.name, email=admin.email))
    assert states.LAST_ADMIN in errors_of(answer)


def test_one_of_two_admins_is_demoted(client: Client, admin: User, company: Company) -> None:
    other = make_user(company, "b@acme.example", role=User.Role.ADMIN)
    client.post(change_url(other), form_data(name=other.name, email=other.email))
    other.refresh_from_db()
    assert other.role == User.Role.MEMBER


def test_only_an_account_nobody_used_is_deleted(
    client: Client, admin: User, member: User, company: Company
) -> None:
    User.objects.filter(pk=member.pk).update(last_login=timezone.now())
    used, unused = member, make_user(company, "new@acme.example")
    for user in (admin, used):
        answer = client.post(reverse("admin:accounts_user_delete", args=[user.pk]), {"post": "yes"})
        assert answer.status_code == 403
    client.post(reverse("admin:accounts_user_delete", args=[unused.pk]), {"post": "yes"})
    assert set(User.objects.all()) == {admin, used}
    assert AuditEntry.objects.filter(action="deleted", subject_id=str(unused.pk)).exists()


# --- deactivating and reactivating


def test_a_deactivation_is_confirmed_done_and_audited(client: Client, member: User) -> None:
    page = act(client, "deactivate", member)
    assert "Deactivate 1 account?" in page.text
    member.refresh_from_db()
    assert member.is_active
    page = act(client, "deactivate", member, confirmed=1)
    assert "1 account deactivated." in page.text
    member.refresh_from_db()
    assert member.state == User.State.DEACTIVATED
    entry = AuditEntry.objects.get(action="deactivated")
    assert (entry.before, entry.after) == ({"state": "active"}, {"state": "deactivated"})


def test_the_confirmation_comes_again_when_the_number_has_changed(
    client: Client, member: User, company: Company
) -> None:
    other = make_user(company, "x@acme.example")
    User.objects.filter(pk=other.pk).deactivate()
    page = act(client, "deactivate", member, other, confirmed=2)
    assert "The list has changed" in page.text
    member.refresh_from_db()
    assert member.is_active


def test_all_rows_of_a_search_can_be_meant(client: Client, company: Company, admin: User) -> None:
    for number in range(3):
        make_user(company, f"temp{number}@acme.example")
    ticked = User.objects.get(email="temp0@acme.example")
    data = {"action": "deactivate", "select_across": 1, "_selected_action": ticked.pk}
    page = client.post(f"{LIST}?q=temp", data)
    assert "Deactivate 3 accounts?" in page.text
    assert 'name="select_across" value="1"' in page.text
    client.post(f"{LIST}?q=temp", {**data, "confirmed": 3})
    assert set(User.objects.filter(state=User.State.ACTIVE)) == {admin}


def test_ones_own_account_and_the_last_admin_stay(
    client: Client, admin: User, support: User
) -> None:
    assert states.OWN_ACCOUNT in act(client, "deactivate", admin, confirmed=1).text
    client.force_login(support)
    assert states.LAST_ADMIN in act(client, "deactivate", admin, confirmed=1).text
    admin.refresh_from_db()
    assert admin.is_active


def test_a_reactivation_takes_seats_and_is_refused_whole_when_they_are_short(
    client: Client, company: Company, admin: User
) -> None:
    users = [
        make_user(company, f"p{number}@acme.example", state=state)
        for number, state in enumerate([User.State.PENDING, User.State.DEACTIVATED])
    ]
    Company.objects.filter(pk=company.pk).update(seat_limit=2)
    page = act(client, "reactivate", *users, confirmed=2)
    assert "1 of 2 seat is free and 2 would be needed" in page.text
    assert set(User.objects.in_a_seat()) == {admin}
    Company.objects.filter(pk=company.pk).update(seat_limit=3)
    act(client, "reactivate", *users, confirmed=2)
    assert User.objects.in_a_seat().count() == 3


def test_an_account_whose_e_mail_went_to_somebody_else_stays_deactivated(
    client: Client, company: Company, member: User
) -> None:
    User.objects.filter(pk=member.pk).deactivate()
    make_user(company, "MIA@acme.example", name="Mia The Second")
    page = act(client, "reactivate", member, confirmed=1)
    assert states.ADDRESS_TAKEN in page.text
    member.refresh_from_db()
    assert not member.is_active


def test_two_former_accounts_of_one_e_mail_do_not_both_return(
    client: Client, company: Company
) -> None:
    twins = [
        make_user(company, email, state=User.State.DEACTIVATED)
        for email in ("twin@acme.example", "Twin@acme.example")
    ]
    act(client, "reactivate", *twins, confirmed=1)
    assert [user.state for user in User.objects.filter(pk__in=[t.pk for t in twins])].count(
        User.State.ACTIVE
    ) == 1


def test_a_foreign_tick_among_own_ones_changes_nothing(
    client: Client, member: User, foreign_admin: User
) -> None:
    page = act(client, "deactivate", member, foreign_admin, confirmed=1)
    assert "Nothing was changed" in page.text
    member.refresh_from_db()
    assert member.is_active


# --- invitations


def test_without_mail_settings_the_links_are_shown(client: Client, member: User) -> None:
    page = act(client, "send_invitations", member)
    assert f"http://testserver{reverse('home')}invitation/" in page.text
    assert page.headers["Cache-Control"].startswith("max-age=0")


def test_with_mail_settings_the_worker_sends_them(
    client: Client, member: User, admin: User, settings: Settings
) -> None:
    settings.EMAIL_CONFIGURED = True
    page = act(client, "send_invitations", member)
    assert "1 invitation on the way" in page.text
    task = OrmQ.objects.get().task
    assert task["func"] == "accounts.tasks.send_invitations"
    assert task["args"][:2] == ([member.pk], admin.pk)


def test_nobody_gets_a_link_who_could_not_log_in(client: Client, member: User) -> None:
    User.objects.filter(pk=member.pk).deactivate()
    page = act(client, "send_invitations", member)
    assert "reactivate the account first" in page.text
    assert "/invitation/" not in page.text


# --- lists


def test_search_finds_beginnings_of_words(client: Client, member: User) -> None:
    for text in ("mem", "MIA", "acme mia", "mia@acme"):
        assert "Mia Member" in client.get(LIST, {"q": text}).text, text
    for text in ("ember", "nobody", "@"):
        assert "Mia Member" not in client.get(LIST, {"q": text}).text, text


@pytest.mark.parametrize("name", ["user", "team", "auditentry"])
@pytest.mark.parametrize("who", ["company admin", "support"])
def test_a_list_costs_the_same_queries_at_any_length(
    client: Client,
    company: Company,
    support: User,
    name: str,
    who: str,
) -> None:
    if who == "support":
        client.force_login(support)
    address = reverse(f"admin:accounts_{name}_changelist")
    counts = []
    made = 0
    for wanted in (1, 10, 100):
        for number in range(made, wanted):
            team = Team.objects.create(company=company, name=f"Team {number}")
            user = make_user(company, f"n{number}@acme.example", password=None, team=team)
            AuditEntry.objects.create(company=company, actor=user, action=f"a{number}")
        made = wanted
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2]
    assert counts[0] <= 9


def test_a_long_list_is_counted_so_far_and_says_so(
    client: Client, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert COUNTED_AT_MOST == 10_000
    monkeypatch.setattr("accounts.capped_paginator.COUNTED_AT_MOST", 20)
    for number in range(25):
        Team.objects.create(company=company, name=f"Team {number}")
    page = client.get("/admin/accounts/team/")
    assert "20+ teams" in " ".join(page.text.split())
    assert CappedPaginator(Team.objects.order_by("pk"), 10).num_pages == 2


def test_the_audit_filters_by_plan(client: Client, company: Company, member: User) -> None:
    audit.record("account.created", member, by=None, after={"plan": 7})
    other = make_user(company, "noa@acme.example", name="Noa Other")
    audit.record("account.created", other, by=None, after={"plan": 70})
    AuditEntry.objects.create(
        company=company,
        action="plan.approved",
        subject_type="integrations.syncplan",
        subject_id="7",
        subject_name="Import 7",
    )
    page = client.get("/admin/accounts/auditentry/", {"plan": "7"}).text
    assert '<td class="field-subject_name">Mia Member</td>' in page
    assert '<td class="field-subject_name">Import 7</td>' in page
    assert "Noa Other" not in page
    for nothing in ("70000", "x", "9" * 30):
        answer = client.get("/admin/accounts/auditentry/", {"plan": nothing})
        assert '<td class="field-subject_name">' not in answer.text


def test_a_plan_s_audit_is_found_along_an_index(company: Company) -> None:
    AuditEntry.objects.bulk_create(
        AuditEntry(company=company, action="updated", after={"plan": n // 10}) for n in range(2_000)
    )
    about = AuditEntry.objects.alias(plan=KT("after__plan")).filter(company=company, plan="7")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_auditentry")
    assert "audit_of_a_plan" in about.explain()


def test_the_audit_is_read_only_and_filters_by_person_and_action(
    client: Client, admin: User, member: User
) -> None:
    act(client, "deactivate", member, confirmed=1)
    entry = AuditEntry.objects.get(action="deactivated")
    address = "/admin/accounts/auditentry/"
    row = '<td class="field-subject_name">Mia Member</td>'
    assert row in client.get(f"{address}?person={admin.pk}&action=deactivated").text
    assert row in client.get(address, {"person": member.pk}).text, "what was done to them"
    assert row not in client.get(address, {"action": "no such"}).text
    for nobody in ("x", "9" * 30, "-1"):
        assert row not in client.get(address, {"person": nobody}).text
    page = client.get(f"{address}{entry.pk}/change/")
    assert "deactivated" in page.text
    assert 'name="_save"' not in page.text
    assert client.get(f"{address}add/").status_code == 403
    assert client.post(f"{address}{entry.pk}/change/", {"action": "x"}).status_code == 403
    assert client.post(f"{address}{entry.pk}/delete/", {"post": "yes"}).status_code == 403


# --- company and teams


def test_a_company_admin_changes_the_name_but_not_what_was_bought(
    client: Client, company: Company
) -> None:
    client.post(
        reverse("admin:accounts_company_change", args=[company.pk]),
        {
            "name": "Acme & Co",
            "time_zone": "Europe/Paris",
            "currency": "NOK",
            "seat_limit": 999,
            "slug": "stolen",
            "may_approve_own_requests": "on",
        },
    )
    company.refresh_from_db()
    assert (company.name, company.time_zone, company.currency) == (
        "Acme & Co",
        "Europe/Paris",
        "NOK",
    )
    assert (company.slug, company.seat_limit) == ("acme", None)
    assert not company.may_approve_own_requests


def test_only_support_staff_add_companies_and_nobody_deletes_one(
    client: Client, support: User, company: Company
) -> None:
    assert client.get("/admin/accounts/company/add/").status_code == 403
    client.force_login(support)
    new = {"name": "New", "slug": "new", "time_zone": "UTC", "currency": "EUR"}
    client.post("/admin/accounts/company/add/", new)
    assert Company.objects.filter(slug="new").exists()
    assert client.get(f"/admin/accounts/company/{company.pk}/delete/").status_code == 403


def test_a_team_name_is_used_once_a_company(client: Client, team: Team, foreign_team: Team) -> None:
    answer = client.post("/admin/accounts/team/add/", {"name": "NORTH"})
    assert "already a team of this name" in errors_of(answer)
    client.post("/admin/accounts/team/add/", {"name": foreign_team.name})
    assert Team.objects.filter(company=team.company, name=foreign_team.name).exists()


def test_deleting_a_team_leaves_its_people_and_is_audited(
    client: Client, team: Team, member: User
) -> None:
    client.post(f"/admin/accounts/team/{team.pk}/delete/", {"post": "yes"})
    member.refresh_from_db()
    assert member.team is None
    assert AuditEntry.objects.filter(action="deleted", subject_name="North").exists()
