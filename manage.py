#!/usr/bin/env python
"""Django's command line; ``manage.py demo`` brings its own settings and database."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] == ["demo"]:
        os.environ["SELF_CONTAINED"] = "true"
    try:
        from django.conf import settings

        settings.DEBUG  # noqa: B018 - read now, so that a missing setting is one line and no traceback
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()
