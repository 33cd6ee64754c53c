"""Which company, connection, people and actor a command is about.

An option that is given but empty, as by a variable that a script forgot to set, names nobody: it
is never taken for one that is left out.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import Company, User
from integrations.models import Connection, DirectoryUser, SyncPlan
from integrations.salesforce.ids import InvalidSalesforceId, to_18
from integrations.user_sync.errors import PlanError
from integrations.user_sync.manual import checked_user_id

from .scriptable import BadUse

#: What people are chosen by: the option's name, and the column.
FILTERS = {
    "department": "department",
    "division": "division",
    "license": "license_name",
    "profile": "profile_name",
    "role": "role_name",
    "title": "title",
}


def add_connection_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--company", metavar="SLUG", help="the company, by its short name")
    parser.add_argument(
        "--connection", type=int, metavar="ID", help="needed where there are several"
    )


def add_actor_argument(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--by", metavar="EMAIL", help="the admin in whose name it happens, for the audit trail"
    )


def add_required_actor_argument(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--by", metavar="EMAIL", required=True, help="the admin whose decision it is"
    )


def company_of(options: dict[str, Any]) -> Company:
    companies = Company.objects.order_by("slug")
    if options["company"] is not None:
        companies = companies.filter(slug=options["company"])
    found = list(companies[:2])
    if len(found) == 1:
        return found[0]
    if options["company"] is not None:
        raise BadUse(f"There is no company “{options['company']}”.")
    raise BadUse("Say which company: --company SLUG.")


def connection_of(options: dict[str, Any]) -> Connection:
    """The one that is meant; where nothing is said, the only one in use."""
    connections = Connection.objects.select_related("company").order_by("pk")
    if options["company"] is not None:
        connections = connections.filter(company=company_of(options))
    if options["connection"] is not None:
        named = connections.filter(pk=options["connection"]).first()
        if named is None:
            raise BadUse(f"There is no connection {options['connection']}.")
        return named
    found = list(connections.exclude(state=Connection.State.TERMINATED)[:11])
    if len(found) == 1:
        return found[0]
    if not found:
        raise BadUse("There is no connection to Salesforce yet.")
    choices = ", ".join(f"{one.pk} ({one.company.slug}: {one})" for one in found[:10])
    raise BadUse(f"Say which connection: --connection ID. There are {choices}.")


def connections_of(options: dict[str, Any]) -> list[Connection]:
    """All that are meant; where nothing is said, all in use."""
    if options["connection"] is not None:
        return [connection_of(options)]
    connections = Connection.objects.select_related("company").order_by("pk")
    if options["company"] is not None:
        connections = connections.filter(company=company_of(options))
    found = list(connections.exclude(state=Connection.State.TERMINATED))
    if not found:
        raise BadUse("There is no connection to Salesforce yet.")
    return found


def actor_of(options: dict[str, Any], company: Company) -> User | None:
    """The admin or member of the support staff named by ``--by``."""
    if options["by"] is None:
        return None
    able = User.objects.with_address(options["by"]).filter(
        Q(company=company, role=User.Role.ADMIN) | Q(is_superuser=True),
        state=User.State.ACTIVE,
    )
    actor: User | None = able.first()
    if actor is None:
        raise BadUse(f"“{options['by']}” is not an active admin of {company}, nor support staff.")
    return actor


def required_actor_of(options: dict[str, Any], company: Company) -> User:
    actor = actor_of(options, company)
    if actor is None:
        raise BadUse("Say whose decision it is: --by EMAIL.")
    return actor


def salesforce_id_of(connection: Connection, named: str) -> str:
    """The id that is given, also of somebody the mirror has not seen; else a known person's."""
    try:
        to_18(named)
    except InvalidSalesforceId:
        return person_of(connection, named).salesforce_id
    try:
        return checked_user_id(named)
    except PlanError as error:
        raise BadUse(str(error)) from error


def person_of(connection: Connection, named: str) -> DirectoryUser:
    """The Salesforce user with this id (15 or 18 characters), username, or e-mail."""
    people = list(_people_called(connection, named)[:2]) if named.strip() else []
    if len(people) == 1:
        return people[0]
    if people:
        raise BadUse(f"Several Salesforce users are called “{named}”: name one by id.")
    raise BadUse(
        f"No Salesforce user “{named}” is known. Give an id, a username or an e-mail: two people"
        " may have the same name. Check the spelling, or refresh the list."
    )


def people_of(connection: Connection, options: dict[str, Any]) -> QuerySet[DirectoryUser]:
    """The people named one by one, or those that all filters fit."""
    named: Sequence[str] = options["person"] or ()
    filters = _filters_of(options)
    if bool(named) == bool(filters):
        raise BadUse("Choose people either one by one with --person, or by a filter.")
    people = connection.directory.order_by("name", "pk")
    if named:
        return people.filter(pk__in=[person_of(connection, one).pk for one in named])
    fitting = Q(is_active=True, ignored_at=None)
    for column, value in filters.items():
        fitting &= Q(**{f"{column}__iexact": value})
    return people.filter(fitting)


def account_of(company: Company, email: str) -> User:
    holders = User.objects.holding_address().with_address(email)
    account: User | None = holders.filter(company=company).first()
    if account is None:
        raise BadUse(f"{company} has no account with the e-mail “{email}”.")
    return account


def plan_of(plan_id: int) -> SyncPlan:
    plan = SyncPlan.objects.select_related("company", "connection").filter(pk=plan_id).first()
    if plan is None:
        raise BadUse(f"There is no plan {plan_id}.")
    return plan


def _filters_of(options: dict[str, Any]) -> dict[str, str]:
    """What is asked of which column."""
    given = {name: options[name] for name in FILTERS if options[name] is not None}
    if empty := [f"--{name}" for name, value in given.items() if not value.strip()]:
        raise BadUse(f"{' and '.join(empty)} must not be empty: leave it out, or say what fits.")
    return {FILTERS[name]: value for name, value in given.items()}


def _people_called(connection: Connection, named: str) -> QuerySet[DirectoryUser]:
    people = connection.directory.order_by("pk")
    try:
        return people.filter(salesforce_id=to_18(named))
    except InvalidSalesforceId:
        return people.filter(Q(username__iexact=named) | Q(email__iexact=named))
