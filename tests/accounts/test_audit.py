from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from accounts import audit
from accounts.models import AuditEntry, Company, User

pytestmark = pytest.mark.django_db


def test_an_entry_says_who_from_where_and_what_changed(company: Company, admin: User) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="2001:db8::7", HTTP_X_FORWARDED_FOR="1.1.1.1")
    entry = audit.record(
        "changed", company, by=admin, request=request, before={"seats": 1}, after={"seats": 2}
    )
    entry.refresh_from_db()
    assert (entry.company, entry.actor, entry.actor_name) == (company, admin, "Ada Admin")
    assert entry.address == "2001:db8::7"
    assert (entry.subject_type, entry.subject_id) == ("accounts.company", str(company.pk))
    assert (entry.before, entry.after) == ({"seats": 1}, {"seats": 2})


def test_values_that_json_does_not_know_are_kept_as_text(company: Company) -> None:
    entry = audit.record(
        "changed", company, by=None, after={"day": dt.date(2026, 1, 2), "amount": Decimal("1.50")}
    )
    entry.refresh_from_db()
    assert entry.after == {"day": "2026-01-02", "amount": "1.50"}
    assert entry.actor_name == ""


def test_an_act_far_from_the_request_shows_its_address_and_a_later_one_does_not(
    company: Company,
) -> None:
    def answer(request: HttpRequest) -> HttpResponse:
        audit.record("changed", company, by=None)
        return HttpResponse()

    audit.from_where(answer)(RequestFactory().get("/", REMOTE_ADDR="2001:db8::7"))
    audit.record("changed", company, by=None)
    addresses = AuditEntry.objects.order_by("pk").values_list("address", flat=True)
    assert list(addresses) == ["2001:db8::7", None]


@pytest.mark.parametrize("address", ["", "unix:", "testclient", "1.2.3"])
def test_a_server_without_addresses_is_no_error(company: Company, address: str) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=address)
    assert audit.record("changed", company, by=None, request=request).address is None


def test_many_entries_cost_one_statement(
    company: Company, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        audit.record_many(audit.entry("created", company, by=None) for _ in range(200))
    assert AuditEntry.objects.count() == 200


def test_the_database_refuses_to_change_an_entry(company: Company) -> None:
    entry = audit.record("created", company, by=None)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        AuditEntry.objects.filter(pk=entry.pk).update(action="other")
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        AuditEntry.objects.filter(pk=entry.pk).delete()


def test_an_entry_outlives_its_actor(company: Company, admin: User) -> None:
    entry = audit.record("created", company, by=admin)
    admin.delete()
    entry.refresh_from_db()
    assert entry.actor is None
    assert entry.actor_name == "Ada Admin"


def test_not_even_the_removal_of_an_actor_may_change_more(company: Company, admin: User) -> None:
    entry = audit.record("created", company, by=admin)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        AuditEntry.objects.filter(pk=entry.pk).update(actor=None, action="other")
