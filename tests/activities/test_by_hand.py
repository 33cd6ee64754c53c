"""Reporting by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import Company, User
from activities.models import ActivityReport, ActivityType
from activities.periods import today_of


def test_reporting_by_hand_twice_with_one_form_reports_once(
    seen: Client, ann: User, company: Company, calls: ActivityType
) -> None:
    ActivityType.objects.update(by_hand=True)
    form = {
        "type": calls.pk,
        "value": "2",
        "title": "Two calls",
        "occurred_on": today_of(company).isoformat(),
        "once": "abc",
    }
    for _ in range(2):
        assert "Reported: Calls" in seen.post("/report/", form).text
    report = ActivityReport.objects.get()
    assert (report.user, report.value, report.title) == (ann, Decimal(2), "Two calls")


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": "-1"},
        {"value": "x"},
        {"occurred_on": "2030-01-01"},
        {"occurred_on": "2001-01-01"},
        {"type": "0"},
        {"once": ""},
    ],
)
def test_what_cannot_be_reported_changes_nothing(
    wrong: dict[str, str], seen: Client, company: Company, calls: ActivityType
) -> None:
    ActivityType.objects.update(by_hand=True)
    form = {"type": calls.pk, "value": "1", "occurred_on": today_of(company), "once": "a"}
    assert seen.post("/report/", form | wrong).status_code == 422
    assert not ActivityReport.objects.exists()


def test_a_type_that_is_not_for_hands_is_refused(
    seen: Client, company: Company, calls: ActivityType
) -> None:
    form = {"type": calls.pk, "value": "1", "occurred_on": today_of(company), "once": "a"}
    assert seen.post("/report/", form).status_code == 422
