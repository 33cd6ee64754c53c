"""By hand: a person is found and added, an account is mapped, moved, unlinked and combined."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Company, Team
from integrations.models import Connection, SyncPlan, UserMapping
from tests.integrations.user_sync.builders import account, mapped, people, person, salesforce_id

from .browsing import page, page_of

State = SyncPlan.State


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
