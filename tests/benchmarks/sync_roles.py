"""The two programs that `sync` compares, and what prepares their database."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from tests.benchmarks.rendered_org import PEOPLE, TYPES, user_id
from tests.benchmarks.sync import SOQL

if TYPE_CHECKING:  # each program imports what it needs: both count from the interpreter's start
    from simple_salesforce.api import Salesforce

    from integrations.models import Connection

ORG_ID = "00D000000000001AAA"


def prepare(port: int) -> None:
    """A company whose forty people are mapped, with one workflow that is on."""
    _set_up()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from integrations.record_sync.templates import TEMPLATES, create_from_template
    from integrations.record_sync.workflows import switch_on

    connection = _connected(port)
    _map_people(connection)
    switch_on(
        create_from_template(connection, TEMPLATES["closed-won"], by=None),
        since=date(2000, 1, 1),
        by=None,
    )


def _connected(port: int) -> Connection:
    from accounts.models import Company
    from integrations.credentials import store_app_keys, store_tokens
    from integrations.models import Connection
    from integrations.salesforce.tokens import AppKeys, Tokens

    company = Company.objects.create(name="A", slug="a", time_zone="UTC", currency="USD")
    url = f"http://127.0.0.1:{port}"
    connection = Connection.objects.create(
        company=company,
        login_url=url,
        instance_url=url,
        org_id=ORG_ID,
        state=Connection.State.CONNECTED,
    )
    store_app_keys(connection, AppKeys("key", "secret-secret"))
    store_tokens(connection, Tokens("access", "refresh", url, f"{url}/id", datetime.now(UTC)))
    return connection


def _map_people(connection: Connection) -> None:
    from accounts.models import User
    from integrations.models import Approach, UserMapping

    company = connection.company
    for number in range(PEOPLE):
        user = User.objects.create_user(
            company=company, email=f"{number}@example.com", name=f"Person {number}"
        )
        UserMapping.objects.create(
            company=company,
            connection=connection,
            salesforce_user_id=user_id(number),
            account=user,
            approach=Approach.MANUAL,
        )


def ours(port: int) -> None:
    _set_up()
    from integrations.models import SyncRun
    from integrations.record_sync import backfilling

    backfilling.BULK_FROM = sys.maxsize  # by pages, as the other does
    run = SyncRun.objects.get()
    backfilling.backfill(run.pk)
    run.refresh_from_db()
    if run.state != SyncRun.State.DONE:
        raise SystemExit(run.error)


def bare(port: int) -> None:
    import psycopg

    columns = [name.lower() for name in TYPES]
    listed = ", ".join(columns)
    updates = ", ".join(f"{name} = EXCLUDED.{name}" for name in columns[1:])
    kinds = {"boolean": "boolean", "currency": "numeric", "date": "date", "datetime": "timestamptz"}
    typed = ", ".join(f"{n.lower()} {kinds.get(kind, 'text')}" for n, kind in TYPES.items())
    with psycopg.connect(os.environ["DATABASE_URL"]) as database, database.cursor() as cursor:
        cursor.execute(f"CREATE TABLE bare ({typed}, PRIMARY KEY (id))")
        rows = _plain_salesforce(port).query_all_iter(SOQL)
        while page := list(islice(rows, 2_000)):
            cursor.execute("CREATE TEMP TABLE incoming (LIKE bare) ON COMMIT DROP")
            with cursor.copy(f"COPY incoming ({listed}) FROM STDIN") as copy:
                for row in page:
                    copy.write_row(_values(row))
            cursor.execute(
                f"INSERT INTO bare SELECT * FROM incoming ON CONFLICT (id) DO UPDATE SET {updates}"
            )
            database.commit()


def _plain_salesforce(port: int) -> Salesforce:
    import requests
    from requests.adapters import HTTPAdapter
    from simple_salesforce.api import Salesforce

    class Plain(HTTPAdapter):
        """simple-salesforce builds https addresses only."""

        def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
            assert request.url is not None
            request.url = request.url.replace("https://", "http://", 1)
            return super().send(request, *args, **kwargs)

    session = requests.Session()
    session.mount("https://", Plain())
    return Salesforce(
        instance=f"127.0.0.1:{port}", session_id="access", version="66.0", session=session
    )


def _values(row: Mapping[str, Any]) -> list[Any]:
    return [row[name] for name in TYPES]


def _set_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()


if __name__ == "__main__":
    {"prepare": prepare, "ours": ours, "bare": bare}[sys.argv[1]](int(sys.argv[2]))
