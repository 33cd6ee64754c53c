"""Each command used wrongly: exit code 2, one line that says what is wrong, and nothing changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from pytest_django import Settings

from accounts.models import Company, User
from integrations.models import Connection
from tests.integrations.user_sync.builders import account, person, salesforce_id

from .running import run
from .test_every_command import OURS, PART_OF

pytestmark = pytest.mark.django_db

DANA, MIA = "dana@example.com", "mia@example.com"
BY = ("--by", DANA)
OPPORTUNITY, QUEUE = "0065x00000ABCDE", "00G5x00000ABCDE"
ON_DEMAND = ("sync_users", "--approach", "on-demand")
COMPANY = ("create_company", "--name", "A", "--currency", "EUR", "--admin", "a@example.com")
SITE = ("--url", "https://a.example")
KEYS = ("--consumer-key", "k", "--secret-file", "{folder}/secret")

#: The command with its arguments, and what it says.
WRONG = [
    (("company", "--company", "nowhere"), "There is no company “nowhere”"),
    (("company", "--company", ""), "There is no company “”"),
    (("company", "--self-approve", "on", "--by", MIA), "is not an active admin"),
    (("company", "--self-approve", "on", "--by", ""), "is not an active admin"),
    (("config", "bend"), "invalid choice"),
    (("config", "import", "{folder}/none"), "none cannot be read"),
    (("config", "import", "{folder}/picture"), "picture is not JSON"),
    (("config", "import", "{folder}/empty.json"), "not a configuration of version 1"),
    (("config", "export", "{folder}"), "cannot be written"),
    (("config", "export", "--connection", "0"), "There is no connection 0"),
    ((*COMPANY, "--time-zone", "Mars/Base"), "time_zone: "),
    (("create_support", "--email", "nobody", "--name", "N"), "email: "),
    (("demo", "--port", "high"), "invalid int value"),
    (("map_user", QUEUE, MIA, *BY), "is a queue"),
    (("map_user", OPPORTUNITY, MIA, *BY), "is not the id of a Salesforce user"),
    (("map_user", "nobody@example.com", MIA, *BY), "No Salesforce user “nobody@example.com”"),
    (("map_user", "", MIA, *BY), "No Salesforce user “”"),
    (("map_user", salesforce_id(1), "eve@example.com", *BY), "has no account"),
    (("map_user", salesforce_id(1), MIA), "--by"),
    (("unmap_user", OPPORTUNITY, "--reason", "x", *BY), "is not the id of a Salesforce user"),
    (("unmap_user", salesforce_id(1), "--reason", "x", "--by", MIA), "is not an active admin"),
    (("plan", "show", "99999"), "There is no plan 99999"),
    (("plan", "show", "9" * 30), "There is no plan"),
    (("plan", "approve", "latest"), "invalid int value"),
    (("plan", "show", "1", "--rows=-5"), "from 0 to"),
    (("rotate_encryption_keys", "--all"), "unrecognized arguments"),
    (("salesforce_backfill", "--since", "tomorrow"), "is not a day"),
    (("salesforce_backfill", "--since", "2026-01-01", "--object", "Lead"), "No workflow"),
    (("salesforce_backfill", "--since", "2026-01-01", "--company", ""), "There is no company “”"),
    (("salesforce_check", "--connection", "99999"), "There is no connection 99999"),
    (("salesforce_connect", "--login-url", "https://evil.example"), "not an address of Salesforce"),
    (("salesforce_connect", "--login-url", ""), "not an address of Salesforce"),
    (("salesforce_connect", "--new", "", *KEYS), "--new: "),
    (("salesforce_connect", "--new", "\u202e", *KEYS), "--new: "),
    (("salesforce_connect", "--new", "x" * 101, *KEYS), "at most 100 characters"),
    (("salesforce_connect", "--consumer-key", "k"), "belong together"),
    (("salesforce_connect", "--consumer-key", "", "--secret-file", ""), "must not be empty"),
    (("salesforce_connect", "--consumer-key", "", *KEYS[2:]), "must not be empty"),
    (("salesforce_connect", *KEYS[:3], "{folder}/picture"), "picture is not a text file"),
    (("salesforce_connect", *KEYS, "--flow", "browser"), "Say whose decision it is"),
    (("salesforce_package", "--out", "{folder}/new", "--connection", "none"), "no connection with"),
    (("salesforce_package", "--out", "{folder}/new", "--url", "https://["), "must be where"),
    (("salesforce_package", "--out", "{folder}/secret/new", *SITE), "new cannot be written"),
    (("salesforce_poll", "--connection", "0"), "There is no connection 0"),
    (("salesforce_reconcile", "--company", ""), "There is no company “”"),
    (("salesforce_stream", "--connection", "0"), "There is no connection 0"),
    (("salesforce_stream", "--status", "--company", ""), "There is no company “”"),
    (("send_test_mail", "nobody"), "is not an e-mail address"),
    (("support_bundle", "--company", ""), "There is no company “”"),
    (("support_bundle", "--file", "{folder}"), "cannot be written"),
    (("sync_users", "--approach", "by-magic"), "invalid choice"),
    (("sync_users", "--approach", "automatic"), "is off"),
    (("sync_users", "--approach", "automatic", "--team", "North"), "--team belongs to"),
    (("sync_users", "--approach", "all-active"), "Say whose decision it is"),
    (("sync_users", "--approach", "all-active", *BY, "--person", "x"), "--person belongs to"),
    (("sync_users", "--approach", "all-active", *BY, "--role", "x"), "--role belongs to"),
    (("sync_users", "--approach", "all-active", *BY, "--role", ""), "--role belongs to"),
    (("sync_users", "--approach", "automatic", "--team", ""), "--team belongs to"),
    (ON_DEMAND, "either one by one with --person, or by a filter"),
    ((*ON_DEMAND, "--department", "Nobody's"), "Nobody fits"),
    ((*ON_DEMAND, "--person", ""), "No Salesforce user “”"),
    ((*ON_DEMAND, "--person", "Mia Bell"), "Give an id, a username or an e-mail"),
    ((*ON_DEMAND, "--department", "", "--license", "Salesforce"), "--department must not be empty"),
    ((*ON_DEMAND, "--title", "", "--person", salesforce_id(1)), "--title must not be empty"),
    ((*ON_DEMAND, "--person", "", "--person", salesforce_id(1)), "No Salesforce user “”"),
    ((*ON_DEMAND, "--person", salesforce_id(1), "--team", ""), "has no team “”"),
    ((*ON_DEMAND, "--person", salesforce_id(1), "--by", ""), "is not an active admin"),
    (("workflow", "bend"), "invalid choice"),
    (("workflow", "create"), "--template"),
    (("workflow", "create", "x" * 101, "--template", "closed-won"), "at most 100 characters"),
    (("workflow", "try", "Nowhere"), "No workflows are called"),
    (("workflow", "list", "--connection", "0"), "There is no connection 0"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "picture").write_bytes(b"\x89PNG\xff\xfe")
    (tmp_path / "empty.json").write_text("{}")
    return tmp_path


def everything() -> dict[str, list[dict[str, Any]]]:
    """All rows of our tables."""
    ours = [apps.get_app_config(label) for label in ("accounts", "activities", "integrations")]
    return {
        model.__name__: list(model._default_manager.order_by("pk").values())
        for app in ours
        for model in app.get_models()
    }


@pytest.mark.parametrize(("words", "said"), WRONG)
def test_bad_use_says_so_and_changes_nothing(
    connection: Connection,
    company: Company,
    admin: User,
    folder: Path,
    settings: Settings,
    words: tuple[str, ...],
    said: str,
) -> None:
    settings.EMAIL_CONFIGURED = True
    account(company, MIA)
    person(connection, 1)
    before = everything()
    ran = run(*(word.replace("{folder}", str(folder)) for word in words))
    assert (ran.code, said in ran.error) == (2, True), ran
    assert everything() == before


def test_no_command_is_left_out() -> None:
    assert {words[0] for words, _ in WRONG} == set(OURS) - set(PART_OF)
