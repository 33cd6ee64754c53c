"""What of an account would change, in words, such as “title: “Rep” becomes “Lead””."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from accounts.models import Team
from integrations.user_sync.updating import LABELS


class DifferenceWords:
    """For many accounts of one company: its teams are read once."""

    def __init__(self, company_id: int) -> None:
        self.company_id = company_id

    def of(self, values: Mapping[str, list[Any]]) -> list[str]:
        """``values`` holds the former and the new value by field of the account."""
        return [
            f"{LABELS[name]}: {self._shown(name, was)} becomes {self._shown(name, becomes)}"
            for name, (was, becomes) in values.items()
        ]

    @cached_property
    def _teams(self) -> dict[int, str]:
        teams = Team.objects.filter(company=self.company_id)
        return dict(teams.values_list("pk", "name"))

    def _shown(self, name: str, value: Any) -> str:
        text = self._teams.get(value, "") if name == "team_id" else value
        return f"“{text}”" if text else "nothing"
