"""An e-mail that several people in Salesforce have is a question, and names them."""

from __future__ import annotations

import pytest

from integrations.models import Connection, PlannedChange
from integrations.user_sync.matching import Matcher

from .builders import people, person

Action = PlannedChange.Action


@pytest.mark.parametrize("is_active", [True, False])
def test_a_shared_e_mail_is_a_question_for_each_of_them(
    connection: Connection, is_active: bool
) -> None:
    one = person(connection, 1)
    other = person(connection, 2, email="PERSON1@EXAMPLE.COM", is_active=is_active)
    found = Matcher(connection).match([one, other])
    assert found[one.pk].verdict == Action.CONFLICT
    left = "" if is_active else ", has left"
    assert found[one.pk].reason == (
        f"Same e-mail in Salesforce: Person 2 (user2@example.com.org{left})"
    )
    assert found[other.pk].verdict == (Action.CONFLICT if is_active else Action.NOTHING)


def test_of_many_with_one_e_mail_some_are_named_and_the_others_counted(
    connection: Connection,
) -> None:
    everybody = people(connection, range(1, 8), email="office@example.com")
    found = Matcher(connection).match(everybody)
    assert found[everybody[0].pk].reason == (
        "Same e-mail in Salesforce: Person 2 (user2@example.com.org), "
        "Person 3 (user3@example.com.org), Person 4 (user4@example.com.org) and 3 more"
    )
    assert "Person 1 (user1@example.com.org), Person 2" in found[everybody[6].pk].reason


def test_a_machine_may_share_the_e_mail_of_its_keeper(connection: Connection) -> None:
    keeper = person(connection, 1)
    person(connection, 2, email=keeper.email, license_name="Salesforce Integration")
    assert Matcher(connection).match([keeper])[keeper.pk].verdict == Action.CREATE
