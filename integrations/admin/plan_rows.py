"""The rows of a plan as its page shows them: filtered, grouped, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from accounts.models import Team, User
from integrations.models import DirectoryUser, PlannedChange, SyncPlan
from integrations.user_sync.answers import Answers
from integrations.user_sync.candidates import folded
from integrations.user_sync.sharing import Sharing, sharing_by_address
from integrations.user_sync.teams import key_of

from .difference_words import DifferenceWords
from .plan_counts import Counts
from .plan_words import headings

Action = PlannedChange.Action
Outcome = PlannedChange.Outcome
PER_PAGE = 100
#: Letters of a sentence that still stands in a chip.
LONGEST_CHIP = 30


@dataclass(frozen=True)
class Tab:
    value: str
    words: str
    count: int
    selected: bool


@dataclass(frozen=True)
class UnknownTeam:
    """A team's name in Salesforce that was no team's when the row was decided."""

    name: str
    is_there_now: bool


@dataclass(frozen=True)
class ShownRow:
    """A row, with what belongs to it."""

    row: PlannedChange
    differences: list[str]  # in words, where it updates an account
    sharing: list[DirectoryUser]  # who else has the e-mail in Salesforce, where that is in question
    answers: Answers | None  # where it asks a person
    unknown_team: UnknownTeam | None  # where Salesforce names one that did not exist

    @property
    def candidates(self) -> list[tuple[dict[str, Any], str]]:
        """Each account that the person may be, with why they cannot be mapped to it, if so."""
        if self.answers is None:
            return []
        return [
            (one, self.answers.why_not_map(self.row, one["account_id"], one["name"]))
            for one in self.row.candidates
        ]

    @property
    def staying_deactivated(self) -> list[str]:
        """Whose deactivated accounts have the e-mail that a new account would get, too."""
        return [
            one["name"]
            for one in self.row.candidates
            if one["state"] == User.State.DEACTIVATED
            and folded(one["email"]) == self.row.person_email
        ]

    @property
    def why_not_create(self) -> str:
        return self.answers.why_not_create(self.row) if self.answers else ""

    @property
    def became(self) -> str:
        """“Account made”, or “Failed”: what was done in its own words where these are short."""
        if self._says_it_all:
            return self.row.outcome_note.removesuffix(".")
        return self.row.get_outcome_display()

    @property
    def note(self) -> str:
        """What `became` and the reason leave out."""
        says_more = not self._says_it_all and self.row.outcome_note != self.row.reason
        return self.row.outcome_note if says_more else ""

    @property
    def _says_it_all(self) -> bool:
        note = self.row.outcome_note
        return self.row.outcome == Outcome.DONE and 0 < len(note) <= LONGEST_CHIP


@dataclass(frozen=True)
class Group:
    words: str
    rows: list[ShownRow]


class PlanRows:
    """One page of a plan's rows, with the tabs above them."""

    def __init__(self, plan: SyncPlan, counts: Counts, show: str, page: str) -> None:
        self.plan = plan
        self.counts = counts
        self.show = show
        self.wanted_page = page

    @property
    def headings(self) -> dict[str, str]:
        words = headings(self.plan.kind)
        return words if self.is_draft else words | {Action.CONFLICT: "Conflicts"}

    @property
    def is_draft(self) -> bool:
        return self.plan.state in (*SyncPlan.STATES_OPEN, SyncPlan.State.REQUESTED)

    @cached_property
    def tabs(self) -> list[Tab]:
        """Actions while the plan is looked at; outcomes once it is approved."""
        if self.is_draft:
            named = [
                (action, words, self.counts.with_action(action))
                for action, words in self.headings.items()
            ]
        else:
            named = [
                (ended.value, ended.label, self.counts.with_outcome(ended)) for ended in Outcome
            ]
        tabs = [Tab(value, words, n, value == self.show) for value, words, n in named if n]
        return [Tab("", "All", self.counts.total, not self.show), *tabs] if len(tabs) > 1 else []

    @cached_property
    def page(self) -> Page[PlannedChange]:
        return Paginator(self._ordered(), PER_PAGE).get_page(self.wanted_page)

    @property
    def groups(self) -> Iterator[Group]:
        """The page's rows under their headings."""
        for action, found in groupby(self.page, key=lambda row: row.action):
            yield Group(self.headings[action], [self._shown(row) for row in found])

    def _shown(self, row: PlannedChange) -> ShownRow:
        is_update = row.action == Action.UPDATE
        differences = self._words.of(row.values.get("account", {})) if is_update else []
        sharing = self._sharing.get(row.person_email)
        others = sharing.others_than(row.salesforce_user_id) if sharing else []
        answers = self._answers if self.is_draft and row.asks_a_person else None
        return ShownRow(row, differences, others, answers, self._team_of(row))

    def _team_of(self, row: PlannedChange) -> UnknownTeam | None:
        name = row.values.get("unknown_team")
        if not name or (row.account and row.account.team_id):
            return None
        return UnknownTeam(name, is_there_now=key_of(name) in self._team_names)

    @cached_property
    def _team_names(self) -> set[str]:
        """As they are compared."""
        teams = Team.objects.filter(company=self.plan.company_id)
        return {key_of(name) for name in teams.values_list("name", flat=True)}

    @cached_property
    def _answers(self) -> Answers:
        return Answers(self.plan, [row for row in self.page if row.asks_a_person])

    @cached_property
    def _sharing(self) -> dict[str, Sharing]:
        """By folded e-mail, for the rows that ask who is who."""
        addresses = {row.person_email for row in self.page if self.is_draft and row.asks_a_person}
        return sharing_by_address(self.plan.connection, addresses) if addresses else {}

    @cached_property
    def _words(self) -> DifferenceWords:
        return DifferenceWords(self.plan.company_id)

    def _ordered(self) -> QuerySet[PlannedChange]:
        rows = self.plan.changes.select_related("account", "decided_by")
        if self.show in Action.values and self.is_draft:
            rows = rows.filter(action=self.show)
        elif self.show in Outcome.values:
            rows = rows.filter(outcome=self.show)
        places = [When(action=action, then=Value(n)) for n, action in enumerate(self.headings)]
        order = Case(*places, default=Value(len(places)), output_field=IntegerField())
        return rows.defer("account__search", "decided_by__search", "basis", "before").order_by(
            order, "position"
        )


def to_invite(plan: SyncPlan) -> QuerySet[User]:
    """Who got an account, or access again, by the plan, and was neither invited nor ever here."""
    opened = Q(action=Action.CREATE) | Q(action=Action.MAP, before__account__has_key="state")
    accounts: QuerySet[User] = User.objects.filter(
        pk__in=plan.changes.filter(opened, outcome=Outcome.DONE).values("account"),
        company=plan.company_id,
        state=User.State.ACTIVE,
        invited_at__isnull=True,
        last_login__isnull=True,
    )
    return accounts.order_by("name", "pk")
