"""A company's seats: every door that makes or reopens an account comes through here."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import Company, User


@dataclass(frozen=True)
class Seats:
    """What is free while the company is locked. ``limit`` is ``None`` for a company without one."""

    limit: int | None
    used: int

    @property
    def free(self) -> int | None:
        """Seats left, never below zero; ``None`` for as many as one likes."""
        return None if self.limit is None else max(0, self.limit - self.used)

    def has_room_for(self, count: int) -> bool:
        return self.free is None or count <= self.free

    def shortage(self, wanted: int) -> str:
        """Why ``wanted`` more accounts don't fit, and what to do, for an admin."""
        free = self.free or 0
        seats = "seat is" if free == 1 else "seats are"
        return (
            f"{free} of {self.limit} {seats} free and {wanted} would be needed."
            " Deactivate an account, or ask support for more seats."
        )


def lock_seats(company: Company) -> Seats:
    """Lock the company until the transaction ends, and count.

    Whoever creates, activates, demotes or deactivates accounts holds this lock, so that two doors
    never give away the same seat. Must run inside a transaction. Rows that merely point at the
    company can still be written meanwhile.
    """
    Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    return count_seats(company)


def count_seats(company: Company) -> Seats:
    """How the seats stand now, for showing; to give one away, use :func:`lock_seats`."""
    limit = Company.objects.values_list("seat_limit", flat=True).get(pk=company.pk)
    used = User.objects.in_a_seat().filter(company=company).count()
    return Seats(limit=limit, used=used)
