"""How long a company of 50,000 Salesforce users takes, from the org's answer to the revert."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from integrations.models import Connection, MatchRule, SyncPlan, UserMapping
from integrations.user_sync import preparing, trying
from integrations.user_sync.directory_reading import Answer, user_values
from integrations.user_sync.directory_writing import Mirror, write
from tests.integrations.user_sync.builders import NOON, people, salesforce_id

from .big_company import PEOPLE, analyze, apply, big_company, look_at, timed

pytestmark = [pytest.mark.nightly, pytest.mark.django_db(transaction=True)]

LIST = "/admin/integrations/directoryuser/"
EVERYBODY = {
    "action": "import_users",
    "index": "0",
    "select_across": "1",
    "_selected_action": "1",
    "account": "possible",
}


def row(number: int) -> dict[str, object]:
    """A user as Salesforce's REST API answers."""
    return {
        "Id": salesforce_id(number),
        "IsActive": number % 10 != 0,
        "Username": f"user{number}@example.com.org",
        "Email": f"person{number}@example.com",
        "Name": f"Person {number}",
        "Title": "Sales Rep",
        "Department": f"Department {number % 20}",
        "TimeZoneSidKey": "Europe/Oslo",
        "Profile": {"Name": "Sales", "UserLicense": {"Name": "Salesforce"}},
        "UserRole": {"Name": "Rep"},
        "UserType": "Standard",
        "ManagerId": salesforce_id(number // 10),
        "Manager": {"Name": "Somebody"},
        "CreatedDate": "2026-01-02T03:04:05.000+0000",
        "SystemModstamp": "2026-01-02T03:04:05.000+0000",
    }


def test_a_directory_of_50_000_is_mirrored_imported_and_reverted() -> None:
    salesforce, dana = big_company()
    mirror_everybody(salesforce)
    client = Client()
    client.force_login(dana)
    look_at(client, "the list, with nobody imported", LIST)
    look_at(client, "its search", f"{LIST}?q=person+499")
    with timed("pressing Import for all", 3):
        client.post(LIST, EVERYBODY)
    plan = SyncPlan.objects.get()
    with timed("preparing the plan", 120):
        preparing.prepare(plan.pk)
    plan.refresh_from_db()
    look_at(client, "the plan", f"/admin/integrations/syncplan/{plan.pk}/change/", 1)
    apply(plan, dana, "applying it", 300)
    assert UserMapping.objects.count() == PEOPLE * 9 // 10
    look_at(client, "the list, with everybody imported", LIST)
    with timed("pressing Revert", 3):
        client.post(f"/admin/integrations/syncplan/{plan.pk}/revert/")
    revert = SyncPlan.objects.get(reverts=plan)
    with timed("preparing the revert", 120):
        preparing.prepare(revert.pk)
    revert.refresh_from_db()
    apply(revert, dana, "applying the revert", 300)
    assert list(User.objects.all()) == [dana]


def mirror_everybody(salesforce: Connection) -> None:
    with timed("reading the answer", 60):
        values = [user_values(row(number)) for number in range(PEOPLE)]
        by_id = {one["salesforce_id"]: one for one in values}
        answer = Answer(by_id, frozen=frozenset(), with_tab=frozenset())
    for what, added in (("writing the mirror", PEOPLE), ("writing it again, unchanged", 0)):
        with timed(what, 60):
            written = write(salesforce, answer, Mirror.of(salesforce), NOON)
        assert (written.added, written.changed, written.missing) == (added, 0, 0)
    analyze()


def test_match_rules_are_tried_on_50_000_while_somebody_waits() -> None:
    """Half of them have an account of the same e-mail."""
    salesforce, dana = big_company()
    people(salesforce, range(PEOPLE))
    accounts = (
        User(company=dana.company, email=f"person{number}@example.com", name="Somebody")
        for number in range(0, PEOPLE, 2)
    )
    User.objects.bulk_create(accounts, batch_size=5_000)
    analyze()
    rules = list(MatchRule.objects.filter(connection=salesforce))
    with timed("trying match rules", 2):
        trial = trying.try_match_rules(salesforce, rules)
    assert trial.verdicts == {"map": PEOPLE // 2, "create": PEOPLE // 2}
