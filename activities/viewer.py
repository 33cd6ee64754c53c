"""Who looks at the pages, and from where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.models import Company, User
from activities.models import Shortcuts


@dataclass(frozen=True)
class Viewer:
    """A person with a company. ``at`` begins the addresses of all their pages, and ends in "/"."""

    user: User
    at: str
    is_embedded: bool = False
    bearer: str = ""  # a new one, on the page that opens the tab
    parent_origin: str = ""  # the page around the frame, which may be written to

    @property
    def company(self) -> Company:
        assert self.user.company is not None
        return self.user.company

    @cached_property
    def shortcuts(self) -> Shortcuts:
        """What the company shows beside its feed; everything when it never chose."""
        return Shortcuts.objects.filter(company=self.company).first() or Shortcuts()


class NotLetIn(Exception):
    """Whoever asks gets this response instead of the page."""

    def __init__(self, response: HttpResponseBase) -> None:
        super().__init__()
        self.response = response


#: Says who asks, given the request and what the address says; raises `NotLetIn`.
Identify = Callable[[HttpRequest, str], Viewer]
