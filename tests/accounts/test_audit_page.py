from __future__ import annotations

import pytest
from django.db import connection
from django.db.models.fields.json import KT
from django.test import Client

from accounts import audit
from accounts.models import AuditEntry, Company, User
from accounts.models.audit import in_words

from .account_pages import act
from .conftest import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("logged_in")]


AUDIT = "/admin/accounts/auditentry/"


def test_the_audit_filters_by_plan(client: Client, company: Company, member: User) -> None:
    audit.record("account.created", member, by=None, after={"plan": 7})
    other = make_user(company, "noa@acme.example", name="Noa Other")
    audit.record("account.created", other, by=None, after={"plan": 70})
    AuditEntry.objects.create(
        company=company,
        action="plan.approved",
        subject_type="integrations.syncplan",
        subject_id="7",
        subject_name="Import 7",
    )
    page = client.get(AUDIT, {"plan": "7"}).text
    assert '<td class="field-subject_name">Mia Member</td>' in page
    assert '<td class="field-subject_name">Import 7</td>' in page
    assert "Noa Other" not in page
    for nothing in ("70000", "x", "9" * 30):
        answer = client.get(AUDIT, {"plan": nothing})
        assert '<td class="field-subject_name">' not in answer.text


def test_a_plan_s_audit_is_found_along_an_index(company: Company) -> None:
    AuditEntry.objects.bulk_create(
        AuditEntry(company=company, action="updated", after={"plan": n // 10}) for n in range(2_000)
    )
    about = AuditEntry.objects.alias(plan=KT("after__plan")).filter(company=company, plan="7")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_auditentry")
    assert "audit_of_a_plan" in about.explain()


def test_the_audit_is_read_only_and_filters_by_person_and_action(
    client: Client, admin: User, member: User
) -> None:
    act(client, "deactivate", member, confirmed=1)
    entry = AuditEntry.objects.get(action="deactivated")
    row = '<td class="field-subject_name">Mia Member</td>'
    assert row in client.get(f"{AUDIT}?person={admin.pk}&action=deactivated").text
    assert row in client.get(AUDIT, {"person": member.pk}).text, "what was done to them"
    assert row not in client.get(AUDIT, {"action": "no such"}).text
    for nobody in ("x", "9" * 30, "-1"):
        assert row not in client.get(AUDIT, {"person": nobody}).text
    page = client.get(f"{AUDIT}{entry.pk}/change/")
    assert "deactivated" in page.text
    assert 'name="_save"' not in page.text
    assert client.get(f"{AUDIT}add/").status_code == 403
    assert client.post(f"{AUDIT}{entry.pk}/change/", {"action": "x"}).status_code == 403
    assert client.post(f"{AUDIT}{entry.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_audit_filters_by_support_staff_who_acted_here_and_by_what_nobody_did(
    client: Client, company: Company, other_company: Company, member: User, support: User
) -> None:
    elsewhere = User.objects.create_superuser(email="eva@support.example", name="Eva Elsewhere")
    audit.record("renamed", member, by=support)
    audit.record("renamed", other_company, by=elsewhere)
    audit.record("synced", company, by=None)
    page = client.get(AUDIT).text
    assert f'href="?person={support.pk}"' in page
    assert "Eva Elsewhere" not in page
    shown = {
        who: client.get(AUDIT, {"person": who}).context["cl"].result_list
        for who in (support.pk, elsewhere.pk, "nobody")
    }
    actions = {who: [entry.action for entry in entries] for who, entries in shown.items()}
    assert actions == {support.pk: ["renamed"], elsewhere.pk: [], "nobody": ["synced"]}
    client.force_login(support)
    page = client.get(AUDIT).text
    assert "Ada Admin" in page
    assert "Eva Elsewhere" in page


def test_an_entry_names_its_kind_and_only_what_changed(
    client: Client, company: Company, member: User
) -> None:
    audit.record(
        "updated",
        member,
        by=None,
        before={"title": "", "name": "M"},
        after={"title": "", "name": "Mia"},
    )
    entry = AuditEntry.objects.get(action="updated")
    page = client.get(f"{AUDIT}{entry.pk}/change/").text
    assert '<div class="readonly">Account</div>' in page
    assert "<tr><th>name</th><td>M</td><td>Mia</td></tr>" in page
    assert "<th>title</th>" not in page
    assert "/history/" not in page, "what nobody changes has none"


def test_actions_are_told_in_words_and_a_plan_is_called_a_change() -> None:
    words = {action: in_words(action) for action in ("created", "plan.approved", "company.seats")}
    assert words == {
        "created": "Created",
        "plan.approved": "Change: approved",
        "company.seats": "Company: seats",
    }
