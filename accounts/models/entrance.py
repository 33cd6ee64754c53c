from __future__ import annotations

from django.db import models

from .user import User


class EntranceCode(models.Model):
    """Lets its holder into one account, once, within a minute; see ``accounts.entrance``."""

    digest = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"Entrance of {self.user_id} until {self.expires_at:%H:%M:%S}"
