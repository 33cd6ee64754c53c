"""Reading the list of Salesforce users: before the first time, under way, held."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from integrations.models import Connection, SyncRun

from .browsing import LIST


def test_a_company_without_a_connection_is_told_to_connect(client: Client) -> None:
    page = client.get(LIST).content.decode()
    assert "Not connected to Salesforce yet" in page
    assert "Connect Salesforce" in page


def test_a_list_that_was_never_read_says_what_to_do(client: Client, connection: Connection) -> None:
    Connection.objects.update(directory_refreshed_at=None)
    assert "Read the list from Salesforce" in client.get(LIST).content.decode()


def test_refresh_queues_one_run_and_shows_it(client: Client, connection: Connection) -> None:
    address = f"{LIST}{connection.pk}/refresh/"
    assert client.get(address).status_code == 405
    for _ in range(2):
        assert client.post(address)["Location"] == f"{LIST}?connection={connection.pk}"
    run = SyncRun.objects.get()
    assert run.state == SyncRun.State.QUEUED
    assert "Waiting for the worker" in client.get(LIST).content.decode()
    news = client.get(f"{address}progress/").content.decode()
    assert f'data-state="{run.pk}-queued"' in news


def test_a_run_that_nobody_takes_says_that_no_worker_answers(
    client: Client, connection: Connection
) -> None:
    client.post(f"{LIST}{connection.pk}/refresh/")
    SyncRun.objects.update(created_at=timezone.now() - timedelta(seconds=61))
    page = client.get(LIST).content.decode()
    assert "No worker has answered since" in page
    assert "manage.py qcluster" in page


def test_a_held_run_is_accepted_by_whoever_saw_it(client: Client, connection: Connection) -> None:
    held = SyncRun.objects.create(
        company=connection.company,
        connection=connection,
        kind=SyncRun.Kind.DIRECTORY,
        state=SyncRun.State.HELD,
        error="Salesforce listed 3 users where 40 are known.",
    )
    page = client.get(LIST).content.decode()
    assert "Salesforce listed 3 users" in page
    assert '<button class="btn primary">Refresh</button>' in page
    assert '<button class="btn">Accept the shorter list</button>' in page
    accept = f"{LIST}{connection.pk}/refresh/accept/"
    client.post(accept, {"run": held.pk + 1})
    assert SyncRun.objects.count() == 1
    client.post(accept, {"run": held.pk})
    assert SyncRun.objects.latest("pk").accepts_shrinking
