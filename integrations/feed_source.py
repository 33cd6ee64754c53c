"""What the feed's pages show that only Salesforce's side knows; see ``activities.sources``."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse

from accounts.models import User
from activities.models import ActivityReport
from activities.sources import Held, Notice, Origin
from integrations.models import Connection, Evaluation, UserMapping, Workflow

State = Connection.State
#: Colleagues read it: what is wrong in detail is for the admins, but for the reason of a pause.
STANDSTILLS = {
    State.PAUSED: "Salesforce is paused by an admin, so nothing new arrives.",
    State.RECONNECT_REQUIRED: "The connection to Salesforce is broken, so nothing new arrives. "
    "Your admins know.",
    State.TERMINATED: "Salesforce was disconnected, so nothing new arrives.",
}
NOT_LINKED = "Your account is not linked to a Salesforce user."
HELD_SHOWN = 50


class SalesforceSource:
    def notices(self, company_id: int) -> Sequence[Notice]:
        stopped = Connection.objects.filter(company=company_id, state__in=STANDSTILLS)
        return [
            Notice(_standstill(connection), connection.state_since)
            for connection in stopped.only("state", "state_reason", "state_since").order_by("pk")
        ]

    def held(self, person: User) -> Sequence[Held]:
        own = UserMapping.objects.filter(account=person).values("salesforce_user_id")
        waiting = (
            Evaluation.objects.filter(company=person.company_id, salesforce_user_id__in=own)
            .exclude(hold="")
            .filter(verdict__in=(Evaluation.Verdict.HELD, Evaluation.Verdict.WAITING))
            .select_related("record", "workflow")
            .order_by("-held_since", "-pk")[:HELD_SHOWN]
        )
        return [
            Held(_title(evaluation), evaluation.reason, evaluation.held_since)
            for evaluation in waiting
        ]

    def origin(self, report: ActivityReport) -> Origin | None:
        said = report.evaluations.select_related("record", "workflow").first()
        if said is None:
            return None
        return Origin(
            rule=said.workflow.name,
            rule_address=reverse("admin:integrations_workflow_change", args=[said.workflow_id]),
            made_of=f"{said.record.object_name} {said.record.record_id}",
            made_of_address=reverse(
                "admin:integrations_salesforcerecord_change", args=[said.record_id]
            ),
            changed_at=said.record.system_modstamp,
            reason=said.reason,
        )

    def not_linked(self, person: User) -> str:
        if person.mappings.filter(is_current=True).exists():
            return ""
        ask = "" if person.is_company_admin else " Ask an admin of your company."
        return f"{NOT_LINKED}{ask}"

    def fed_types(self, company_id: int) -> Sequence[int]:
        on = Workflow.objects.filter(company=company_id).exclude(state=Workflow.State.OFF)
        return list(on.values_list("activity_type", flat=True).distinct())


def _standstill(connection: Connection) -> str:
    words = STANDSTILLS[State(connection.state)]
    if connection.state == State.PAUSED and connection.state_reason:
        return f"{words} The reason: “{connection.state_reason}”."
    return words


def _title(evaluation: Evaluation) -> str:
    """The title that its report would have, and no field that the workflow does not show."""
    field = evaluation.workflow.title_field
    title = evaluation.record.fields.get(field) if field else None
    return str(title) if title else evaluation.workflow.name
