"""In whose time a page tells the time, and how it is written."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from accounts.models import User

from .account_pages import LIST

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)


def test_an_admin_reads_times_of_the_company_or_their_own(
    client: Client, admin: User, member: User
) -> None:
    client.force_login(admin)
    User.objects.filter(pk=member.pk).update(last_login=NOON)
    assert "3 May 2026, 14:00" in client.get(LIST).text  # the company's: Oslo
    User.objects.filter(pk=admin.pk).update(time_zone="Asia/Tokyo")
    assert "3 May 2026, 21:00" in client.get(LIST).text


def test_support_staff_are_told_of_which_zone_the_times_are(
    client: Client, support: User, member: User
) -> None:
    client.force_login(support)
    User.objects.filter(pk=member.pk).update(last_login=NOON)
    page = client.get(LIST).text
    assert "times in UTC" in page
    assert "3 May 2026, 12:00" in page
    User.objects.filter(pk=support.pk).update(time_zone="Asia/Tokyo")
    page = client.get(LIST).text
    assert "times in Asia/Tokyo" in page
    assert "3 May 2026, 21:00" in page
