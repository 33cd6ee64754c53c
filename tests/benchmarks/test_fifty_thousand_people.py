"""How long a company of 50,000 Salesforce users takes, from the org's answer to the revert.

Prints seconds, and the memory that the process had at most: ``pytest -m nightly -n 0 -s``.
"""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection as database
from django.test import Client

from accounts.models import Company, User
from integrations.models import Connection, MatchRule, SyncPlan, UserMapping
from integrations.user_sync import applying, approving, preparing, trying
from integrations.user_sync.directory_reading import Answer, user_values
from integrations.user_sync.directory_writing import Mirror, write
from tests.integrations.user_sync.builders import NOON, people, salesforce_id

pytestmark = [pytest.mark.nightly, pytest.mark.django_db(transaction=True)]

PEOPLE = 50_000
#: Seconds, on an idle machine.
LONGEST_PAGE = 0.3
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


@contextmanager
def timed(what: str, at_most: float) -> Iterator[None]:
    started, cpu = time.perf_counter(), time.process_time()
    yield
    seconds = time.perf_counter() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    used = time.process_time() - cpu
    print(f"\n{what}: {seconds:.1f} s ({used:.1f} s of CPU here), at most {memory} MB")  # noqa: T201
    assert seconds < at_most


def big_company() -> tuple[Connection, User]:
    """Its connection and its admin."""
    company = Company.objects.create(name="Big", slug="big", time_zone="UTC", currency="EUR")
    dana = User.objects.create_user(company=company, email="dana@example.com", role=User.Role.ADMIN)
    salesforce = Connection.objects.create(
        company=company, login_url="https://x.salesforce.com", state=Connection.State.CONNECTED
    )
    return salesforce, dana


def test_a_directory_of_50_000_is_mirrored_imported_and_reverted() -> None:
    salesforce, dana = big_company()
    with timed("reading the answer", 60):
        values = [user_values(row(number)) for number in range(PEOPLE)]
        by_id = {one["salesforce_id"]: one for one in values}
        answer = Answer(by_id, frozen=frozenset(), with_tab=frozenset())
    for what in ("writing the mirror", "writing it again, unchanged"):
        with timed(what, 60):
            written = write(salesforce, answer, Mirror.of(salesforce), NOON)
    assert (written.added, written.changed, written.missing) == (0, 0, 0)
    with database.cursor() as cursor:
        cursor.execute("ANALYZE")
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


def test_match_rules_are_tried_on_50_000_while_somebody_waits() -> None:
    """Half of them have an account of the same e-mail."""
    salesforce, dana = big_company()
    people(salesforce, range(PEOPLE))
    accounts = (
        User(company=dana.company, email=f"person{number}@example.com", name="Somebody")
        for number in range(0, PEOPLE, 2)
    )
    User.objects.bulk_create(accounts, batch_size=5_000)
    with database.cursor() as cursor:
        cursor.execute("ANALYZE")
    rules = list(MatchRule.objects.filter(connection=salesforce))
    with timed("trying match rules", 2):
        trial = trying.try_match_rules(salesforce, rules)
    assert trial.verdicts == {"map": PEOPLE // 2, "create": PEOPLE // 2}


def look_at(client: Client, what: str, address: str, at_most: float = LONGEST_PAGE) -> None:
    """The median of some requests of a page, without the first."""
    seconds = []
    for _ in range(8):
        started = time.perf_counter()
        assert client.get(address).status_code == 200
        seconds.append(time.perf_counter() - started)
    median = statistics.median(seconds[1:])
    print(f"\n{what}: {1000 * median:.0f} ms")  # noqa: T201
    assert median < at_most


def apply(plan: SyncPlan, by: User, what: str, at_most: float) -> None:
    approving.approve(plan, by=by)
    with timed(what, at_most):
        while applying.apply_plan(plan.pk) != applying.Ended.DONE:
            plan.refresh_from_db()
            assert plan.state == SyncPlan.State.APPLYING
    plan.refresh_from_db()
