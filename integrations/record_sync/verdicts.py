"""What a workflow says of a record: a pure function of what is kept, the people and the day."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings

from activities.drafts import InvalidDraft, ReportDraft
from integrations.models import Evaluation, Workflow

from .people import Person
from .rules import Former, Judgement, Moment, Record, Rules

logger = logging.getLogger(__name__)
Says = Evaluation.Verdict
Hold = Evaluation.Hold

#: What happens now is shown now; what is this old, or was read in later, in its own day's place.
LIVE_WITHIN = timedelta(days=7)
#: When an event takes place; its other times, such as of its creation, are times of the clock.
_OF_THE_EVENT = ("StartDateTime", "EndDateTime", "ActivityDateTime")
CHANGED_JUST_NOW = timedelta(hours=1)


class _NotCounted(Exception):
    """The record's own fields keep it out."""

    def __init__(
        self, reason: str, verdict: str = Says.NOT_COUNTED, due: datetime | None = None
    ) -> None:
        self.judgement = Judgement(verdict, reason, takes_back=True, due_at=due)


def judge(
    record: Record,
    rules: Rules,
    people: Mapping[str, Person],
    former: Former,
    *,
    now: datetime,
    live: bool = False,
) -> Judgement:
    """Never raises: a record that cannot be processed is set aside with its error.

    ``live`` says that the record came as it changed, and was not read in later.
    """
    try:
        return _judge(record, rules, people, former, now, live)
    except _NotCounted as out:
        return out.judgement
    except InvalidDraft as error:
        return Judgement(Says.FAILED, str(error)[:255])
    except Exception as error:
        logger.warning("record %s, workflow %s", record.pk, rules.workflow.pk, exc_info=True)
        return Judgement(Says.FAILED, f"It could not be processed: {error}"[:255])


def _judge(
    record: Record,
    rules: Rules,
    people: Mapping[str, Person],
    former: Former,
    now: datetime,
    live: bool,
) -> Judgement:
    if record.is_deleted:
        raise _NotCounted("Deleted in Salesforce.", Says.NO_MATCH)
    if rules.workflow.state == Workflow.State.OFF:
        raise _NotCounted("The workflow is switched off.")
    unknown = [name for name in rules.needs if name not in record.fields]
    if unknown:
        verdict = Says.REPORTED if former.is_live else Says.NO_MATCH
        reason = f"Read before the workflow asked for {rules.label(unknown[0])}."
        owner = rules.owner_if_any(record.fields)
        return Judgement(verdict, reason, owner=owner, lacks_field=True)
    moment = _counted_moment(record, rules, former, now)
    owner = rules.owner(record.fields)
    if not owner:
        raise _NotCounted(f"Nobody stands in {rules.label(rules.workflow.user_field)}.")
    person = people[owner]
    credit = _credit(person, rules, former)
    if credit is None:
        return _held(person, former, now)
    place = _place_in_feed(record, moment, rules.zone, now, live=live)
    draft = _draft(record, rules, credit.account_id, moment, place)
    return Judgement(Says.REPORTED, credit.reason, credit.hold, owner, draft)


def _counted_moment(record: Record, rules: Rules, former: Former, now: datetime) -> Moment:
    """When it took place. Raises `_NotCounted` for what the fields rule out."""
    fields, workflow = record.fields, rules.workflow
    if fields.get("IsPrivate") and not workflow.includes_private:
        raise _NotCounted("Private in Salesforce.")
    if fields.get("IsChild"):
        raise _NotCounted("An invitee's copy: the organiser's event counts.")
    if fields.get("IsRecurrence"):
        raise _NotCounted("The template of a series: its occurrences count.")
    if not rules.matches(fields):
        counts = f"“{workflow.name}” counts only where {rules.lacking(fields)}"
        raise _NotCounted(f"{counts[:254]}.", Says.NO_MATCH)
    moment = _moment(fields, rules)
    if not _counts_by_its_day(moment.day, workflow, former):
        first = f"{workflow.counts_from:%-d %b %Y}"
        raise _NotCounted(f"Before {first}, the day from which the workflow counts.")
    if workflow.object_name == "Event" and _is_to_come(moment, now, rules.zone):
        due = moment.at or datetime.combine(moment.day, time(), rules.zone)
        raise _NotCounted("Has not taken place yet.", Says.NO_MATCH, due)
    return moment


def _counts_by_its_day(day: date, workflow: Workflow, former: Former) -> bool:
    """From the workflow's first day on; what was reported when that day was another stays."""
    first = workflow.counts_from
    if first is None or day >= first:
        return True
    return former.is_live and former.counted_on is not None and former.counted_on < first


def _moment(fields: Mapping[str, Any], rules: Rules) -> Moment:
    name = rules.workflow.date_field
    text = fields[name]
    if text is None:
        raise _NotCounted(f"It has no {rules.label(name)}.")
    if len(text) == 10:
        return Moment(date.fromisoformat(text), None)
    at = datetime.fromisoformat(text)
    # Salesforce writes such a day as midnight in UTC.
    if fields.get("IsAllDayEvent") and name in _OF_THE_EVENT:
        return Moment(at.astimezone(UTC).date(), None)
    return Moment(at.astimezone(rules.zone).date(), at)


def _is_to_come(moment: Moment, now: datetime, zone: ZoneInfo) -> bool:
    if moment.at is not None:
        return moment.at > now
    return moment.day > now.astimezone(zone).date()


class _Credit(NamedTuple):
    account_id: int
    reason: str = "Reported."
    hold: str = ""


def _credit(person: Person, rules: Rules, former: Former) -> _Credit | None:
    """Whose report it is; None where it is nobody's yet."""
    stays = rules.workflow.owner_change == Workflow.OwnerChange.STAYS
    if former.account_id is not None and stays:
        return _Credit(former.account_id)
    is_theirs_already = person.account_id == former.account_id
    if person.account_id is not None and (not person.hold or is_theirs_already):
        return _Credit(person.account_id)
    was_theirs = former.account_id == person.unlinked_from  # before a person unlinked them
    if former.is_live and former.account_id is not None and not was_theirs:
        reason = f"Stays with the former owner: {person.why}"
        return _Credit(former.account_id, reason[:255], person.hold)
    return None


def _held(person: Person, former: Former, now: datetime) -> Judgement:
    """Nobody's yet; a live report is taken back, for a person unlinked whose it was."""
    owner, out = person.salesforce_id, former.is_live
    if person.hold not in Evaluation.HOLDS_OF_A_PERSON:
        return Judgement(Says.NOT_COUNTED, person.why[:255], person.hold, owner, None, out)
    since = former.held_since or now
    due = since + timedelta(days=settings.HELD_RECORD_DAYS)
    if former.hold == Hold.EXPIRED or due <= now:
        reason = f"Was held for {settings.HELD_RECORD_DAYS} days. {person.why}"
        return Judgement(Says.NOT_COUNTED, reason[:255], Hold.EXPIRED, owner, None, out, since)
    return Judgement(Says.HELD, person.why[:255], person.hold, owner, None, out, since, due)


def _draft(
    record: Record, rules: Rules, account_id: int, moment: Moment, published_at: datetime
) -> ReportDraft:
    fields, workflow = record.fields, rules.workflow
    value = Decimal(1)
    if workflow.value_field:
        value = _amount(fields[workflow.value_field], rules.label(workflow.value_field))
    currency = rules.currency
    if currency and workflow.currency_field:
        currency = str(fields[workflow.currency_field] or currency)
    title = fields[workflow.title_field] if workflow.title_field else None
    return ReportDraft(
        source_key=rules.source_key(record.record_id),
        user_id=account_id,
        type_id=workflow.activity_type_id,
        value=value,
        currency=currency,
        title="" if title is None else str(title),
        link=f"{rules.link_prefix}{record.record_id}",
        occurred_on=moment.day,
        published_at=published_at,
    )


def _amount(value: Any, label: str) -> Decimal:
    if value is None:
        return Decimal(0)
    try:
        return Decimal(str(value))
    except ArithmeticError as error:
        raise InvalidDraft(f"“{str(value)[:50]}” in {label} is not a number.") from error


def _place_in_feed(
    record: Record, moment: Moment, zone: ZoneInfo, now: datetime, *, live: bool
) -> datetime:
    """Now for what happens now; else the day's own place, by the best time that is known."""
    if live and moment.day >= (now - LIVE_WITHIN).astimezone(zone).date():
        is_fresh = now - record.system_modstamp < CHANGED_JUST_NOW
        return now if is_fresh else record.system_modstamp
    if moment.at is not None:
        return min(moment.at, now)
    if record.system_modstamp.astimezone(zone).date() == moment.day:
        return min(record.system_modstamp, now)
    return min(datetime.combine(moment.day, time(12), zone), now)
