from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts import states
from accounts.models import Company, User
from accounts.seats import Seats, count_seats, lock_seats

from .at_once import at_once
from .conftest import make_company, make_user


@given(st.integers(0, 50), st.integers(0, 60), st.integers(0, 60))
def test_what_has_room_never_exceeds_the_limit(limit: int, used: int, wanted: int) -> None:
    seats = Seats(limit=limit, used=used)
    assert seats.has_room_for(wanted) == (wanted == 0 or used + wanted <= limit)
    assert Seats(limit=None, used=used).has_room_for(wanted)


@pytest.mark.django_db
def test_only_active_accounts_take_a_seat(company: Company, admin: User) -> None:
    make_user(company, "p@acme.example", state=User.State.PENDING)
    make_user(company, "d@acme.example", state=User.State.DEACTIVATED)
    Company.objects.filter(pk=company.pk).update(seat_limit=3)
    assert count_seats(company) == Seats(limit=3, used=1)


@pytest.mark.django_db(transaction=True)
def test_seats_are_locked_inside_a_transaction_only(company: Company) -> None:
    with pytest.raises(transaction.TransactionManagementError):
        lock_seats(company)


@pytest.mark.django_db(transaction=True)
def test_two_admins_adding_at_once_never_take_the_same_seat(company: Company, admin: User) -> None:
    Company.objects.filter(pk=company.pk).update(seat_limit=3)

    def add(number: int) -> int:
        client = Client()
        client.force_login(admin)
        data = {"name": "N", "email": f"n{number}@acme.example", "role": "member"}
        return client.post("/admin/accounts/user/add/", data).status_code

    answers = at_once([lambda number=number: add(number) for number in range(6)])  # type: ignore[misc]
    assert sorted(answers) == [200, 200, 200, 200, 302, 302]  # type: ignore[type-var]
    assert User.objects.in_a_seat().count() == 3


@pytest.mark.django_db(transaction=True)
def test_an_e_mail_added_twice_at_once_is_a_message_to_the_second(
    company: Company, admin: User
) -> None:
    def add(email: str) -> int:
        client = Client()
        client.force_login(admin)
        data = {"name": "N", "email": email, "role": "member"}
        return client.post("/admin/accounts/user/add/", data).status_code

    answers = at_once([lambda: add("same@acme.example"), lambda: add("SAME@acme.example")])
    assert sorted(answers) == [200, 302]  # type: ignore[type-var]


@pytest.mark.django_db(transaction=True)
def test_the_database_itself_refuses_an_e_mail_twice(company: Company) -> None:
    emails = ("same@acme.example", "Same@Acme.Example")
    answers = at_once(
        [lambda email=email: make_user(company, email) for email in emails]  # type: ignore[misc]
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["IntegrityError", "User"]


@pytest.mark.django_db(transaction=True)
def test_two_admins_deactivating_each_other_leave_one(company: Company, admin: User) -> None:
    other = make_user(company, "other@acme.example", role=User.Role.ADMIN)
    at_once(
        [
            lambda: states.deactivate([other], by=admin),
            lambda: states.deactivate([admin], by=other),
        ]
    )
    assert User.objects.active_admins().count() == 1


@pytest.mark.django_db(transaction=True)
def test_reactivations_at_once_never_exceed_the_seats(company: Company, admin: User) -> None:
    Company.objects.filter(pk=company.pk).update(seat_limit=2)
    leavers = [
        make_user(company, f"l{number}@acme.example", state=User.State.DEACTIVATED)
        for number in range(4)
    ]
    at_once([lambda user=user: states.reactivate([user], by=admin) for user in leavers])  # type: ignore[misc]
    assert User.objects.in_a_seat().count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_companies_do_not_wait_for_each_other(company: Company) -> None:
    other = make_company("Bolt")
    finished = threading.Event()

    def lock_other() -> None:
        with transaction.atomic():
            lock_seats(other)
        connection.close()
        finished.set()

    with transaction.atomic():
        lock_seats(company)
        thread = threading.Thread(target=lock_other)
        thread.start()
        assert finished.wait(10)
    thread.join()
