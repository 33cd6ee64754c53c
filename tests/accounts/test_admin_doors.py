"""What the admin leaves shut, whoever knocks."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Company, User

from .conftest import make_user

pytestmark = pytest.mark.django_db


def test_a_filter_over_a_column_that_is_not_offered_is_refused(
    client_of_admin: Client, member: User
) -> None:
    for guess in ("password__startswith", "company__name__startswith", "search", "federation_id"):
        answer = client_of_admin.get(reverse("admin:accounts_user_changelist"), {guess: "m"})
        assert answer.status_code == 400, guess


@pytest.mark.parametrize("query", ["\x00", "%", "'; --", "a b c", "___", "🙂", "x" * 5000])
@pytest.mark.parametrize("name", ["user", "team", "company"])
def test_any_search_text_is_answered(client_of_admin: Client, name: str, query: str) -> None:
    answer = client_of_admin.get(reverse(f"admin:accounts_{name}_changelist"), {"q": query})
    assert answer.status_code == 200
    found = client_of_admin.get(
        reverse("admin:autocomplete"),
        {"app_label": "accounts", "model_name": "user", "field_name": "team", "term": query},
    )
    assert found.status_code == 200


@pytest.mark.parametrize("name", ["success", "failure", "schedule", "ormq"])
def test_the_queues_own_pages_are_gone_also_for_support(
    client: Client, support: User, name: str
) -> None:
    client.force_login(support)
    answer = client.post(
        f"/admin/django_q/{name}/", {"action": "resubmit_task", "_selected_action": ["1"]}
    )
    assert answer.status_code == 404


def test_groups_have_no_page(client: Client, support: User) -> None:
    client.force_login(support)
    assert client.get("/admin/auth/group/").status_code == 404


def test_an_ended_admin_role_closes_the_admin_at_once(
    client_of_admin: Client, admin: User, company: Company
) -> None:
    make_user(company, "other@acme.example", role=User.Role.ADMIN)
    User.objects.filter(pk=admin.pk).update(role=User.Role.MEMBER)
    page = client_of_admin.get(reverse("admin:accounts_user_changelist"), follow=True)
    assert page.status_code == 403
