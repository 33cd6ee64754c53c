from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import states
from accounts.models import AuditEntry, Company, User

from .account_pages import LIST, act
from .conftest import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("logged_in")]


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
