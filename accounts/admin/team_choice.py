from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.widgets import AutocompleteSelect

from accounts.reach import number_in


class TeamChoice(AutocompleteSelect):
    """A menu that searches. What can be no row's number chooses none: Django would ask for it."""

    def optgroups(self, name: str, value: Sequence[str], attr: dict[str, Any] | None = None) -> Any:
        numbers = [one for one in value if number_in(one) is not None]
        return super().optgroups(name, numbers, attr)
