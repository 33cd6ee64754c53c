from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client
from django_q.models import OrmQ

from accounts import states
from accounts.models import AuditEntry, Company, Team, User

from .account_pages import LIST, change_url, errors_of, form_data
from .conftest import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("logged_in")]


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


@pytest.mark.parametrize("value", ["abc", "\x00", "7\x00", "-1", "9" * 40])
def test_what_can_be_no_team_leaves_the_field_empty_or_is_refused(
    client: Client, member: User, value: str
) -> None:
    page = client.get(f"{LIST}add/", {"team": value})
    assert page.status_code == 200
    assert " selected>" not in str(page.context["adminform"].form["team"])
    for address in (f"{LIST}add/", change_url(member)):
        errors = errors_of(client.post(address, form_data(team=value)))
        refusal = "Null characters" if "\x00" in value else "Select a valid choice"
        assert refusal in errors, address


@pytest.mark.parametrize("name", ["name", "email", "title", "team", "role", "time_zone"])
def test_a_nul_in_a_form_is_refused_in_words(client: Client, member: User, name: str) -> None:
    for address in (f"{LIST}add/", change_url(member)):
        assert "errorlist" in errors_of(client.post(address, form_data(**{name: "a\x00b"}))), name


def test_a_team_in_the_address_is_chosen_in_the_form(client: Client, team: Team) -> None:
    page = client.get(f"{LIST}add/", {"team": team.pk})
    assert f'value="{team.pk}" selected' in str(page.context["adminform"].form["team"])


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
