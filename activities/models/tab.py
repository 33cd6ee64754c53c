from __future__ import annotations

from django.db import models

from accounts.models import Company, Team, User


class Shortcuts(models.Model):
    """Which pages stand beside a company's feed; the feed itself always does."""

    company = models.OneToOneField(Company, on_delete=models.CASCADE, related_name="shortcuts")
    leaderboard = models.BooleanField(default=True)
    my_activity = models.BooleanField("My activity", default=True)
    report_by_hand = models.BooleanField(
        "Report an activity",
        default=True,
        help_text="Shown only where an activity type may be reported by hand.",
    )
    manage_integration = models.BooleanField(
        default=True, help_text="Opens this admin in a new tab; shown to company admins only."
    )

    class Meta:
        verbose_name = "shortcuts beside the feed"
        verbose_name_plural = "shortcuts beside the feed"

    def __str__(self) -> str:
        return f"Shortcuts of {self.company}"


class FeedChoice(models.Model):
    """The team whose feed a person looked at last: no cookie could remember it in the tab."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    user = models.OneToOneField(
        User, on_delete=models.CASCADE, related_name="feed_choice", db_constraint=False
    )
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_constraint=False)

    def __str__(self) -> str:
        return f"{self.user_id} looks at team {self.team_id}"
