import json
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.connecting.attempts import LogInRefused
from integrations.demo.errors import DemoError
from integrations.demo.folder import write_privately
from integrations.demo.seeding import seed
from integrations.salesforce.errors import SalesforceError


class Command(BaseCommand):
    help = "Part of “demo”: make its company, accounts and connection. Needs org and worker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--org-url", required=True, help="where the demo org answers")
        parser.add_argument("--result", type=Path, required=True, help="a JSON file to write")

    def handle(self, **options: Any) -> None:
        if not settings.SELF_CONTAINED:
            raise CommandError("Accounts with known passwords are made in the demo only.")
        try:
            seeded = seed(options["org_url"])
        except (DemoError, LogInRefused, SalesforceError, requests.RequestException) as error:
            raise CommandError(str(error)) from error
        write_privately(options["result"], json.dumps(seeded, indent=2))
