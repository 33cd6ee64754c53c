"""What a browser may keep: 304 where nothing that a page shows has changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Company, Team, User
from activities import social
from activities.models import ActivityType, Shortcuts
from tests.activities.browsing import is_unchanged_after
from tests.activities.making import make_report, make_type


def test_an_unchanged_feed_is_304_and_a_changed_one_is_not(
    seen: Client, ann: User, deals: ActivityType
) -> None:
    report = make_report(ann, deals)
    seen.get("/feed/")  # sets the cookie for forms, with which the page differs
    etag = seen.get("/feed/").headers["ETag"]
    assert seen.get("/feed/", headers={"If-None-Match": etag}).status_code == 304
    social.like(report.pk, ann)
    assert seen.get("/feed/", headers={"If-None-Match": etag}).status_code == 200


CHANGES: dict[str, Callable[[Company], object]] = {
    "the shortcuts": lambda company: Shortcuts.objects.create(company=company, my_activity=False),
    "the company's name": lambda company: Company.objects.update(name="Renamed"),
    "one's own team": lambda company: User.objects.update(team=None),
}


@pytest.mark.parametrize("path", ["/feed/", "/leaderboard/"])
@pytest.mark.parametrize("what", CHANGES)
def test_no_page_is_kept_when_what_stands_around_it_has_changed(
    what: str, path: str, seen: Client, company: Company, deals: ActivityType
) -> None:
    assert not is_unchanged_after(seen, path, lambda: CHANGES[what](company))


def test_a_new_team_appears_in_a_feed_without_new_reports(seen: Client, company: Company) -> None:
    assert not is_unchanged_after(
        seen, "/feed/", lambda: Team.objects.create(company=company, name="South")
    )


def test_a_new_activity_type_appears_on_the_leaderboard(
    seen: Client, company: Company, deals: ActivityType
) -> None:
    assert not is_unchanged_after(
        seen, "/leaderboard/", lambda: make_type(company, "Visits", by_hand=True)
    )
