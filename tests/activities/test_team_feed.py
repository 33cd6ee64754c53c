"""Whose feed somebody looks at."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Company, Team, User
from activities.models import ActivityType, FeedChoice
from tests.activities.making import make_report


def test_the_chosen_team_is_remembered(
    seen: Client, ann: User, ben: User, team: Team, deals: ActivityType
) -> None:
    make_report(ann, deals, "of-north", title="Of the north")
    make_report(ben, deals, "of-none", title="Of nobody")
    seen.post("/feed/team/", {"team": str(team.pk)})
    page = seen.get("/feed/").text
    assert "Of the north" in page
    assert "Of nobody" not in page
    seen.post("/feed/team/", {"team": ""})
    assert not FeedChoice.objects.exists()
    assert "Of nobody" in seen.get("/feed/").text


@pytest.mark.parametrize("text", ["x", "-1", "999999", "1" * 30])
def test_a_team_that_is_not_ours_is_404(text: str, seen: Client) -> None:
    assert seen.post("/feed/team/", {"team": text}).status_code == 404
    assert seen.get(f"/feed/changes/?since=0&team={text}").status_code == 404


def test_a_foreign_team_is_404(seen: Client, other_company: Company) -> None:
    team = Team.objects.create(company=other_company, name="Theirs")
    assert seen.post("/feed/team/", {"team": str(team.pk)}).status_code == 404
