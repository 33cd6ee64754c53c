"""Who is in, by what Salesforce says about them."""

from __future__ import annotations

from django.db.models import Q

from integrations.models import Approach, Connection, DirectoryUser

#: Approaches that choose people by themselves, and so must not catch the connecting user.
WIDE_APPROACHES = (Approach.AUTOMATIC, Approach.ALL_ACTIVE)
STANDARD_USER = "Standard"
#: Every licence for machines has it in its name: “Salesforce Integration”,
#: “Analytics Cloud Integration User”, “Cloud Integration User”, …
MACHINE_LICENSE = "integration"


def persons() -> Q:
    """The Salesforce users who are people inside the company: neither machines nor guests."""
    return Q(user_type=STANDARD_USER) & ~Q(license_name__icontains=MACHINE_LICENSE)


def in_scope(connection: Connection, approach: Approach) -> Q:
    """The same rule as `out_of_scope`, for the database."""
    rule = persons() & Q(is_active=True, is_frozen=False, missing_since__isnull=True)
    if approach in WIDE_APPROACHES:
        rule &= ~Q(salesforce_id=connection.connecting_user_id)
    return rule


def out_of_scope(
    person: DirectoryUser, connection: Connection, approach: Approach = Approach.ON_DEMAND
) -> str | None:
    """Why this person gets no account, in a sentence; ``None`` for somebody who is in."""
    if MACHINE_LICENSE in person.license_name.lower():
        return "Not a person: integration licence"
    if person.user_type != STANDARD_USER:
        return f"Not a colleague: user type {person.user_type or 'unknown'}"
    if not person.is_active:
        return "Left Salesforce"
    if person.is_frozen:
        return "Frozen in Salesforce"
    if person.missing_since is not None:
        return "No longer visible to the connecting user"
    if approach in WIDE_APPROACHES and person.salesforce_id == connection.connecting_user_id:
        return "Not a colleague: the user that connects to Salesforce"
    return None
