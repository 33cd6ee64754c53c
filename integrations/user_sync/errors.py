"""Why a person's wish cannot be met just now; every message is for that person."""

from __future__ import annotations

from datetime import datetime


class PlanError(Exception):
    """What was asked for does not fit the plan as it is; nothing has changed."""


class NobodyLeft(PlanError):
    """There is no person for whom anything could be planned."""


class AlreadyApproved(PlanError):
    """Somebody else, or the same person's other click, was first."""

    def __init__(self, approver: str, when: datetime) -> None:
        self.when = when
        super().__init__(f"{approver or 'Somebody'} already approved this change.")


class RefreshRefused(Exception):
    """Salesforce cannot be asked for its users now."""
