"""Whatever is recorded how often and in whatever order: the same comes out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Company, User
from activities.drafts import ReportDraft
from activities.models import ActivityReport, ActivityType
from activities.reports import Recorded, record, retract
from tests.activities.making import draft, row_stamps

KEYS = ["a", "b", "c", "d", "e"]
PUBLISHED_AT = dt.datetime(2026, 5, 3, tzinfo=dt.UTC)

told = st.tuples(st.sampled_from(KEYS), st.integers(0, 1), st.integers(-2, 3))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.lists(told, max_size=6)),
        st.tuples(st.just("retract"), st.lists(st.sampled_from(KEYS), max_size=3)),
    ),
    max_size=12,
)
with_the_database = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def tell(ann: User, ben: User, deals: ActivityType) -> Callable[..., ReportDraft]:
    def tell(key: str, person: int, value: int) -> ReportDraft:
        return draft(
            key, (ann, ben)[person], deals, value=Decimal(value), published_at=PUBLISHED_AT
        )

    return tell


@contextmanager
def undone() -> Iterator[None]:
    """What hypothesis tries leaves nothing for its next try."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def state(company: Company) -> dict[str, tuple[int, Decimal, bool]]:
    reports = ActivityReport.objects.filter(company=company)
    return {
        report.source_key: (report.user_id, report.value, report.retracted_at is not None)
        for report in reports
    }


@with_the_database
@given(steps=steps)
def test_the_last_word_on_each_key_counts_and_repeating_it_writes_nothing(
    company: Company, tell: Callable[..., ReportDraft], steps: list[Any]
) -> None:
    expected: dict[str, tuple[int, Decimal, bool]] = {}
    with undone():
        for kind, content in steps:
            if kind == "record":
                drafts = [tell(*one) for one in content]
                record(company, drafts)
                expected |= {one.source_key: (one.user_id, one.value, False) for one in drafts}
                before = row_stamps(company)
                assert record(company, drafts) == Recorded()
            else:
                taken_back = {key for key in content if key in expected and not expected[key][2]}
                assert retract(company, content, "Gone.") == len(taken_back)
                expected |= {key: (*expected[key][:2], True) for key in taken_back}
                before = row_stamps(company)
                assert retract(company, content, "Gone again.") == 0
            assert row_stamps(company) == before
            assert state(company) == expected


@with_the_database
@given(data=st.data(), told=st.lists(told, unique_by=lambda one: one[0]))
def test_batches_in_any_order_and_any_number_make_the_same_reports(
    company: Company, tell: Callable[..., ReportDraft], data: Any, told: list[Any]
) -> None:
    drafts = [tell(*one) for one in told]
    shuffled = data.draw(st.permutations([*drafts, *drafts]))
    size = data.draw(st.integers(1, 4))
    with undone():
        for start in range(0, len(shuffled), size):
            record(company, shuffled[start : start + size])
        assert state(company) == {one.source_key: (one.user_id, one.value, False) for one in drafts}
