"""Mappings as a CSV file, out and in again."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import Company
from integrations.models import Connection, SyncPlan, UserMapping
from tests.integrations.user_sync.builders import account, person

from .browsing import html_of, page

State = SyncPlan.State


def _csv(text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("mappings.csv", text.encode(), "text/csv")


def test_a_file_goes_out_and_comes_in_as_a_preview(
    client: Client, connection: Connection, company: Company
) -> None:
    person(connection, 1, name="=HYPERLINK(1)")
    account(company, "darcel@example.com")
    answer: Any = client.get(page("csv", connection))
    text = answer.content.decode()
    assert "'=HYPERLINK(1)" in text
    filled = text.replace(",\r\n", ",darcel@example.com\r\n")
    client.post(page("csv_import", connection), {"file": _csv(filled)})
    plan = SyncPlan.objects.get()
    assert plan.state == State.DRAFT
    assert not UserMapping.objects.exists()
    html = html_of(client, plan)
    assert "1 of these has another e-mail in Salesforce" in html


def test_each_bad_line_of_a_file_is_named_and_nothing_is_planned(
    client: Client, connection: Connection
) -> None:
    one = person(connection, 1)
    heading = "Salesforce user id,Account e-mail\n"
    lines = f"{one.salesforce_id},nobody@example.com\n00Q1,x@example.com\n"
    html = client.post(
        page("csv_import", connection), {"file": _csv(heading + lines)}
    ).content.decode()
    assert "Line 3" in html
    assert not SyncPlan.objects.exists()
    answer = client.post(page("csv_import", connection), {"file": _csv("\x00\x01")})
    assert answer.status_code == 200
