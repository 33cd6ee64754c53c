"""Lists of mapped people with ticks: what was ticked, and the rows of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.reach import numbers_in
from integrations.models import Connection, DirectoryUser, PlannedChange, UserMapping
from integrations.user_sync.errors import PlanError

#: Rows of one list; what is left comes when these are decided.
LISTED = 200


@dataclass(frozen=True)
class Listed:
    mapping: UserMapping
    person: DirectoryUser | None
    cause: str = ""  # the workflow and the record that the account was made for

    @property
    def name(self) -> str:
        return str(self.person) if self.person else self.mapping.salesforce_user_id


def listed(connection: Connection, mappings: QuerySet[UserMapping]) -> list[Listed]:
    """The first of these, with what the mirror knows of them, in two queries."""
    shown = list(mappings.select_related("account__team")[:LISTED])
    people = {
        one.salesforce_id: one
        for one in DirectoryUser.objects.filter(
            connection=connection, salesforce_id__in=[one.salesforce_user_id for one in shown]
        ).defer("search")
    }
    causes = _causes(connection, [one.salesforce_user_id for one in shown])
    return [
        Listed(one, people.get(one.salesforce_user_id), causes.get(one.salesforce_user_id, ""))
        for one in shown
    ]


def _causes(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """Why Automatic made their accounts, by Salesforce id, in two queries."""
    rows = (
        PlannedChange.objects.filter(
            plan__connection=connection,
            salesforce_user_id__in=ids,
            outcome=PlannedChange.Outcome.DONE,
            values__has_key="cause",
        )
        .order_by("pk")
        .values_list("salesforce_user_id", "values__cause")
    )
    workflows = dict(connection.workflows.values_list("pk", "name"))
    return {
        salesforce_id: f"{workflows.get(cause['workflow_id'], 'A workflow')},"
        f" record {cause['record_id']}"
        for salesforce_id, cause in rows
    }


def ticked(request: HttpRequest, mappings: QuerySet[UserMapping]) -> Sequence[UserMapping]:
    """The ticked ones of the list as it is now. Raises `PlanError` when one of them left it."""
    asked = set(request.POST.getlist("mapping"))
    if not asked:
        raise PlanError("Tick somebody first.")
    chosen = list(mappings.filter(pk__in=numbers_in(asked)).select_related("account"))
    if len(chosen) < len(asked):
        raise PlanError("The list has changed since you saw it. Nothing was changed: look again.")
    return chosen
