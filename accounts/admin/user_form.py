from __future__ import annotations

from typing import Any

from accounts.company_form import CompanyBoundForm
from accounts.models import User
from accounts.seats import lock_seats
from accounts.states import LAST_ADMIN, companies_with_another_admin


class UserForm(CompanyBoundForm):
    """Adding and changing an account, decided under the company's lock.

    The admin runs each form inside one transaction, so that the lock holds until it is saved.
    """

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        company = cleaned.get("company") or self.instance.company
        if company is None:
            return cleaned
        seats = lock_seats(company)
        if self.instance.pk is None and not seats.has_room_for(1):
            self.add_error(None, seats.shortage(1))
        if "role" in self.changed_data and cleaned.get("role") != User.Role.ADMIN:
            self._refuse_to_demote()
        return cleaned

    def _refuse_to_demote(self) -> None:
        user = self.instance
        if user.pk is None:
            return
        if self.person and user.pk == self.person.pk:
            self.add_error("role", "You cannot take your own admin role away: ask another admin.")
        elif user.is_active and user.company_id not in companies_with_another_admin([user]):
            self.add_error("role", LAST_ADMIN)
