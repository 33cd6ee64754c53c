"""Secrets as the database holds them: encrypted, by keys that can be rotated.

Every secret is encrypted together with its own place, so that a ciphertext that was copied to
another row or column does not open there.
"""

import json

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from integrations.salesforce.errors import ConfigurationError


class SecretUnreadable(ConfigurationError):
    """A secret was sealed with a key that is no longer in FIELD_ENCRYPTION_KEYS, or elsewhere."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            "A secret of this connection does not open any more, as happens when the encryption "
            "key was changed. Paste key and secret again, then log in to Salesforce again.",
            detail=detail,
        )


def box() -> MultiFernet:
    """Seals with the first key of FIELD_ENCRYPTION_KEYS, opens with any."""
    return MultiFernet([Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS])


def seal(value: str, *, place: str) -> str:
    return box().encrypt(json.dumps([place, value]).encode()).decode()


def unseal(sealed: str, *, place: str) -> str:
    """Raise SecretUnreadable when it does not open, or was sealed for another place."""
    try:
        sealed_place, value = json.loads(box().decrypt(sealed.encode()))
    except InvalidToken:
        raise SecretUnreadable(f"{place}: no key of FIELD_ENCRYPTION_KEYS opens it") from None
    if sealed_place != place:
        raise SecretUnreadable(f"{place}: was sealed for {sealed_place}")
    return str(value)
