from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from accounts import audit
from accounts.seats import count_seats
from integrations.management.scriptable import Answer, ScriptableCommand
from integrations.management.selection import actor_of, add_actor_argument, company_of


class Command(ScriptableCommand):
    help = "Shows a company, and says whether it may approve its own requests for all active users."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--company", metavar="SLUG", help="the company, by its short name")
        parser.add_argument("--self-approve", choices=["on", "off"])
        add_actor_argument(parser)

    def answer(self, options: dict[str, Any]) -> Answer:
        company = company_of(options)
        by = actor_of(options, company)
        if options["self_approve"]:
            before = company.may_approve_own_requests
            company.may_approve_own_requests = options["self_approve"] == "on"
            if company.may_approve_own_requests != before:
                company.save(update_fields=["may_approve_own_requests"])
                audit.record(
                    "changed",
                    company,
                    by=by,
                    before={"may_approve_own_requests": before},
                    after={"may_approve_own_requests": company.may_approve_own_requests},
                )
        seats = count_seats(company)
        may = "may" if company.may_approve_own_requests else "may not"
        limit = "no limit" if seats.limit is None else f"of {seats.limit:,}"
        return Answer(
            {
                "company": company.slug,
                "self_approve": company.may_approve_own_requests,
                "seats_used": seats.used,
                "seat_limit": seats.limit,
            },
            [
                f"{company} {may} approve its own requests.",
                f"{seats.used:,} seats used, {limit}.",
            ],
        )
