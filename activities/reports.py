"""The one door to activity reports, for any source: record them, take them back.

Both are idempotent and work in bulk; what would change nothing is not written and locks nothing.
What is to be written is found without a lock, then once more under the feed's (see
:func:`~activities.feed_version.raise_version`), which all writers of a company's reports hold: so
plain UPDATE and INSERT are exact, and the version is known before the rows are written, once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from accounts import bulk_writer
from accounts.models import Company
from activities.drafts import InvalidDraft, ReportDraft
from activities.feed_version import raise_version
from activities.models import ActivityReport
from activities.text import one_line

#: Only fresh reports are celebrated: what is filled in later takes its place quietly.
CELEBRATED_WITHIN = "1 day"

_COLUMNS = tuple(field.name for field in fields(ReportDraft))
_FIELDS = tuple(name.removesuffix("_id") for name in _COLUMNS)
_as_row = attrgetter(*_COLUMNS)

# Whether what is kept says something else than what came in; the place in the feed stays.
_DIFFERS = """(
    (kept.user_id, kept.type_id, kept.value, kept.currency, kept.title, kept.link, kept.occurred_on)
    IS DISTINCT FROM
    (incoming.user_id, incoming.type_id, incoming.value, incoming.currency, incoming.title,
     incoming.link, incoming.occurred_on)
    OR kept.retracted_at IS NOT NULL
)"""

_FORGET_UNCHANGED = f"""
    DELETE FROM incoming USING activities_activityreport kept
    WHERE kept.company_id = %(company)s AND kept.source_key = incoming.source_key
        AND NOT {_DIFFERS}
"""  # noqa: S608

_FOREIGN = """
    SELECT incoming.source_key FROM incoming
    LEFT JOIN accounts_user person
        ON person.id = incoming.user_id AND person.company_id = %(company)s
    LEFT JOIN activities_activitytype type
        ON type.id = incoming.type_id AND type.company_id = %(company)s
    WHERE person.id IS NULL OR type.id IS NULL
    ORDER BY incoming.source_key LIMIT 5
"""

# What a draft lacks: the person's team, and whether its type celebrates it now.
_COMPLETED = f"""
    SELECT incoming.*, person.team_id,
        CASE WHEN incoming.value >= type.celebrate_from AND type.in_feed
            AND (type.unit = 'count' OR incoming.currency = company.currency)
            AND incoming.published_at > statement_timestamp() - interval '{CELEBRATED_WITHIN}'
        THEN %(version)s END AS celebrated_version
    FROM incoming
    JOIN accounts_user person ON person.id = incoming.user_id
    JOIN activities_activitytype type ON type.id = incoming.type_id
    JOIN accounts_company company ON company.id = %(company)s
"""  # noqa: S608

# The team is the person's when the report became theirs: it stays while the person stays.
_UPDATE = f"""
    UPDATE activities_activityreport kept
    SET user_id = incoming.user_id,
        team_id = CASE WHEN kept.user_id = incoming.user_id
            THEN kept.team_id ELSE incoming.team_id END,
        type_id = incoming.type_id, value = incoming.value, currency = incoming.currency,
        title = incoming.title, link = incoming.link, occurred_on = incoming.occurred_on,
        retracted_at = NULL, retracted_reason = '', feed_version = %(version)s,
        celebrated_version = COALESCE(kept.celebrated_version, incoming.celebrated_version)
    FROM ({_COMPLETED}) incoming, activities_activityreport former
    WHERE kept.company_id = %(company)s AND kept.source_key = incoming.source_key
        AND former.id = kept.id AND {_DIFFERS}
    RETURNING kept.source_key, kept.id, former.retracted_at IS NOT NULL
"""  # noqa: S608

_INSERT = f"""
    INSERT INTO activities_activityreport (company_id, user_id, team_id, type_id, value, currency,
        title, link, occurred_on, published_at, source_key, feed_version, celebrated_version,
        retracted_reason, created_at)
    SELECT %(company)s, user_id, team_id, type_id, value, currency, title, link, occurred_on,
        published_at, source_key, %(version)s, celebrated_version, '', statement_timestamp()
    FROM ({_COMPLETED}) incoming
    WHERE NOT EXISTS (
        SELECT FROM activities_activityreport kept
        WHERE kept.company_id = %(company)s AND kept.source_key = incoming.source_key
    )
    ORDER BY published_at, source_key
    RETURNING source_key, id
"""  # noqa: S608


@dataclass(frozen=True)
class Recorded:
    added: int = 0
    changed: int = 0  # other values, among them those of another person
    brought_back: int = 0  # had been taken back
    #: Of all that were written, by their keys.
    ids: Mapping[str, int] = field(default_factory=dict, compare=False)


@transaction.atomic
def record(company: Company, drafts: Iterable[ReportDraft]) -> Recorded:
    """Make the company's reports of these source keys say what the drafts say.

    Of two drafts with one key the later counts. A report that was taken back comes back in its own
    place, with its likes and comments. Raises `InvalidDraft`, having changed nothing, when a
    person or an activity type is not the company's.

    Until the transaction ends no other can change this company's reports: do all other work of the
    transaction before, and keep a batch at a few thousand drafts.
    """
    latest = {draft.source_key: draft for draft in drafts}
    if not latest:
        return Recorded()
    with connection.cursor() as cursor:
        bulk_writer.stage(cursor, ActivityReport, _FIELDS, map(_as_row, latest.values()))
        recorded = _write_staged(cursor, company.pk, len(latest))
        bulk_writer.unstage(cursor)
    return recorded


@transaction.atomic
def retract(company: Company, keys: Collection[str], reason: str) -> int:
    """Take the reports of these source keys back; how many that were. Unknown keys are left out.

    ``reason`` is a sentence for the person whose report it is. What was taken back before keeps its
    own reason.
    """
    live = ActivityReport.objects.filter(
        company=company, source_key__in=keys, retracted_at__isnull=True
    )
    if not live.exists():
        return 0
    return live.update(
        retracted_at=timezone.now(),
        retracted_reason=one_line(reason, 255),
        feed_version=raise_version(company.pk),
    )


def _write_staged(cursor: CursorWrapper, company_id: int, staged: int) -> Recorded:
    cursor.execute(_FORGET_UNCHANGED, {"company": company_id})
    differing = staged - cursor.rowcount
    if not differing:
        return Recorded()
    _refuse_foreign(cursor, company_id)
    values = {"company": company_id, "version": raise_version(company_id)}
    cursor.execute(_INSERT, values)
    ids = dict(cursor.fetchall())
    added = len(ids)
    if added == differing:
        return Recorded(added=added, ids=ids)
    cursor.execute(_UPDATE, values)
    updated = cursor.fetchall()
    ids |= {key: pk for key, pk, _ in updated}
    was_back = [was_retracted for *_, was_retracted in updated]
    return Recorded(added, was_back.count(False), was_back.count(True), ids)


def _refuse_foreign(cursor: CursorWrapper, company_id: int) -> None:
    cursor.execute(_FOREIGN, {"company": company_id})
    keys = [key for (key,) in cursor.fetchall()]
    if keys:
        raise InvalidDraft(
            "The person or the activity type of these reports is not, or no longer, the company's:"
            f" {', '.join(keys)}."
        )
