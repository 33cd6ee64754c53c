"""Odd values: kept to the last digit, cut to fit, or set aside with their error."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from activities.models import ActivityReport
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, Evaluation
from integrations.record_sync.fields import FieldSet, snapshot

from .world import account, deal, rep, reports, switched_on, verdict

TYPES = {
    "Id": "id",
    "SystemModstamp": "datetime",
    "IsDeleted": "boolean",
    "Amount": "currency",
    "Count__c": "int",
    "IsWon": "boolean",
    "Name": "string",
    "CreatedDate": "datetime",
}
FIELDS = FieldSet("Opportunity", TYPES)
BASE = {"Id": "006000000000001AAA", "SystemModstamp": "2026-03-05T12:00:00.000+0000"}


def kept(**values: object) -> dict[str, object]:
    return snapshot(BASE | values, FIELDS).values


def test_rest_and_bulk_say_the_same() -> None:
    rest = kept(Amount="1054.0", IsWon=True, Count__c=3, CreatedDate="2026-03-05T12:00:00.000+0000")
    bulk = kept(Amount="1054", IsWon="true", Count__c="3", CreatedDate="2026-03-05T12:00:00.000Z")
    assert rest == bulk


@given(st.decimals(min_value=-(10**17), max_value=10**17, places=2))
def test_no_amount_loses_a_digit(amount: Decimal) -> None:
    assert Decimal(str(kept(Amount=str(amount))["Amount"])) == amount


@given(st.text(st.characters(codec=None), max_size=50))
def test_every_text_can_be_kept(text: str) -> None:
    seen = snapshot(BASE | {"Name": text}, FIELDS)
    assert "\\u0000" not in seen.fields.replace("\\\\", "")
    seen.fields.encode()


def test_odd_values_do_not_stop_the_rest(connection: Connection, org: DemoOrg) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    good = deal(org, ann)
    huge = deal(org, ann, Amount=1e18)
    precise = deal(org, ann, Amount=9_999_999_999_999.99)
    nul = deal(org, ann, Name="a\x00b c 🎉")
    long = deal(org, ann, Name="x" * 5_000)
    early = deal(org, ann, CloseDate=date(1700, 1, 1))
    late = deal(org, ann, CloseDate=date(4000, 1, 1))
    switched_on(connection, since=date(1600, 1, 1))
    assert set(reports()) == {one["Id"] for one in (good, precise, nul, long, early, late)}
    assert reports()[precise["Id"]][1] == Decimal("9999999999999.99")
    failed = verdict(huge)
    assert failed.verdict == Evaluation.Verdict.FAILED
    assert "too large" in failed.reason
    titles = dict(ActivityReport.objects.values_list("source_key", "title"))
    assert any(title == "ab c 🎉" for title in titles.values())
    assert max(len(title) for title in titles.values()) == 255
