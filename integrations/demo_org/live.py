"""Live sales: the people of the org open, move, win and lose deals, log calls and hold meetings.

One thing happens every few seconds. The same seed on the same org plays the same game.
"""

import logging
import random
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from .believable_work import CALLS, DEALS, MEETINGS, OPEN_STAGES
from .records import LIGHTNING
from .store import Row

if TYPE_CHECKING:
    from .org import DemoOrg

logger = logging.getLogger(__name__)

PACE = 4.0  # seconds between two acts, on average
#: Old deals are left alone: nobody reopens what was won last year.
RECENT = timedelta(days=30)


class Sales:
    def __init__(self, org: "DemoOrg", seed: int = 1) -> None:
        self.org = org
        self.random = random.Random(f"live {seed}")  # noqa: S311 - a game
        self.acts: dict[Callable[[], str | None], int] = {  # with how often
            self.open_deal: 4,
            self.move_deal: 6,
            self.win_deal: 5,
            self.lose_deal: 2,
            self.log_call: 6,
            self.hold_meeting: 3,
            self.reassign_deal: 1,
            self.reopen_deal: 1,
            self.delete_deal: 1,
            self.undelete_deal: 1,
        }

    def run(self, stop: threading.Event, pace: float = PACE) -> None:
        """Play until `stop` is set."""
        while not stop.wait(pace * self.random.uniform(0.4, 1.6)):
            logger.info("%s", self.act())

    def act(self) -> str:
        """Do one thing and say in a sentence what it was."""
        while True:
            (chosen,) = self.random.choices(list(self.acts), weights=list(self.acts.values()))
            # The choice and the change are one: nobody at the pages comes in between.
            with self.org.store.transaction(LIGHTNING):
                said = chosen()
            if said is not None:
                return said

    # -- deals

    def open_deal(self) -> str:
        seller = self.seller()
        accounts = [row for row in self.org.store.rows("Account") if not row["IsDeleted"]]
        account = self.random.choice(accounts) if accounts else None
        named = f"{account['Name']}: " if account else ""
        row = self.org.store.insert(
            "Opportunity",
            seller["Id"],
            Name=f"{named}{self.random.choice(DEALS)}",
            AccountId=account and account["Id"],
            OwnerId=seller["Id"],
            StageName=OPEN_STAGES[0],
            Amount=float(self.random.randint(4, 480) * 125),
            CloseDate=self.org.today() + timedelta(days=self.random.randint(10, 80)),
            Type="New Business",
        )
        return f"{seller['Name']} opened {row['Name']}"

    def move_deal(self) -> str | None:
        deal = self.open_one()
        if deal is None:
            return None
        later = OPEN_STAGES[OPEN_STAGES.index(deal["StageName"]) + 1 :]
        if not later:
            return None
        return self.change(deal, f"moved to {later[0]}:", StageName=later[0])

    def win_deal(self) -> str | None:
        deal = self.open_one()
        today = self.org.today()
        return self.change(deal, "won", StageName="Closed Won", CloseDate=today)

    def lose_deal(self) -> str | None:
        deal = self.open_one()
        today = self.org.today()
        return self.change(deal, "lost", StageName="Closed Lost", CloseDate=today)

    def reopen_deal(self) -> str | None:
        deal = self.one_of(lambda row: row["IsClosed"] and self.is_recent(row))
        return self.change(deal, "reopened", StageName="Negotiation/Review")

    def reassign_deal(self) -> str | None:
        deal, to = self.open_one(), self.seller()
        if deal is None or deal["OwnerId"] == to["Id"]:
            return None
        return self.change(deal, f"gave to {to['Name']}:", OwnerId=to["Id"])

    def delete_deal(self) -> str | None:
        deal = self.one_of(self.is_recent)
        return self.change(deal, "deleted", IsDeleted=True)

    def undelete_deal(self) -> str | None:
        deal = self.one_of(self.is_recent, deleted=True)
        return self.change(deal, "undeleted", IsDeleted=False)

    # -- calls and meetings

    def log_call(self) -> str:
        seller, deal = self.seller(), self.open_one()
        subject = self.random.choice(CALLS)
        self.org.store.insert(
            "Task",
            seller["Id"],
            Subject=subject,
            Status="Completed",
            Priority="Normal",
            OwnerId=seller["Id"],
            WhatId=deal and deal["Id"],
            AccountId=deal and deal["AccountId"],
            ActivityDate=self.org.today(),
            Type="Call",
            TaskSubtype="Call",
            CallType="Outbound",
            CallDurationInSeconds=self.random.randint(20, 1800),
        )
        return f"{seller['Name']} logged a call: {subject}"

    def hold_meeting(self) -> str:
        seller, deal = self.seller(), self.open_one()
        subject = self.random.choice(MEETINGS)
        minutes = self.random.choice((30, 45, 60))
        self.org.store.insert(
            "Event",
            seller["Id"],
            Subject=subject,
            OwnerId=seller["Id"],
            WhatId=deal and deal["Id"],
            AccountId=deal and deal["AccountId"],
            StartDateTime=self.org.store.now() - timedelta(minutes=minutes),
            DurationInMinutes=minutes,
            Type="Meeting",
            EventSubtype="Event",
            ShowAs="Busy",
            GroupEventType="0",
        )
        return f"{seller['Name']} held a meeting: {subject}"

    # -- choosing

    def seller(self) -> Row:
        """Somebody active who owns deals."""
        owners = {row["OwnerId"] for row in self.org.store.rows("Opportunity")}
        active = [row for row in self.org.users if row["Id"] in owners and row["IsActive"]]
        return self.random.choice(active or [self.org.users[0]])

    def open_one(self) -> Row | None:
        return self.one_of(lambda row: not row["IsClosed"])

    def one_of(self, fits: Callable[[Row], bool], *, deleted: bool = False) -> Row | None:
        """A deal that fits, of an owner who is still there."""
        rows = self.org.store.rows("Opportunity")
        fitting = [row for row in rows if row["IsDeleted"] == deleted and fits(row)]
        active = {row["Id"] for row in self.org.users if row["IsActive"]}
        fitting = [row for row in fitting if row["OwnerId"] in active]
        return self.random.choice(fitting) if fitting else None

    def is_recent(self, row: Row) -> bool:
        changed: bool = row["LastModifiedDate"] > self.org.store.clock() - RECENT
        return changed

    def change(self, deal: Row | None, verb: str, **values: object) -> str | None:
        if deal is None:
            return None
        owner = self.org.store.get("User", deal["OwnerId"])
        assert owner is not None
        self.org.store.update("Opportunity", deal["Id"], owner["Id"], **values)
        return f"{owner['Name']} {verb} {deal['Name']}"
