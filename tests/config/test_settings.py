"""The settings as an operator meets them: with the process's own variables only."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client
from pytest_django import Settings

PRODUCTION = {
    "SECRET_KEY": "k" * 60 + "0123456789",
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
    "ALLOWED_HOSTS": "score.example",
    "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "EMAIL_URL": "smtp+tls://user:word@mail.example:587",
}


def manage(*args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *args],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def loaded(**variables: str) -> dict[str, Any]:
    """The settings of a process with these variables only."""
    with mock.patch.dict(os.environ, variables, clear=True):
        return runpy.run_path(str(settings.BASE_DIR / "config" / "settings.py"))


def test_djangos_check_for_production_finds_nothing() -> None:
    ran = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert ran.returncode == 0, ran.stderr
    assert "no issues" in ran.stdout


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "DATABASE_URL", "ALLOWED_HOSTS", "FIELD_ENCRYPTION_KEYS"]
)
@pytest.mark.parametrize("value", [None, "", "  "], ids=["missing", "empty", "blank"])
def test_a_setting_that_is_missing_is_named(name: str, value: str | None) -> None:
    variables = {key: text for key, text in PRODUCTION.items() if key != name}
    if value is not None:
        variables[name] = value
    with pytest.raises(ImproperlyConfigured, match=f"^{name} is not set."):
        loaded(**variables)


def test_a_setting_that_is_missing_is_one_clear_line() -> None:
    variables = {key: text for key, text in PRODUCTION.items() if key != "SECRET_KEY"}
    ran = manage("check", **variables)
    assert ran.returncode != 0
    (line,) = ran.stderr.strip().splitlines()
    assert line.startswith("SECRET_KEY is not set.")


@pytest.mark.parametrize("name", ["SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "DATABASE_URL"])
def test_a_secret_may_come_from_a_mounted_file(name: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{PRODUCTION[name]}\n")
    variables = {key: text for key, text in PRODUCTION.items() if key != name}
    from_file = loaded(**variables, **{f"{name}_FILE": str(file)})
    plain = loaded(**PRODUCTION)
    for setting in ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "DATABASES"):
        assert from_file[setting] == plain[setting], "also without the file's last line end"


def test_a_mounted_file_is_forgotten_with_the_variable_that_named_it(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("of the file")
    assert loaded(**PRODUCTION, SECRET_KEY_FILE=str(file))["SECRET_KEY"] == "of the file"
    assert loaded(**PRODUCTION)["SECRET_KEY"] == PRODUCTION["SECRET_KEY"]


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ({"SECRET_KEY_FILE": "/no/such/file"}, "SECRET_KEY_FILE cannot be read: /no/such/file"),
        ({"WORKERS": "two"}, "WORKERS is not understood"),
        ({"DATABASE_URL": "mysql://me@db.example/x"}, "DATABASE_URL must name a PostgreSQL"),
        ({"DATABASE_URL": "sqlite:///x"}, "DATABASE_URL must name a PostgreSQL database"),
        ({"DATABASE_URL": "db.example"}, "DATABASE_URL must name a PostgreSQL database"),
        ({"BASE_URL": "score.example"}, "BASE_URL must be the address of this site"),
        ({"BASE_URL": "https://"}, "BASE_URL must be the address of this site"),
        ({"BASE_URL": "https://score.example/below"}, "BASE_URL must be the address"),
        ({"ALLOWED_HOSTS": ".score.example"}, "BASE_URL must be the address of this site"),
        ({"ALLOWED_HOSTS": "*"}, "BASE_URL must be the address of this site"),
        ({"ALLOWED_HOSTS": ","}, "BASE_URL must be the address of this site"),
    ],
    ids=str,
)
def test_a_setting_that_makes_no_sense_is_named(variable: dict[str, str], said: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"^{said}"):
        loaded(**{**PRODUCTION, **variable})


def test_defaults_are_those_of_production() -> None:
    found = loaded(**PRODUCTION)
    assert not found["DEBUG"]
    assert not found["SELF_CONTAINED"]
    assert not found["SALESFORCE_ALLOW_LOOPBACK"]
    assert found["SESSION_COOKIE_SECURE"]
    assert found["CSRF_COOKIE_SECURE"]
    assert found["SECURE_SSL_REDIRECT"]
    assert found["SECURE_HSTS_SECONDS"] > 0


def test_links_begin_with_the_first_host_unless_told_otherwise() -> None:
    assert loaded(**PRODUCTION)["BASE_URL"] == "https://score.example"
    elsewhere = {**PRODUCTION, "ALLOWED_HOSTS": ".example", "BASE_URL": "https://x.example:8443/"}
    assert loaded(**elsewhere)["BASE_URL"] == "https://x.example:8443"


def test_blanks_around_hosts_are_forgiven() -> None:
    hosts = {**PRODUCTION, "ALLOWED_HOSTS": " a.example , b.example "}
    assert loaded(**hosts)["ALLOWED_HOSTS"] == ["a.example", "b.example"]


def test_where_files_come_from_their_sources_nobody_warns_of_a_folder_to_collect_them_in(
    client: Client, settings: Settings
) -> None:
    settings.STATIC_ROOT = loaded(SELF_CONTAINED="true")["STATIC_ROOT"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert client.get("/static/scoreline/icon.svg").status_code == 200
    assert loaded(**PRODUCTION)["STATIC_ROOT"].name == "staticfiles"


#: Directive by directive: “'self'” where our own files and pages are, nothing elsewhere.
POLICY = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"],
}


def test_pages_may_load_from_this_site_only_and_be_framed_nowhere() -> None:
    assert loaded(**PRODUCTION)["CONTENT_SECURITY_POLICY"] == {"DIRECTIVES": POLICY}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"max_attempts": 0}, "a failing task would run again for ever"),
        ({"ack_failures": False}, "a failing task would run again for ever"),
        ({"orm": None}, "only the database broker keeps tasks"),
        ({"bulk": 5}, "the retry clock starts when a task is fetched"),
        ({"sync": True}, "a web request would wait for Salesforce"),
        ({"retry": 600}, "at least three times"),
        ({"timeout": None}, "at least three times"),
    ],
    ids=str,
)
def test_settings_that_would_lose_or_repeat_work_are_refused(
    changed: dict[str, Any], said: str, settings: Settings
) -> None:
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, **changed}
    with pytest.raises(SystemCheckError, match=said):
        call_command("check")


@pytest.mark.parametrize("days", [0, -1, 1_000_000_000])
def test_held_records_wait_for_a_number_of_days_that_makes_sense(
    days: int, settings: Settings
) -> None:
    settings.HELD_RECORD_DAYS = days
    with pytest.raises(SystemCheckError, match=r"HELD_RECORD_DAYS is .* from 1 to 3,650"):
        call_command("check")
