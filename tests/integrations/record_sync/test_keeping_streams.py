"""Which connections somebody should begin to listen to."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import Company
from integrations import leases
from integrations.leases import held_lease
from integrations.models import Connection, Workflow
from integrations.record_sync.keeping_streams import unheard

from .world import workflow


def follows(
    company: Company, number: int, state: Connection.State = Connection.State.CONNECTED
) -> Connection:
    made = Connection.objects.create(
        company=company,
        org_id=f"00D{number:015d}",
        login_url="https://acme.my.salesforce.com",
        state=state,
    )
    workflow(made, state=Workflow.State.ON)
    return made


def test_it_is_those_with_access_that_follow_something_and_that_nobody_listens_to(
    company: Company,
) -> None:
    one, held, listened_to = (follows(company, number) for number in range(3))
    follows(company, 3, state=Connection.State.PAUSED)
    follows(company, 4).workflows.update(state=Workflow.State.OFF)
    with held_lease(leases.of_stream(held.pk)):
        assert unheard((), at_work=[listened_to.pk]) == [one.pk]
        assert unheard(only=[held.pk], at_work=[]) == []


@pytest.mark.parametrize("connections", [1, 5])
def test_looking_for_them_costs_the_same_for_many(
    company: Company, connections: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    made = [follows(company, number) for number in range(connections)]
    with django_assert_num_queries(2):
        found = unheard((), at_work=[])
    assert sorted(found) == [one.pk for one in made]
