"""The company feed: newest first, page by page, and what changed since a version."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal

from activities.sql import rows

#: Changed reports sent to an open page; who has missed more reads the page again.
MOST_CHANGES = 100

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_LARGEST_ID = 2**63 - 1
_PLACE = re.compile(r"-?[0-9]{1,18}\.[0-9]{1,19}")


class InvalidPlace(ValueError):
    """Not a place in the feed: somebody wrote the address by hand."""


@dataclass(frozen=True)
class Place:
    """Where in the feed a page begins: after the report published then, with this id."""

    published_at: dt.datetime
    report_id: int

    def __str__(self) -> str:
        return f"{(self.published_at - _EPOCH) // _MICROSECOND}.{self.report_id}"

    @classmethod
    def from_text(cls, text: str) -> Place:
        """Read what ``str()`` of a place gave. Raises `InvalidPlace`."""
        if not _PLACE.fullmatch(text):
            raise InvalidPlace(text[:50])
        moment, report_id = map(int, text.split("."))
        try:
            place = cls(_EPOCH + moment * _MICROSECOND, report_id)
        except OverflowError as error:
            raise InvalidPlace(text[:50]) from error
        if str(place) != text or report_id > _LARGEST_ID:
            raise InvalidPlace(text[:50])
        return place


@dataclass(frozen=True, slots=True)
class FeedItem:
    """A report as the feed shows it to one viewer."""

    id: int
    user_id: int
    person: str
    team_id: int | None
    team: str | None
    type: str
    sentence: str
    unit: str
    value: Decimal | None  # None where the activity type shows none
    currency: str
    title: str
    link: str
    occurred_on: dt.date
    published_at: dt.datetime
    celebrated_version: int | None
    likes: int
    is_liked: bool  # by the viewer
    comments: int

    @property
    def place(self) -> Place:
        return Place(self.published_at, self.id)


@dataclass(frozen=True)
class Page:
    items: list[FeedItem]
    next: Place | None
    version: int  # read before the items: catching up from it misses nothing


@dataclass(frozen=True)
class Changes:
    """What happened since a version. With ``is_whole`` the page is to be read again instead."""

    version: int
    is_whole: bool
    shown: list[FeedItem]  # new or changed
    gone: list[int]  # taken back, hidden, or no longer of the team


_VISIBLE = """
    report.retracted_at IS NULL AND NOT person.hide_from_feed AND type.in_feed
    AND (%(team)s::bigint IS NULL OR report.team_id = %(team)s)
"""
_COLUMNS = """
    report.id, report.user_id, person.name, report.team_id, team.name, type.name, type.sentence,
    type.unit, CASE WHEN type.shows_value THEN report.value END, report.currency, report.title,
    report.link, report.occurred_on, report.published_at, report.celebrated_version,
    (SELECT count(*) FROM activities_like WHERE report_id = report.id),
    (SELECT count(*) = 1 FROM activities_like
        WHERE report_id = report.id AND user_id = %(viewer)s),
    (SELECT count(*) FROM activities_comment
        WHERE report_id = report.id AND deleted_at IS NULL)
"""
_TABLES = """
    FROM activities_activityreport report
    JOIN accounts_user person ON person.id = report.user_id
    JOIN activities_activitytype type ON type.id = report.type_id
    LEFT JOIN accounts_team team ON team.id = report.team_id
"""
_PAGE = f"""
    SELECT {_COLUMNS} {_TABLES}
    WHERE report.company_id = %(company)s AND {_VISIBLE}
        AND (report.published_at, report.id) < (%(published_at)s, %(id)s)
    ORDER BY report.published_at DESC, report.id DESC LIMIT %(limit)s
"""
_SINCE = f"""
    SELECT {_VISIBLE}, {_COLUMNS} {_TABLES}
    WHERE report.company_id = %(company)s AND report.feed_version > %(version)s
    ORDER BY report.feed_version LIMIT %(limit)s
"""
_ONE = f"""
    SELECT {_COLUMNS} {_TABLES}
    WHERE report.company_id = %(company)s AND report.id = %(report)s AND {_VISIBLE}
"""
_BEFORE_ALL = Place(dt.datetime(9999, 12, 31, tzinfo=dt.UTC), _LARGEST_ID)


def version_of(company_id: int) -> int:
    """The feed's version now: the ``ETag`` of everything that shows reports."""
    return _versions(company_id)[0]


def page(
    company_id: int,
    viewer_id: int,
    *,
    team_id: int | None = None,
    after: Place | None = None,
    size: int = 50,
) -> Page:
    """A page of the feed, in two queries at any depth."""
    version = version_of(company_id)
    start = after or _BEFORE_ALL
    values = {
        "company": company_id,
        "viewer": viewer_id,
        "team": team_id,
        "published_at": start.published_at,
        "id": start.report_id,
        "limit": size + 1,
    }
    items = [FeedItem(*row) for row in rows(_PAGE, values)]
    more = len(items) > size
    return Page(items[:size], items[size - 1].place if more else None, version)


def since(company_id: int, viewer_id: int, version: int, *, team_id: int | None = None) -> Changes:
    """What to change on a page that shows the feed as of ``version``, in two queries."""
    now, renewed = _versions(company_id)
    if version == now:
        return Changes(now, is_whole=False, shown=[], gone=[])
    if version < renewed or version > now:
        return Changes(now, is_whole=True, shown=[], gone=[])
    values = {
        "company": company_id,
        "viewer": viewer_id,
        "team": team_id,
        "version": version,
        "limit": MOST_CHANGES + 1,
    }
    found = rows(_SINCE, values)
    if len(found) > MOST_CHANGES:
        return Changes(now, is_whole=True, shown=[], gone=[])
    return Changes(
        now,
        is_whole=False,
        shown=[FeedItem(*item) for is_visible, *item in found if is_visible],
        gone=[item[0] for is_visible, *item in found if not is_visible],
    )


def one(company_id: int, viewer_id: int, report_id: int) -> FeedItem | None:
    """One report as the feed shows it; ``None`` where it does not, or is another company's."""
    values = {"company": company_id, "viewer": viewer_id, "team": None, "report": report_id}
    return next((FeedItem(*row) for row in rows(_ONE, values)), None)


def _versions(company_id: int) -> tuple[int, int]:
    """The feed's version, and the last one that changed more than single reports."""
    select = "SELECT version, renewed_version FROM activities_feed WHERE company_id = %(company)s"
    found = rows(select, {"company": company_id})
    version, renewed = found[0] if found else (0, 0)
    return version, renewed
