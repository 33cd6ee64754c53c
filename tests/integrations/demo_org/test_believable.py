"""The made-up company: always the same, and with every hard case in it."""

from collections import Counter

import pytest

from integrations.demo_org import DemoOrg
from integrations.demo_org.cast import EXISTING
from integrations.demo_org.store import Row
from integrations.salesforce.ids import to_18


@pytest.fixture(scope="module")
def company() -> DemoOrg:
    return DemoOrg.believable()


def played_by(company: DemoOrg, role: str) -> Row:
    row = company.store.get("User", company.cast[role].user_id)
    assert row is not None
    return row


def test_the_same_seed_makes_the_same_people_and_ids(company: DemoOrg) -> None:
    again = DemoOrg.believable()
    assert [(r["Id"], r["Username"], r["Email"]) for r in company.users] == [
        (r["Id"], r["Username"], r["Email"]) for r in again.users
    ]
    assert [r["Id"] for r in company.store.rows("Opportunity")] == [
        r["Id"] for r in again.store.rows("Opportunity")
    ]


def test_another_seed_makes_another_org(company: DemoOrg) -> None:
    other = DemoOrg.believable(seed=2)
    assert other.org_id != company.org_id
    assert {r["Id"] for r in company.users}.isdisjoint(r["Id"] for r in other.users)


def test_every_reference_leads_to_a_record_and_every_id_is_true(company: DemoOrg) -> None:
    for table in company.store:
        for row in company.store.rows(table):
            assert to_18(row["Id"][:15]) == row["Id"]
            for name in ("OwnerId", "AccountId", "WhatId", "ManagerId", "ProfileId", "UserRoleId"):
                if row.get(name):
                    assert company.store.find(row[name]), (table, name)


def test_usernames_and_federation_ids_are_unique(company: DemoOrg) -> None:
    for name in ("Username", "FederationIdentifier"):
        counts = Counter(row[name].lower() for row in company.users if row[name])
        assert counts.most_common(1)[0][1] == 1


def test_it_has_about_forty_sales_people_with_managers(company: DemoOrg) -> None:
    reps = [row for row in company.users if row["Title"] == "Account Executive"]
    assert 35 <= len(reps) <= 45
    assert all(row["ManagerId"] and row["UserRoleId"] and row["Department"] for row in reps)


def test_the_size_can_be_chosen() -> None:
    assert len(DemoOrg.believable(people=150).users) > 150


@pytest.mark.parametrize("role", EXISTING)
def test_those_with_an_account_are_ordinary_active_users(company: DemoOrg, role: str) -> None:
    assert played_by(company, role)["IsActive"]


def test_two_users_share_an_address_in_other_case(company: DemoOrg) -> None:
    first = played_by(company, "duplicate_email")["Email"]
    second = played_by(company, "duplicate_email_other_case")["Email"]
    assert first != second
    assert first.lower() == second.lower()


def test_the_returner_and_the_recycled_address_share_theirs_with_a_leaver(company: DemoOrg) -> None:
    for before, after, same_name in (
        ("returner_before", "returner", True),
        ("recycled_address_before", "recycled_address", False),
    ):
        old, new = played_by(company, before), played_by(company, after)
        assert (old["IsActive"], new["IsActive"]) == (False, True)
        assert old["Email"] == new["Email"]
        assert (old["Name"] == new["Name"]) is same_name


def test_those_who_are_no_sales_people_are_told_by_type_and_licence(company: DemoOrg) -> None:
    assert played_by(company, "automated_process")["UserType"] == "AutomatedProcess"
    assert played_by(company, "partner")["UserType"] == "PowerPartner"
    assert played_by(company, "guest")["UserType"] == "Guest"
    profile = company.store.get("Profile", played_by(company, "integration")["ProfileId"])
    assert profile is not None
    licence = company.store.get("UserLicense", profile["UserLicenseId"])
    assert licence is not None
    assert licence["Name"] == "Salesforce Integration"


def test_the_queue_owns_tasks(company: DemoOrg) -> None:
    queue = company.cast["queue"].user_id
    assert any(row["OwnerId"] == queue for row in company.store.rows("Task"))


def test_the_frozen_can_not_log_in(company: DemoOrg) -> None:
    frozen = played_by(company, "frozen")
    assert frozen["IsActive"]
    assert company.is_frozen(frozen["Id"])
    assert frozen["Username"] not in {login.username for login in company.logins}


def test_one_person_lacks_the_permission_set_of_the_tab(company: DemoOrg) -> None:
    sets = company.store.rows("PermissionSet")
    tab = next(row["Id"] for row in sets if row["Name"] == "Scoreline")
    holders = {
        row["AssigneeId"]
        for row in company.store.rows("PermissionSetAssignment")
        if row["PermissionSetId"] == tab
    }
    assert company.cast["without_tab"].user_id not in holders
    assert company.cast["existing_account"].user_id in holders


def test_the_work_lies_in_the_past_and_has_its_oddities(company: DemoOrg) -> None:
    now = company.store.now()
    deals = company.store.rows("Opportunity")
    assert all(row["SystemModstamp"] <= now for row in deals)
    assert any(row["IsPrivate"] for row in deals)
    assert any(row["IsDeleted"] for row in deals)
    assert any(row["IsChild"] for row in company.store.rows("Event"))
