"""Python in a process of its own, on the tests' database and with the tests' keys."""

import subprocess
import sys

from django.conf import settings

from tests.process_environment import process_environment

SETTING_UP = "import django; django.setup()\n"


def start_python(code: str) -> subprocess.Popen[str]:
    environment = process_environment(
        DJANGO_SETTINGS_MODULE="config.settings",
        SALESFORCE_ALLOW_LOOPBACK="true",
        BASE_URL=settings.BASE_URL,
    )
    return subprocess.Popen(
        [sys.executable, "-c", SETTING_UP + code],
        cwd=settings.BASE_DIR,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
