from typing import Any

from cryptography.fernet import InvalidToken
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction

from integrations.models import AuthorizationAttempt, ConnectionCredential
from integrations.sealing import box


class Command(BaseCommand):
    help = (
        "Seals every secret again with the first key of FIELD_ENCRYPTION_KEYS. To change the key:"
        " put the new one first, restart everything, run this, then remove the old one."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done, unreadable = 0, []
        for model in (ConnectionCredential, AuthorizationAttempt):
            for pk in model._default_manager.values_list("pk", flat=True):
                try:
                    done += _rotate(model, pk)
                except InvalidToken:
                    unreadable.append(f"{model._meta.verbose_name} {pk}")
        self.stdout.write(f"{done} secrets are sealed with the first key.")
        if unreadable:
            raise CommandError(
                "These open with no key of FIELD_ENCRYPTION_KEYS; their key is lost or missing in"
                f" the list: {', '.join(unreadable)}."
            )


@transaction.atomic
def _rotate(model: type[models.Model], pk: int) -> int:
    """Seal one row's secrets again, unless it has gone meanwhile; return how many."""
    row = model._default_manager.select_for_update(no_key=True).filter(pk=pk).first()
    if row is None:
        return 0
    sealed = {
        field.name: value
        for field in model._meta.concrete_fields
        if field.name.startswith("sealed_") and (value := getattr(row, field.name))
    }
    for name, value in sealed.items():
        setattr(row, name, box().rotate(value.encode()).decode())
    row.save(update_fields=list(sealed))
    return len(sealed)
