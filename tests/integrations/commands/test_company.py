from __future__ import annotations

import pytest

from accounts.models import AuditEntry, Company, User

from .running import run, run_json

pytestmark = pytest.mark.django_db


def test_a_company_may_approve_its_own_requests_and_no_longer(
    company: Company, support: User
) -> None:
    ran = run("company", "--company", "maventech", "--self-approve", "on", "--by", support.email)
    assert "Maventech may approve its own requests." in ran.out
    company.refresh_from_db()
    assert company.may_approve_own_requests
    assert run("company", "--self-approve", "on").code == 0
    assert AuditEntry.objects.filter(action="changed", actor=support).count() == 1
    assert run_json("company", "--self-approve", "off").values["self_approve"] is False


def test_a_dry_run_changes_no_company(company: Company) -> None:
    ran = run_json("company", "--self-approve", "on", "--dry-run")
    assert ran.values["self_approve"] is True
    company.refresh_from_db()
    assert not company.may_approve_own_requests
    assert not AuditEntry.objects.exists()


def test_seats_are_shown(company: Company) -> None:
    Company.objects.update(seat_limit=40)
    assert "0 seats used, of 40" in run("company").out


def test_one_of_several_companies_must_be_named(company: Company, other_company: Company) -> None:
    ran = run("company")
    assert (ran.code, ran.error) == (2, "Say which company: --company SLUG.")
