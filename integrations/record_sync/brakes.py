"""The brakes: what would change unusually many reports of an object waits for a person.

One wrong mass update in Salesforce must not empty a feed, or give a quarter's deals to somebody
else, before anybody has looked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User
from integrations.models import Connection, Evaluation, HeldChange

from .cases import Case
from .rules import Judgement

Says = Evaluation.Verdict
Hold = Evaluation.Hold

#: Within a day, of one object: a share of its reports, but at least and at most so many.
WITHIN = timedelta(days=1)
SHARE = 10  # per cent
AT_LEAST, AT_MOST = 20, 500

_REASONS = {
    Hold.MOVE: "Would move to somebody else with unusually many others: it waits for a person.",
    Hold.TAKE_BACK: "Would be taken back with unusually many others: it waits for a person.",
}
_KEPT = "A person decided that the report stays as it is."


def hold_mass_changes(
    connection: Connection, object_name: str, cases: Iterable[Case], now: datetime
) -> None:
    """Mark the cases whose reports Salesforce changes; let them wait when they are too many.

    What follows from a changed workflow was shown to a person before, and is not counted.
    """
    changing: list[tuple[Case, Hold]] = []
    for case in cases:
        change = _change(case)
        if change is None:
            continue
        if case.former.refused_change == change:
            _keep(case, change)
        else:
            changing.append((case, change))
    if not changing:
        return
    if _too_many(connection, object_name, len(changing), now):
        _let_wait(connection, object_name, changing)
        return
    for case, _ in changing:
        case.changes_report = True


def _change(case: Case) -> Hold | None:
    said, former = case.said, case.former
    if said is None or not former.is_live:
        return None
    if former.workflow_version < case.rules.workflow.version:
        return None
    if said.takes_back:
        # With a hold it is a person's doing, who unlinked the owner and was told how many.
        return None if said.hold else Hold.TAKE_BACK
    if said.draft is not None and said.draft.user_id != former.account_id:
        return Hold.MOVE
    return None


def _keep(case: Case, change: Hold) -> None:
    """A person said so: what moves stays with whom it was, the rest of it follows Salesforce."""
    said, account_id = case.said, case.former.account_id
    assert said is not None
    assert account_id is not None
    draft = said.draft if change == Hold.MOVE else None
    case.refused_change = change.value
    case.said = said._replace(
        verdict=Says.REPORTED,
        reason=_KEPT,
        takes_back=False,
        draft=replace(draft, user_id=account_id) if draft else None,
    )


def _too_many(connection: Connection, object_name: str, more: int, now: datetime) -> bool:
    evaluations = Evaluation.objects.filter(
        workflow__connection=connection, workflow__object_name=object_name
    )
    lately = evaluations.filter(report_changed_at__gt=now - WITHIN).count() + more
    if lately <= AT_LEAST:
        return False
    reported = evaluations.filter(verdict=Says.REPORTED).count()
    return lately > max(AT_LEAST, min(AT_MOST, reported * SHARE // 100))


def _let_wait(
    connection: Connection, object_name: str, changing: Sequence[tuple[Case, Hold]]
) -> None:
    for case, change in changing:
        assert case.said is not None
        case.said = Judgement(
            Says.WAITING, _REASONS[change], change, case.said.owner, held_since=None
        )
    HeldChange.objects.bulk_create(
        [
            HeldChange(
                company_id=connection.company_id,
                connection=connection,
                object_name=object_name,
                kind=kind,
            )
            for kind in {change.value for _, change in changing}
        ],
        ignore_conflicts=True,
    )


class AlreadyDecided(Exception):
    """Somebody else was first; the message says who."""


@transaction.atomic
def decide(change: HeldChange, decision: HeldChange.Decision, *, by: User | None) -> None:
    """Say what happens to the reports that wait; carried out by the next poll. Once only.

    Raises `AlreadyDecided`.
    """
    row = HeldChange.objects.select_for_update(no_key=True, of=("self",)).get(pk=change.pk)
    if row.decided_at is not None:
        raise AlreadyDecided(f"{row.decided_by or 'Somebody'} has already decided this.")
    row.decision, row.decided_by, row.decided_at = decision, by, timezone.now()
    row.save(update_fields=["decision", "decided_by", "decided_at"])
    audit.record("reports.held_change_decided", row, by=by, after={"decision": decision})
