"""What a press asks Salesforce for at once: a user not seen yet, and the fields that there are."""

from __future__ import annotations

import pytest

from accounts.models import AuditEntry, User
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, DirectoryUser, ScopeRule
from integrations.salesforce.errors import ConfigurationError
from integrations.user_sync import manual, user_fields
from integrations.user_sync.directory import refresh_directory
from integrations.user_sync.errors import PlanError
from integrations.user_sync.scope import holds

from .builders import person, salesforce_id

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_id_that_was_never_seen_is_asked_for(salesforce: Connection, org: DemoOrg) -> None:
    row = org.users[3]
    found = manual.look_up(salesforce, salesforce_id=f" {row['Id'][:15]} ")
    assert (found.salesforce_id, found.username) == (row["Id"], row["Username"])
    assert DirectoryUser.objects.get() == found
    org.update("User", row["Id"], Title="Somebody else")
    assert manual.look_up(salesforce, salesforce_id=row["Id"]).title == found.title


def test_adding_somebody_who_was_never_seen_makes_mirror_account_and_mapping(
    salesforce: Connection, org: DemoOrg, admin: User
) -> None:
    row = next(one for one in org.users if one["Department"] and one["IsActive"])
    manual.add_person(salesforce, salesforce_id=row["Id"], by=admin)
    mapping = salesforce.mappings.get()
    assert (mapping.salesforce_user_id, mapping.account.email) == (row["Id"], row["Email"])


def test_an_id_that_nobody_has_there_is_said(salesforce: Connection) -> None:
    with pytest.raises(PlanError, match="There is no user 005"):
        manual.look_up(salesforce, salesforce_id=salesforce_id(424_242))
    assert not DirectoryUser.objects.exists()


def test_without_access_nobody_new_can_be_looked_up(salesforce: Connection) -> None:
    salesforce.state = Connection.State.RECONNECT_REQUIRED
    known = person(salesforce, 1)
    assert manual.look_up(salesforce, salesforce_id=known.salesforce_id) == known
    with pytest.raises(PlanError, match="reconnect first"):
        manual.look_up(salesforce, salesforce_id=salesforce_id(2))


def test_salesforce_says_which_fields_rules_may_use(salesforce: Connection) -> None:
    fields = {one.name: one for one in user_fields.describe(salesforce)}
    assert {"Department", "CompanyName", "Profile.Name", "UserRole.Name"} <= fields.keys()
    assert "Standard" in fields["UserType"].values
    assert [one.label.lower() for one in fields.values()] == sorted(
        one.label.lower() for one in fields.values()
    )


def test_a_field_that_is_wanted_is_read_from_the_next_refresh_on(
    salesforce: Connection, org: DemoOrg, admin: User
) -> None:
    assert user_fields.is_read(salesforce, "Department")
    assert user_fields.want_field(salesforce, field="Department", by=admin) is None
    assert not user_fields.is_read(salesforce, "CompanyName")
    row = org.users[3]
    org.update("User", row["Id"], CompanyName="Acme ")
    run = user_fields.want_field(salesforce, field="CompanyName", by=admin)
    assert run is not None
    assert AuditEntry.objects.get(action="connection.field_added").after == {"field": "CompanyName"}
    refresh_directory(run.pk)
    salesforce.refresh_from_db()
    assert user_fields.is_read(salesforce, "CompanyName")
    someone = DirectoryUser.objects.get(salesforce_id=row["Id"])
    rule = ScopeRule(field="CompanyName", operator=ScopeRule.Operator.EQUALS, value="acme")
    assert holds(rule, someone)
    assert user_fields.want_field(salesforce, field="CompanyName", by=admin) is None


def test_what_cannot_be_a_field_is_refused(salesforce: Connection, admin: User) -> None:
    with pytest.raises(ConfigurationError):
        user_fields.want_field(salesforce, field="Name FROM User --", by=admin)
    salesforce.refresh_from_db()
    assert salesforce.extra_user_fields == []
