"""Two accounts were one person: what one left in the feed becomes the other's, and back again."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction

from activities.feed_version import raise_version
from activities.models import ActivityReport, Comment, Like


@dataclass(frozen=True)
class Handed:
    """The ids of what changed hands; ``doubled`` are reports that both had liked."""

    reports: list[int]
    comments: list[int]
    likes: list[int]
    doubled: list[int]

    def __str__(self) -> str:
        counts = (("report", self.reports), ("comment", self.comments), ("like", self.likes))
        return ", ".join(f"{len(ids)} {noun}{'' if len(ids) == 1 else 's'}" for noun, ids in counts)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Handed:
        return cls(**values)


@transaction.atomic
def hand_over(company_id: int, giver_id: int, taker_id: int) -> Handed:
    """Reports, comments and likes of one account become another's; places, teams, likes stay.

    A report that both liked keeps one like. Comes late in a transaction; see
    :func:`~activities.feed_version.raise_version`.
    """
    version = raise_version(company_id)
    given = {"company": company_id, "user": giver_id}
    theirs = Like.objects.filter(company=company_id, user=taker_id).values("report")
    doubled = Like.objects.filter(**given, report__in=theirs)
    handed = Handed(
        reports=_ids(ActivityReport.objects.filter(**given)),
        comments=_ids(Comment.objects.filter(**given)),
        likes=_ids(Like.objects.filter(**given).exclude(report__in=theirs)),
        doubled=list(doubled.values_list("report_id", flat=True)),
    )
    _stamp(handed, version)
    doubled.delete()
    _give(handed, giver_id, taker_id)
    return handed


@transaction.atomic
def hand_back(company_id: int, giver_id: int, taker_id: int, handed: Handed) -> None:
    """Undo `hand_over` for what is still the taker's."""
    version = raise_version(company_id)
    _give(handed, taker_id, giver_id)
    Like.objects.bulk_create(
        [
            Like(company_id=company_id, report_id=report_id, user_id=giver_id)
            for report_id in _ids(ActivityReport.objects.filter(pk__in=handed.doubled))
        ],
        ignore_conflicts=True,
    )
    _stamp(handed, version)


def _give(handed: Handed, giver_id: int, taker_id: int) -> None:
    for model, ids in (
        (ActivityReport, handed.reports),
        (Comment, handed.comments),
        (Like, handed.likes),
    ):
        model._default_manager.filter(pk__in=ids, user=giver_id).update(user=taker_id)


def _stamp(handed: Handed, version: int) -> None:
    reports = {*handed.reports, *handed.doubled}
    for model, ids in ((Comment, handed.comments), (Like, handed.likes)):
        reports |= set(
            model._default_manager.filter(pk__in=ids).values_list("report_id", flat=True)
        )
    ActivityReport.objects.filter(pk__in=reports).update(feed_version=version)


def _ids(rows: Any) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True))
