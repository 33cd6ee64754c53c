from __future__ import annotations

from django.db import models


class LogInAttempt(models.Model):
    """One password tried, or one “forgotten password” asked for. See ``accounts.throttling``.

    The e-mail is kept as a keyed digest only: people type passwords into that field, too.
    """

    class Kind(models.TextChoices):
        PASSWORD = "password", "Password"
        FORGOTTEN = "forgotten", "Forgotten password"

    kind = models.CharField(max_length=9, choices=Kind)
    email_digest = models.CharField(max_length=64)
    address = models.GenericIPAddressField("IP address", null=True)
    browser = models.CharField(
        max_length=32, blank=True, help_text="A browser that has logged in here before, or empty."
    )
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        indexes = [
            models.Index(fields=["email_digest", "at"], name="attempt_by_email"),
            models.Index(fields=["address", "at"], name="attempt_by_address"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"
