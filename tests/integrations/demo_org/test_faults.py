"""When a fault strikes, and what is left of it once it is mended."""

import threading
from collections.abc import Callable

import pytest

from integrations.demo_org import DemoOrg
from integrations.demo_org.fault_kinds import KINDS
from integrations.demo_org.fault_types import UnknownFault

from .client import PATIENCE, USERS, Client
from .subscriber import a_deal


def test_a_fault_strikes_as_often_as_it_was_told_and_not_before(
    client: Client, org: DemoOrg
) -> None:
    org.faults.break_it("server_error", times=2, after=1)
    statuses = [client.query(USERS).status_code for _ in range(4)]
    assert statuses == [200, 500, 500, 200]


def test_a_fault_without_an_end_lasts_until_it_is_mended(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("server_error")
    assert {client.query(USERS).status_code for _ in range(5)} == {500}
    org.faults.mend("server_error")
    assert client.query(USERS).status_code == 200


def test_a_fault_strikes_only_where_it_was_told(client: Client, org: DemoOrg) -> None:
    org.faults.break_it("server_error", where="login")
    assert client.query(USERS).status_code == 200
    assert client.refresh().status_code == 500
    org.faults.break_it("server_error", where="/describe")
    assert client.query(USERS).status_code == 200
    assert client.get("/services/data/v66.0/sobjects/User/describe").status_code == 500


def test_mending_one_of_two_that_touch_the_same_rows_leaves_the_other_on(org: DemoOrg) -> None:
    def view_all() -> set[bool]:
        rows = org.store.rows("ObjectPermissions")
        opportunity = [row for row in rows if row["SobjectType"] == "Opportunity"]
        return {row["PermissionsViewAllRecords"] for row in opportunity[-1:]}

    org.faults.break_it("no_view_all")
    org.faults.break_it("no_read")
    org.faults.mend("no_view_all")
    assert view_all() == {False}
    org.faults.mend("no_read")
    assert view_all() == {True}


def test_mending_everything_leaves_the_org_as_it_was(client: Client, org: DemoOrg) -> None:
    def picture() -> list[object]:
        tables = ("PermissionSet", "ObjectPermissions", "UserLogin")
        rows = [row for table in tables for row in org.store.rows(table)]
        active = [(row["Id"], row["IsActive"]) for row in org.users]
        stamps = ("SystemModstamp", "LastModifiedDate")
        plain = [{k: v for k, v in row.items() if k not in stamps} for row in rows]
        return [plain, active, org.authority.rotation, org.moved_to]

    before = picture()
    for name in KINDS:
        org.faults.break_it(name)
    assert picture() != before
    org.faults.mend_everything()
    assert picture() == before
    assert org.faults.broken == []
    client.connect("integration@maventech.example")
    assert client.query("SELECT Amount FROM Opportunity").status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        lambda org: org.faults.break_it("moon"),
        lambda org: org.faults.break_it("no_read", value="Moon"),
        lambda org: org.faults.break_it("hidden_field", value="Moon.Side"),
        lambda org: org.faults.break_it("api_usage", value="much"),
        lambda org: org.faults.break_it("api_usage", value="95.5"),
        lambda org: org.faults.break_it("small_pages", value="²"),
        lambda org: org.faults.break_it("slow_drip", value="²"),
    ],
)
def test_a_fault_that_does_not_exist_is_refused(
    org: DemoOrg, wrong: Callable[[DemoOrg], object]
) -> None:
    with pytest.raises(UnknownFault):
        wrong(org)
    assert org.faults.broken == []


def test_a_fault_and_a_change_at_the_same_time_do_not_wait_for_each_other(org: DemoOrg) -> None:
    # Daemons, so that two that do wait for each other fail this test and hold up no other.
    breaking = threading.Thread(target=org.faults.break_it, args=("user_inactive",), daemon=True)

    def change() -> None:
        with org.store.transaction():
            org.update("Opportunity", a_deal(org), Amount=1.0)
            breaking.start()
            breaking.join(0.1)  # It has come as far as it can while the transaction is open.

    changing = threading.Thread(target=change, daemon=True)
    changing.start()
    changing.join(PATIENCE)
    breaking.join(PATIENCE)
    assert not changing.is_alive()
    assert not breaking.is_alive()
    assert org.faults.is_on("user_inactive")
