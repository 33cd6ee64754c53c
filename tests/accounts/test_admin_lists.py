from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.capped_paginator import COUNTED_AT_MOST, CappedPaginator
from accounts.models import AuditEntry, Company, Team, User

from .account_pages import LIST
from .conftest import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("logged_in")]


def test_search_finds_beginnings_of_words(client: Client, member: User) -> None:
    for text in ("mem", "MIA", "acme mia", "mia@acme"):
        assert "Mia Member" in client.get(LIST, {"q": text}).text, text
    for text in ("ember", "nobody", "@"):
        assert "Mia Member" not in client.get(LIST, {"q": text}).text, text


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("user", "state"),
        ("user", "role__exact"),
        ("user", "team__id__exact"),
        ("user", "invited"),
        ("auditentry", "action"),
        ("auditentry", "person"),
        ("auditentry", "plan"),
    ],
)
@pytest.mark.parametrize("value", ["\x00", "a\x00b"])
def test_a_filter_that_no_text_can_be_is_left_out(
    client: Client, member: User, name: str, field: str, value: str
) -> None:
    address = reverse(f"admin:accounts_{name}_changelist")
    answer = client.get(address, {field: value}, follow=True)
    assert answer.redirect_chain == [(f"{address}?e=1", 302)]
    assert answer.status_code == 200


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
    monkeypatch.setattr("accounts.capped_paginator.COUNTED_AT_MOST", 1_000)
    Team.objects.bulk_create(Team(company=company, name=f"Team {n}") for n in range(1_005))
    page = client.get("/admin/accounts/team/")
    assert "1,000+ teams" in " ".join(page.text.split())
    assert CappedPaginator(Team.objects.order_by("pk"), 10).num_pages == 100
