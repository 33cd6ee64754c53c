from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from integrations import leases
from integrations.leases import LeaseLost, LeaseTaken, held_lease
from integrations.models import Lease
from tests.waiting import wait_until


@pytest.mark.django_db
def test_a_lease_is_held_by_one_at_a_time() -> None:
    with held_lease("work"), pytest.raises(LeaseTaken), held_lease("work"):
        pass


@pytest.mark.django_db
def test_different_work_is_done_at_the_same_time() -> None:
    with held_lease("work"), held_lease("other work"):
        assert not leases.is_free("work")


@pytest.mark.django_db
def test_a_lease_is_given_back_at_the_end_also_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), held_lease("work"):
        raise ZeroDivisionError
    assert leases.is_free("work")
    with held_lease("work"):
        pass


@pytest.mark.django_db
def test_a_dead_holder_is_followed_by_another_with_a_higher_token() -> None:
    with held_lease("work", holder="dead") as dead:
        Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert leases.is_free("work")
        with held_lease("work", holder="heir") as heir:
            assert heir.token > dead.token
            with pytest.raises(LeaseLost):
                dead.confirm()
            assert dead.lost
            heir.confirm()
            dead.release()
            assert not leases.is_free("work"), "the dead give nothing back that is not theirs"


@pytest.mark.django_db(transaction=True)
def test_a_lease_is_renewed_while_its_holder_works() -> None:
    with held_lease("work", seconds=1) as lease:
        first = Lease.objects.get(name="work").expires_at
        longer = first + timedelta(seconds=1)
        wait_until(lambda: Lease.objects.get(name="work").expires_at > longer, "it is renewed")
        assert not lease.lost


@pytest.mark.django_db(transaction=True)
def test_a_holder_learns_that_somebody_else_took_over() -> None:
    with held_lease("work", seconds=1) as lease:
        Lease.objects.update(token=lease.token + 1)
        wait_until(lambda: lease.lost, "it is lost")
        with pytest.raises(LeaseLost):
            lease.renew()


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_for_a_moment_does_not_end_the_lease(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failures = [OperationalError("gone"), InterfaceError("the connection is closed")]
    renew = leases.HeldLease.renew

    def sometimes_renew(lease: leases.HeldLease) -> None:
        if failures:
            raise failures.pop()
        renew(lease)

    monkeypatch.setattr(leases.HeldLease, "renew", sometimes_renew)
    with held_lease("work", seconds=2) as lease:
        first = Lease.objects.get(name="work").expires_at
        wait_until(
            lambda: not failures and Lease.objects.get(name="work").expires_at > first,
            "it is renewed after all",
        )
        assert not lease.lost
