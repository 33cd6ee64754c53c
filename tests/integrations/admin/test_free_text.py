"""Whatever is typed into a field is saved, or refused in words; never a 500."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from activities.models import ActivityType
from integrations.models import Connection, Workflow
from tests.integrations.user_sync.builders import person

from .browsing import LIST, page
from .odd_texts import TEXTS
from .records.workflow_form import filled
from .safety import unsafe_in

pytestmark = pytest.mark.long

KEYS = {
    "login_url": "https://acme.my.salesforce.com",
    "consumer_key": "key",
    "consumer_secret": "secret",
}
MATCH_RULES = {
    "email_policy": "ask",
    "place-federation_id": "1",
    "place-email": "2",
    "place-username": "3",
}
#: Name of the page, and what it posts beside the text.
FORMS: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "a new person's name": (
        "add_person",
        lambda text: {"name": text, "email": "a@example.com", "role": "member"},
    ),
    "a new person's e-mail": (
        "add_person",
        lambda text: {"name": "A", "email": text, "role": "member"},
    ),
    "an id to look up": ("add_person", lambda text: {"unseen": text}),
    "a former user": ("leavers_same_person", lambda text: {"former": text, "answer": "same"}),
    "whom scope rules are tried on": ("scope_rules", lambda text: _rule("Sales", text)),
    "a scope rule's value": ("scope_rules", lambda text: _rule(text)),
    "whom match rules are tried on": ("match_rules", lambda text: {**MATCH_RULES, "check": text}),
    "a file": ("csv_import", lambda text: {"file": SimpleUploadedFile("a.csv", text.encode())}),
    "a connection's name": ("settings", lambda text: {"name": text, "email_policy": "ask"}),
    "a log-in address": ("keys", lambda text: {**KEYS, "login_url": text}),
    "a key": ("keys", lambda text: {**KEYS, "consumer_key": text}),
    "a secret": ("keys", lambda text: {**KEYS, "consumer_secret": text}),
    "days of grace": ("leavers_settings", lambda text: {"deprovisioning_grace_days": text}),
    "accounts a day": ("automatic", lambda text: {"automatic_daily_limit": text}),
    "held people": ("held_records", lambda text: {"person": [text]}),
}


def _rule(value: str, check: str = "") -> dict[str, str]:
    return {
        "rule-TOTAL_FORMS": "1",
        "rule-INITIAL_FORMS": "0",
        "rule-0-field": "Department",
        "rule-0-operator": "equals",
        "rule-0-value": value,
        "check": check,
    }


@pytest.fixture
def _paused(connection: Connection) -> None:
    """So that no form asks Salesforce."""
    connection.state = Connection.State.PAUSED
    connection.save(update_fields=["state"])


@pytest.mark.usefixtures("_paused")
@pytest.mark.parametrize("field", FORMS)
def test_a_form_is_saved_or_says_what_is_wrong(
    client: Client, connection: Connection, field: str
) -> None:
    name, form = FORMS[field]
    one = person(connection, 1)
    for what, text in TEXTS.items():
        answer = client.post(page(name, connection), {"person": one.salesforce_id, **form(text)})
        assert answer.status_code in (200, 302), what
        shown = client.get(page("automatic", connection)) if answer.status_code == 302 else answer
        assert not unsafe_in(shown.content.decode()), what


@pytest.fixture
def deals(connection: Connection) -> Workflow:
    kind = ActivityType.objects.create(company=connection.company, name="Deal won")
    made = Workflow.objects.create(
        company=connection.company,
        connection=connection,
        name="Deals",
        object_name="Opportunity",
        activity_type=kind,
        user_field="OwnerId",
        date_field="CloseDate",
    )
    made.conditions.create(
        company=made.company, position=1, field="Stage", operator="equals", value="Won"
    )
    return made


@pytest.mark.usefixtures("_paused")
@pytest.mark.parametrize("field", ["name", "condition-0-value", "condition-0-operator"])
def test_a_workflow_is_saved_or_says_what_is_wrong(
    client: Client, deals: Workflow, field: str
) -> None:
    address = reverse("admin:integrations_workflow_change", args=[deals.pk])
    form = filled(client, address)
    for what, text in {**TEXTS, "nothing": ""}.items():
        answer = client.post(address, form | {field: text})
        assert answer.status_code in (200, 302), what
        assert not unsafe_in(client.get(address).content.decode()), what
    refused = client.post(address, form | {field: "\x00"})
    assert refused.content.decode().count('class="problem"') == 1


SEARCHES = (
    f"{LIST}?q=",
    f"{LIST}?profile=",
    f"{LIST}?account=",
    f"{LIST}?verdict=",
    "/admin/integrations/usermapping/?q=",
    "/admin/integrations/usermapping/?show=",
    "/admin/integrations/usermapping/?approach=",
    "/admin/integrations/usermapping/?p=",
    "/admin/integrations/syncplan/?state=",
    "/admin/integrations/syncplan/?kind=",
    "/admin/integrations/syncrun/?kind=",
    "/admin/integrations/syncrun/?state=",
    "/admin/integrations/salesforcerecord/?q=",
    "/admin/integrations/salesforcerecord/?verdict=",
    "/admin/integrations/salesforcerecord/?workflow=",
    "/admin/integrations/salesforcerecord/?visible=",
    "/admin/integrations/workflow/add/?object=",
)


@pytest.mark.usefixtures("_paused")
@pytest.mark.parametrize("address", SEARCHES)
def test_a_search_finds_something_or_nothing(
    client: Client, connection: Connection, address: str
) -> None:
    person(connection, 1, profile_name="Sales")
    where, name = address.removesuffix("=").split("?")
    for what, text in TEXTS.items():
        answer = client.get(where, {name: text}, follow=True)
        assert answer.status_code == 200, what
        assert not unsafe_in(answer.content.decode()), what


@pytest.mark.usefixtures("_paused")
@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("add_person", "q"),
        ("account", "other"),
        ("where_is_my_deal", "q"),
        ("where_is_my_deal", "person"),
    ],
)
def test_a_page_that_looks_for_somebody_finds_them_or_nobody(
    client: Client, connection: Connection, admin: User, name: str, field: str
) -> None:
    address = page(name, connection, *([admin.pk] if name == "account" else []))
    for what, text in TEXTS.items():
        answer = client.get(address, {"q": "Acme", field: text})
        assert answer.status_code == 200, what
        assert not unsafe_in(answer.content.decode()), what
