from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from accounts import audit
from accounts.links import INVITATION
from accounts.management.errors import one_line
from accounts.models import Company, User


class Command(BaseCommand):
    help = "Make a company and its first admin; prints the link with which they set a password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True, help="the company's name")
        parser.add_argument("--time-zone", required=True, help="such as Europe/Oslo")
        parser.add_argument("--currency", required=True, help="three letters, such as EUR")
        parser.add_argument("--admin", required=True, metavar="EMAIL", help="the first admin")
        parser.add_argument("--admin-name", default="", help="else the part before the @")

    def handle(self, *args: Any, **options: Any) -> None:
        company = Company(
            name=options["name"].strip(),
            slug=_free_slug(options["name"]),
            time_zone=options["time_zone"],
            currency=options["currency"].upper(),
        )
        email = options["admin"].strip()
        name = options["admin_name"].strip() or email.partition("@")[0]
        admin = User(email=email, name=name, role=User.Role.ADMIN, invited_at=timezone.now())
        admin.set_unusable_password()
        try:
            company.full_clean()
            admin.full_clean(exclude=["company"], validate_constraints=False)
            self._save(company, admin)
        except ValidationError as error:
            raise CommandError(one_line(error), returncode=2) from error
        except IntegrityError as error:
            raise CommandError("Another company of this name was made just now.") from error
        self.stdout.write(f"{company} is there. {admin.email} sets a password here, once, within")
        self.stdout.write(f"seven days: {INVITATION.url(admin)}")

    @transaction.atomic
    def _save(self, company: Company, admin: User) -> None:
        company.save()
        admin.company = company
        admin.save()
        audit.record("created", company, by=None)
        audit.record("created", admin, by=None)


def _free_slug(name: str) -> str:
    """The name as an address, with a number when another company has it."""
    slug = slugify(name)[:40] or "company"
    taken = set(Company.objects.filter(slug__startswith=slug).values_list("slug", flat=True))
    numbered = (f"{slug}-{number}" for number in range(2, len(taken) + 3))
    return slug if slug not in taken else next(free for free in numbered if free not in taken)
