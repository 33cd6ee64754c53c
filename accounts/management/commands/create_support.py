from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.links import INVITATION
from accounts.management.errors import one_line
from accounts.models import User


class Command(BaseCommand):
    help = "Make an account of the support staff, who see all companies; prints an invitation link."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--name", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        user = User(
            email=options["email"].strip(),
            name=options["name"].strip(),
            is_superuser=True,
            invited_at=timezone.now(),
        )
        user.set_unusable_password()
        try:
            user.full_clean()
        except ValidationError as error:
            raise CommandError(one_line(error), returncode=2) from error
        with transaction.atomic():
            user.save()
            audit.record("created", user, by=None)
        self.stdout.write(f"{user.email} sets a password here, once, within seven days:")
        self.stdout.write(INVITATION.url(user))
