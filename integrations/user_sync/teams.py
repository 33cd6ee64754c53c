"""Which team a new account joins. A team is never made here: a typo would make one by accident."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import Company, Team
from integrations.models import DirectoryUser, SyncPlan


@dataclass(frozen=True)
class TeamChoice:
    team_id: int | None
    name: str = ""
    unknown: str = ""  # the name in Salesforce that is no team's

    @property
    def remark(self) -> str:
        """For the reason of a row."""
        return f"no team is called “{self.unknown}”" if self.unknown else ""


class TeamChooser:
    """Salesforce's department, or else its role, as the existing team of the same name."""

    def __init__(self, company: Company, source: str, team: Team | None) -> None:
        self.source = source
        self.team = team
        self.by_name: dict[str, Team] = {}
        if source == SyncPlan.TeamSource.FROM_SALESFORCE:
            self.by_name = {key_of(one.name): one for one in Team.objects.filter(company=company)}

    def choose(self, person: DirectoryUser) -> TeamChoice:
        if self.source == SyncPlan.TeamSource.NONE:
            return TeamChoice(None)
        if self.team is not None:
            return TeamChoice(self.team.pk, self.team.name)
        wanted = [name for name in (person.department, person.role_name) if name.strip()]
        for name in wanted:
            if team := self.by_name.get(key_of(name)):
                return TeamChoice(team.pk, team.name)
        return TeamChoice(None, unknown=wanted[0] if wanted else "")


def key_of(name: str) -> str:
    """A team's name as names are compared."""
    return name.strip().lower()
