"""Python in a process of its own, on the tests' database and with the tests' keys."""

import os
import subprocess
import sys

from django.conf import settings
from django.db import connection as database

SETTING_UP = "import django; django.setup()\n"


def start_python(code: str) -> subprocess.Popen[str]:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": _url(),
        "FIELD_ENCRYPTION_KEYS": ",".join(settings.FIELD_ENCRYPTION_KEYS),
        "SALESFORCE_ALLOW_LOOPBACK": "true",
        "BASE_URL": settings.BASE_URL,
    }
    return subprocess.Popen(
        [sys.executable, "-c", SETTING_UP + code],
        cwd=settings.BASE_DIR,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def _url() -> str:
    """The address of the test database, which Django named itself."""
    base, _, query = os.environ["DATABASE_URL"].partition("?")
    server = base.rpartition("/")[0]
    url = f"{server}/{database.settings_dict['NAME']}"
    return f"{url}?{query}" if query else url
