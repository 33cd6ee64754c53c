"""The settings as an operator meets them: in a process of its own, with its variables only."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.conf import settings

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


def printed(expression: str, **variables: str) -> str:
    code = f"from django.conf import settings; print({expression})"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=settings.BASE_DIR,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "config.settings",
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def test_djangos_check_for_production_finds_nothing() -> None:
    ran = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert ran.returncode == 0, ran.stderr
    assert "no issues" in ran.stdout


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "DATABASE_URL", "ALLOWED_HOSTS", "FIELD_ENCRYPTION_KEYS"]
)
@pytest.mark.parametrize("value", [None, "", "  "], ids=["missing", "empty", "blank"])
def test_a_missing_setting_is_one_clear_line(name: str, value: str | None) -> None:
    variables = {key: text for key, text in PRODUCTION.items() if key != name}
    if value is not None:
        variables[name] = value
    ran = manage("check", **variables)
    assert ran.returncode != 0
    (line,) = ran.stderr.strip().splitlines()
    assert line.startswith(f"{name} is not set.")


@pytest.mark.parametrize("name", ["SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "DATABASE_URL"])
def test_a_secret_may_come_from_a_mounted_file(name: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{PRODUCTION[name]}\n")
    variables = {key: text for key, text in PRODUCTION.items() if key != name}
    ran = manage("check", **variables, **{f"{name}_FILE": str(file)})
    assert ran.returncode == 0, ran.stderr


def test_a_secret_file_is_read_without_its_last_line_end(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{PRODUCTION['SECRET_KEY']}\n")
    variables = {**PRODUCTION, "SECRET_KEY_FILE": str(file)}
    del variables["SECRET_KEY"]
    assert printed("settings.SECRET_KEY", **variables) == PRODUCTION["SECRET_KEY"]


def test_a_secret_file_that_is_not_there_is_one_clear_line() -> None:
    ran = manage("check", **{**PRODUCTION, "SECRET_KEY_FILE": "/no/such/file"})
    assert ran.returncode != 0
    assert len(ran.stderr.strip().splitlines()) == 1
    assert "/no/such/file" in ran.stderr


def test_defaults_are_those_of_production() -> None:
    wanted = "settings.DEBUG, settings.SESSION_COOKIE_SECURE, settings.SECURE_SSL_REDIRECT"
    assert printed(wanted, **PRODUCTION) == "False True True"


def test_links_begin_with_the_first_host_unless_told_otherwise() -> None:
    assert printed("settings.BASE_URL", **PRODUCTION) == "https://score.example"
    elsewhere = {**PRODUCTION, "BASE_URL": "https://x.example/"}
    assert printed("settings.BASE_URL", **elsewhere) == "https://x.example"


def test_blanks_around_hosts_are_forgiven() -> None:
    hosts = {**PRODUCTION, "ALLOWED_HOSTS": " a.example , b.example "}
    assert printed("settings.ALLOWED_HOSTS", **hosts) == "['a.example', 'b.example']"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ("{'max_attempts': 0}", "a failing task would run again for ever"),
        ("{'orm': None}", "only the database broker keeps tasks"),
        ("{'retry': 600}", "at least three times"),
    ],
)
def test_settings_that_would_lose_or_repeat_work_are_refused(changed: str, said: str) -> None:
    code = (
        "from django.conf import settings; import django;"
        f" settings.Q_CLUSTER.update({changed}); django.setup();"
        " from django.core.management import call_command; call_command('check')"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=settings.BASE_DIR,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "config.settings",
            **PRODUCTION,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode != 0
    assert said in ran.stderr
