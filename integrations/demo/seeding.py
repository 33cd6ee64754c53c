"""Makes the demo's company, accounts and connection, or finds those of the last start."""

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Company, User
from activities.models import ActivityType
from integrations.connecting.logging_in import connect_directly
from integrations.credentials import callback_url, store_app_keys
from integrations.demo_org.org import CONSUMER_KEY, CONSUMER_SECRET
from integrations.models import Connection, SyncRun
from integrations.record_sync import workflows
from integrations.record_sync.templates import TEMPLATES, create_from_template
from integrations.salesforce.tokens import AppKeys, Tokens
from integrations.user_sync.directory import request_refresh

from .errors import DemoError
from .first_steps import first_steps
from .logins import COMPANY_ADMIN, MEMBER, PASSWORD, SUPPORT

COMPANY, SLUG = "Maventech", "demo"
#: People of the org's cast who have an account before anybody is imported.
EXISTING_ACCOUNTS: dict[str, Callable[[], dict[str, Any]]] = {
    "existing_account": dict,
    "existing_logged_in": lambda: {"last_login": timezone.now()},
    "existing_admin": lambda: {"role": User.Role.ADMIN},
}
#: Deals that were won within this time are in the feed as soon as their owners are.
REPORTED_DAYS = 365
CELEBRATED_FROM = 20_000
ORG_SECONDS = 30
#: The worker starts at the same time, and takes up what was interrupted within two minutes.
WORKER_SECONDS = 150.0


class RunningOrg:
    """The demo org, as whoever set it up may talk to it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False  # the shell's proxy knows nothing of this machine's ports
        self.facts = self._post("/demo-org/setup")

    def grant(self) -> dict[str, Any]:
        """Access for the integration user, without a browser: an answer of the token endpoint."""
        return self._post("/demo-org/grant", username=self.facts["logins"][0]["username"])

    def show_tab(self, url: str) -> None:
        """Say where the page is that the tab shows."""
        self._post("/demo-org/canvas", url=url)

    def allow_callback(self, url: str) -> None:
        self._session.post(
            f"{self.url}/callbacks", {"url": url}, timeout=ORG_SECONDS, allow_redirects=False
        ).raise_for_status()

    def _post(self, path: str, **form: str) -> dict[str, Any]:
        keys = {"client_id": CONSUMER_KEY, "client_secret": CONSUMER_SECRET}
        response = self._session.post(self.url + path, form | keys, timeout=ORG_SECONDS)
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer


def seed(org_url: str) -> dict[str, Any]:
    """Seed, have the worker read the org's users, and return the ready file's part about it all."""
    org = RunningOrg(org_url)
    org.allow_callback(callback_url())
    company = Company.objects.filter(slug=SLUG).first() or _company_with_accounts(org)
    connection = _connection(company, org)
    org.show_tab(_tab_on_another_site(connection))
    if connection.state != Connection.State.TERMINATED:
        _wait_for(request_refresh(connection, by=None))
        if org.facts["cast"] and not connection.workflows.exists():
            _report_closed_deals(connection)
    return {
        "logins": [login.as_json() for login in (COMPANY_ADMIN, MEMBER, SUPPORT)],
        "salesforce_logins": org.facts["logins"],
        "salesforce_access_token": org.grant()["access_token"],
        "org_id": org.facts["org_id"],
        "first_steps": [asdict(step) for step in first_steps(connection)],
    }


@transaction.atomic
def _company_with_accounts(org: RunningOrg) -> Company:
    company = Company.objects.create(
        slug=SLUG, name=COMPANY, time_zone="America/Chicago", currency="USD"
    )
    _account(company, COMPANY_ADMIN.email, COMPANY_ADMIN.name, role=User.Role.ADMIN)
    _account(company, MEMBER.email, MEMBER.name)
    for role, fields in EXISTING_ACCOUNTS.items():
        if member := org.facts["cast"].get(role):
            _account(company, member["email"], member["name"], **fields())
    if not User.objects.filter(company=None, email=SUPPORT.email).exists():
        User.objects.create_superuser(email=SUPPORT.email, name=SUPPORT.name, password=PASSWORD)
    return company


def _account(company: Company, email: str, name: str, **fields: Any) -> None:
    User.objects.create_user(company=company, email=email, name=name, password=PASSWORD, **fields)


def _connection(company: Company, org: RunningOrg) -> Connection:
    """Connected anew at each start: the org forgets its tokens when it stops."""
    connection, _ = Connection.objects.update_or_create(
        company=company, org_id=org.facts["org_id"], defaults={"login_url": org.url}
    )
    if connection.state != Connection.State.TERMINATED:
        store_app_keys(connection, AppKeys(CONSUMER_KEY, CONSUMER_SECRET))
        connect_directly(connection, _tokens(org.grant()))
        connection.refresh_from_db()
    return connection


def _tab_on_another_site(connection: Connection) -> str:
    """The tab's address under this machine's other name: to a browser that is another site."""
    elsewhere = settings.BASE_URL.replace("//127.0.0.1", "//localhost")
    return f"{elsewhere}{reverse('tab', args=[connection.key])}"


def _tokens(grant: dict[str, Any]) -> Tokens:
    return Tokens(
        access_token=grant["access_token"],
        refresh_token=grant["refresh_token"],
        instance_url=grant["instance_url"],
        identity_url=grant["id"],
        issued_at=datetime.fromtimestamp(int(grant["issued_at"]) / 1000, UTC),
    )


def _report_closed_deals(connection: Connection) -> None:
    """So that whoever is imported brings their deals along."""
    workflow = create_from_template(connection, TEMPLATES["closed-won"], by=None)
    ActivityType.objects.filter(pk=workflow.activity_type_id).update(celebrate_from=CELEBRATED_FROM)
    since = timezone.localdate() - timedelta(days=REPORTED_DAYS)
    run = workflows.switch_on(workflow, since=since, by=None)
    assert run is not None
    _wait_for(run)


def _wait_for(run: SyncRun) -> None:
    """Until the worker has done it; DemoError when it failed, or no worker took it."""
    deadline = time.monotonic() + WORKER_SECONDS
    while run.state in SyncRun.STATES_UNDER_WAY:
        if time.monotonic() > deadline:
            raise DemoError(f"The worker took no work within {WORKER_SECONDS:.0f} seconds.")
        time.sleep(0.2)
        run.refresh_from_db()
    if run.state == SyncRun.State.FAILED:
        raise DemoError(f"The demo org could not be read: {run.error}")
