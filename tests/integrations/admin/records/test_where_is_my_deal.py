"""*Where is my deal?*: found by id, address or name, also when it was never seen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from integrations.demo_org.org import DemoOrg
from integrations.models import Connection
from tests.integrations.admin.browsing import page
from tests.integrations.record_sync.world import (
    account,
    deal,
    poll,
    refresh_users,
    rep,
    switched_on,
)


def find(client: Client, connection: Connection, words: str, person: str = "") -> Any:
    return client.get(page("where_is_my_deal", connection), {"q": words, "person": person})


@pytest.mark.parametrize("shape", ["{id}", "{short}", "{url}/lightning/r/Opportunity/{id}/view"])
def test_a_deal_is_found_by_id_and_address(
    client: Client, connection: Connection, org: DemoOrg, shape: str
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    won = deal(org, ann, Name="Acme")
    switched_on(connection)
    words = shape.format(id=won["Id"], short=won["Id"][:15], url=connection.instance_url)
    answer = find(client, connection, words)
    assert "Acme" in answer.text
    assert "Ann\u2019s report" in answer.text
    assert [one.is_seen for one in answer.context["found"]] == [True]


def test_a_deal_is_found_by_name_and_person_also_when_it_was_never_seen(
    client: Client, connection: Connection, org: DemoOrg
) -> None:
    ann, bob = rep(org, "Ann"), rep(org, "Bob")
    switched_on(connection, since=None)
    # The company may be a day ahead of the org, and what closed before its first day is left out.
    tomorrow = org.today() + timedelta(days=1)
    mine = deal(org, ann, Name="Acme renewal", CloseDate=tomorrow)
    deal(org, bob, Name="Acme renewal", CloseDate=tomorrow)
    answer = find(client, connection, "acme ren", "ann")
    assert [one.record_id for one in answer.context["found"]] == [mine["Id"]]
    assert "Never seen here" in answer.text
    poll(connection)
    answer = find(client, connection, "acme ren", "ann")
    assert "Held" in answer.text
    refresh_users(connection)
    of_both = find(client, connection, "acme ren").context["found"]
    assert {one.about for one in of_both} == {f"{ann['Name']} · 1,000", f"{bob['Name']} · 1,000"}
    assert "counts only where" not in find(client, connection, "acme ren").text
    org.update("Opportunity", mine["Id"], StageName="Qualification")
    poll(connection)
    assert "counts only where Won is yes." in find(client, connection, "acme ren", "ann").text
    assert "no opportunity of this name" in find(client, connection, "O'Neill \\ %").text
