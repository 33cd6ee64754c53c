"""Links that let their holder set a password, once: invitations, and forgotten passwords."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import base36_to_int, urlsafe_base64_encode

from accounts.models import User

DAY = 24 * 3600


class PasswordLink(PasswordResetTokenGenerator):
    """Signed links to one page. A link dies with its use, with any change of password, e-mail or
    state, with a later invitation, and of age; nothing about it is stored. It outlives a log-in:
    who came in by Salesforce may still want a password.
    """

    def __init__(self, url_name: str, *, seconds: int) -> None:
        super().__init__()
        self.url_name = url_name
        self.seconds = seconds
        self.key_salt = f"accounts.links.{url_name}"

    def url(self, user: User) -> str:
        """The whole address, as a mail needs it."""
        uid = urlsafe_base64_encode(force_bytes(user.pk))
        return f"{settings.BASE_URL}{reverse(self.url_name, args=[uid, self.make_token(user)])}"

    def check_token(self, user: AbstractBaseUser | None, token: str | None) -> bool:
        if not isinstance(user, User) or not user.is_active or not token:
            return False
        return super().check_token(user, token) and self._age(token) <= self.seconds

    def _make_hash_value(self, user: AbstractBaseUser, timestamp: int) -> str:
        assert isinstance(user, User)
        return ":".join(
            str(part)
            for part in (
                user.pk,
                user.password,
                user.email,
                user.state,
                user.access_version,
                user.invited_at,
                timestamp,
            )
        )

    def _age(self, token: str) -> int:
        made = base36_to_int(token.partition("-")[0])
        return self._num_seconds(self._now()) - made


INVITATION = PasswordLink("invitation", seconds=7 * DAY)
FORGOTTEN_PASSWORD = PasswordLink("forgotten_password_link", seconds=DAY)
