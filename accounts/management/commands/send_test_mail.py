from __future__ import annotations

import smtplib
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email


class Command(BaseCommand):
    help = "Send one mail, to see that EMAIL_URL and DEFAULT_FROM_EMAIL are right."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address")

    def handle(self, *args: Any, **options: Any) -> None:
        address = options["address"]
        if not settings.EMAIL_CONFIGURED:
            raise CommandError("EMAIL_URL is not set, so no mail is sent. See README.md.")
        try:
            validate_email(address)
        except ValidationError as error:
            raise CommandError(f"“{address}” is not an e-mail address.", returncode=2) from error
        try:
            send_mail(
                f"Test mail from {settings.PRODUCT_NAME}",
                f"It arrived. Links in mails will begin with {settings.BASE_URL}.",
                None,
                [address],
            )
        except (smtplib.SMTPException, OSError) as error:
            raise CommandError(f"The mail server did not take it: {error}") from error
        self.stdout.write(f"Sent to {address} from {settings.DEFAULT_FROM_EMAIL}.")
